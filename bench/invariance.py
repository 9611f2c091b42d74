# SPDX-License-Identifier: Apache-2.0
"""The same op written differently should take the same time.

    python -m bench.invariance [--only TEXT] [--random 20] [--seed N] [--threads 1] [--cpu-time]

Axes renamed, arguments of products and sums exchanged, statements in another order, split, put into each other: `twins`. Where
the C is the same up to names and order, nothing is timed. Ratios beyond 1.15 either way are marked.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bench.drawing import drawn
from bench.machine.clock import best
from bench.machine.rates import measure
from bench.twins import TWINS, renaming, words
from bench.workloads import WORKLOADS
from bench.workloads.workload import Array
from unrut.emitter.layout import Layout
from unrut.emitter.pipeline import compile_program
from unrut.program.nodes import Program

ALLOWED = 1.15
ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A program with operands, and how they lie."""

    name: str
    program: Program
    arrays: tuple[Array, ...]
    scalars: Mapping[str, float]
    layouts: Mapping[str, Layout]


def library(only: str) -> Iterator[Subject]:
    """The workloads."""
    for workload in WORKLOADS:
        if only in workload.name:
            arrays = workload.arrays()
            bound = workload.bind(arrays)
            yield Subject(
                name=workload.name,
                program=bound.program,
                arrays=arrays,
                scalars=bound.scalars,
                layouts=bound._layouts(),
            )


def unseen(count: int, seed: int) -> Iterator[Subject]:
    """Random programs."""
    for number, (program, _) in enumerate(drawn(count, seed, measure(1, cpu=True))):
        yield Subject(
            name=f"random {number}: {program.text.splitlines()[-1][:60]}",
            program=program.program,
            arrays=program.operands(),
            scalars=program.scalars(),
            layouts=program.layouts(),
        )


def ratios(subject: Subject, threads: int, cpu: bool) -> dict[str, float]:
    """For each twin the time over the original's; exactly 1 where the C is the same."""
    own = compile_program(subject.program, subject.layouts)
    text = sorted(words(own.source()))
    rivals: dict[str, Any] = {}
    found: dict[str, float] = {}
    for name, change in TWINS.items():
        other = change(subject.program)
        if other is None:
            continue
        kernel = compile_program(other, subject.layouts)
        same = sorted(words(kernel.source(), renaming(subject.program) if name == "renamed" else None)) == text
        if same:
            found[name] = 1.0
        else:
            rivals[name] = kernel
    if not rivals:
        return found
    out = own(*subject.arrays, threads=threads, **subject.scalars)

    def call(kernel: Any) -> float:
        return best(
            lambda: kernel(*subject.arrays, out=out, threads=threads, **subject.scalars), cpu=cpu, seconds=0.03, least=2
        )

    least = dict.fromkeys(("", *rivals), float("inf"))
    for _ in range(ROUNDS):
        for name, kernel in {"": own, **rivals}.items():
            least[name] = min(least[name], call(kernel))
    return found | {name: least[name] / least[""] for name in rivals}


def main() -> int:
    """Time, print; 1 where a ratio is beyond what is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--random", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu-time", action="store_true")
    options = parser.parse_args()
    if options.random:
        print(f"seed {options.seed}")
    beyond = 0
    print(f"{'program':66}" + "".join(f"{name:>11}" for name in TWINS))
    for subject in (*library(options.only), *(unseen(options.random, options.seed) if options.random else ())):
        found = ratios(subject, options.threads, options.cpu_time)
        cells = []
        for name in TWINS:
            ratio = found.get(name)
            wrong = ratio is not None and not 1 / ALLOWED <= ratio <= ALLOWED
            beyond += wrong
            cells.append(
                f"{'' if ratio is None else 'same' if ratio == 1.0 else f'{ratio:.2f}'}{' !' if wrong else '  '}"
            )
        print(f"{subject.name:66}" + "".join(f"{cell:>11}" for cell in cells), flush=True)
    print(f"{beyond} beyond {ALLOWED}")
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
