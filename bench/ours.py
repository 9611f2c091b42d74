# SPDX-License-Identifier: Apache-2.0
"""What the project's own kernel of a workload costs, beside its floor."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bench.floors.floor import Floor, floor_of
from bench.machine.clock import best
from bench.machine.rates import Rates, Stopwatch, gather_rate
from bench.workloads.workload import Array, Bar, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Milliseconds of a call, of the floor without and with elementary functions, of gathering its rows where it does that, and
    as the plan predicts; what the floor consists of; seconds of emission; bytes of workspace, those that the plan moves, and
    those that array operations would move which write every intermediate; operations (a multiply-add is two) and bytes of the
    floor.
    """

    name: str
    threads: int
    milliseconds: float
    floor: float
    special: float
    gather: float
    limit: str
    emission: float
    workspace: int
    moved: int
    composed: int
    operations: float
    bytes: int
    predicted: float = 0.0

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def of(self, bar: Bar) -> float | None:
        """The share that a bar speaks of; None for one that speaks of peers."""
        over = {"floor": self.floor, "special": self.special, "gather": self.gather}.get(bar.by)
        return None if over is None else over / self.milliseconds


def operands(workload: Workload, bound: Any, arrays: tuple[Array, ...]) -> Mapping[str, Array]:
    """The operands by the program's names."""
    return {o.name: a for o, a in zip(bound.program.operands, arrays, strict=True)}


def floor_for(workload: Workload, bound: Any, arrays: tuple[Array, ...]) -> Floor:
    """The floor of a workload."""
    return floor_of(bound.program, {}, operands(workload, bound, arrays))


def gather_seconds(workload: Workload, arrays: tuple[Array, ...], watch: Stopwatch) -> float:
    """Seconds in which the rows that a workload reads at places of its own can be read at all."""
    total = 0.0
    for places, table in workload.gathered(arrays) if workload.gathered is not None else ():
        row = table.nbytes // len(table)
        total += places.size * row / gather_rate(watch, table.nbytes, row, places)
    return total


def fresh_results(kernel: Any, bound: Any, arrays: tuple[Array, ...], threads: int) -> Any:
    """Results that a call made, to be written again."""
    found = kernel(*arrays, threads=threads, **bound.scalars)
    for result in found if isinstance(found, tuple) else (found,):
        result += np.zeros((), result.dtype)  # every page is there before anything is timed
    return found


def share_of(workload: Workload, rates: Rates, *, cpu: bool, seconds: float = 0.5) -> Share:
    """Compile, call, and hold it against the floor."""
    arrays = workload.arrays()
    bound = workload.bind(arrays)
    kernel = bound.compile("c")
    threads = threads_of(workload, rates)
    out = fresh_results(kernel, bound, arrays, threads)
    taken = best(lambda: kernel(*arrays, out=out, threads=threads, **bound.scalars), cpu=cpu, seconds=seconds)
    return described(workload, rates, bound, kernel, arrays, taken, cpu=cpu)


def threads_of(workload: Workload, rates: Rates) -> int:
    """How many threads a workload is measured on."""
    return min(rates.threads, workload.most_threads or rates.threads)


def described(
    workload: Workload, rates: Rates, bound: Any, kernel: Any, arrays: tuple[Array, ...], taken: float, *, cpu: bool
) -> Share:
    """What a call that took so many seconds is to be held against."""
    from unrut.emitter.pipeline import emit

    began = time.process_time()
    emit(bound.program, bound._layouts())
    emission = time.process_time() - began
    threads = threads_of(workload, rates)
    floor, report = floor_for(workload, bound, arrays), kernel.report()
    gather = gather_seconds(workload, arrays, Stopwatch(rates.threads, cpu))
    return Share(
        name=workload.name,
        threads=threads,
        milliseconds=1e3 * taken,
        floor=1e3 * floor.seconds(rates, special=False),
        special=1e3 * floor.seconds(rates, special=True),
        gather=1e3 * gather,
        limit=floor.limit(rates, special=False),
        emission=emission,
        workspace=report.shared + threads * report.scratch,
        moved=report.moved,
        composed=report.composed,
        operations=sum(floor.work.values()) + floor.multiply_adds(),
        bytes=floor.moved,
        predicted=1e3 * report.predicted(threads),
    )
