"""Validated, immutable tables over pandas. Construction is validation; views return new tables."""

from lean_impact.tables._files import read_text_table
from lean_impact.tables.flags import FLAGS, Flag
from lean_impact.tables.panel import COLUMNS, Panel
from lean_impact.tables.ratings import RATING_COLUMNS, Ratings
from lean_impact.tables.series import Series

__all__ = ["COLUMNS", "FLAGS", "RATING_COLUMNS", "Flag", "Panel", "Ratings", "Series", "read_text_table"]
