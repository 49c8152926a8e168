"""Many independent tasks over workers: the same results in the same order, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import TypeVar

import numpy as np

__all__ = ["run_tasks", "task_seed"]

Task = TypeVar("Task")
Result = TypeVar("Result")

_ATTEMPTS = 2


def task_seed(root: int, *name: object) -> np.random.SeedSequence:
    """Return the seed of a task by its name, whatever other tasks there are and whoever runs it.

    Parameters
    ----------
    root : int
        Seed of the study; not negative.
    *name : object
        What tells the task from every other: identifiers, numbers, dates; compared by their text.

    Returns
    -------
    numpy.random.SeedSequence

    Notes
    -----
    The spawn key is a BLAKE2 digest of the name, never the order in which tasks were made.

    Examples
    --------
    >>> one, two = task_seed(1, "stay", 7), task_seed(1, "stay", 7)
    >>> one.spawn_key == two.spawn_key, task_seed(1, "stay", 8).spawn_key == one.spawn_key
    (True, False)
    """
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in name)
    digest = blake2b(text.encode(), digest_size=16).digest()
    key = tuple(int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return np.random.SeedSequence(root, spawn_key=key)


def run_tasks(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, n_jobs: int | None = None
) -> list[Result]:
    """Apply a function to every task, in parallel, and return the results in the order of the tasks.

    Parameters
    ----------
    function : callable
        Takes a task and returns its result; can be sent to another process, and gives the same when it is run
        again.
    tasks : iterable
        What it is applied to. A task is worth sending if it takes a tenth of a second or more.
    n_jobs : int or None, default None
        Workers; -1 for all processors. None follows the active ``joblib.parallel_config``, and runs here, one
        after the other, if there is none.

    Returns
    -------
    list
        One result for each task.

    Raises
    ------
    Exception
        What the function raises, and ``TerminatedWorkerError`` if workers die twice.

    Notes
    -----
    A cluster serves through ``joblib.parallel_config(backend="dask")``, and replaces a lost worker itself. If a
    worker process on this machine dies, what it had not finished is run once more; results that had come in are
    kept.

    Examples
    --------
    >>> run_tasks(abs, [-3, 2, -1])
    [3, 2, 1]
    """
    listed = list(tasks)
    if not listed:
        return []
    found: dict[int, Result] = {}
    for attempt in range(_ATTEMPTS):
        missing = [at for at in range(len(listed)) if at not in found]
        try:
            _gather(function, listed, missing, found, n_jobs=n_jobs)
            break
        except _lost_worker():
            if attempt == _ATTEMPTS - 1:
                raise
    return [found[at] for at in range(len(listed))]


def _gather(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    places: Sequence[int],
    found: dict[int, Result],
    *,
    n_jobs: int | None,
) -> None:
    """Put results into a dictionary as they come in, so that none is lost with a worker."""
    from joblib import Parallel, delayed  # noqa: PLC0415  (loads multiprocessing; only who asks for it pays)

    calls = (delayed(_numbered)(function, at, tasks[at]) for at in places)
    # Pairs go in one by one: what has come in when a worker dies stays.
    found.update(Parallel(n_jobs=n_jobs, return_as="generator_unordered")(calls))


def _numbered(function: Callable[[Task], Result], at: int, task: Task) -> tuple[int, Result]:
    return at, function(task)


def _lost_worker() -> type[Exception]:
    from joblib.externals.loky.process_executor import TerminatedWorkerError  # noqa: PLC0415

    lost: type[Exception] = TerminatedWorkerError
    return lost
