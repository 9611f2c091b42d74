# SPDX-License-Identifier: Apache-2.0
"""The race of one workload: the project's kernel and every peer, side by side, round by round, checked first.

Each system sits in a process of its own and waits while another one runs. Of one that is far behind fewer rounds are run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers.systems import NEEDS, installed
from bench.workloads.workload import Workload

ROOT = Path(__file__).resolve().parents[1]
BEHIND, LOST = 4.0, 15.0
"""A peer that is so many times slower than the fastest gets no more than three rounds, or one."""
HUGE = "glibc.malloc.hugetlb=1"


class Contestant:
    """One system in a process of its own, with the default allocator or on huge pages."""

    def __init__(self, system: str, threads: int, huge: bool) -> None:
        self.system, self.huge = system, huge
        threads = 1 if system.endswith("1 thread") else threads
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
        given = {
            **os.environ,
            **dict.fromkeys(names, str(threads)),
            "PYTHONPATH": str(ROOT),
            "OMP_WAIT_POLICY": "passive",
        }
        if huge:
            given["GLIBC_TUNABLES"] = HUGE
        if system == "jax" and threads == 1:
            given["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", system, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=given, cwd=ROOT,
        )  # fmt: skip

    @property
    def name(self) -> str:
        """As it is called in results."""
        return f"{self.system}{' huge pages' if self.huge else ''}"

    def ready(self) -> float:
        """Wait until it has started; the seconds of its import."""
        return float(json.loads(self._line())["ready"])

    def ask(self, **told: Any) -> None:
        """Have something done; the answer comes when it is."""
        with suppress(OSError):  # whoever has ended has no answer either
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps(told) + "\n")
            self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What was asked for."""
        found: dict[str, Any] = json.loads(self._line())
        return found

    def tell(self, **told: Any) -> dict[str, Any]:
        """Have something done, and wait for it."""
        self.ask(**told)
        return self.answer()

    def stop(self) -> None:
        """End it."""
        with suppress(OSError, ValueError):
            assert self.process.stdin is not None
            self.process.stdin.write('{"stop": true}\n')
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with {self.process.wait()}")
        return line


def contestants(systems: tuple[str, ...], threads: int, *, huge: bool) -> tuple[list[Contestant], list[str]]:
    """Those whose packages are there, started; and the names of those that are not."""
    there = [system for system in systems if installed(system)]
    missing = [f"{system}: {NEEDS[system]} is not installed" for system in systems if system not in there]
    found = [Contestant(system, threads, False) for system in there]
    if huge:
        found += [Contestant(system, threads, True) for system in there if not system.startswith("naive")]
    for contestant in found:
        contestant.ready()
    return found, missing


def race(
    workload: Workload,
    rivals: list[Contestant],
    wanted: list[np.ndarray[Any, Any]],
    ours: dict[str, Callable[[], float]],
    rounds: int,
    *,
    apart: bool,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows by name: `ours` are ways of calling the project's kernel, as functions that give the seconds of one call.

    Systems compile side by side, or, where the seconds of that are looked at, `apart`.
    """
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="unrut-bench-") as folder:
        for number, result in enumerate(wanted):
            np.save(Path(folder) / f"result{number}.npy", result)
        for group in [[rival] for rival in rivals] if apart else [rivals]:
            for rival in group:
                rival.ask(prepare=workload.name, check=folder)
            for rival in group:
                try:
                    found = rival.answer()
                except (RuntimeError, OSError) as error:
                    rows[rival.name] = {"fault": str(error)}
                    continue
                rows |= {
                    f"{rival.name}, {name}": row | {"import": found["import"]} for name, row in found["peers"].items()
                }
    taken: dict[str, list[float]] = {name: [] for name in ours}
    for number in range(rounds):
        for name, call in ours.items():
            taken[name].append(call())
        fastest = min(statistics.median(values) for values in taken.values())
        for rival in rivals:
            mine = [name for name in taken if name.startswith(f"{rival.name}, ")]
            known = [statistics.median(taken[name]) for name in mine]
            far = min(known) / fastest if known else LOST
            if rival.name in rows or (number >= 3 and far > BEHIND) or (number and far >= LOST):
                continue
            for name, seconds in rival.tell(time=0.02, least=1 if number else 2).items():
                taken.setdefault(f"{rival.name}, {name}", []).append(seconds)
    for name, values in taken.items():
        rows[name] = rows.get(name, {}) | {
            "seconds": statistics.median(values),
            "best": min(values),
            "rounds": len(values),
        }
    yield from rows.items()
