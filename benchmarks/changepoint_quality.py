"""Measure how often the change-point searches cry wolf, what they find and whether their sets hold the date.

Monthly series of unit variance, autocorrelation 0, 0.3 or 0.6, a step uniformly in the middle 40 %; with or
without a season of amplitude 1, with or without 10 % of months missing (other months in each series); shares
with denominators of 150 to 600 and variance 1, 2 or 5 times binomial, 12 % rising to 15 %; counts with a mean of 3;
noise with heavy tails. Weekly series of three years and of 500 weeks. Programmes of ten sites for the go-live
question. With LEAN_IMPACT_SHARED set, the 16 annotated series of the Turing Change Point Dataset. Every cell is
compared with what it has to reach::

    python benchmarks/changepoint_quality.py --series 500 --seed 1
    python benchmarks/changepoint_quality.py --series 100 --parts step go-live
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product
from pathlib import Path
from typing import Literal

import numpy as np

from lean_impact.changepoints import Detector, GoLive, Screen, Segmentation, StepTest
from lean_impact.domain import Frequency, Measure, Window
from lean_impact.domain.period import PER_YEAR
from lean_impact.kernels.autoregression import simulate_ar1
from lean_impact.tables import Series
from lean_impact.tables.calendar import periods_from

PHI = (0.0, 0.3, 0.6)
POWER: Mapping[tuple[int, float], float] = {
    (60, 0.0): 0.95,
    (60, 0.3): 0.90,
    (60, 0.6): 0.55,
    (120, 0.0): 0.99,
    (120, 0.3): 0.98,
    (120, 0.6): 0.93,
}
FALSE_ALARMS, COVERAGE = 0.08, 0.91
SHOCK, FOLLOWED = 0.08, 0.80
COVERING, F1 = 0.72, 0.77
MARGIN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of series."""

    n: int
    phi: float
    season: bool = False
    missing: bool = False
    tails: Literal["normal", "heavy"] = "normal"
    frequency: Frequency = "month"

    def __str__(self) -> str:
        words = [f"n {self.n}{' weeks' if self.frequency == 'week' else ''}", f"phi {self.phi}"]
        words += [word for word, on in (("season", self.season), ("10% missing", self.missing)) if on]
        return ", ".join([*words, *(["heavy tails"] if self.tails == "heavy" else [])])


def one_series(
    values: np.ndarray,
    name: str,
    *,
    kind: Literal["mean", "proportion", "ratio"] = "mean",
    numerators: np.ndarray | None = None,
    denominators: np.ndarray | None = None,
    frequency: Frequency = "month",
) -> Series:
    """Give figures a name and a calendar."""
    nothing = np.full(len(values), np.nan)
    first = date(1000 if frequency == "year" else 2010, 1, 1)
    measure = Measure(
        id="index",
        name="An index",
        kind=kind,
        improvement="increase",
        dimension="quality",
        frequency=frequency,
        unit="points",
    )
    return Series(
        trust=name,
        measure=measure,
        periods=periods_from(first, len(values), frequency),
        values=values,
        numerators=nothing if numerators is None else numerators,
        denominators=nothing if denominators is None else denominators,
        flags=np.where(np.isnan(values), "missing", "published"),
    )


def step_places(n: int, n_series: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the first period of the new level."""
    return rng.integers(int(0.3 * n), int(0.7 * n), n_series)


def noise_of(cell: Cell, n_series: int, rng: np.random.Generator) -> np.ndarray:
    """Draw stable series."""
    if cell.tails == "heavy":
        shocks = rng.standard_t(3, (n_series, cell.n)) / np.sqrt(3.0)
        out = shocks.copy()
        for t in range(1, cell.n):
            out[:, t] = cell.phi * out[:, t - 1] + np.sqrt(1 - cell.phi**2) * shocks[:, t]
        return out
    return simulate_ar1(np.full(n_series, cell.phi), n_periods=cell.n, rng=rng)


def series_of(cell: Cell, step: float, n_series: int, seed: int) -> tuple[list[Series], np.ndarray]:
    """Draw series with a step, and where it is."""
    rng = np.random.default_rng([seed, cell.n, int(10 * cell.phi), cell.season, cell.missing])
    values = noise_of(cell, n_series, rng)
    places = step_places(cell.n, n_series, rng)
    time_ = np.arange(cell.n)
    wave = np.sin(2 * np.pi * time_ / PER_YEAR[cell.frequency])
    values = values + step * (time_ >= places[:, None]) + cell.season * wave
    if cell.missing:
        values[rng.random(values.shape) < 0.1] = np.nan
    named = [one_series(row, f"A{at}", frequency=cell.frequency) for at, row in enumerate(values)]
    return named, places


def shares_of(
    n: int, dispersion: float, step: float, n_series: int, seed: int
) -> tuple[list[Series], np.ndarray]:
    """Draw shares of 150 to 600 cases with a variance that is a multiple of the binomial one."""
    rng = np.random.default_rng([seed, n, int(dispersion)])
    places = step_places(n, n_series, rng)
    cases = rng.integers(150, 601, (n_series, n)).astype("float64")
    rate = np.where(np.arange(n) >= places[:, None], 0.12 + step, 0.12)
    if dispersion > 1:
        rho = (dispersion - 1) / (cases - 1)
        rate = rng.beta(rate * (1 - rho) / rho, (1 - rate) * (1 - rho) / rho)
    events = rng.binomial(cases.astype(int), rate).astype("float64")
    rows = range(n_series)
    return [
        one_series(
            events[at] / cases[at],
            f"A{at}",
            kind="proportion",
            numerators=events[at],
            denominators=cases[at],
        )
        for at in rows
    ], places


def counts_of(n: int, step: float, n_series: int, seed: int) -> tuple[list[Series], np.ndarray]:
    """Draw counts with a mean of 3 per unit of exposure."""
    rng = np.random.default_rng([seed, n, 3])
    places = step_places(n, n_series, rng)
    exposure = np.ones((n_series, n))
    events = rng.poisson(3.0 * (1 + step * (np.arange(n) >= places[:, None]))).astype("float64")
    rows = range(n_series)
    return [
        one_series(events[at], f"A{at}", kind="ratio", numerators=events[at], denominators=exposure[at])
        for at in rows
    ], places


def judged(test: StepTest, series: list[Series], places: np.ndarray) -> tuple[float, float]:
    """Return the share with p at most 5 %, and the share of sets that hold the place."""
    found = Screen(test=test).detect(series)
    held = np.empty(len(series), dtype=bool)
    for group in found.groups:
        rows = list(group.rows)
        held[rows] = group.found.members[np.arange(len(rows)), places[rows]]
    return float((found.p_values <= test.false_alarm).mean()), float(held.mean())


def mark(value: float, bound: float, *, least: bool) -> str:
    """Write a number with a star where it misses its bound."""
    return f"{value:.3f}{' ' if (value >= bound if least else value <= bound) else '*'}"


def step_part(n_series: int, seed: int) -> Iterator[bool]:
    """Print the step test in every cell."""
    print(f"StepTest, {n_series} series a cell (* misses: false alarms {FALSE_ALARMS}, sets {COVERAGE})")
    print(f"{'cell':<44} false   1 sd   2 sd    sets 1 sd  2 sd")
    cells = [
        Cell(n=n, phi=phi, season=season, missing=missing)
        for n, season, missing, phi in product((60, 120), (False, True), (False, True), PHI)
    ]
    for cell in cells:
        yield step_line(str(cell), StepTest(), cell, n_series, seed)
    for phi in PHI:
        cell = Cell(n=60, phi=phi, tails="heavy")
        for robust in (False, True):
            yield step_line(
                f"{cell}{', robust' if robust else ''}", StepTest(robust=robust), cell, n_series, seed
            )


def week_part(n_series: int, seed: int) -> Iterator[bool]:
    """Print the step test on weekly series, month means in the model."""
    print(f"\nStepTest, {n_series} weekly series a cell: as above")
    for n, season, phi in product((156, 500), (False, True), PHI[1:]):
        cell = Cell(n=n, phi=phi, season=season, frequency="week")
        yield step_line(str(cell), StepTest(), cell, n_series, seed)


def step_line(label: str, test: StepTest, cell: Cell, n_series: int, seed: int) -> bool:
    """Print one cell; return whether it reaches what it has to."""
    false, _ = judged(test, *series_of(cell, 0.0, n_series, seed))
    small, held_small = judged(test, *series_of(cell, 1.0, n_series, seed + 1))
    large, held_large = judged(test, *series_of(cell, 2.0, n_series, seed + 2))
    # The bounds on power are those of complete series without season.
    plain = not (cell.season or cell.missing or cell.tails == "heavy")
    power = POWER.get((cell.n, cell.phi), 0.0) if plain else 0.0
    print(
        f"{label:<44} {mark(false, FALSE_ALARMS, least=False)} {small:.3f}  {mark(large, power, least=True)}   "
        f"{mark(held_small, COVERAGE, least=True)}    {mark(held_large, COVERAGE, least=True)}",
        flush=True,
    )
    return false <= FALSE_ALARMS and large >= power and min(held_small, held_large) >= COVERAGE


def count_part(n_series: int, seed: int) -> Iterator[bool]:
    """Print shares with known denominators and counts."""
    print(f"\nKnown denominators, {n_series} series a cell: false alarms, a true step found, sets")
    for n in (60, 120):
        for dispersion in (1.0, 2.0, 5.0):
            stable, moved = (
                shares_of(n, dispersion, step, n_series, seed + at) for at, step in enumerate((0.0, 0.03))
            )
            yield count_line(f"n {n}, binomial, dispersion {dispersion:.0f}", stable, moved)
        stable, moved = (counts_of(n, step, n_series, seed + at) for at, step in enumerate((0.0, 0.5)))
        yield count_line(f"n {n}, Poisson, mean 3, up by half", stable, moved)


def count_line(
    label: str, stable: tuple[list[Series], np.ndarray], moved: tuple[list[Series], np.ndarray]
) -> bool:
    """Print one cell; return whether it reaches what it has to."""
    false, _ = judged(StepTest(), *stable)
    found, held = judged(StepTest(), *moved)
    print(
        f"{label:<44} {mark(false, FALSE_ALARMS, least=False)} {found:.3f}  {mark(held, COVERAGE, least=True)}",
        flush=True,
    )
    return false <= FALSE_ALARMS and held >= COVERAGE


def segmentation_part(n_series: int, seed: int) -> Iterator[bool]:
    """Print the false alarms of the segmentations, and how many of two true changes they find."""
    print(
        f"\nSegmentation, {n_series} series a cell, n 120, no season: false alarms, both of two 2-sd steps found"
    )
    for name, detector in {
        "level": Segmentation(),
        "line": Segmentation(cost="line"),
        "annotation (no evidence)": Segmentation(purpose="annotation"),
    }.items():
        for phi in PHI:
            cell = Cell(n=120, phi=phi)
            stable, _ = series_of(cell, 0.0, n_series, seed)
            false = _stable_alarms(detector, phi, n_series, seed)
            steps = 2.0 * ((np.arange(120) >= 40) & (np.arange(120) < 80))
            both = np.mean([_found(detector, _raised(one, steps)) == 2 for one in stable])
            bound = 1.0 if "annotation" in name else FALSE_ALARMS
            print(f"{name:<26} phi {phi}: {mark(false, bound, least=False)} {both:.3f}", flush=True)
            yield false <= bound


def _raised(series: Series, by: np.ndarray) -> Series:
    return one_series(series.values + by, series.trust)


def _found(detector: Segmentation, series: Series) -> int:
    return len(detector.detect(series).changes)


def go_live_part(n_programmes: int, seed: int) -> Iterator[bool]:
    """Print how often a programme of ten sites is told to have followed its dates."""
    print(
        f"\nGo-live, ten sites, 1 sd, {n_programmes} programmes: plain test at 5 % (share of sites); verdict yes"
    )
    for n, phi in product((60, 120), PHI):
        line, reached = [], []
        for kind, bound, least in (("shock", SHOCK, False), ("half", 0.0, True), ("all", FOLLOWED, True)):
            plain, yes = _programmes(n, phi, kind, n_programmes, seed)
            line.append(f"{kind} {plain:.2f} {mark(yes, bound, least=least)}")
            reached.append(yes >= bound if least else yes <= bound)
        print(f"n {n}, phi {phi}: {'   '.join(line)}", flush=True)
        yield all(reached)


def _programmes(n: int, phi: float, kind: str, n_programmes: int, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, n, int(10 * phi)])
    question = GoLive(test=StepTest(season="none"), draws=499)
    plain, yes = 0.0, 0
    for _ in range(n_programmes):
        dates = rng.permutation(np.linspace(0.2 * n, 0.75 * n, 10).astype(int))
        places = np.full(10, n // 2) if kind == "shock" else dates + rng.integers(0, 4, 10)
        size = np.where(np.arange(10) < 5, 1.0, 0.0 if kind == "half" else 1.0)
        noise = simulate_ar1(np.full(10, phi), n_periods=n, rng=rng)
        values = noise + size[:, None] * (np.arange(n) >= places[:, None])
        series = [one_series(row, f"A{at}") for at, row in enumerate(values)]
        windows = {one.trust: _month(one, at) for one, at in zip(series, dates, strict=True)}
        found = question.evaluate(series, windows=windows)
        plain += sum(s.p_known is not None and s.p_known.value <= 0.05 for s in found.sites) / 10
        yes += found.verdict == "yes"
    return plain / n_programmes, yes / n_programmes


def _month(series: Series, at: int) -> Window:
    start, end = (series.periods[at + later].astype(date) for later in (0, 1))
    return Window(start=start, end=end)


def annotated_part(folder: Path, n_series: int, seed: int) -> Iterator[bool]:
    """Print covering and F1 on annotated series for the default meant for that, and for the one that is evidence.

    Beside them stands what the same settings make of stable series: who finds what people mark, cries wolf.
    """
    print(
        f"\nAnnotated series (16), mean covering and F1 with margin 5; false alarms on {n_series} stable series of "
        f"120 at phi {', '.join(map(str, PHI))}"
    )
    records = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    for name, detector in {
        "Segmentation(purpose='annotation')": Segmentation(
            purpose="annotation", season="none", draws=2000, min_size=2
        ),
        "Segmentation()": Segmentation(season="none", draws=2000),
    }.items():
        scores = np.array([_score(record, detector) for record in records])
        covering, f1 = scores.mean(axis=0)
        bounds = (COVERING, F1) if "annotation" in name else (0.0, 0.0)
        alarms = [_stable_alarms(detector, phi, n_series, seed) for phi in PHI]
        allowed = 1.0 if "annotation" in name else FALSE_ALARMS
        said = " ".join(mark(rate, allowed, least=False) for rate in alarms)
        print(
            f"{name:<36} {mark(covering, bounds[0], least=True)} {mark(f1, bounds[1], least=True)}  {said}",
            flush=True,
        )
        yield bool(covering >= bounds[0] and f1 >= bounds[1] and max(alarms) <= allowed)


def _stable_alarms(detector: Segmentation, phi: float, n_series: int, seed: int) -> float:
    stable, _ = series_of(Cell(n=120, phi=phi), 0.0, n_series, seed)
    return float(np.mean([_found(detector, one) > 0 for one in stable]))


def _score(record: Mapping[str, object], detector: Detector) -> tuple[float, float]:
    values = np.array(record["series"][0], dtype="float64")  # type: ignore[index]
    series = one_series(values, "A1", frequency="year")
    result = detector.detect(series)
    breaks = [
        int(np.flatnonzero(series.periods == np.datetime64(change.period))[0]) for change in result.changes
    ]
    marks = [sorted(at for at in marked if 0 < at < len(values)) for marked in record["annotations"].values()]  # type: ignore[attr-defined]
    return covering_of(marks, breaks, len(values)), f1_of(marks, breaks)


def covering_of(annotations: list[list[int]], breaks: list[int], n: int) -> float:
    """Return the mean over annotators of the length-weighted best overlap of each of their segments."""
    found = _segments(breaks, n)
    scores = []
    for marked in annotations:
        overlaps = [
            (right - left)
            * max(max(0, min(right, b) - max(left, a)) / (max(right, b) - min(left, a)) for a, b in found)
            for left, right in _segments(marked, n)
        ]
        scores.append(sum(overlaps) / n)
    return float(np.mean(scores))


def _segments(breaks: list[int], n: int) -> list[tuple[int, int]]:
    ends = [0, *breaks, n]
    return list(pairwise(ends))


def f1_of(annotations: list[list[int]], breaks: list[int]) -> float:
    """Return F1 with a margin: precision against all annotators together, recall averaged over them."""
    found = {0, *breaks}
    truths = [{0, *marked} for marked in annotations]
    precision = _matched(set().union(*truths), found) / len(found)
    recall = float(np.mean([_matched(truth, found) / len(truth) for truth in truths]))
    return 2 * precision * recall / (precision + recall)


def _matched(truth: set[int], found: set[int]) -> int:
    left, n = set(found), 0
    for at in sorted(truth):
        near = [place for place in left if abs(place - at) <= MARGIN]
        if near:
            left.remove(min(near, key=lambda place: abs(place - at)))
            n += 1
    return n


def main() -> None:
    """Print every part and whether everything was reached."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", type=int, default=500, help="series a cell")
    parser.add_argument("--programmes", type=int, default=None, help="programmes a cell; as many as series")
    parser.add_argument("--seed", type=int, default=1)
    parts = ("step", "weeks", "counts", "segmentation", "go-live", "annotated")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    chosen = parser.parse_args()
    reached: list[bool] = []
    start = time.process_time()
    shared = os.environ.get("LEAN_IMPACT_SHARED")
    if "step" in chosen.parts:
        reached += step_part(chosen.series, chosen.seed)
    if "weeks" in chosen.parts:
        reached += week_part(max(chosen.series // 2, 10), chosen.seed)
    if "counts" in chosen.parts:
        reached += count_part(chosen.series, chosen.seed)
    if "segmentation" in chosen.parts:
        reached += segmentation_part(max(chosen.series // 5, 10), chosen.seed)
    if "go-live" in chosen.parts:
        reached += go_live_part(chosen.programmes or chosen.series, chosen.seed)
    if "annotated" in chosen.parts and shared:
        folder = Path(shared) / "reference" / "changepoint"
        reached += annotated_part(folder, max(chosen.series // 2, 10), chosen.seed)
    print(
        f"\n{sum(reached)} of {len(reached)} cells reach everything; {time.process_time() - start:.0f} CPU seconds"
    )


if __name__ == "__main__":
    main()
