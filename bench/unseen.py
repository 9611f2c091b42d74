# SPDX-License-Identifier: Apache-2.0
"""Ops that nobody has seen before: random Programs of realistic sizes, each held against its floor.

    python -m bench.unseen [--count 200] [--seed N] [--threads 2] [--cpu-time] [--json FILE]

The generator is the property tests' own, at another scale, with every kind of the language in it. A Program is taken if its
floor on one thread is between 20 microseconds and 20 milliseconds, if its arrays fit into half a gigabyte (others are mostly
call or mostly waiting), if every statement reads something, and every axis of a reduction is one of a read inside of it. The
seed is drawn at run time and printed. `--cpu-time`: one thread's processor time, for machines that others use, too.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bench.drawing import Drawn, drawn, kinds_of
from bench.floors.floor import Floor
from bench.floors.kinds import is_special
from bench.machine.clock import best
from bench.machine.rates import Rates, measure
from bench.machine.special import NAMES, special_rates

LONG = 0.3  # seconds: what takes longer is called twice, not many times


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One Program: seconds of a call, of its floor with elementary functions, what the plan predicted; or what went wrong."""

    text: str
    kinds: tuple[str, ...]
    limit: str
    floor: float
    seconds: float = float("inf")
    predicted: float = 0.0
    compile: float = 0.0
    fault: str = ""

    @property
    def share(self) -> float:
        """Of the floor."""
        return self.floor / self.seconds


def rates_for(programs: list[tuple[Drawn, Floor]], rates: Rates) -> Rates:
    """The rates, with those of the elementary functions that the programs use."""
    keys = {key for _, floor in programs for key in floor.work if is_special(key)}
    special, makers = {}, {}
    for dtype in ("f32", "f64"):
        names = tuple(name for name in NAMES if f"{name}_{dtype}" in keys)
        for key, maker, seconds in special_rates(names, (dtype,)):
            special[key], makers[key] = seconds / rates.threads, maker
    return replace(rates, special=special, makers=makers)


def compiled(program: Drawn) -> tuple[Drawn, Any, float, str]:
    """A kernel for a drawn program, the seconds that took, and what went wrong."""
    from unrut.emitter.pipeline import compile_program

    began = time.perf_counter()
    try:
        kernel = compile_program(program.program, program.layouts())
    except Exception as error:  # whatever it is, it belongs into the report
        return program, None, 0.0, f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return program, kernel, time.perf_counter() - began, ""


def timed(program: Drawn, kernel: Any, threads: int, cpu: bool) -> float:
    """Seconds of one call with results that are there."""
    arrays, scalars = program.operands(), program.scalars()
    out = kernel(*arrays, threads=threads, **scalars)
    began = time.perf_counter()

    def call() -> object:
        return kernel(*arrays, out=out, threads=threads, **scalars)

    call()
    long = time.perf_counter() - began > LONG
    return best(call, cpu=cpu, seconds=0.0 if long else 0.08, least=1 if long else 5)


def judged(programs: list[tuple[Drawn, Floor]], rates: Rates, cpu: bool) -> Iterator[Found]:
    """Compile, two at a time, and time, one after the other."""
    floors = {id(program): floor for program, floor in programs}
    with ThreadPoolExecutor(1 if cpu else 2) as pool:
        for program, kernel, seconds, fault in list(pool.map(compiled, (p for p, _ in programs))):
            floor = floors[id(program)]
            found = Found(
                text=program.text,
                kinds=kinds_of(program.program),
                limit=floor.limit(rates, special=True),
                floor=floor.seconds(rates, special=True),
                compile=seconds,
                fault=fault,
            )
            if kernel is not None:
                try:
                    taken = timed(program, kernel, rates.threads, cpu)
                except Exception as error:
                    found = replace(found, fault=f"{type(error).__name__}: {str(error).splitlines()[0]}")
                else:
                    found = replace(found, seconds=taken, predicted=kernel.report().predicted(rates.threads))
            yield found


def summary(found: list[Found], worst: int) -> str:
    """Distribution, by kind, predictions, worst cases."""
    good = sorted((f for f in found if not f.fault), key=lambda f: f.share)
    if not good:
        return "nothing to report"
    shares = [f.share for f in good]
    tenth = max(1, len(good) // 10)
    lines = [
        (
            f"share of the floor over {len(good)} programs: median {statistics.median(shares):.2f}, worst tenth at most "
            f"{shares[tenth - 1]:.2f}, quartiles {shares[len(shares) // 4]:.2f} and {shares[3 * len(shares) // 4]:.2f}"
        ),
        "  " + " ".join(f"{10 * k}%:{shares[min(len(shares) - 1, k * len(shares) // 10)]:.2f}" for k in range(11)),
    ]
    errors = [abs(f.predicted / f.seconds - 1) for f in good if f.predicted]
    if errors:
        lines.append(f"predicted time against measured: median error {100 * statistics.median(errors):.0f} %")
    by_kind: dict[str, list[float]] = defaultdict(list)
    for each in good:
        for kind in (*each.kinds, f"limit: {each.limit}"):
            by_kind[kind].append(each.share)
    lines += [
        f"  {kind:18} {len(values):4} programs, median {statistics.median(values):.2f}, least {min(values):.2f}"
        for kind, values in sorted(by_kind.items(), key=lambda item: statistics.median(item[1]))
    ]
    compiles = sorted(f.compile for f in good)
    lines.append(f"seconds to compile: median {statistics.median(compiles):.2f}, most {compiles[-1]:.2f}")
    for each in good[:worst]:
        lines += [
            (
                f"\n{each.share:.3f} of the floor ({each.limit}): {1e3 * each.seconds:.3f} ms, floor {1e3 * each.floor:.3f}, "
                f"predicted {1e3 * each.predicted:.3f}"
            ),
            *(f"    {line}" for line in each.text.strip().splitlines()),
        ]
    for each in (f for f in good if f.share > 1.1):
        lines += [
            f"\n{each.share:.2f} of the floor: is it too high?",
            *(f"    {x}" for x in each.text.strip().splitlines()),
        ]
    for each in (f for f in found if f.fault):
        lines += [f"\nFAULT {each.fault}", *(f"    {line}" for line in each.text.strip().splitlines())]
    return "\n".join(lines)


def main() -> int:
    """Draw, compile, time, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--worst", type=int, default=20)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.threads} thread(s)", flush=True)
    rates = measure(options.threads, cpu=options.cpu_time)
    one = rates if options.threads == 1 else measure(1, cpu=options.cpu_time)
    programs = drawn(options.count, options.seed, one)
    rates = rates_for(programs, rates)
    print(f"{len(programs)} programs drawn", flush=True)
    found = []
    for each in judged(programs, rates, options.cpu_time):
        found.append(each)
        if len(found) % 20 == 0:
            print(f"  {len(found)} timed", file=sys.stderr, flush=True)
    print(summary(found, options.worst))
    if options.json:
        rows = [asdict(f) | {"share": f.share} for f in found]
        options.json.write_text(
            json.dumps({"seed": options.seed, "threads": rates.threads, "programs": rows}, indent=1)
        )
    return 1 if any(f.fault for f in found) else 0


if __name__ == "__main__":
    sys.exit(main())
