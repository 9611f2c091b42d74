# SPDX-License-Identifier: Apache-2.0
"""Measure the few plans that the cost model can't tell apart, within seconds that the caller gives.

The analytic plan and its neighbours (`schedule.variants`) are compiled side by side, the most promising first, and run in
turn on the caller's arrays, each as often as the others; who falls behind is left out. The fastest must beat the analytic
plan clearly, else that one stays. Nothing is kept: the winner is a plan, a few lines of text.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from unrut.emitter.build import build
from unrut.emitter.build.rates import measured_rates
from unrut.emitter.build.threads import default_threads
from unrut.emitter.kernel import Kernel
from unrut.emitter.layout import Layout
from unrut.emitter.machine import this_machine
from unrut.emitter.pipeline import compile_program, emit
from unrut.emitter.report import seconds_text
from unrut.emitter.schedule.plan_text import show as show_plan
from unrut.emitter.schedule.variants import Variant, variants
from unrut.errors import BuildError, InternalError
from unrut.program.nodes import Program

COMPILING = 0.5  # the part of the time after which nothing more is compiled
ROUND = 1e-3  # seconds for which each kernel runs in a round, at least once
BEHIND = 1.3  # times the fastest: too slow to be measured further
CLEARLY = 0.97  # of the analytic plan's time: what is not below is noise

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A plan that was tried: the median seconds of a call, or the reason why there are none."""

    variant: Variant
    seconds: float | None
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What came of tuning. `kernel` is the fastest, `plan` its plan as text for `compile("c", plan=...)`."""

    trials: tuple[Trial, ...]
    winner: Trial
    kernel: Kernel
    spent: float

    @property
    def plan(self) -> str:
        return show_plan(self.winner.variant.plan)

    def __str__(self) -> str:
        lines = [f"{len(self.trials)} plans in {self.spent:.1f} s"]
        for trial in sorted(self.trials, key=lambda t: (t.seconds is None, t.seconds or 0.0)):
            took = trial.fault if trial.seconds is None else seconds_text(trial.seconds)
            mark = "*" if trial is self.winner else " "
            guess = seconds_text(trial.variant.predicted)
            lines.append(f"{mark} {took:>10}, predicted {guess:>8}; in doubt: {trial.variant.doubt}")
        return "\n".join(lines)


def tune(
    program: Program,
    layouts: Mapping[str, Layout],
    arrays: Mapping[str, Any],
    scalars: Mapping[str, Any],
    *,
    seconds: float,
    threads: int | None,
    progress: Progress,
) -> Tuning:
    """Try plans for a program on these arrays until the seconds are over; `progress(what, part)` is told of each step.

    Raises BuildError where not even the analytic plan compiles, and what a call raises.
    """
    began = time.perf_counter()
    machine = this_machine()
    rates = measured_rates(machine.vector)
    graph = emit(program, layouts, machine, stop="graph").graph
    if graph is None:
        raise InternalError(f"there is no graph of {program.name}")
    analytic, *others = variants(graph, machine, layouts, rates, threads or default_threads())
    plain = compile_program(program, layouts)
    kernels = {analytic: Kernel(plain.library, plain.trace, threads=threads)}
    faults: dict[Variant, str] = {}

    def compiled(variant: Variant) -> None:
        if time.perf_counter() - began > COMPILING * seconds:
            faults[variant] = "no time"
            return
        try:
            trace = emit(program, layouts, machine, variant.plan)
            assert trace.source is not None
            kernels[variant] = Kernel(build(trace.source), trace, threads=threads)
        except BuildError as error:
            faults[variant] = f"does not compile: {error.message}"
        progress(f"compiled {len(kernels)} plans", min(COMPILING, (time.perf_counter() - began) / seconds))

    with ThreadPoolExecutor(max_workers=machine.cores) as pool:
        list(pool.map(compiled, others))
    out = kernels[analytic](*arrays.values(), **scalars)
    times = _measured(
        {v: _call(kernel, arrays, scalars, out) for v, kernel in kernels.items()}, began + seconds, progress
    )
    trials = tuple(Trial(variant=v, seconds=times.get(v), fault=faults.get(v, "")) for v in (analytic, *others))
    best = min(times, key=lambda variant: times[variant])
    if times[best] > CLEARLY * times[analytic]:
        best = analytic
    plan = replace(best.plan, tuned=str(machine))
    trials = tuple(replace(t, variant=replace(t.variant, plan=plan)) if t.variant is best else t for t in trials)
    winner = next(t for t in trials if t.variant.plan is plan)
    kernel = kernels[best]
    return Tuning(trials=trials, winner=winner, kernel=kernel, spent=time.perf_counter() - began)


def _call(kernel: Kernel, arrays: Mapping[str, Any], scalars: Mapping[str, Any], out: Any) -> Callable[[], object]:
    return lambda: kernel(*arrays.values(), out=out, **scalars)


def _measured(calls: Mapping[Variant, Callable[[], object]], until: float, progress: Progress) -> dict[Variant, float]:
    """Median seconds of each that stays in the race; three rounds in any case."""
    began = time.perf_counter()
    often: dict[Variant, int] = {}
    for variant, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        often[variant] = max(1, int(ROUND / max(time.perf_counter() - start, 1e-7)))
    found: dict[Variant, list[float]] = {variant: [] for variant in calls}
    first = next(iter(calls))
    racing = list(calls)
    rounds = 0
    while rounds < 3 or (time.perf_counter() < until and len(racing) > 1):
        for variant in racing:
            start = time.perf_counter()
            for _ in range(often[variant]):
                calls[variant]()
            found[variant].append((time.perf_counter() - start) / often[variant])
        rounds += 1
        if rounds >= 3:
            fastest = min(statistics.median(found[variant]) for variant in racing)
            racing = [v for v in racing if v is first or statistics.median(found[v]) <= BEHIND * fastest]
        done = (time.perf_counter() - began) / max(until - began, 1e-9)
        progress(f"round {rounds}, {len(racing)} plans", min(1.0, COMPILING + (1 - COMPILING) * done))
    return {variant: statistics.median(times) for variant, times in found.items()}
