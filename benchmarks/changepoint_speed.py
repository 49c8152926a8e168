"""Time the screening of many series side by side with ruptures, fastcpd and skchange.

Ten thousand stable monthly series of ten years, some of them with a step. The library gives each a p-value that allows
for the search, a 95 % set of dates, an autocorrelation and the smallest step that could have been seen; the others
give dates alone. Peers that are not installed are left out. All run in one process on one core and are told in CPU
seconds, compile and import time counted; slow peers run on a share of the series and are scaled up, which is said::

    python benchmarks/changepoint_speed.py --series 10000 --share 200
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np

from lean_impact.kernels.autoregression import simulate_ar1

N_PERIODS = 120
PENALTY = 2 * np.log(N_PERIODS)


def series_of(n_series: int) -> np.ndarray:
    """Draw series with autocorrelation 0.3, every tenth with a step of two standard deviations."""
    rng = np.random.default_rng(2015)
    values = simulate_ar1(np.full(n_series, 0.3), n_periods=N_PERIODS, rng=rng)
    values[::10, N_PERIODS // 2 :] += 2.0
    return values


def library(values: np.ndarray) -> None:
    """Screen with p-values, sets of dates and false discoveries."""
    from lean_impact.changepoints import Screen
    from lean_impact.domain import Measure
    from lean_impact.tables import Series

    months = (np.datetime64("2010-01", "M") + np.arange(N_PERIODS)).astype("datetime64[D]")
    nothing = np.full(N_PERIODS, np.nan)
    measure = Measure(
        id="index",
        name="An index",
        kind="mean",
        improvement="increase",
        dimension="quality",
        frequency="month",
        unit="points",
    )
    series = [
        Series(
            trust=f"A{at}",
            measure=measure,
            periods=months,
            values=row,
            numerators=nothing,
            denominators=nothing,
            flags=np.full(N_PERIODS, "published"),
        )
        for at, row in enumerate(values)
    ]
    found = Screen().detect(series)
    sets = sum(int(group.found.members.any(axis=1).sum()) for group in found.groups)
    print(f"    kept {found.n_kept}, about {found.expected_false:.1f} of them false; {sets} sets of dates")


def ruptures_kernel(values: np.ndarray) -> None:
    """Fit penalised least squares in C."""
    import ruptures

    for row in values:
        ruptures.KernelCPD(kernel="linear", min_size=6, jump=1).fit(row[:, None]).predict(pen=PENALTY)


def ruptures_pelt(values: np.ndarray) -> None:
    """Fit penalised least squares in Python."""
    import ruptures

    for row in values:
        ruptures.Pelt(model="l2", min_size=6, jump=1).fit(row[:, None]).predict(pen=PENALTY)


def fastcpd_mean(values: np.ndarray) -> None:
    """Find changes of mean by sequential gradient descent and pruning."""
    from fastcpd.segmentation import mean

    for row in values:
        mean(row[:, None])


def skchange_pelt(values: np.ndarray) -> None:
    """Fit penalised least squares compiled by numba."""
    from skchange.detectors import PELT
    from skchange.interval_scorers import L2Cost

    detector = PELT(L2Cost(), min_segment_length=6)
    for row in values:
        detector.fit(row[:, None]).predict(row[:, None])


PEERS: dict[str, Callable[[np.ndarray], None]] = {
    "lean_impact Screen": library,
    "ruptures KernelCPD": ruptures_kernel,
    "ruptures Pelt": ruptures_pelt,
    "fastcpd mean": fastcpd_mean,
    "skchange PELT": skchange_pelt,
}


def main() -> None:
    """Print CPU seconds of each for all series."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--share", type=int, default=200, help="series that slow peers are timed on")
    chosen = parser.parse_args()
    values = series_of(chosen.series)
    for name, run in PEERS.items():
        whole = name in {"lean_impact Screen", "ruptures KernelCPD"}
        n = len(values) if whole else min(chosen.share, len(values))
        start = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                run(values[:1])  # imports and compiles
                first = time.process_time() - start
                run(values[:n])
        except Exception as problem:  # noqa: BLE001 - a peer that fails or is not there is no reason to stop
            print(f"{name:<20} left out: {type(problem).__name__}: {problem}")
            continue
        rest = time.process_time() - start - first
        scaled = first + rest * len(values) / n
        how = "" if n == len(values) else f", scaled up from {n}"
        print(
            f"{name:<20} {scaled:8.1f} CPU s for {len(values)} series (import and compile {first:.1f}{how})"
        )


if __name__ == "__main__":
    main()
