"""The panel: one validated, immutable table of trust x measure x period."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
import pandas as pd

from lean_impact.domain.measure import Measure
from lean_impact.domain.provenance import Provenance
from lean_impact.errors import DesignError, TableError
from lean_impact.tables._files import read_text_table
from lean_impact.tables._panel_rules import broken_rules, typed, with_gaps, with_value
from lean_impact.tables._rules import Location, in_memory, missing_columns, raise_if_any
from lean_impact.tables.calendar import periods_from, places_of
from lean_impact.tables.series import Series

__all__ = ["COLUMNS", "Panel"]

COLUMNS: Final = (
    "trust",
    "measure",
    "period",
    "value",
    "numerator",
    "denominator",
    "flag",
    "source",
    "source_row",
)
_SERIES_COLUMNS: Final = {
    "period": None,
    "value": "float64",
    "numerator": "float64",
    "denominator": "float64",
    "flag": "str",
}
_REQUIRED: Final = ("trust", "measure", "period", "flag", "source")


class Panel:
    """A validated, immutable table of trust x measure x period.

    Make one with :meth:`from_frame` or :meth:`read_csv`: construction is validation. Every view returns a
    new panel and adds a line to its provenance.

    See Also
    --------
    Panel.from_frame : Validate a data frame.
    Panel.read_csv : Read and validate a file.

    Notes
    -----
    Columns, in this order: ``trust`` code; ``measure`` identifier; ``period`` first day; ``value`` in the
    measure's unit, NaN if there is none; ``numerator`` and ``denominator`` counts, NaN if there are none;
    ``flag`` one of :data:`~lean_impact.tables.flags.Flag`; ``source`` block or file; ``source_row`` row in
    it, counted from 1. Rows are sorted by measure, trust and period. A trust's gaps between its first and
    last period are explicit rows with the flag ``missing``.

    Examples
    --------
    >>> import pandas as pd
    >>> from lean_impact.domain import Measure
    >>> measure = Measure(id="seen-4h", name="Seen within 4 hours", kind="proportion", improvement="increase",
    ...                   dimension="quality", frequency="month", unit="share of attendances")
    >>> frame = pd.DataFrame({"trust": "RTP", "measure": "seen-4h", "period": ["2015-06-01", "2015-08-01"],
    ...                       "numerator": [90, 80], "denominator": [100, 100], "flag": "published",
    ...                       "source": "demo"})
    >>> panel = Panel.from_frame(frame, measures=[measure])
    >>> [float(v) for v in panel.series("RTP", "seen-4h").values]
    [0.9, nan, 0.8]
    """

    __slots__ = ("_columns", "_frame", "_measures", "_provenance", "_rows", "_wide")

    def __init__(self, frame: pd.DataFrame, measures: Mapping[str, Measure], provenance: Provenance) -> None:
        """Keep a frame that is already valid; use :meth:`from_frame`, which validates."""
        self._frame = frame
        self._measures = dict(measures)
        self._provenance = provenance
        # Pivoting takes most of the time of a quick estimate, and the table never changes.
        self._wide: dict[tuple[str, str], pd.DataFrame] = {}
        self._rows: dict[Hashable, np.ndarray] | None = None
        self._columns: dict[str, np.ndarray] = {}

    # ------------------------------------------------------------------ construction

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        measures: Iterable[Measure],
        provenance: Provenance | None = None,
        locate: Location = in_memory,
        what: str = "the panel",
    ) -> Self:
        """Validate a data frame and make a panel of it.

        Parameters
        ----------
        frame : DataFrame
            Long table with the columns ``trust``, ``measure``, ``period``, ``flag``, ``source`` and either
            ``value`` or ``numerator`` and ``denominator``; ``source_row`` if known.
        measures : iterable of Measure
            Definitions of every measure in the table.
        provenance : Provenance, optional
            Where the table comes from.
        locate : callable, optional
            Turns a row position into the file and row that a user can open, for messages.
        what : str
            Name of the table in messages.

        Returns
        -------
        Panel
            Sorted, with gaps as explicit rows.

        Raises
        ------
        TableError
            If any row breaks a rule; ``issues`` lists every row and rule.

        Notes
        -----
        Where numerator and denominator are given, the value of a proportion or ratio is their quotient;
        a value that disagrees with it by more than 1e-6 is an error, not a choice.
        """
        definitions = {measure.id: measure for measure in measures}
        raise_if_any(missing_columns(frame, _REQUIRED), what=what)
        table, issues = typed(frame.reset_index(drop=True), locate)
        issues += broken_rules(table, definitions, locate)
        raise_if_any(issues, what=what)
        table = with_gaps(with_value(table, definitions), definitions, locate)
        table = table.sort_values(["measure", "trust", "period"], kind="stable", ignore_index=True)
        return cls(table[list(COLUMNS)], definitions, provenance or Provenance())

    @classmethod
    def read_csv(
        cls, path: str | Path, *, measures: Iterable[Measure], provenance: Provenance | None = None
    ) -> Self:
        """Read a tidy CSV file and validate it.

        Parameters
        ----------
        path : str or Path
            File in the layout of :meth:`from_frame`, optionally gzipped, UTF-8.
        measures : iterable of Measure
            Definitions of every measure in the file.
        provenance : Provenance, optional
            Where the file comes from.

        Returns
        -------
        Panel
            The validated table.

        Raises
        ------
        TableError
            If the file is no CSV text or any row breaks a rule; rows are counted as in a spreadsheet, the
            header being row 1.
        """
        name = Path(path).name
        frame = read_text_table(path, required=_REQUIRED)
        return cls.from_frame(
            frame,
            measures=measures,
            provenance=provenance,
            locate=lambda position: (name, position + 2),
            what=name,
        )

    # ------------------------------------------------------------------ what it holds

    @property
    def frame(self) -> pd.DataFrame:
        """A copy of the table; changing it does not change the panel."""
        return self._frame.copy(deep=True)

    @property
    def measures(self) -> dict[str, Measure]:
        """Definitions of the measures, by identifier."""
        return dict(self._measures)

    @property
    def provenance(self) -> Provenance:
        """Where the table comes from and what was done to it."""
        return self._provenance

    @property
    def trusts(self) -> tuple[str, ...]:
        """Codes of all trusts, sorted."""
        return tuple(sorted(self._frame["trust"].unique()))

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        return f"<Panel: {len(self.trusts)} trusts, {len(self._measures)} measures, {len(self)} rows>"

    def measure(self, measure: str) -> Measure:
        """Return the definition of a measure.

        Raises
        ------
        DesignError
            If the panel has no such measure.
        """
        if measure not in self._measures:
            raise DesignError(
                f"measure '{measure}' is not in the panel; it has {', '.join(sorted(self._measures))}"
            )
        return self._measures[measure]

    def series(self, trust: str, measure: str) -> Series:
        """Return one trust's figures on one measure, on a complete calendar.

        Parameters
        ----------
        trust : str
            Trust code.
        measure : str
            Identifier of the measure.

        Returns
        -------
        Series
            From the trust's first to its last period.

        Raises
        ------
        DesignError
            If the panel has no such trust or measure.
        """
        definition = self.measure(measure)
        if self._rows is None:  # where each series lies, found once: comparing a column of codes is slow
            grouped = self._frame.groupby(["measure", "trust"], sort=False, observed=True)
            self._rows = {key: np.asarray(rows) for key, rows in grouped.indices.items()}
            self._columns = {
                name: self._frame[name].to_numpy(dtype=kind) for name, kind in _SERIES_COLUMNS.items()
            }
        if (measure, trust) not in self._rows:
            raise DesignError(
                f"trust {trust} has no row for measure '{measure}' in the panel; check the code"
            )
        rows = self._rows[measure, trust]
        taken = {name: _read_only(column[rows]) for name, column in self._columns.items()}
        return Series(
            trust=trust,
            measure=definition,
            periods=_read_only(taken["period"].astype("datetime64[D]")),
            values=taken["value"],
            numerators=taken["numerator"],
            denominators=taken["denominator"],
            flags=taken["flag"],
        )

    def wide(
        self, measure: str, column: Literal["value", "numerator", "denominator"] = "value"
    ) -> pd.DataFrame:
        """Return a measure as a matrix, periods down and trusts across.

        Parameters
        ----------
        measure : str
            Identifier of the measure.
        column : {"value", "numerator", "denominator"}
            Which figure.

        Returns
        -------
        DataFrame, shape (n_periods, n_trusts)
            Float64 with NaN where there is no figure; index of timestamps without holes, columns sorted.
        """
        definition = self.measure(measure)
        if (measure, column) not in self._wide:
            self._wide[measure, column] = self._matrix(definition, column)
        return self._wide[measure, column].copy()

    def _matrix(self, measure: Measure, column: str) -> pd.DataFrame:
        rows = self._frame[self._frame["measure"] == measure.id]
        matrix = rows.pivot(index="period", columns="trust", values=column).sort_index(axis=1)
        if matrix.empty:
            return matrix
        ends = matrix.index[[0, -1]].to_numpy(dtype="datetime64[D]")
        n = int(places_of(ends, measure.frequency)[-1]) + 1
        calendar = pd.DatetimeIndex(periods_from(ends[0], n, measure.frequency).astype("datetime64[s]"))
        matrix = matrix.reindex(calendar)
        matrix.index.name = "period"
        return matrix

    # ------------------------------------------------------------------ views

    def window(self, start: date, end: date) -> Self:
        """Keep the periods that begin in ``[start, end)``."""
        inside = (self._frame["period"] >= pd.Timestamp(start)) & (self._frame["period"] < pd.Timestamp(end))
        return self._view(self._frame[inside], f"kept periods from {start} to before {end}")

    def restrict(
        self, *, trusts: Collection[str] | None = None, measures: Collection[str] | None = None
    ) -> Self:
        """Keep some trusts, some measures, or both.

        Raises
        ------
        DesignError
            If a trust or measure is asked for that the panel does not have.
        """
        frame, words = self._frame, []
        if trusts is not None:
            unknown = sorted(set(trusts) - set(self.trusts))
            if unknown:
                raise DesignError(f"trusts {', '.join(unknown)} are not in the panel; check the codes")
            frame = frame[frame["trust"].isin(list(trusts))]
            words.append(f"{len(set(trusts))} trusts")
        if measures is not None:
            for measure in measures:
                self.measure(measure)
            frame = frame[frame["measure"].isin(list(measures))]
            words.append(f"measures {', '.join(sorted(measures))}")
        return self._view(frame, f"kept {' and '.join(words)}" if words else "kept everything")

    def with_merged(self, other: Panel) -> Self:
        """Add the rows of another panel.

        Raises
        ------
        TableError
            If both hold the same trust, measure and period, or define a measure differently.
        """
        mine, theirs = self._measures, other.measures
        clashes = [key for key in mine.keys() & theirs.keys() if mine[key] != theirs[key]]
        if clashes:
            raise TableError(
                f"measures {', '.join(sorted(clashes))} are defined differently in the two panels"
            )
        measures = {**mine, **theirs}
        provenance = Provenance(
            files=(*self._provenance.files, *other.provenance.files),
            plugin=self._provenance.plugin or other.provenance.plugin,
            version=self._provenance.version or other.provenance.version,
            steps=(
                *self._provenance.steps,
                *other.provenance.steps,
                f"merged {len(self)} and {len(other)} rows",
            ),
        )
        rows = pd.concat([self._frame, other.frame], ignore_index=True)
        return type(self).from_frame(
            rows[rows["flag"] != "missing"],
            measures=measures.values(),
            provenance=provenance,
            what="the merged panel",
        )

    def _view(self, frame: pd.DataFrame, step: str) -> Self:
        kept = {key: value for key, value in self._measures.items() if (frame["measure"] == key).any()}
        return type(self)(
            frame.reset_index(drop=True), kept or self._measures, self._provenance.with_step(step)
        )


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
