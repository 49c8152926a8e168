"""The panel: one validated, immutable table of trust x measure x period."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal, Self, get_args

import numpy as np
import pandas as pd

from lean_impact.domain.measure import Measure
from lean_impact.domain.period import MONTHS
from lean_impact.domain.provenance import Provenance
from lean_impact.errors import DesignError, Issue, TableError
from lean_impact.tables._files import read_text_table
from lean_impact.tables._rules import (
    Location,
    in_memory,
    issues_where,
    missing_columns,
    numbers,
    raise_if_any,
)

__all__ = ["COLUMNS", "FLAGS", "Flag", "Panel", "Series"]

Flag = Literal["published", "imputed", "not_submitted", "missing"]
"""What stands behind a row.

``published`` as published or summed from published figures; ``imputed`` partly filled in by whoever made
the figures; ``not_submitted`` the trust was asked and gave nothing, or stopped reporting; ``missing`` no row
exists between the trust's first and last. The last two have no value.
"""

FLAGS: Final[tuple[str, ...]] = get_args(Flag)
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
_REQUIRED: Final = ("trust", "measure", "period", "flag", "source")
_WITHOUT_VALUE: Final = ("not_submitted", "missing")
_RATIO_TOLERANCE: Final = 1e-6
# A mistyped year would otherwise fill the calendar with thousands of missing rows.
_YEARS: Final = (1948, 2100)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One trust's figures on one measure, on a complete calendar.

    Attributes
    ----------
    trust : str
        Trust code.
    measure : Measure
        What is measured.
    periods : ndarray of datetime64[D], shape (n_periods,)
        First day of each period, without holes.
    values : ndarray of float64, shape (n_periods,)
        Value in the unit of the measure, NaN where there is none.
    numerators, denominators : ndarray of float64, shape (n_periods,)
        Counts behind the values, NaN where there are none.
    flags : ndarray of str, shape (n_periods,)
        What stands behind each value, see :data:`~lean_impact.tables.panel.Flag`.
    """

    trust: str
    measure: Measure
    periods: np.ndarray
    values: np.ndarray
    numerators: np.ndarray
    denominators: np.ndarray
    flags: np.ndarray

    def __len__(self) -> int:
        return len(self.periods)

    def __repr__(self) -> str:
        first, last = self.periods[[0, -1]] if len(self) else ("nothing", "nothing")
        return f"<Series: {self.trust} {self.measure.id}, {len(self)} periods from {first} to {last}>"


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
    ``flag`` one of :data:`~lean_impact.tables.panel.Flag`; ``source`` block or file; ``source_row`` row in
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

    __slots__ = ("_frame", "_measures", "_provenance")

    def __init__(self, frame: pd.DataFrame, measures: Mapping[str, Measure], provenance: Provenance) -> None:
        """Keep a frame that is already valid; use :meth:`from_frame`, which validates."""
        self._frame = frame
        self._measures = dict(measures)
        self._provenance = provenance

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
        table, issues = _typed(frame.reset_index(drop=True), locate)
        issues += _check(table, definitions, locate)
        raise_if_any(issues, what=what)
        table = _fill_gaps(_with_value(table, definitions), definitions)
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
        rows = self._frame[(self._frame["measure"] == measure) & (self._frame["trust"] == trust)]
        if rows.empty:
            raise DesignError(
                f"trust {trust} has no row for measure '{measure}' in the panel; check the code"
            )
        return Series(
            trust=trust,
            measure=definition,
            periods=_read_only(rows["period"].to_numpy().astype("datetime64[D]")),
            values=_read_only(rows["value"].to_numpy(dtype="float64", copy=True)),
            numerators=_read_only(rows["numerator"].to_numpy(dtype="float64", copy=True)),
            denominators=_read_only(rows["denominator"].to_numpy(dtype="float64", copy=True)),
            flags=_read_only(rows["flag"].to_numpy(dtype=str, copy=True)),
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
        rows = self._frame[self._frame["measure"] == measure]
        matrix = rows.pivot(index="period", columns="trust", values=column).sort_index(axis=1)
        if matrix.empty:
            return matrix
        calendar = _calendar(matrix.index.min(), matrix.index.max(), MONTHS[definition.frequency])
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


# ---------------------------------------------------------------------- validation, column by column


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _always(words: str) -> Callable[[int], str]:
    return lambda _: words


def _named(name: Callable[[int], str], words: str) -> Callable[[int], str]:
    return lambda at: f"{name(at)} {words}"


def _typed(frame: pd.DataFrame, locate: Location) -> tuple[pd.DataFrame, list[Issue]]:
    table = pd.DataFrame(index=frame.index)
    issues: list[Issue] = []
    for column in ("trust", "measure", "flag", "source"):
        table[column] = frame[column].astype("str")
        blank = frame[column].isna() | (table[column].str.strip() == "")
        words = f"'{column}' is empty; every row needs one"
        issues += issues_where(blank, rule="empty-key", column=column, locate=locate, message=_always(words))
    table["period"] = pd.to_datetime(frame["period"], errors="coerce", format="ISO8601").astype(
        "datetime64[s]"
    )
    issues += issues_where(
        table["period"].isna(),
        rule="bad-period",
        column="period",
        values=frame["period"],
        locate=locate,
        message=lambda at: f"'{frame['period'].iloc[at]}' is no date; write the first day as YYYY-MM-DD",
    )
    year = table["period"].dt.year
    issues += issues_where(
        (year < _YEARS[0]) | (year > _YEARS[1]),
        rule="bad-period",
        column="period",
        values=frame["period"],
        locate=locate,
        message=lambda at: (
            f"'{frame['period'].iloc[at]}' lies outside {_YEARS[0]} to {_YEARS[1]}; correct the year"
        ),
    )
    for column in ("value", "numerator", "denominator"):
        given = frame[column] if column in frame else pd.Series(np.nan, index=frame.index, name=column)
        table[column], found = numbers(given, locate=locate)
        issues += found
    rows = (
        frame["source_row"]
        if "source_row" in frame
        else pd.Series(np.nan, index=frame.index, name="source_row")
    )
    parsed, found = numbers(rows, locate=locate)
    table["source_row"] = parsed.round().astype("Int64")
    return table, issues + found


def _check(table: pd.DataFrame, definitions: Mapping[str, Measure], locate: Location) -> list[Issue]:
    def name(at: int) -> str:
        period = table["period"].iloc[at]
        day = "no date" if pd.isna(period) else f"{period:%Y-%m-%d}"
        return f"{table['trust'].iloc[at]} {table['measure'].iloc[at]} {day}"

    numerator, denominator, value = table["numerator"], table["denominator"], table["value"]
    kind = table["measure"].map({key: measure.kind for key, measure in definitions.items()})
    known = kind.notna()
    without = table["flag"].isin(_WITHOUT_VALUE)
    proportion = kind == "proportion"
    quotient = (numerator / denominator.where(denominator > 0)).where(kind.isin(["proportion", "ratio"]))
    something = value.notna() | quotient.notna()
    day_one = table["period"].dt.day == 1
    rules: list[tuple[str, pd.Series, str | None, str]] = [
        (
            "unknown-measure",
            ~known,
            "measure",
            "is of a measure that is not defined; add its definition or drop the row",
        ),
        (
            "unknown-flag",
            ~table["flag"].isin(FLAGS),
            "flag",
            f"has an unknown flag; use one of {', '.join(FLAGS)}",
        ),
        (
            "not-first-day",
            table["period"].notna() & ~day_one,
            "period",
            "does not name the first day of a period",
        ),
        (
            "duplicate",
            table.duplicated(["trust", "measure", "period"], keep=False) & table["period"].notna(),
            "period",
            "is given more than once; keep one row for each trust, measure and period",
        ),
        ("negative", (numerator < 0) | (denominator < 0), "numerator", "has a negative count"),
        (
            "numerator-above-denominator",
            proportion & (numerator > denominator),
            "numerator",
            "has a numerator above its denominator; a proportion counts some out of all",
        ),
        ("outside-0-1", proportion & ((value < 0) | (value > 1)), "value", "has a proportion outside 0 to 1"),
        (
            "zero-denominator",
            (denominator == 0) & ~without,
            "denominator",
            "has the denominator 0; set the flag 'not_submitted' and leave the figures empty",
        ),
        (
            "value-disagrees",
            (value - quotient).abs() > _RATIO_TOLERANCE,
            "value",
            "has a value that is not numerator divided by denominator; give one or make them agree",
        ),
        (
            "no-value",
            known & ~without & ~something & ~(denominator == 0),
            "value",
            "has no value; set the flag 'not_submitted' or 'missing' if there is none",
        ),
        (
            "value-despite-flag",
            without & something,
            "flag",
            "is flagged as having no figure but has one; correct the flag",
        ),
    ]
    issues: list[Issue] = []
    for rule, mask, column, words in rules:
        issues += issues_where(
            mask.fillna(value=False).astype(bool),
            rule=rule,
            column=column,
            values=table[column] if column else None,
            locate=locate,
            message=_named(name, words),
        )
    return issues


def _with_value(table: pd.DataFrame, definitions: Mapping[str, Measure]) -> pd.DataFrame:
    kind = table["measure"].map({key: measure.kind for key, measure in definitions.items()})
    quotient = (table["numerator"] / table["denominator"].where(table["denominator"] > 0)).where(
        kind.isin(["proportion", "ratio"]).to_numpy()
    )
    table = table.copy()
    table["value"] = quotient.where(quotient.notna(), table["value"])
    return table


def _calendar(first: pd.Timestamp, last: pd.Timestamp, months: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.date_range(first, last, freq=pd.DateOffset(months=months), unit="s"))


def _fill_gaps(table: pd.DataFrame, definitions: Mapping[str, Measure]) -> pd.DataFrame:
    """Add a row with the flag ``missing`` for each hole between a trust's first and last period."""
    series = ["measure", "trust"]
    step = table["measure"].map({key: MONTHS[measure.frequency] for key, measure in definitions.items()})
    month = table["period"].dt.year * 12 + table["period"].dt.month - 1
    known = table[series].assign(month=month, step=step.astype("int64"))
    first = known.groupby(series)["month"].transform("min")
    off = (known["month"] - first) % known["step"] != 0
    raise_if_any(
        [
            Issue(
                rule="off-calendar",
                column="period",
                message=f"{row.trust} {row.measure} {row.period:%Y-%m-%d} is not on the "
                f"{definitions[str(row.measure)].frequency}ly calendar",
            )
            for row in table[off].itertuples()
        ],
        what="the panel",
    )
    spans = known.groupby([*series, "step"], sort=False)["month"].agg(["min", "max"]).reset_index()
    whole = spans.loc[spans.index.repeat((spans["max"] - spans["min"]) // spans["step"] + 1)]
    whole["month"] = whole["min"] + whole.groupby(level=0).cumcount() * whole["step"]
    keys = [*series, "month"]
    absent = whole[~pd.MultiIndex.from_frame(whole[keys]).isin(pd.MultiIndex.from_frame(known[keys]))]
    if absent.empty:
        return table
    added = absent[series].assign(
        period=pd.to_datetime({"year": absent["month"] // 12, "month": absent["month"] % 12 + 1, "day": 1}),
        flag="missing",
        source="no row published",
    )
    added = added.reindex(columns=table.columns).astype(table.dtypes.to_dict())
    return pd.concat([table, added], ignore_index=True)
