"""Tasks over workers: order, seeds, lost workers, a cluster."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest

from lean_impact.effects.parallel import run_tasks, task_seed


def draw(task: tuple[str, int]) -> float:
    return float(np.random.default_rng(task_seed(7, *task)).normal())


def refuse(task: int) -> int:
    if task == 3:
        raise ValueError("three is refused")
    return task


def die_once(task: tuple[int, str]) -> int:
    """Kill the worker that meets the first task for the first time."""
    number, mark = task
    if number == 0 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def die_always(task: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return task


def slow_draw(task: tuple[str, int]) -> tuple[int, float]:
    time.sleep(0.1)
    return os.getpid(), draw(task)


TASKS = [("stay", number) for number in range(12)]


def test_results_do_not_depend_on_the_number_of_workers():
    serial = run_tasks(draw, TASKS)
    assert serial == [draw(task) for task in TASKS]
    assert run_tasks(draw, TASKS, n_jobs=2) == serial


def test_an_active_configuration_decides_where_nothing_is_said():
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert run_tasks(draw, TASKS) == [draw(task) for task in TASKS]


def test_no_task_gives_no_result():
    assert run_tasks(draw, []) == []


def test_seeds_follow_the_name_and_not_the_order():
    assert [draw(task) for task in TASKS[::-1]] == [draw(task) for task in TASKS][::-1]
    assert len({draw(task) for task in TASKS}) == len(TASKS)
    assert task_seed(1, "a", "b").spawn_key != task_seed(1, "ab").spawn_key
    assert task_seed(1, 1).spawn_key != task_seed(1, "1").spawn_key
    assert task_seed(1, "a").generate_state(1) != task_seed(2, "a").generate_state(1)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_an_error_of_a_task_is_passed_on(n_jobs):
    with pytest.raises(ValueError, match="three is refused"):
        run_tasks(refuse, range(6), n_jobs=n_jobs)


@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_what_a_dead_worker_leaves_is_run_once_more(tmp_path):
    tasks = [(number, str(tmp_path / "dead")) for number in range(8)]
    assert run_tasks(die_once, tasks, n_jobs=2) == [number * number for number in range(8)]


@pytest.mark.filterwarnings("ignore:A worker stopped:UserWarning")
def test_workers_that_die_twice_are_told():
    with pytest.raises(Exception, match=r"unexpectedly terminated|SIGKILL"):
        run_tasks(die_always, range(4), n_jobs=2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is not known there")
def test_a_cluster_that_loses_a_worker_still_gives_every_result(tmp_path):
    distributed = pytest.importorskip("distributed")
    tasks = [("stay", number) for number in range(60)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                dashboard_address=None,
                local_directory=str(tmp_path),
                silence_logs=50,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            victim = _kill_soon(client)
            with joblib.parallel_config(backend="dask"):
                found = run_tasks(slow_draw, tasks)
            finished = time.monotonic()
            victim.join()
            alive = set(client.run(os.getpid).values())
    assert [value for _, value in found] == [draw(task) for task in tasks]
    assert victim.when < finished
    assert victim.killed not in alive


def _kill_soon(client):
    """Kill one worker when the run is under way."""
    from threading import Thread

    pids = client.run(os.getpid)
    target = next(iter(pids.values()))

    class Killer(Thread):
        killed, when = target, float("inf")

        def run(self) -> None:
            time.sleep(1.5)
            os.kill(target, signal.SIGKILL)
            self.when = time.monotonic()

    killer = Killer(daemon=True)
    killer.start()
    return killer
