"""Ratings of context: trust x construct x date x rater, where neutral, mixed, missing and not discussed stay apart."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Final, Self

import numpy as np
import pandas as pd

from lean_impact.domain.framework import ContextFramework, RatingScale
from lean_impact.domain.provenance import Provenance
from lean_impact.errors import DesignError
from lean_impact.tables._files import read_text_table
from lean_impact.tables._ratings_rules import broken_rules, typed
from lean_impact.tables._rules import Location, in_memory, missing_columns, raise_if_any

__all__ = ["RATING_COLUMNS", "Ratings"]

RATING_COLUMNS: Final = (
    "trust",
    "construct",
    "scale",
    "date",
    "rater",
    "state",
    "value",
    "evidence",
    "source_row",
)
_REQUIRED: Final = ("trust", "construct", "date", "rater", "state", "value")


class Ratings:
    """A validated, immutable table of ratings of context.

    Make one with :meth:`from_frame` or :meth:`read_csv`: construction is validation.

    See Also
    --------
    Ratings.from_frame : Validate a data frame.
    Ratings.read_csv : Read and validate a file.

    Notes
    -----
    Columns: ``trust`` code; ``construct`` identifier in the framework; ``scale`` in which respect it is rated;
    ``date`` that the rating speaks of; ``rater``; ``state``, one of "rated" (0 is neutral), "mixed" (evidence in both
    directions, ``value`` is the net of it), "missing" (nobody looked, or it was lost) and "not-discussed" (it did not
    come up); ``value``, NaN for the last two; ``evidence``, where the ground for it is kept; ``source_row``.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.plugins.frameworks.cfir_2009 import CFIR_2009
    >>> frame = pd.DataFrame({"trust": "RTP", "construct": ["culture", "cost"], "date": "2018-06-01", "rater": "A",
    ...                       "state": ["mixed", "not-discussed"], "value": [0, None]})
    >>> Ratings.from_frame(frame, framework=CFIR_2009)
    <Ratings: CFIR 2009, 1 trust, 2 constructs, 1 rater, 2 rows>
    """

    __slots__ = ("_frame", "_framework", "_provenance")

    def __init__(self, frame: pd.DataFrame, framework: ContextFramework, provenance: Provenance) -> None:
        """Keep a frame that is already valid; use :meth:`from_frame`, which validates."""
        self._frame = frame
        self._framework = framework
        self._provenance = provenance

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        framework: ContextFramework,
        provenance: Provenance | None = None,
        locate: Location = in_memory,
        what: str = "the ratings",
    ) -> Self:
        """Validate a data frame and make ratings of it.

        Parameters
        ----------
        frame : DataFrame
            Long table with the columns ``trust``, ``construct``, ``date``, ``rater``, ``state``, ``value``; ``scale``
            where the framework has several, ``evidence`` and ``source_row`` if known.
        framework : ContextFramework
            Constructs and scales.
        provenance : Provenance, optional
            Where the table comes from.
        locate : callable, optional
            Turns a row position into the file and row that a user can open, for messages.
        what : str
            Name of the table in messages.

        Returns
        -------
        Ratings
            Sorted by trust, construct, scale, date and rater.

        Raises
        ------
        TableError
            If any row breaks a rule; ``issues`` lists every row and rule.
        """
        raise_if_any(missing_columns(frame, _REQUIRED), what=what)
        table, issues = typed(frame.reset_index(drop=True), framework, locate)
        raise_if_any([*issues, *broken_rules(table, framework, locate)], what=what)
        order = {item.id: at for at, item in enumerate(framework.constructs)}
        table = table.assign(_order=table["construct"].map(order))
        table = table.sort_values(
            ["trust", "_order", "scale", "date", "rater"], kind="stable", ignore_index=True
        )
        return cls(table[list(RATING_COLUMNS)], framework, provenance or Provenance())

    @classmethod
    def read_csv(
        cls, path: str | Path, *, framework: ContextFramework, provenance: Provenance | None = None
    ) -> Self:
        """Read a CSV file of ratings and validate it.

        Parameters
        ----------
        path : str or Path
            File in the layout of :meth:`from_frame`, UTF-8.
        framework : ContextFramework
            Constructs and scales.
        provenance : Provenance, optional
            Where the file comes from.

        Returns
        -------
        Ratings
            The validated table.

        Raises
        ------
        TableError
            If the file is no CSV text or any row breaks a rule; the header is row 1.
        """
        name = Path(path).name
        return cls.from_frame(
            read_text_table(path, required=_REQUIRED),
            framework=framework,
            provenance=provenance,
            locate=lambda position: (name, position + 2),
            what=name,
        )

    # ------------------------------------------------------------------ what it holds

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the table; changing it does not change the ratings."""
        return self._frame.copy(deep=True)

    @property
    def framework(self) -> ContextFramework:
        """Constructs and scales."""
        return self._framework

    @property
    def provenance(self) -> Provenance:
        """Where the table comes from and what was done to it."""
        return self._provenance

    @property
    def trusts(self) -> tuple[str, ...]:
        """Codes of all trusts, sorted."""
        return tuple(sorted(self._frame["trust"].unique()))

    @property
    def raters(self) -> tuple[str, ...]:
        """All raters, sorted."""
        return tuple(sorted(self._frame["rater"].unique()))

    @property
    def constructs(self) -> tuple[str, ...]:
        """Identifiers of the constructs that occur, in the order of the framework."""
        there = set(self._frame["construct"])
        return tuple(item.id for item in self._framework.constructs if item.id in there)

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        parts = (
            (self.trusts, "trust"),
            (self.constructs, "construct"),
            (self.raters, "rater"),
            (self._frame, "row"),
        )
        counted = ", ".join(f"{len(part)} {noun}{'' if len(part) == 1 else 's'}" for part, noun in parts)
        return f"<Ratings: {self._framework.name}, {counted}>"

    def scale_of(self, scale: str | None = None) -> RatingScale:
        """Return a scale of the framework, the only one if none is named.

        Raises
        ------
        DesignError
            If there is no such scale, or several and none is named.
        """
        offered = [item.id for item in self._framework.scales]
        if scale is None and len(offered) == 1:
            return self._framework.scales[0]
        if scale not in offered:
            raise DesignError(
                f"name one of the scales {', '.join(offered)} of {self._framework.name}; given was {scale}"
            )
        return self._framework.scale(str(scale))

    # ------------------------------------------------------------------ views

    def restrict(
        self,
        *,
        trusts: Collection[str] | None = None,
        constructs: Collection[str] | None = None,
        raters: Collection[str] | None = None,
        scale: str | None = None,
    ) -> Self:
        """Keep some trusts, constructs, raters, or one scale; DesignError for what is not there."""
        frame = self._frame
        wanted = {
            "trust": trusts,
            "construct": constructs,
            "rater": raters,
            "scale": None if scale is None else [scale],
        }
        for column, keys in wanted.items():
            if keys is None:
                continue
            unknown = sorted(set(keys) - set(frame[column]))
            if unknown:
                raise DesignError(
                    f"{column} {', '.join(unknown)} is not among these ratings; check the names"
                )
            frame = frame[frame[column].isin(list(keys))]
        return type(self)(
            frame.reset_index(drop=True),
            self._framework,
            self._provenance.with_step(f"kept {len(frame)} ratings"),
        )

    def window(self, start: date, end: date) -> Self:
        """Keep the ratings that speak of a date in ``[start, end)``; context is not fixed, so say when."""
        at = self._frame["date"]
        inside = self._frame[(at >= pd.Timestamp(start)) & (at < pd.Timestamp(end))]
        return type(self)(
            inside.reset_index(drop=True),
            self._framework,
            self._provenance.with_step(f"kept ratings from {start} to before {end}"),
        )

    def by_rater(self, *, scale: str | None = None) -> pd.DataFrame:
        """Return values with one row for each trust, construct and date, and one column for each rater.

        Parameters
        ----------
        scale : str, optional
            Which respect; the only one if not named.

        Returns
        -------
        DataFrame of float64, shape (n_units, n_raters)
            NaN where a rater gave no value; a mixed rating stands with its net value.
        """
        rows = self._frame[self._frame["scale"] == self.scale_of(scale).id]
        table = rows.pivot(index=["trust", "construct", "date"], columns="rater", values="value")
        return table.astype(np.float64)

    def states_by_rater(self, *, scale: str | None = None) -> pd.DataFrame:
        """Return states in the layout of :meth:`by_rater`; missing where a rater has no row."""
        rows = self._frame[self._frame["scale"] == self.scale_of(scale).id]
        return rows.pivot(index=["trust", "construct", "date"], columns="rater", values="state")
