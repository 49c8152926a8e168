"""Time limits, labels and icons of many XmR charts side by side with abspc, in one run.

1,000 series of 36 independent points, processor seconds of this process only. abspc is no dependency of this
library and judges by other rules (a shift of 8, a trend of 6, its icon from the last special cause anywhere), so
only its time is compared. Its limits are compared for scale: it uses 3 / 1.128 for 2.66 and does not screen.
Where it is installed elsewhere, name the folder of its site-packages::

    python benchmarks/spc_speed.py --series 1000 --peer /path/to/venv/lib/python3.12/site-packages

The limit is 0.3 processor seconds for 1,000 series; the run fails above it.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import warnings
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd

from lean_impact.domain import Measure
from lean_impact.spc import XmR, screen_series
from lean_impact.tables import Series

POINTS = 36
LIMIT = 0.3
PER = 1000


def make_series(n_series: int) -> list[Series]:
    """Return seeded noise, each series on one calendar with a target."""
    rng = np.random.default_rng(20231106)
    measure = Measure(
        id="noise",
        name="Noise",
        kind="mean",
        improvement="increase",
        dimension="quality",
        frequency="month",
        unit="points",
        target=55.0,
    )
    months = (np.datetime64("2018-01", "M") + np.arange(POINTS)).astype("datetime64[D]")
    none, flags = np.full(POINTS, np.nan), np.full(POINTS, "published")
    return [
        Series(
            trust="RTP",
            measure=measure,
            periods=months,
            values=values,
            numerators=none,
            denominators=none,
            flags=flags,
        )
        for values in rng.normal(50.0, 5.0, size=(n_series, POINTS))
    ]


def ours(series: list[Series]) -> np.ndarray:
    """Return the upper limit of each; labels and icons are computed with it."""
    found = screen_series(series)
    assert len(found.labels) == len(found.variation) == len(found.assurance) == len(series)
    return np.array(found.upper)


def ours_in_full(series: list[Series]) -> np.ndarray:
    """Return the same from whole charts, with signals, tests of dependence and cautions in words."""
    charts = [XmR().chart(one) for one in series]
    for chart in charts:
        assert chart.labels
        assert chart.variation
        assert chart.assurance
    return np.array([chart.upper[-1] for chart in charts])


def abspc_way(peer: ModuleType, series: list[Series]) -> np.ndarray:
    """Return abspc's upper limits; labels and both icons are computed with them."""
    upper = []
    for one in series:
        frame = pd.DataFrame({"date": one.periods, "value": one.values})
        limits = peer.calculate_control_limits(frame, "XmR")
        marked = peer.detect_special_causes(limits)
        peer.determine_variation_type(marked)
        peer.determine_assurance_type(marked, one.measure.target)
        upper.append(float(limits["ucl"].iloc[-1]))
    return np.array(upper)


def seconds(call: Callable[[], object]) -> float:
    """Return the processor time of a call."""
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> int:
    """Print processor seconds of each; 1 if ours are above the limit for 1,000 series."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=PER)
    parser.add_argument("--peer", default="", help="site-packages folder in which abspc is installed")
    given = parser.parse_args()
    series = make_series(given.series)
    ours(series[:2])  # what is loaded on first use is not timed
    taken = {"screen_series": seconds(lambda: ours(series))}
    full = min(given.series, PER)
    taken["XmR().chart, one by one, in full"] = (
        seconds(lambda: ours_in_full(series[:full])) * given.series / full
    )
    if given.peer:
        sys.path.append(given.peer)
    try:
        peer = importlib.import_module("abspc")
    except ImportError:
        print("abspc is not installed; give its folder by --peer to compare")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            taken[f"abspc {peer.__version__}"] = seconds(lambda: abspc_way(peer, series))
            same = np.isclose(ours(series[:50]), abspc_way(peer, series[:50]), rtol=1e-3).mean()
        print(f"upper limits that agree within 0.1%: {100 * same:.0f}% of the first 50")
    print(f"{given.series} series of {POINTS} points, processor seconds")
    for name, value in taken.items():
        print(f"  {name:<36}{value:8.3f}{value * PER / given.series:10.3f} per {PER:,}")
    late = taken["screen_series"] * PER / given.series > LIMIT
    print(f"limit {LIMIT} per {PER:,}: {'missed' if late else 'kept'}")
    return int(late)


if __name__ == "__main__":
    sys.exit(main())
