"""What stands behind a row of a panel."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["FLAGS", "Flag"]

Flag = Literal["published", "imputed", "not_submitted", "missing"]
"""What stands behind a row.

``published`` as published or summed from published figures; ``imputed`` partly filled in by whoever made
the figures; ``not_submitted`` the trust was asked and gave nothing, or stopped reporting; ``missing`` no row
exists between the trust's first and last. The last two have no value.
"""

FLAGS: Final[tuple[str, ...]] = get_args(Flag)
