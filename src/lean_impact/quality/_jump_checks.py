"""Check volumes and shares together, so that each event is told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from lean_impact.domain import Measure
from lean_impact.domain.quality import QualityFinding
from lean_impact.quality._jumps import Jump
from lean_impact.quality._quantity import Quantity, Seen, share_of, volume_of
from lean_impact.quality.rules import QualityRules
from lean_impact.tables import Panel

__all__ = ["jumps_and_outliers"]

_DAYS_TOGETHER: Final = 100
"""A reclassification that is spread over a quarter of a year is still one."""


def jumps_and_outliers(
    panel: Panel,
    measures: Sequence[Measure],
    *,
    share: tuple[Measure, Measure] | None,
    trusts: Sequence[str],
    rules: QualityRules,
) -> Iterator[QualityFinding]:
    """Yield a finding for each jump and outlier of a denominator or share, and for jumps of the country.

    Notes
    -----
    Cases that are taken out of a measure lower its volume and its share, and a denominator that is wrong for
    a month makes a wrong share as well. Each is one event: the finding on the share tells such a jump, the
    finding on the volume tells such an outlier.
    """
    volumes = [volume_of(panel, measure, rules) for measure in measures]
    found = [(quantity, quantity.search(trusts, rules)) for quantity in volumes]
    told: set[tuple[str, Jump]] = set()
    if share:
        ratio = share_of(panel, *share, rules)
        seen = ratio.search(trusts, rules)
        outliers = {(item.trust(jump), item.start(jump)) for item, each in found for jump in each.outliers}
        for jump in seen.outliers:
            if (ratio.trust(jump), ratio.start(jump)) not in outliers:
                yield ratio.outlier_finding(jump)
        part = next(((item, each) for item, each in found if item.measure == share[0]), None)
        for jump in seen.jumps:
            twin = _twin(ratio, jump, *part) if part else None
            if part and twin:
                told.add((share[0].id, twin))
            yield ratio.jump_finding(jump, aside=f"its {part[0].change(twin)}" if part and twin else "")
        yield from map(ratio.national_finding, seen.national)
    for item, each in found:
        yield from map(item.outlier_finding, each.outliers)
        yield from (item.jump_finding(jump) for jump in each.jumps if (item.measure.id, jump) not in told)
        yield from map(item.national_finding, each.national)


def _twin(ratio: Quantity, jump: Jump, volume: Quantity, seen: Seen) -> Jump | None:
    """Return the jump of the volume that goes with a jump of the share: same trust, same way, same months."""
    near = [
        other
        for other in seen.jumps
        if volume.trust(other) == ratio.trust(jump)
        and other.size * jump.size > 0
        and abs((volume.start(other) - ratio.start(jump)).days) <= _DAYS_TOGETHER
    ]
    return min(near, key=lambda other: abs(volume.start(other) - ratio.start(jump)), default=None)
