"""Minimise truth tables side by side with setqca, and time exact propagation and draws of fuzzy sets.

Data sets of three to nine crisp conditions, drawn at random, are minimised parsimoniously by both, in turns, so
that what else the machine does falls on both. Where setqca finishes, its models (the fewest terms, and of
these the fewest literals) must be ours with the fewest literals. setqca runs in an interpreter of its own::

    python -m venv peers && peers/bin/pip install setqca
    python benchmarks/qca.py --peer peers/bin/python --series 3

Without ``--peer`` only this library is timed. Times are CPU seconds; a run of setqca ends after ``--limit``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from statistics import median

import numpy as np

SHAPES = ((3, 8), (4, 12), (5, 20), (6, 35), (7, 50), (8, 60), (9, 80))
"""Conditions and cases; 35 value streams and 80 workshops are what the partnership had."""

WORKER = """
import json, sys, time
import pandas as pd
from setqca import build_truth_table
request = json.load(sys.stdin)
names = request["names"]
frame = pd.DataFrame(request["rows"], columns=names).assign(Y=request["outcome"])
table = build_truth_table(frame, outcome="Y", conditions=names, inclusion_cutoff=1.0)
start = time.process_time()
found = table.minimize(include_remainders=True, max_solutions=request["most"])
seconds = time.process_time() - start
models = [model.as_expression(tuple(names)) for model in found]
print(json.dumps({"seconds": seconds, "models": models}))
"""


def data(k: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw conditions and an outcome that has nothing to do with them: as many ties as there can be."""
    rng = np.random.default_rng([seed, k, n])
    rows, outcome = rng.integers(0, 2, (n, k)), rng.random(n) < 1 / 2
    return rows, outcome


def ours(rows: np.ndarray, outcome: np.ndarray, names: list[str], most: int) -> tuple[float, object]:
    """Minimise with this library."""
    import pandas as pd

    from lean_impact.contingency.qca import Cuts, SetTable, parsimonious

    frame = pd.DataFrame(rows, columns=names).assign(Y=outcome.astype(int))
    truth = Cuts().tabulate(SetTable.of(frame, outcome="Y"))
    start = time.process_time()
    found = parsimonious(truth, most=most)
    return time.process_time() - start, found


def theirs(peer: str, request: dict[str, object], limit: float) -> dict[str, object] | None:
    """Minimise with setqca in its own interpreter; None if it takes too long."""
    try:
        done = subprocess.run(  # noqa: S603 - the interpreter that the caller names
            [peer, "-c", WORKER],
            input=json.dumps(request),
            text=True,
            capture_output=True,
            timeout=limit,
            check=True,
        )
    except subprocess.TimeoutExpired:
        return None
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def parts(model: str) -> frozenset[frozenset[str]]:
    """Read a model as a set of sets of literals, whatever the order."""
    return frozenset(frozenset(term.strip().split("*")) for term in model.split("+"))


def agree(found: object, models: list[str]) -> bool:
    """See whether the models of setqca are ours with the fewest literals."""
    every = list(found.models)  # type: ignore[attr-defined]
    fewest = min(model.n_literals for model in every)
    mine = {parts(model.expression) for model in every if model.n_literals == fewest}
    return {parts(model) for model in models} == mine


def compare(options: argparse.Namespace) -> None:
    """Print one line for each shape."""
    print(f"{'conditions x cases':20} {'models':>12} {'lean_impact':>12} {'setqca':>12}  same models")
    for k, n in SHAPES:
        names = [f"C{i}" for i in range(k)]
        own, other, counts, same = [], [], [], []
        for seed in range(options.series):
            rows, outcome = data(k, n, seed)
            seconds, found = ours(rows, outcome, names, options.most)
            own.append(seconds)
            counts.append(found.count)  # type: ignore[attr-defined]
            if options.peer is None or not len(found.models):  # type: ignore[attr-defined]
                continue
            request = {"rows": rows.tolist(), "outcome": outcome.astype(int).tolist(), "names": names,
                       "most": options.most}  # fmt: skip
            answer = theirs(options.peer, request, options.limit)
            other.append(options.limit if answer is None else float(str(answer["seconds"])))
            if answer is None:
                same.append("-")
            elif not found.complete:  # type: ignore[attr-defined]
                same.append("capped")
            else:
                same.append("yes" if agree(found, list(answer["models"])) else "NO")  # type: ignore[call-overload]
        peer = "-" if not other else f"{'>' if '-' in same else ''}{median(other):.3f} s"
        print(
            f"{f'{k} x {n}':20} {', '.join(counts[:2]):>12} {median(own):10.3f} s {peer:>12}  {' '.join(same)}",
            flush=True,
        )


def propagation() -> None:
    """Print how long exact propagation takes."""
    from lean_impact.contingency.qca import Outcomes, propagate

    rng = np.random.default_rng(1)
    for n, k in ((5, 4), (8, 4), (12, 4)):
        rows = rng.integers(0, 2, (n, k))
        outcomes = Outcomes.of_effects(rng.normal(size=n), np.ones(n))
        times = []
        for _ in range(3):
            start = time.process_time()
            found = propagate(rows, outcomes, conditions="ABCD"[:k])
            times.append(time.process_time() - start)
        print(
            f"{n} trusts, {k} conditions, all {2**n} patterns: {min(times):.3f} s, {len(found.solutions)} solutions"
        )


def drawing() -> None:
    """Print how long draws of effects and memberships take."""
    from lean_impact.contingency import fillings
    from lean_impact.contingency.qca import Cuts, FuzzyDraws, SetTable
    from lean_impact.domain import Membership

    rng = np.random.default_rng(1)
    for n, k in ((5, 4), (12, 4), (35, 4)):
        middle = rng.uniform(0.15, 0.85, (n, k))
        cells = [[Membership(value=m, lower=m - 0.1, upper=m + 0.1) for m in row] for row in middle.tolist()]
        table = SetTable(
            cases=tuple(str(i) for i in range(n)), conditions=tuple("ABCD"[:k]), values=middle,
            outcome=np.zeros(n), levels=np.full(k, 2),
        )  # fmt: skip
        effects = rng.normal(size=n)
        start = time.process_time()
        memberships, _ = fillings(cells, limit=1, seed=1, draws=2000)
        found = FuzzyDraws(cuts=Cuts(consistency=0.8), draws=2000).propagate(
            table, effects=effects, standard_errors=np.full(n, 0.5), memberships=memberships
        )
        seconds = time.process_time() - start
        print(f"{n} trusts, {k} conditions, 2000 draws: {seconds:.3f} s, {len(found.solutions)} solutions")


def main() -> None:
    """Compare, then time propagation and draws."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peer", help="Python interpreter that has setqca")
    parser.add_argument("--series", type=int, default=5, help="data sets of each shape")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds after which a run of setqca ends")
    parser.add_argument("--most", type=int, default=10_000, help="models to list at most")
    options = parser.parse_args()
    # The solver for large charts is loaded once, before anything is timed.
    ours(*data(9, 80, 0), [f"C{i}" for i in range(9)], 10)
    compare(options)
    propagation()
    drawing()


if __name__ == "__main__":
    sys.exit(main())
