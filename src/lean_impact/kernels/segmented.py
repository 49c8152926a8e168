"""Design of a segmented regression: trend, season and the interruptions of an interrupted time series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lean_impact.kernels.season import seasons_of

__all__ = ["Interruption", "Season", "SegmentedDesign", "require_estimable", "segmented_design"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Share of a column's length that must stay after the columns before it are taken out.
_ALIAS_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """One interruption of a series and the shape of its impact.

    Attributes
    ----------
    at : int
        First period with the programme, as an index of the calendar.
    level : bool
        Whether the level may change.
    slope : bool
        Whether the slope may change; the change is 0 in the first period of the impact.
    delay : int
        Number of periods that pass before the impact begins.
    phase_in : int
        Number of periods over which the level change grows linearly to its full size; 1 is a step.

    Examples
    --------
    >>> Interruption(at=10, delay=2).first
    12
    """

    at: int
    level: bool = True
    slope: bool = True
    delay: int = 0
    phase_in: int = 1

    def __post_init__(self) -> None:
        """Refuse an impact that has no shape."""
        if not (self.level or self.slope):
            raise ValueError("an interruption needs a level change, a slope change, or both")
        if self.delay < 0 or self.phase_in < 1:
            raise ValueError("delay must be at least 0 and phase_in at least 1 period")

    @property
    def first(self) -> int:
        """First period with an impact, as an index of the calendar."""
        return self.at + self.delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """Season of a series.

    Attributes
    ----------
    length : float
        Periods in a year, for example 12 or 4; 52.18 for weeks.
    pairs : int or None
        Number of pairs of sine and cosine, at most half of ``length``; None takes one column for each
        period of the year but the first, or for each twelfth where there are more than 12 periods.

    Examples
    --------
    >>> Season(length=12, pairs=2)
    Season(length=12, pairs=2)
    """

    length: float
    pairs: int | None = None

    def __post_init__(self) -> None:
        """Refuse a season without columns, or with more pairs than the year can tell apart."""
        if self.length < 2:  # noqa: PLR2004 - one period a year has no season
            raise ValueError("a season needs at least 2 periods a year")
        if self.pairs is not None and not 1 <= self.pairs <= self.length // 2:
            raise ValueError(f"pairs must lie between 1 and {int(self.length // 2)}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentedDesign:
    """Design matrix with the meaning of its columns.

    Attributes
    ----------
    matrix : ndarray of float64, shape (n_periods, n_columns)
        One row for each period.
    time : ndarray of int64, shape (n_periods,)
        Calendar index of each row.
    names : tuple of str
        Name of each column.
    impact : ndarray of bool, shape (n_columns,)
        Columns that belong to an interruption.
    seasonal : ndarray of bool, shape (n_columns,)
        Columns that belong to the season.
    source : ndarray of int64, shape (n_columns,)
        Place of the interruption that a column belongs to, in the order they were given; -1 for the others.
    """

    matrix: Floats
    time: NDArray[np.int64]
    names: tuple[str, ...]
    impact: Flags
    seasonal: Flags
    source: NDArray[np.int64]

    @property
    def without_impact(self) -> Floats:
        """The matrix with the columns of the interruptions set to 0, shape (n_periods, n_columns)."""
        return np.where(self.impact, 0.0, self.matrix)

    def without(self, interruption: int) -> Floats:
        """Set the columns of one interruption to 0.

        Parameters
        ----------
        interruption : int
            Its place in the order the interruptions were given.

        Returns
        -------
        ndarray of float64, shape (n_periods, n_columns)
        """
        return np.where(self.source == interruption, 0.0, self.matrix)

    def column(self, name: str) -> int:
        """Find a column.

        Parameters
        ----------
        name : str
            One of ``names``.

        Returns
        -------
        int
            Its position.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        return self.names.index(name)


def segmented_design(
    time: NDArray[np.int64],
    *,
    interruptions: Sequence[Interruption],
    season: Season | None = None,
    trend: bool = True,
) -> SegmentedDesign:
    r"""Build the design of a segmented regression on any calendar.

    Parameters
    ----------
    time : ndarray of int64, shape (n_periods,)
        Calendar indices of the periods, ascending. Left-out periods keep their place: 3, 4, 7 is a calendar
        with a hole of two periods.
    interruptions : sequence of Interruption
        The interruptions, in any order; the columns follow their order in time.
    season : Season or None
        Season, if the model has one.
    trend : bool
        Whether the model has a linear trend.

    Returns
    -------
    SegmentedDesign
        Matrix and names. It is not checked here that the columns can be told apart on this calendar, so that
        a fitted model can be evaluated on any other one: see ``require_estimable``.

    Raises
    ------
    ValueError
        If the calendar does not ascend, or two interruptions coincide.

    Notes
    -----
    With :math:`s_j` the first period of the impact of interruption *j* (its date plus its delay) and
    :math:`m_j` its number of periods of phasing in,

    .. math:: y_t = a + b\,t + \sum_j \{ c_j \min(1, (t - s_j + 1)/m_j) + d_j (t - s_j) \} 1(t \ge s_j)
              + \text{season}_t + e_t .

    :math:`c_j` is the level change in the first period of the impact (when fully phased in), :math:`d_j` the
    change of slope a period.

    References
    ----------
    Wagner, Soumerai, Zhang and Ross-Degnan (2002), Journal of Clinical Pharmacy and Therapeutics 27, 299-309.
    Lopez Bernal, Cummins and Gasparrini (2017), International Journal of Epidemiology 46, 348-355.

    Examples
    --------
    >>> design = segmented_design(np.arange(6), interruptions=[Interruption(at=3)])
    >>> design.names
    ('intercept', 'trend', 'level change', 'slope change')
    >>> design.matrix[:, 2:].T.tolist()
    [[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0, 2.0]]
    """
    time = np.asarray(time, dtype=np.int64)
    if time.ndim != 1 or len(time) == 0 or (np.diff(time) <= 0).any():
        raise ValueError("the calendar must be a list of ascending period indices")
    order = sorted(range(len(interruptions)), key=lambda place: interruptions[place].first)
    ordered = [interruptions[place] for place in order]
    if len({one.first for one in ordered}) < len(ordered):
        raise ValueError(
            "two interruptions begin to act in the same period: their effects cannot be told apart"
        )
    base = {"intercept": np.ones(len(time))}
    if trend:
        base["trend"] = time.astype(float)
    impact: dict[str, Floats] = {}
    source: list[int] = []
    for number, one in enumerate(ordered, start=1):
        columns = _impact_columns(time, one, suffix=f" {number}" if len(ordered) > 1 else "")
        source += [order[number - 1]] * len(columns)
        impact |= columns
    seasonal = {} if season is None else _season_columns(time, season)
    columns = base | impact | seasonal
    kinds = np.repeat([0, 1, 2], [len(base), len(impact), len(seasonal)])
    return SegmentedDesign(
        matrix=np.column_stack(list(columns.values())),
        time=time,
        names=tuple(columns),
        impact=kinds == 1,
        seasonal=kinds == 2,  # noqa: PLR2004 - the third kind
        source=np.array([-1] * len(base) + source + [-1] * len(seasonal)),
    )


def _impact_columns(time: NDArray[np.int64], one: Interruption, *, suffix: str) -> dict[str, Floats]:
    """Build the level and slope columns of one interruption."""
    since = time - one.first
    columns: dict[str, Floats] = {}
    if one.level:
        columns[f"level change{suffix}"] = np.clip((since + 1) / one.phase_in, 0.0, 1.0)
    if one.slope:
        columns[f"slope change{suffix}"] = np.maximum(since, 0).astype(float)
    return columns


def _season_columns(time: NDArray[np.int64], season: Season) -> dict[str, Floats]:
    """Build dummies or pairs of waves."""
    if season.pairs is None:
        place = seasons_of(time, per_year=season.length)
        last = int(seasons_of(np.array([season.length - 1.0]), per_year=season.length)[0])
        return {f"season {p + 1}": (place == p).astype(float) for p in range(1, last + 1)}
    columns: dict[str, Floats] = {}
    for wave in range(1, season.pairs + 1):
        angle = 2 * np.pi * wave * time / season.length
        if 2 * wave < season.length:  # at half the length the sine is 0 in every period
            columns[f"sine {wave}"] = np.sin(angle)
        columns[f"cosine {wave}"] = np.cos(angle)
    return columns


def require_estimable(matrix: Floats, names: Sequence[str]) -> None:
    """Check that the columns can be told apart and leave residual degrees of freedom.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n_periods, n_columns)
        Design.
    names : sequence of str
        Names of the columns, for the message.

    Raises
    ------
    ValueError
        If columns are combinations of the columns before them (the message names them), or there are no
        more periods than columns.

    Examples
    --------
    >>> require_estimable(np.ones((3, 2)), ["intercept", "trend"])
    Traceback (most recent call last):
    ValueError: cannot be told apart from the columns before: trend
    """
    kept: list[Floats] = []
    aliased = []
    for name, column in zip(names, matrix.T, strict=True):
        rest = column
        for _ in range(2):  # twice is enough against rounding
            for basis in kept:
                rest = rest - basis * (basis @ rest)
        length = float(np.linalg.norm(rest))
        if length <= _ALIAS_TOLERANCE * float(np.linalg.norm(column)):
            aliased.append(name)
        else:
            kept.append(rest / length)
    if aliased:
        raise ValueError(f"cannot be told apart from the columns before: {', '.join(aliased)}")
    if len(matrix) <= len(names):
        raise ValueError(f"{len(matrix)} periods are too few for {len(names)} columns: {', '.join(names)}")
