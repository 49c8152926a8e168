"""Effects made up by hand, for examples and tests."""

from __future__ import annotations

from collections.abc import Sequence

from lean_impact.domain import Estimate, TrustEffect

__all__ = ["trust_effects"]


def trust_effects(
    values: Sequence[float], errors: Sequence[float], *, trusts: Sequence[str] | None = None
) -> list[TrustEffect]:
    """Make effects of values and standard errors.

    Parameters
    ----------
    values, errors : sequence of float, length n
        Effects and their standard errors, in one unit.
    trusts : sequence of str, length n, optional
        Codes; TR0, TR1 and so on if not given.

    Returns
    -------
    list of TrustEffect
        With 95% normal intervals and no p-values.

    Examples
    --------
    >>> [effect.trust for effect in trust_effects([0.1, 0.2], [0.05, 0.05])]
    ['TR0', 'TR1']
    """
    codes = trusts if trusts is not None else [f"TR{at}" for at in range(len(values))]
    return [
        TrustEffect(
            trust=code,
            estimate=Estimate(
                value=value, standard_error=error, lower=value - 1.96 * error, upper=value + 1.96 * error
            ),
        )
        for code, value, error in zip(codes, values, errors, strict=True)
    ]
