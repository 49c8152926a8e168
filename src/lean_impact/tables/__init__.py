"""Validated, immutable tables over pandas. Construction is validation; views return new tables."""

from lean_impact.tables._files import read_text_table
from lean_impact.tables.panel import COLUMNS, FLAGS, Flag, Panel, Series

__all__ = ["COLUMNS", "FLAGS", "Flag", "Panel", "Series", "read_text_table"]
