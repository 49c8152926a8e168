"""Time effect estimators side by side with other programs, on the same data and with the same answer.

Synthetic difference-in-differences with 500 placebo groups on 150 trusts x 120 months against diff-diff; synthetic
control with every donor as placebo, and synthetic difference-in-differences with all placebos enumerated, on
California's Proposition 99 (``LEAN_IMPACT_SHARED``; a made-up panel of the same shape without it) against pysyncon and
diff-diff; two-way fixed effects against pyfixest; 10,000 interrupted time series of 120 months with the default
inference; 1,000 randomisation draws. A program that is not installed is named and passed over::

    python benchmarks/effect_speed.py [repeats]

Times are CPU seconds of this process, the smallest of the repeats; a peer that takes long runs once.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.kernels.collapsed import t_statistic, welch_contrast
from lean_impact.kernels.randomisation import draw_groups
from lean_impact.kernels.segmented import Interruption, segmented_design
from lean_impact.kernels.segmented_fit import fit_segmented
from lean_impact.kernels.synthetic_control import rmspe_ratio, synthetic_control
from lean_impact.kernels.synthetic_did import placebo_synthetic_did, synthetic_did, unit_ridge

N_UNITS, N_PERIODS, N_TREATED, START, PLACEBOS = 150, 120, 5, 90, 500


def fastest(call: Callable[[], object], repeats: int) -> tuple[float, object]:
    """Return the smallest CPU time of some runs, and what the last gave."""
    times, found = [], None
    for _ in range(repeats):
        began = time.process_time()
        found = call()
        times.append(time.process_time() - began)
    return min(times), found


def tell(what: str, who: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{what:44} {who:14} {seconds:10.4f} s  {note}", flush=True)


def missing(package: str) -> bool:
    """Say so if a peer is not installed."""
    if find_spec(package) is None:
        print(f"{'':44} {package} is not installed and is passed over")
        return True
    return False


def panel() -> np.ndarray:
    """Draw 150 trusts with two common factors, the last five treated with effect 1, shape (n_periods, n_units)."""
    rng = np.random.default_rng(20260101)
    noise = simulate_ar1(np.full(N_UNITS, 0.5), n_periods=N_PERIODS, rng=rng).T
    walk = 0.15 * np.cumsum(rng.standard_normal((N_PERIODS, 2)), axis=0)
    y = 50 + 3 * rng.standard_normal(N_UNITS) + walk @ rng.normal(1, 0.5, (2, N_UNITS)) + noise
    y[START:, -N_TREATED:] += 1.0
    return y


def long(y: np.ndarray, treated: np.ndarray, start: int) -> pd.DataFrame:
    """Lay a panel out in rows."""
    periods, units = y.shape
    return pd.DataFrame(
        {
            "unit": np.tile(np.arange(units), periods),
            "time": np.repeat(np.arange(periods), units),
            "y": y.ravel(),
            "ever": np.tile(np.isin(np.arange(units), treated).astype(int), periods),
        }
    ).assign(d=lambda table: table["ever"] * (table["time"] >= start))


def proposition_99() -> tuple[np.ndarray, np.ndarray, int, str]:
    """Return outcomes, position of the treated state, first treated period and where they come from."""
    shared = os.environ.get("LEAN_IMPACT_SHARED")
    if shared:
        file = Path(shared) / "reference/effects/data/prop99_synthdid.csv"
        wide = (
            pd.read_csv(file).pivot(index="Year", columns="State", values="PacksPerCapita").sort_index(axis=1)
        )
        return wide.to_numpy(), np.flatnonzero(wide.columns == "California"), 19, "Proposition 99"
    rng = np.random.default_rng(99)
    return 100 + np.cumsum(rng.normal(-1, 3, (31, 39)), axis=0), np.array([38]), 19, "made up, 39 x 31"


def spread(gaps: np.ndarray, start: int) -> float:
    """Return the standard deviation of placebo estimates from their gaps, shape (n_groups, n_periods)."""
    return float(gaps[:, start:].mean(axis=1).std())


def sdid_with_placebos(y: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Return the estimate and the spread of the placebos."""
    treated, donors = np.arange(N_UNITS - N_TREATED, N_UNITS), np.arange(N_UNITS - N_TREATED)
    zeta = unit_ridge(y, donors, start=START, n_treated=N_TREATED)
    fit = synthetic_did(y, treated, donors, start=START, zeta=zeta)
    return fit.estimate, spread(placebo_synthetic_did(y, groups, donors, start=START, zeta=zeta), START)


def large_sdid(repeats: int) -> None:
    """Compare synthetic difference-in-differences with 500 placebo groups."""
    y = panel()
    rng = np.random.default_rng(1)
    groups = draw_groups(N_UNITS - N_TREATED, N_TREATED, draws=PLACEBOS, rng=rng).members
    what = f"synthetic DiD, 150 x 120, {PLACEBOS} placebos"
    own, found = fastest(lambda: sdid_with_placebos(y, groups), repeats)
    tell(what, "lean_impact", own, f"{found[0]:.6f}, placebo sd {found[1]:.4f}")
    if missing("diff_diff"):
        return
    from diff_diff import SyntheticDiD

    frame = long(y, np.arange(N_UNITS - N_TREATED, N_UNITS), START)
    peer, result = fastest(
        lambda: SyntheticDiD(variance_method="placebo", n_bootstrap=PLACEBOS, seed=1).fit(
            frame, "y", "ever", "unit", "time", post_periods=list(range(START, N_PERIODS))
        ),
        1,
    )
    tell(
        what,
        "diff-diff",
        peer,
        f"{result.att:.6f}, placebo sd {result.se:.4f}; {peer / own:.0f} times as long",
    )
    assert abs(result.att - found[0]) < 0.005, "the two do not solve the same problem"


def small_panels(repeats: int) -> None:
    """Compare synthetic control with in-space placebos, and synthetic DiD with all placebos, on 39 states."""
    y, treated, start, source = proposition_99()
    donors = np.setdiff1d(np.arange(y.shape[1]), treated)

    def control() -> tuple[float, float]:
        own = synthetic_control(y, treated, donors, start=start)
        placebo = synthetic_control(y, donors, donors, start=start)
        ratios = [rmspe_ratio(fit.gaps, start=start) for fit in (own, placebo)]
        return float(own.gaps[start:].mean()), float((1 + (ratios[1] >= ratios[0]).sum()) / y.shape[1])

    def sdid() -> tuple[float, float]:
        zeta = unit_ridge(y, donors, start=start, n_treated=1)
        fit = synthetic_did(y, treated, donors, start=start, zeta=zeta)
        drawn = placebo_synthetic_did(y, np.arange(len(donors))[:, None], donors, start=start, zeta=zeta)
        return fit.estimate, spread(drawn, start)

    own, found = fastest(control, repeats)
    tell(
        f"synthetic control, 39 placebos ({source})", "lean_impact", own, f"{found[0]:.5f}, p {found[1]:.4f}"
    )
    if not missing("pysyncon"):
        from pysyncon import Synth

        names = [f"S{at}" for at in range(y.shape[1])]
        wide = pd.DataFrame(y, columns=names)
        who = names[int(treated[0])]
        others = [name for name in names if name != who]
        before = wide.iloc[:start]

        def peer_control() -> float:
            synth = Synth()
            synth.fit(
                X0=before[others], X1=before[who], Z0=before[others], Z1=before[who], custom_V=np.ones(start)
            )
            return float((wide[who] - wide[others].to_numpy() @ synth.W).iloc[start:].mean())

        peer, value = fastest(peer_control, 1)
        tell("  the same, one fit without placebos", "pysyncon", peer, f"{value:.5f}")
    own, found = fastest(sdid, repeats)
    tell(
        f"synthetic DiD, all 38 placebos ({source})", "lean_impact", own, f"{found[0]:.6f}, sd {found[1]:.5f}"
    )
    if not missing("diff_diff"):
        from diff_diff import SyntheticDiD

        frame = long(y, treated, start)
        peer, result = fastest(
            lambda: SyntheticDiD(variance_method="placebo", n_bootstrap=200, seed=1).fit(
                frame, "y", "ever", "unit", "time", post_periods=list(range(start, len(y)))
            ),
            1,
        )
        tell("  the same, 200 random placebos", "diff-diff", peer, f"{result.att:.6f}, sd {result.se:.5f}")


def two_way(repeats: int) -> None:
    """Compare difference-in-differences with 1,000 randomisation draws, and a clustered regression."""
    y = panel()
    change = y[START:].mean(axis=0) - y[:START].mean(axis=0)
    own_group = np.arange(N_UNITS - N_TREATED, N_UNITS)[None, :]

    def randomise() -> float:
        rng = np.random.default_rng(1)
        groups = draw_groups(N_UNITS, N_TREATED, draws=1000, rng=rng).members
        drawn = welch_contrast(change, groups)
        t_statistic(drawn.difference, drawn.standard_error)
        return float(welch_contrast(change, own_group).difference[0])

    own, found = fastest(randomise, repeats)
    tell("DiD, 1,000 randomisation draws, 150 x 120", "lean_impact", own, f"{found:.6f}")
    if not missing("pyfixest"):
        import pyfixest

        frame = long(y, own_group[0], START)
        peer, fit = fastest(
            lambda: pyfixest.feols("y ~ d | unit + time", frame, vcov={"CRV1": "unit"}), repeats
        )
        tell("  one two-way regression, no randomisation", "pyfixest", peer, f"{fit.coef()['d']:.6f}")


def many_series(repeats: int) -> None:
    """Fit 10,000 segmented regressions with REML AR(1) errors and reduced degrees of freedom."""
    rng = np.random.default_rng(2)
    y = simulate_ar1(rng.uniform(0, 0.7, 10_000), n_periods=N_PERIODS, rng=rng).T
    design = segmented_design(np.arange(N_PERIODS), interruptions=[Interruption(at=60)])
    own, fit = fastest(lambda: fit_segmented(y, design), max(1, repeats // 2))
    tell(
        "10,000 interrupted series of 120 months, REML", "lean_impact", own, f"mean phi {fit.phi.mean():.3f}"
    )


def main() -> None:
    """Run every comparison in one process, one after the other."""
    warnings.simplefilter("ignore")
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for part in (large_sdid, small_panels, two_way, many_series):
        part(repeats)


if __name__ == "__main__":
    main()
