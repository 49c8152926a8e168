"""How far raters agree: kappa, Fleiss' kappa, Krippendorff's alpha, intraclass correlation.

Ratings come as a matrix with one row for each unit that was rated and one column for each rater, NaN where a rater
gave none.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from scipy.special import fdtri

__all__ = [
    "ICC",
    "Chance",
    "Metric",
    "Weights",
    "alpha_of",
    "bootstrap_alpha",
    "coincidences",
    "fleiss_kappa",
    "intraclass",
    "krippendorff_alpha",
    "weighted_kappa",
]

Weights = Literal["unweighted", "linear", "quadratic"]
"""How much a disagreement counts: all alike, by its size, or by its square."""

Metric = Literal["nominal", "ordinal", "interval", "ratio"]
"""What the numbers of a scale mean."""

_RATERS: Final = 2


class Chance(NamedTuple):
    """Agreement of which chance is taken off.

    Attributes
    ----------
    value : float
        1 is perfect, 0 what chance gives; NaN where every rating is the same, which is neither.
    z : float
        Distance from chance in its standard errors; NaN where it has no formula here.
    """

    value: float
    z: float


class ICC(NamedTuple):
    """Intraclass correlations of a complete table.

    Attributes
    ----------
    agreement_one, lower, upper : float
        Absolute agreement of single raters, two-way, ICC(A,1), with its interval.
    consistency_mean : float
        Consistency of the mean of the raters, ICC(C,k).
    one_way : float
        One-way, single raters, ICC(1).
    """

    agreement_one: float
    lower: float
    upper: float
    consistency_mean: float
    one_way: float


def weighted_kappa(first: np.ndarray, second: np.ndarray, *, weights: Weights = "quadratic") -> Chance:
    """Compare two raters, chance taken off.

    Parameters
    ----------
    first, second : ndarray of float64, shape (n_units,)
        Ratings; units that either has as NaN are left out.
    weights : {"unweighted", "linear", "quadratic"}, default "quadratic"
        By the difference of the ratings as numbers, so that -2 and -1 are as near as 1 and 2.

    Returns
    -------
    Chance
        With z for unweighted only.

    References
    ----------
    Cohen J (1968), Psychological Bulletin 70:213-220.
    Fleiss JL, Cohen J, Everitt BS (1969), Psychological Bulletin 72:323-327 (standard error under chance).

    Examples
    --------
    >>> round(weighted_kappa(np.array([-2.0, 0.0, 1.0, 2.0]), np.array([-2.0, 0.0, 1.0, 1.0])).value, 3)
    0.933
    """
    both = np.isfinite(first) & np.isfinite(second)
    levels, index = np.unique(np.concatenate([first[both], second[both]]), return_inverse=True)
    n = int(both.sum())
    table = np.zeros((len(levels), len(levels)))
    np.add.at(table, (index[:n], index[n:]), 1.0 / n if n else 0.0)
    distance = _distance(levels, weights)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    expected = float((distance * np.outer(rows, columns)).sum())
    if expected == 0:
        return Chance(float("nan"), float("nan"))
    value = 1 - float((distance * table).sum()) / expected
    z = _kappa_z(value, rows, columns, n) if weights == "unweighted" else float("nan")
    return Chance(value, z)


def _distance(levels: np.ndarray, weights: Weights) -> np.ndarray:
    gap = np.abs(levels[:, None] - levels[None])
    if weights not in get_args(Weights):
        raise ValueError(f"weights must be one of {', '.join(get_args(Weights))}")
    power = {"unweighted": 0.0, "linear": 1.0, "quadratic": 2.0}[weights]
    distance: np.ndarray = np.where(gap > 0, gap**power, 0.0)
    return distance


def _kappa_z(value: float, rows: np.ndarray, columns: np.ndarray, n: int) -> float:
    chance = float(rows @ columns)
    variance = (chance + chance**2 - float((rows * columns * (rows + columns)).sum())) / (
        n * (1 - chance) ** 2
    )
    return float(value / np.sqrt(variance)) if variance > 0 else float("nan")


def fleiss_kappa(ratings: np.ndarray) -> Chance:
    """Compare any number of raters on nominal ratings, each unit rated by as many.

    Parameters
    ----------
    ratings : ndarray of float64, shape (n_units, n_raters)
        Complete.

    Returns
    -------
    Chance

    References
    ----------
    Fleiss JL (1971), Psychological Bulletin 76:378-382.

    Examples
    --------
    >>> fleiss_kappa(np.array([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]])).value
    1.0
    """
    levels = np.unique(ratings)
    counts = (ratings[:, :, None] == levels).sum(axis=1)
    units, raters = ratings.shape
    share = counts.sum(axis=0) / (units * raters)
    spread = share * (1 - share)
    if spread.sum() == 0:
        return Chance(float("nan"), float("nan"))
    agree = ((counts**2).sum(axis=1) - raters) / (raters * (raters - 1))
    chance = float(share @ share)
    value = (float(agree.mean()) - chance) / (1 - chance)
    variance = (2 / (spread.sum() ** 2 * units * raters * (raters - 1))) * (
        spread.sum() ** 2 - (spread * (1 - 2 * share)).sum()
    )
    return Chance(value, float(value / np.sqrt(variance)) if variance > 0 else float("nan"))


def coincidences(ratings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count for each unit which ratings stand beside which.

    Parameters
    ----------
    ratings : ndarray of float64, shape (n_units, n_raters)
        NaN where a rater gave none; a unit with fewer than two ratings pairs nothing.

    Returns
    -------
    levels : ndarray of float64, shape (n_levels,)
        The different ratings, sorted.
    tables : ndarray of float64, shape (n_units, n_levels, n_levels)
        Pairs within each unit, divided by its number of ratings less one.

    Examples
    --------
    >>> coincidences(np.array([[1.0, 2.0]]))[1].tolist()
    [[[0.0, 1.0], [1.0, 0.0]]]
    """
    levels = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, None] == levels).sum(axis=1).astype(float)
    given = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :]
    diagonal = np.arange(len(levels))
    pairs[:, diagonal, diagonal] -= counts
    enough = given >= _RATERS
    return levels, np.where(enough[:, None, None], pairs / np.maximum(given - 1, 1)[:, None, None], 0.0)


def alpha_of(levels: np.ndarray, table: np.ndarray, *, metric: Metric) -> np.ndarray:
    """Compute Krippendorff's alpha of coincidence tables.

    Parameters
    ----------
    levels : ndarray of float64, shape (n_levels,)
        The different ratings, sorted.
    table : ndarray of float64, shape (..., n_levels, n_levels)
        Coincidences, summed over units.
    metric : {"nominal", "ordinal", "interval", "ratio"}
        What the numbers mean.

    Returns
    -------
    ndarray of float64, shape (...)
        NaN where every paired rating is the same.

    Examples
    --------
    >>> float(alpha_of(np.array([1.0, 2.0]), np.array([[2.0, 0.0], [0.0, 2.0]]), metric="nominal"))
    1.0
    """
    margin = table.sum(axis=-1)
    total = margin.sum(axis=-1)
    distance = _delta(levels, margin, metric)
    seen = (table * distance).sum(axis=(-1, -2))
    expected = (margin[..., :, None] * margin[..., None, :] * distance).sum(axis=(-1, -2))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: np.ndarray = np.where(expected > 0, 1 - (total - 1) * seen / expected, np.nan)
    return found


def _delta(levels: np.ndarray, margin: np.ndarray, metric: Metric) -> np.ndarray:
    """Return squared distances of ratings; ordinal ones depend on how often the ratings between occur."""
    gap = levels[:, None] - levels[None]
    total = levels[:, None] + levels[None]
    middle = np.cumsum(margin, axis=-1) - margin / 2
    squares: dict[Metric, np.ndarray] = {
        "nominal": (gap != 0).astype(float),
        "interval": gap**2,
        "ratio": np.where(total != 0, gap / np.where(total != 0, total, 1.0), 0.0) ** 2,
        "ordinal": (middle[..., :, None] - middle[..., None, :]) ** 2,
    }
    return squares[metric]


def krippendorff_alpha(ratings: np.ndarray, *, metric: Metric) -> float:
    r"""Compute Krippendorff's alpha for any number of raters, with gaps.

    Parameters
    ----------
    ratings : ndarray of float64, shape (n_units, n_raters)
        NaN where a rater gave none.
    metric : {"nominal", "ordinal", "interval", "ratio"}
        What the numbers mean.

    Returns
    -------
    float
        1 is perfect, 0 chance; NaN where nothing can be compared or every rating is the same.

    Notes
    -----
    :math:`\alpha = 1 - D_o / D_e`, the observed over the expected disagreement, from the coincidences of ratings
    within units, each unit weighted by its ratings less one.

    References
    ----------
    Hayes AF, Krippendorff K (2007), Communication Methods and Measures 1:77-89.

    Examples
    --------
    >>> ratings = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 2.0], [1.0, np.nan]])
    >>> round(krippendorff_alpha(ratings, metric="interval"), 3)
    0.706
    """
    levels, tables = coincidences(ratings)
    return float(alpha_of(levels, tables.sum(axis=0), metric=metric)) if len(levels) else float("nan")


def bootstrap_alpha(ratings: np.ndarray, *, metric: Metric, draws: int, seed: int) -> np.ndarray:
    """Draw units again to see how alpha varies.

    Parameters
    ----------
    ratings : ndarray of float64, shape (n_units, n_raters)
        NaN where a rater gave none.
    metric : {"nominal", "ordinal", "interval", "ratio"}
        What the numbers mean.
    draws, seed : int
        Number of draws, and their seed.

    Returns
    -------
    ndarray of float64, shape (draws,)
        NaN where a draw holds one rating only.

    Examples
    --------
    >>> ratings = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 2.0], [1.0, 3.0]])
    >>> bootstrap_alpha(ratings, metric="interval", draws=100, seed=1).shape
    (100,)
    """
    levels, tables = coincidences(ratings)
    tables = tables[(np.isfinite(ratings).sum(axis=1) >= _RATERS)]
    n = len(tables)
    if not n:
        return np.full(draws, np.nan)
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    return alpha_of(levels, np.tensordot(times.astype(float), tables, axes=1), metric=metric)


def intraclass(ratings: np.ndarray, *, level: float = 0.95) -> ICC:
    """Compute intraclass correlations of a complete table.

    Parameters
    ----------
    ratings : ndarray of float64, shape (n_units, n_raters)
        Complete, at least two units and two raters.
    level : float, default 0.95
        Coverage of the interval.

    Returns
    -------
    ICC
        NaN where no unit differs from another.

    References
    ----------
    McGraw KO, Wong SP (1996), Psychological Methods 1:30-46.

    Examples
    --------
    >>> found = intraclass(np.array([[1.0, 1.2], [2.0, 2.1], [3.0, 3.3]]))
    >>> round(found.agreement_one, 3)
    0.978
    """
    n, k = ratings.shape
    grand = ratings.mean()
    rows = k * ((ratings.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((ratings.mean(axis=0) - grand) ** 2).sum() / (k - 1)
    total = ((ratings - grand) ** 2).sum()
    error = (total - rows * (n - 1) - columns * (k - 1)) / ((n - 1) * (k - 1))
    within = ((ratings - ratings.mean(axis=1, keepdims=True)) ** 2).sum() / (n * (k - 1))
    if rows == 0:
        return ICC(*(float("nan"),) * 5)
    one = float((rows - error) / (rows + (k - 1) * error + k * (columns - error) / n))
    lower, upper = _agreement_interval(float(rows), float(columns), float(error), one, n=n, k=k, level=level)
    return ICC(
        one,
        lower,
        upper,
        float((rows - error) / rows),
        float((rows - within) / (rows + (k - 1) * within)),
    )


def _agreement_interval(
    rows: float, columns: float, error: float, one: float, *, n: int, k: int, level: float
) -> tuple[float, float]:
    if one >= 1:
        return 1.0, 1.0
    a = k * one / (n * (1 - one))
    b = 1 + k * one * (n - 1) / (n * (1 - one))
    df = (a * columns + b * error) ** 2 / (
        (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    )
    tail = 0.5 + level / 2
    low, high = float(fdtri(n - 1, df, tail)), float(fdtri(df, n - 1, tail))
    common = k * columns + (k * n - k - n) * error
    return (
        n * (rows - low * error) / (low * common + n * rows),
        n * (high * rows - error) / (common + n * high * rows),
    )
