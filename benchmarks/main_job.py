"""Time the main job and `--help` as a user meets them: whole processes, from start to exit code.

Run it with the number of repetitions, three if not given::

    python benchmarks/main_job.py 5
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

COMMAND = [sys.executable, "-c", "from lean_impact.cli import main; main()"]
LIMITS = {"--help": 1.0, "run nhs-vmi": 150.0}


def seconds(words: Sequence[str]) -> float:
    """Run one command to its end and return how long it took."""
    start = time.perf_counter()
    subprocess.run([*COMMAND, *words], check=True, capture_output=True)  # noqa: S603 - the library's own command
    return time.perf_counter() - start


def main() -> int:
    """Print minimum and median of each command; 1 if the median is above its limit."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    late = []
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "--help": ["--help"],
            "run nhs-vmi": ["run", "nhs-vmi", "--out", str(Path(folder) / "report")],
        }
        print(
            f"{'command':<14}{'min s':>8}{'median s':>10}{'limit s':>9}   of {repeats} runs after one to warm up"
        )
        for name, words in commands.items():
            seconds(words)
            taken = [seconds(words) for _ in range(repeats)]
            print(f"{name:<14}{min(taken):>8.2f}{median(taken):>10.2f}{LIMITS[name]:>9.0f}")
            if median(taken) > LIMITS[name]:
                late.append(name)
    if late:
        print(f"too slow: {', '.join(late)}")
    return int(bool(late))


if __name__ == "__main__":
    sys.exit(main())
