"""An exact test of no mean effect for few trusts."""

from __future__ import annotations

from collections.abc import Sequence

from lean_impact.domain import PValue, TrustEffect
from lean_impact.errors import DesignError
from lean_impact.kernels.between_variance import TauMethod
from lean_impact.kernels.meta_regression import sign_flip_p
from lean_impact.pooled._common import arrays_of, raise_unless_possible, raise_unless_usable

__all__ = ["sign_flip_test"]

_MOST = 14
_FEWEST = 2


def sign_flip_test(effects: Sequence[TrustEffect], *, tau: TauMethod = "REML") -> PValue:
    """Test whether the mean effect is 0 by flipping the signs of the effects in every way.

    Parameters
    ----------
    effects : sequence of TrustEffect
        One for each of two to fourteen trusts, all in the same unit.
    tau : str, default "REML"
        How the variance of true effects is estimated, anew for each pattern; any but "SJ".

    Returns
    -------
    PValue
        Exact; with k trusts its smallest value is 1 / 2^(k - 1), so five trusts never pass 5%.

    Raises
    ------
    DesignError
        If an effect cannot be used, there are too many or too few, or the method is "SJ".

    Examples
    --------
    >>> from lean_impact.testing.effects import trust_effects
    >>> print(sign_flip_test(trust_effects([0.2, 0.3, 0.4, 0.3, 0.2], [0.1] * 5)))
    p = 0.062 (smallest reachable 0.062)
    """
    raise_unless_possible("sign_flip_test", tau=tau, interval="HKSJ", level=0.95)
    raise_unless_usable(effects)
    if not _FEWEST <= len(effects) <= _MOST or tau == "SJ":
        raise DesignError(
            f"signs can be flipped for {_FEWEST} to {_MOST} trusts and every method but 'SJ'; there are {len(effects)} "
            f"trusts and the method is '{tau}'"
        )
    y, v = arrays_of(effects)
    found = sign_flip_p(y, v, method=tau)
    return PValue(
        value=found.value,
        smallest=found.smallest,
        method="signs of the effects flipped in every way",
        assumption="without an effect each trust's estimate is as likely above 0 as below",
    )
