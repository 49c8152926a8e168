"""Inference for few treated units from their own effects and those of placebo units."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from lean_impact.kernels.collapsed import TIE, few_member_df, t_p_value, t_statistic

__all__ = ["PooledTest", "UnitTest", "own_noise", "pooled_test", "unit_test"]

_FEWEST = 2


class PooledTest(NamedTuple):
    """Test of a pooled effect, one entry for each group of units.

    Attributes
    ----------
    standard_error : ndarray of float64, shape (n_groups,)
        In the unit of the effects.
    df : ndarray of float64, shape (n_groups,)
        Satterthwaite degrees of freedom.
    margin : ndarray of float64, shape (n_groups,)
        Half-width of the interval.
    p : ndarray of float64, shape (n_groups,)
        Two-sided p-values.
    """

    standard_error: np.ndarray
    df: np.ndarray
    margin: np.ndarray
    p: np.ndarray


class UnitTest(NamedTuple):
    """Test of the effect on single units, one entry for each.

    Attributes
    ----------
    standard_error : ndarray of float64, shape (n_units,)
        Root mean square of the placebos' studentised effects times the unit's scale.
    margin : ndarray of float64, shape (n_units,)
        Half-width of the interval by inversion of the same test.
    p : ndarray of float64, shape (n_units,)
        Two-sided p-values.
    smallest : float
        Smallest p-value that the test could have given; 0 for the t test.
    ranked : bool
        Whether p-values are ranks among placebos; else there are too few of them, and a t test is used.
    """

    standard_error: np.ndarray
    margin: np.ndarray
    p: np.ndarray
    smallest: float
    ranked: bool


def own_noise(placebos: np.ndarray, *, squares: float) -> float:
    r"""Return the variance of a comparison unit's own contrast from placebo effects.

    Parameters
    ----------
    placebos : ndarray of float64, shape (n_placebos,)
        Effect of each comparison unit when it plays the treated one.
    squares : float
        Mean over the placebos of the sum of their squared donor weights.

    Returns
    -------
    float
        :math:`\operatorname{var}(d) / (1 + \overline{\sum w^2})`: a placebo effect is a unit's own noise minus the
        weighted noise of its donors.

    Examples
    --------
    >>> own_noise(np.array([-1.0, 0.0, 1.0]), squares=0.0)
    1.0
    """
    return float(placebos.var(ddof=1) / (1.0 + squares))


def pooled_test(
    value: np.ndarray,
    effects: np.ndarray,
    *,
    weights: np.ndarray,
    donor_variance: float,
    donor_df: float,
    level: float,
) -> PooledTest:
    r"""Test a pooled effect by the spread of the units' own effects, whatever their variance.

    Parameters
    ----------
    value : ndarray of float64, shape (n_groups,)
        Pooled effect of each group.
    effects : ndarray of float64, shape (n_groups, n_members)
        Effect on each member; at least two members.
    weights : ndarray of float64, shape (n_members,)
        Weight of each member in the pooled effect; they add up to 1.
    donor_variance : float
        Variance that the donors' noise, which the members share, adds to the pooled effect.
    donor_df : float
        Degrees of freedom behind it.
    level : float
        Coverage of the interval.

    Returns
    -------
    PooledTest

    Raises
    ------
    ValueError
        If a group has fewer than two members.

    Notes ----- :math:`SE^2 = s_1^2 \sum_i w_i^2 + v_0` with :math:`s_1^2` the variance between the members' effects
    and :math:`v_0` the donors' share; Satterthwaite's degrees of freedom, for two or three members n - 1. With the
    mean of all comparison units as the only counterfactual this is Welch's test. It needs no assumption on how the
    members' variance compares with the donors', and it is conservative where effects differ truly between members.

    References
    ----------
    Welch BL (1947), Biometrika 34:28-35. Ibragimov R, Mueller UK (2010), Journal of Business & Economic
    Statistics 28:453-468 (t test on few heterogeneous groups).

    Examples
    --------
    >>> effects = np.array([[1.0, 2.0, 3.0]])
    >>> found = pooled_test(effects.mean(axis=1), effects, weights=np.full(3, 1 / 3), donor_variance=0.0,
    ...                     donor_df=10.0, level=0.95)
    >>> round(float(found.standard_error[0]), 4), float(found.df[0])
    (0.5774, 2.0)
    """
    n_members = effects.shape[1]
    if n_members < _FEWEST:
        raise ValueError("the spread between units needs at least two of them")
    own = effects.var(axis=1, ddof=1) * float((weights**2).sum())
    variance = own + donor_variance
    with np.errstate(divide="ignore", invalid="ignore"):
        df = variance**2 / (own**2 / (n_members - 1) + donor_variance**2 / donor_df)
    df = few_member_df(np.where(variance > 0, df, n_members - 1.0), n_members)
    error = np.sqrt(variance)
    return PooledTest(
        standard_error=error,
        df=df,
        margin=error * stdtrit(df, 0.5 + level / 2),
        p=t_p_value(t_statistic(value, error), df),
    )


def unit_test(
    effects: np.ndarray, scales: np.ndarray, *, placebos: np.ndarray, placebo_scales: np.ndarray, level: float
) -> UnitTest:
    r"""Rank studentised effects of single units among those of placebo units.

    Parameters
    ----------
    effects : ndarray of float64, shape (n_units,)
        Effect on each unit.
    scales : ndarray of float64, shape (n_units,)
        Root mean square of its gaps before the programme.
    placebos, placebo_scales : ndarray of float64, shape (n_placebos,)
        The same of each placebo unit.
    level : float
        Coverage of the interval.

    Returns
    -------
    UnitTest

    Raises
    ------
    ValueError
        If a scale is zero: the gaps before the programme vanish, so nothing measures chance.

    Notes
    -----
    :math:`r = d / s`; :math:`p = (1 + \#\{|r_j| \ge |r|\}) / (n + 1)`. Dividing by the scale makes the test
    survive units that are noisier or quieter than the others, as long as the noise has the same shape. With fewer
    than :math:`1 / \alpha - 1` placebos no rank is small enough; then :math:`r / \sqrt{\overline{r_j^2}}` is
    referred to Student's t with n degrees of freedom.

    References
    ----------
    Abadie A, Diamond A, Hainmueller J (2010), Journal of the American Statistical Association 105:493-505 (ratio
    of errors after and before). Ferman B, Pinto C (2019), Review of Economics and Statistics 101:452-467.

    Examples
    --------
    >>> found = unit_test(np.array([5.0]), np.array([1.0]), placebos=np.arange(1.0, 40.0) / 10,
    ...                   placebo_scales=np.ones(39), level=0.95)
    >>> float(found.p[0]), found.smallest, float(found.margin[0])
    (0.025, 0.025, 3.8)
    """
    if (scales <= 0).any() or (placebo_scales <= 0).any():
        raise ValueError("gaps before the programme vanish; nothing measures chance")
    ratios, drawn = np.abs(effects) / scales, np.sort(np.abs(placebos) / placebo_scales)
    n = len(drawn)
    root = float(np.sqrt((drawn**2).mean()))
    rank = int((1 - level) * (n + 1) + TIE)
    if rank:
        as_large = n - np.searchsorted(drawn, ratios * (1 - TIE), side="left")
        return UnitTest(
            root * scales, drawn[-rank] * scales, (1 + as_large) / (n + 1), 1 / (n + 1), ranked=True
        )
    p = t_p_value(ratios / root, float(n))
    return UnitTest(root * scales, root * scales * stdtrit(n, 0.5 + level / 2), p, 0.0, ranked=False)
