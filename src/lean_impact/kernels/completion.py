"""Matrix completion with a nuclear-norm penalty, and what the factor models that fill cells share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lean_impact.kernels.fixed_point import LIMIT, NotSettledError
from lean_impact.kernels.low_rank import Shrink, cap_singular_values, keep_factors, two_way
from lean_impact.kernels.low_rank_fit import LowRankFit, fit_hidden, fit_low_rank, shrink_hidden

__all__ = [
    "PATIENCE",
    "FillPath",
    "complete",
    "completion_weights",
    "held_out_errors",
    "hiding_folds",
    "impute_path",
    "largest_penalty",
    "penalty_path",
    "placebo_fills",
]

_PLACEBO_TOLERANCE = 1e-6
"""Placebos are ranked, so a millionth of a standard deviation is close enough."""
_CONVEX_TOLERANCE = 1e-4
"""Where hidden cells are solved for, a last step of this size leaves an error of some millionths."""

PATIENCE = 300
"""Steps that cross-validation grants a model: one that needs more is hardly determined by the data."""

_RISES = 2
_FEWEST = 2
_KEPT = 1e-9


class FillPath(NamedTuple):
    """The missing cells filled with every number of factors.

    Attributes
    ----------
    fitted : ndarray of float64, shape (n_models, n_periods, n_units)
        What each model expects, in the unit of the outcome; the path ends before a number of factors whose
        iteration does not settle.
    coefficients : ndarray of float64, shape (n_models, n_covariates)
        Coefficients of the covariates.
    low_rank : ndarray of float64, shape (n_models, n_periods, n_units)
        Low-rank part of each fit.
    """

    fitted: np.ndarray
    coefficients: np.ndarray
    low_rank: np.ndarray


def largest_penalty(y: np.ndarray, *, missing: np.ndarray, covariates: np.ndarray | None = None) -> float:
    r"""Return the smallest penalty at which nothing but unit and period effects (and covariates) is left.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes.
    missing : ndarray of bool, shape (n_periods, n_units)
        Cells that are not looked at.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Complete.

    Returns
    -------
    float
        Share of cells times the unit of the outcome, as the penalty of :func:`complete`.

    Notes
    -----
    The largest singular value of the additive fit's residuals, missing ones set to 0, over the number of cells.

    Examples
    --------
    >>> y = np.array([[1.0, 0.0], [0.0, 0.0]])
    >>> largest_penalty(y, missing=np.zeros((2, 2), dtype=bool))
    0.125
    """
    off = y - fit_low_rank(y, keep_factors(0), missing=missing, covariates=covariates).fitted
    off[missing] = 0.0
    return float(np.linalg.norm(off, 2)) / y.size


def penalty_path(largest: float, *, number: int = 12, span: float = 50.0) -> np.ndarray:
    """Return penalties from the largest downwards, evenly spaced on a logarithmic scale.

    Parameters
    ----------
    largest : float
        Greater than 0.
    number : int, default 12
        How many.
    span : float, default 50
        Ratio of the largest to the smallest.

    Returns
    -------
    ndarray of float64, shape (number,)

    Examples
    --------
    >>> penalty_path(1.0, number=3, span=100.0)
    array([1.  , 0.1 , 0.01])
    """
    return largest * np.geomspace(1.0, 1.0 / span, number)


def complete(
    y: np.ndarray,
    penalty: float,
    *,
    missing: np.ndarray,
    covariates: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> LowRankFit:
    r"""Fill missing cells with unit and period effects and a matrix of small nuclear norm.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes.
    penalty : float
        Penalty for each cell, in the unit of the outcome, greater than 0.
    missing : ndarray of bool, shape (n_periods, n_units)
        Cells to fill, of the treated from the start on and any other without an outcome.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Complete.
    start : ndarray of float64, shape (n_periods, n_units), optional
        First guess for the missing cells.

    Returns
    -------
    LowRankFit

    Raises
    ------
    ValueError
        If the penalty is not greater than 0, effects are not determined or the iteration does not settle.

    Notes
    -----
    Minimises :math:`\tfrac12\sum_{(i,t)\ seen}(y_{it}-\alpha_i-\xi_t-x_{it}'\beta-L_{it})^2 + \lambda NT\|L\|_*`
    with N T the number of cells: unit and period effects are not penalised. It is convex, so there is one
    answer. With this scale a penalty means the same as in the R package fect.

    References
    ----------
    Athey S, Bayati M, Doudchenko N, Imbens G, Khosravi K (2021), Journal of the American Statistical
    Association 116:1716-1730.

    Examples
    --------
    >>> y = np.outer([1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 5.0])
    >>> hidden = np.zeros((3, 4), dtype=bool)
    >>> hidden[2, 0] = True
    >>> [round(float(complete(y, penalty, missing=hidden).fitted[2, 0]), 2) for penalty in (1.0, 1e-4)]
    [9.83, 7.67]
    """
    if not penalty > 0:
        raise ValueError("the penalty must be greater than 0")
    shrink = cap_singular_values(penalty * y.size)
    return fit_low_rank(y, shrink, missing=missing, covariates=covariates, start=start)


def impute_path(
    y: np.ndarray,
    largest: int,
    *,
    missing: np.ndarray,
    covariates: np.ndarray | None = None,
    limit: int = LIMIT,
) -> FillPath:
    r"""Fill missing cells with interactive fixed effects of 0, 1, ..., R factors, fitted to all units.

    Parameters
    ----------
    y : ndarray of float64, shape (n_periods, n_units)
        Outcomes.
    largest : int
        Largest number of factors, smaller than the number of periods and of units.
    missing : ndarray of bool, shape (n_periods, n_units)
        Cells to fill, of the treated from the start on and any other without an outcome.
    covariates : ndarray of float64, shape (n_covariates, n_periods, n_units), optional
        Complete.
    limit : int, default 3000
        Steps after which a number of factors is given up.

    Returns
    -------
    FillPath

    Raises
    ------
    ValueError
        If there are as many factors as periods or units, or effects are not determined.

    Notes
    -----
    Least squares over the cells that are there, by expectation-maximisation from the unit and period effects.
    Unlike generalised synthetic control, the treated units' pre-periods help to find the factors.
    With two factors and more there may be several local optima; this is the one that the additive fit leads to.

    References
    ----------
    Gobillon L, Magnac T (2016), Review of Economics and Statistics 98:535-551. Bai J (2009), Econometrica
    77:1229-1279.

    Examples
    --------
    >>> y = np.outer([1.0, 2.0, 4.0], [1.0, 3.0, 2.0, 5.0])
    >>> hidden = np.zeros((3, 4), dtype=bool)
    >>> hidden[2, 0] = True
    >>> impute_path(y, 1, missing=hidden).fitted[:, 2, 0].round(2)
    array([9.83, 4.  ])
    """
    if largest >= min(y.shape):
        raise ValueError(f"{largest} factors need more than {largest} periods and units")
    fits = [fit_low_rank(y, keep_factors(0), missing=missing, covariates=covariates)]
    for number in range(1, largest + 1):
        try:
            fits.append(
                fit_low_rank(y, keep_factors(number), missing=missing, covariates=covariates, limit=limit)
            )
        except NotSettledError:
            break
    return FillPath(
        np.array([fit.fitted for fit in fits]),
        np.array([fit.coefficients for fit in fits]),
        np.array([fit.low_rank for fit in fits]),
    )


def hiding_folds(
    controls: np.ndarray, hidden: np.ndarray, *, folds: int = 5
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Choose controls in turn to play the treated ones, each with the hidden cells of a treated unit.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Complete outcomes of at least two units never treated.
    hidden : ndarray of bool, shape (n_periods, n_treated)
        Cells of the treated units from the start on.
    folds : int, default 5
        At most this many; each control is hidden in one of them.

    Returns
    -------
    list of tuple
        Of positions, shape (n_members,), and hidden cells, shape (n_periods, n_members).

    Raises
    ------
    ValueError
        If there are fewer than two controls.

    Notes
    -----
    What is hidden has the shape of what is to be filled. Cells hidden one by one at random would be too easy
    to fill when months are autocorrelated, and so would ask for too small a penalty. Controls are dealt out in
    the order of how much they move, so every fold has quiet and noisy ones, and neither chance nor the order
    of the columns plays a part.

    Examples
    --------
    >>> controls = np.arange(12.0).reshape(2, 6) ** 2
    >>> [units.tolist() for units, _ in hiding_folds(controls, np.array([[False], [True]]), folds=3)]
    [[1, 3], [2, 5], [0, 4]]
    """
    n_controls = controls.shape[1]
    if n_controls < _FEWEST:
        raise ValueError("cross-validation needs two comparison units")
    order = np.argsort((two_way(controls).residual ** 2).sum(axis=0), kind="stable")
    pattern = np.empty(n_controls, dtype=np.intp)
    pattern[order] = np.arange(n_controls) % hidden.shape[1]
    dealt = [np.sort(order[first::folds]) for first in range(min(folds, n_controls))]
    return [(units, hidden[:, pattern[units]]) for units in dealt]


def held_out_errors(
    controls: np.ndarray,
    shrinks: list[Shrink],
    folds: list[tuple[np.ndarray, np.ndarray]],
    *,
    convex: bool = False,
) -> np.ndarray:
    """Return how well each model of a path fills cells of controls that were hidden.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Complete outcomes of the units never treated.
    shrinks : list of callable
        Models from the stiffest to the most flexible one.
    folds : list of tuple
        From :func:`hiding_folds`.
    convex : bool, default False
        Whether the models have one optimum, so that each may begin where the one before ended.

    Returns
    -------
    ndarray of float64, shape (n_models,)
        Mean squared error over all hidden cells; infinite from where it had risen twice in a row, or from a
        model on whose iteration did not settle.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> controls = np.outer(np.arange(20.0), np.arange(8.0)) + rng.normal(size=(20, 8))
    >>> folds = hiding_folds(controls, np.arange(20)[:, None] >= 15)
    >>> errors = held_out_errors(controls, [keep_factors(0), keep_factors(1)], folds)
    >>> bool(errors[1] < errors[0])
    True
    """
    tolerance = _CONVEX_TOLERANCE if convex else _PLACEBO_TOLERANCE
    errors = np.full(len(shrinks), np.inf)
    rises = 0
    starts: list[np.ndarray | None] = [None] * len(folds)
    cells = sum(int(hidden.sum()) for _, hidden in folds)
    for position, shrink in enumerate(shrinks):
        try:
            fits = [
                fit_hidden(controls, shrink, units, hidden, tolerance=tolerance, limit=PATIENCE, start=start)
                for (units, hidden), start in zip(folds, starts, strict=True)
            ]
        except NotSettledError:
            break
        starts = [*fits] if convex else starts
        errors[position] = (
            sum(
                float(((controls[:, units] - fit)[hidden] ** 2).sum())
                for (units, hidden), fit in zip(folds, fits, strict=True)
            )
            / cells
        )
        rises = rises + 1 if position and errors[position] > errors[position - 1] else 0
        if rises == _RISES:
            break
    return errors


def placebo_fills(
    controls: np.ndarray, shrink: Shrink, groups: np.ndarray, hidden: np.ndarray, *, convex: bool = False
) -> np.ndarray:
    """Let groups of controls play the treated ones: hide their cells, fill them, and return the gaps.

    Parameters
    ----------
    controls : ndarray of float64, shape (n_periods, n_controls)
        Complete outcomes of the units never treated.
    shrink : callable
        :func:`keep_factors` or :func:`cap_singular_values`.
    groups : ndarray of int, shape (n_groups, n_members)
        Positions of the members of each group.
    hidden : ndarray of bool, shape (n_periods, n_members)
        Cells hidden of each member, as of the treated units in whose place they stand.
    convex : bool, default False
        Whether the model has one optimum, so that all may begin at the factors of the complete controls.

    Returns
    -------
    ndarray of float64, shape (n_groups, n_periods, n_members)
        Outcome minus what the model expects.

    Examples
    --------
    >>> controls = np.random.default_rng(1).normal(size=(12, 8))
    >>> gaps = placebo_fills(controls, keep_factors(1), np.array([[2], [5]]), np.arange(12)[:, None] >= 8)
    >>> gaps.shape
    (2, 12, 1)
    """
    tolerance = _CONVEX_TOLERANCE if convex else _PLACEBO_TOLERANCE
    parts = two_way(controls)
    known = shrink(parts.residual @ parts.residual.T) if convex else None
    gaps = []
    for group in groups:
        own = controls[:, group]
        start = (
            None if known is None else shrink_hidden(own, hidden, parts.period, known.vectors, known.weights)
        )
        fitted = fit_hidden(controls, shrink, group, hidden, tolerance=tolerance, limit=PATIENCE, start=start)
        gaps.append(own - fitted)
    return np.stack(gaps)


def completion_weights(
    low_rank: np.ndarray, threshold: float, *, treated: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    r"""Return how much of each control's noise the fitted values of treated units carry.

    Parameters
    ----------
    low_rank : ndarray of float64, shape (n_periods, n_units)
        Low-rank part of a fit.
    threshold : float
        What was taken off its singular values; 0 for a model with a number of factors.
    treated : ndarray of bool, shape (n_units,)
        Which units are treated.

    Returns
    -------
    weights : ndarray of float64, shape (n_controls, n_treated)
        Weight of each control in the counterfactual of each treated unit.
    squares : ndarray of float64, shape (n_controls,)
        Sum of the squared weights that stand behind each control itself.

    Notes
    -----
    With :math:`L = U S V'` and :math:`W = S / (S + \lambda)` the fit is linear in the completed outcomes,
    with weights :math:`1/N + V W V'`. That they were completed by the same fit is left aside.

    Examples
    --------
    >>> weights, squares = completion_weights(np.zeros((5, 4)), 1.0, treated=np.arange(4) == 0)
    >>> weights.ravel(), squares
    (array([0.25, 0.25, 0.25]), array([0.25, 0.25, 0.25]))
    """
    n_units = low_rank.shape[1]
    _, singular, right = np.linalg.svd(low_rank, full_matrices=False)
    kept = singular > _KEPT * max(float(singular[0]), np.finfo(float).tiny)
    share = singular[kept] / (singular[kept] + threshold)
    vectors = right[kept].T
    weights = 1.0 / n_units + (vectors[~treated] * share) @ vectors[treated].T
    return weights, 1.0 / n_units + (vectors[~treated] ** 2) @ share**2
