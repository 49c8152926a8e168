"""Outcomes that are not certain: every pattern that effects with standard errors could have made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from scipy.special import ndtr

from lean_impact.errors import InputError

__all__ = ["MOST_EXACT", "Outcomes"]

MOST_EXACT: Final = 12
"""Cases up to which every pattern is listed; with more, patterns are drawn."""
_ROUNDING: Final = 1e-12
_ROOM: Final = 1 + 1e-9
_NODES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """Patterns of success and failure over some cases, each with its probability.

    Attributes
    ----------
    chances : ndarray of float64, shape (n_cases,)
        Probability that each case is a success.
    patterns : ndarray of bool, shape (n_patterns, n_cases)
        Which cases are successes.
    weights : ndarray of float64, shape (n_patterns,)
        Probability of each pattern.
    exact : bool
        Whether these are all patterns and not random draws.
    point : ndarray of bool, shape (n_cases,)
        The pattern of the estimates themselves.
    distance : ndarray of float64, shape (n_cases,)
        How far each estimate is from the threshold, in the unit of the effects; NaN if only chances are
        known.
    """

    chances: np.ndarray
    patterns: np.ndarray
    weights: np.ndarray
    exact: bool
    point: np.ndarray
    distance: np.ndarray

    @classmethod
    def of_effects(
        cls,
        effects: np.ndarray,
        standard_errors: np.ndarray,
        *,
        threshold: float = 0.0,
        shared: np.ndarray | None = None,
        covariance: np.ndarray | None = None,
        draws: int = 20_000,
        seed: int = 0,
    ) -> Self:
        """List what the effects could have been.

        Parameters
        ----------
        effects : ndarray of float64, shape (n_cases,)
            Estimates, oriented so that more is better.
        standard_errors : ndarray of float64, shape (n_cases,)
            Their standard errors, at or above 0.
        threshold : float, default 0
            A case is a success if its effect is above this, in the unit of the effects.
        shared : ndarray of float64, shape (n_cases,), optional
            Part of the standard errors that all estimates have in common, as where they share a comparison: two
            have the product of theirs as covariance.
        covariance : ndarray of float64, shape (n_cases, n_cases), optional
            Any other covariance of the estimates; it takes the place of the standard
            errors, and patterns are drawn.
        draws : int, default 20000
            Draws if patterns cannot all be listed.
        seed : int
            Seed of the draws.

        Returns
        -------
        Outcomes
            All patterns for up to 12 cases, unless a covariance is given.

        Raises
        ------
        InputError
            If a standard error is below 0 or not a number, the shared part of one is larger than it, or the
            covariance is no covariance.

        Notes
        -----
        ``P(success_i) = Phi((effect_i - threshold) / se_i)``: the posterior of the effect under a flat prior.
        The probability of a pattern is the product over independent cases. With a shared part ``l_i`` the effects
        are independent given the one normal ``z`` behind it, so the probability of a pattern is the integral over
        ``z`` of the product of ``Phi((effect_i - threshold + l_i z) / sqrt(se_i^2 - l_i^2))``, by Gauss-Hermite
        quadrature with 64 points (rough only where nearly all of the errors is shared).

        Examples
        --------
        >>> found = Outcomes.of_effects(np.array([1.0, -1.0]), np.array([1.0, 1.0]))
        >>> found.chances.round(3).tolist(), len(found.patterns), round(float(found.weights.sum()), 9)
        ([0.841, 0.159], 4, 1.0)
        """
        _check(effects, standard_errors, covariance)
        if shared is not None and shared.any() and covariance is None:
            return cls._of_one_factor(
                gap=effects - threshold, errors=standard_errors, shared=shared, draws=draws, seed=seed
            )
        gap = effects - threshold
        point = gap > 0
        if covariance is None:
            chances = _chances(gap, standard_errors)
            return cls.of_chances(chances, point=point, distance=np.abs(gap), draws=draws, seed=seed)
        drawn = np.random.default_rng(seed).multivariate_normal(gap, covariance, draws, method="eigh") > 0
        patterns, counts = np.unique(drawn, axis=0, return_counts=True)
        return cls(
            chances=drawn.mean(axis=0),
            patterns=patterns,
            weights=counts / draws,
            exact=False,
            point=point,
            distance=np.abs(gap),
        )

    @classmethod
    def _of_one_factor(
        cls, gap: np.ndarray, errors: np.ndarray, *, shared: np.ndarray, draws: int, seed: int
    ) -> Self:
        """List the patterns of cases that have a part of their errors in common."""
        if np.shape(shared) != np.shape(errors) or not ((shared >= 0) & (shared <= errors * _ROOM)).all():
            raise InputError("the shared part of each standard error must lie between 0 and all of it")
        own, n = np.sqrt(np.maximum(errors**2 - shared**2, 0.0)), len(gap)
        if n > MOST_EXACT:
            wide = np.diag(own**2) + np.outer(shared, shared)
            return cls.of_effects(gap, errors, covariance=wide, draws=draws, seed=seed)
        nodes, node_weights = np.polynomial.hermite_e.hermegauss(_NODES)
        given = np.array([_chances(gap + shared * z, own) for z in nodes])
        patterns = np.indices((2,) * n).reshape(n, -1).T.astype(bool)
        by_node = np.where(patterns, given[:, None], 1 - given[:, None]).prod(axis=2)
        return cls(
            chances=_chances(gap, errors),
            patterns=patterns,
            weights=node_weights / node_weights.sum() @ by_node,
            exact=True,
            point=gap > 0,
            distance=np.abs(gap),
        )

    @classmethod
    def of_chances(
        cls,
        chances: np.ndarray,
        *,
        point: np.ndarray | None = None,
        distance: np.ndarray | None = None,
        draws: int = 20_000,
        seed: int = 0,
    ) -> Self:
        """List the patterns of independent cases.

        Parameters
        ----------
        chances : ndarray of float64, shape (n_cases,)
            Probability that each is a success.
        point : ndarray of bool, optional
            The pattern of the estimates; successes that are more likely than not if not given.
        distance : ndarray of float64, optional
            How far the estimates are from the threshold.
        draws, seed : int
            Used with more than 12 cases.

        Returns
        -------
        Outcomes
            Patterns with their probabilities.

        Raises
        ------
        InputError
            If a chance lies outside 0 to 1.
        """
        if not ((chances >= 0) & (chances <= 1)).all():
            raise InputError("chances of success must lie between 0 and 1")
        n = len(chances)
        exact = n <= MOST_EXACT
        if exact:
            patterns = np.indices((2,) * n).reshape(n, -1).T.astype(bool)
            weights = np.where(patterns, chances, 1 - chances).prod(axis=1)
        else:
            drawn = np.random.default_rng(seed).random((draws, n)) < chances
            patterns, counts = np.unique(drawn, axis=0, return_counts=True)
            weights = counts / draws
        return cls(
            chances=chances,
            patterns=patterns,
            weights=weights,
            exact=exact,
            point=chances > 1 / 2 if point is None else point,
            distance=np.full(n, np.nan) if distance is None else distance,
        )


def _chances(gap: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the probability that each effect is above the threshold."""
    certain = np.where(gap > 0, np.inf, -np.inf)
    return np.asarray(ndtr(np.divide(gap, errors, out=certain, where=errors > 0)))


def _check(effects: np.ndarray, errors: np.ndarray, covariance: np.ndarray | None) -> None:
    """Raise for what is no distribution of effects."""
    if covariance is None:
        wrong = [str(i + 1) for i in np.flatnonzero(~(np.isfinite(errors) & (errors >= 0)))]
        if wrong or np.shape(errors) != np.shape(effects):
            raise InputError(
                f"effect {', '.join(wrong) or '?'} has no standard error; give one at or above 0 for each"
            )
        return
    whole = np.shape(covariance) == (len(effects), len(effects)) and np.isfinite(covariance).all()
    if not (whole and np.allclose(covariance, covariance.T)):
        raise InputError(
            f"the covariance of {len(effects)} effects must be symmetric of shape ({len(effects)}, {len(effects)})"
        )
    if np.linalg.eigvalsh(covariance).min() < -_ROUNDING * max(1.0, float(np.abs(covariance).max())):
        raise InputError("the covariance of the effects is not positive semi-definite")
