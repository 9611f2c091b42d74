# SPDX-License-Identifier: Apache-2.0
"""Random Programs of realistic sizes, with operands."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from bench.floors.floor import Floor, floor_of
from bench.machine.rates import Rates
from bench.workloads.workload import Array
from unrut.emitter.layout import Layout, contiguous
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import ORDER_STATISTICS, Along, Call, Program, Read, Reduce, Role
from unrut.program.walk import children, contributing, free_axes, subexpressions
from unrut.testing.programs import Sample, programs
from unrut.testing.ragged import offsets
from unrut.testing.scales import LARGE
from unrut.testing.values import values

LEAST, MOST = 20e-6, 20e-3
BYTES = 1 << 29
TRIES = 60
"""Programs that are drawn at most for one that is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A program, its text, and how its operands are made."""

    program: Program
    sample: Sample
    seed: int

    @property
    def text(self) -> str:
        """In the notation."""
        return self.sample.text

    def operands(self) -> tuple[Array, ...]:
        """Ordinary numbers, offsets in order; the same ones each time."""
        random = np.random.default_rng(self.seed)
        found = []
        for operand in self.program.operands:
            shape = tuple(e.value() for e in operand.shape)
            if operand.name in self.sample.offsets:
                found.append(offsets(random, shape, operand.dtype.numpy, self.sample.offsets[operand.name]))
            else:
                found.append(np.asarray(values(random, shape, operand.dtype.numpy, "ordinary"), order="C"))
        return tuple(found)

    def scalars(self) -> dict[str, float]:
        """Run-time scalars."""
        return {name: 0.5 + 0.25 * number for number, name in enumerate(self.program.scalars)}

    def layouts(self) -> dict[str, Layout]:
        """C order."""
        return {
            o.name: contiguous(tuple(e.value() for e in o.shape), pairs=o.dtype.is_complex)
            for o in self.program.operands
        }


def drawn(count: int, number: int, rates: Rates) -> list[tuple[Drawn, Floor]]:
    """`count` different programs of this seed whose floors are worth timing, with their floors."""
    found: dict[str, tuple[Drawn, Floor]] = {}
    for attempt in range(TRIES * count):
        sample = _sample(number * 1_000_003 + attempt)
        if sample.text not in found:
            program = Drawn(program=elaborate(parse(sample.text), ()), sample=sample, seed=attempt)
            floor = worthwhile(program, rates) if _sensible(program.program) else None
            if floor is not None:
                found[sample.text] = program, floor
        if len(found) == count:
            break
    return list(found.values())


def _sensible(program: Program) -> bool:
    """Whether every statement reads something, and every axis of a reduction is one of a read inside of it."""
    for statement in program.statements:
        if statement.role is not Role.starts and not any(
            isinstance(part, Read) for part in subexpressions(statement.body)
        ):
            return False
        for part in (part for expr in statement.expressions() for part in subexpressions(expr)):
            if isinstance(part, Reduce | Fold):
                inner = [read for body in children(part) for read in subexpressions(body) if isinstance(read, Read)]
                if not {axis.name for axis in part.axes} <= frozenset[str]().union(*map(free_axes, inner)):
                    return False
    return True


def worthwhile(drawn_program: Drawn, rates: Rates) -> Floor | None:
    """The floor of a program of the right size."""
    program = contributing(drawn_program.program)
    names = (*(o.name for o in program.operands), *program.results)
    size = sum(prod(e.value() for e in program.shape_of(n)) * program.dtype_of(n).size for n in names)
    if size > BYTES:
        return None
    data = drawn_program.operands() if _ragged(program) else ()
    known = dict(zip((o.name for o in drawn_program.program.operands), data, strict=False))
    floor = floor_of(program, {}, known)
    return floor if LEAST <= floor.seconds(rates, special=False) <= MOST else None


def _ragged(program: Program) -> bool:
    return "ragged" in kinds_of(program)


def _sample(number: int) -> Sample:
    """The first program of a seed that is no simplest one: later ones of the same run are made to be like each other."""
    found: list[Sample] = []

    @seed(number)
    @settings(
        max_examples=2, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(programs(exact=False, runtime_sizes=False, scale=LARGE))
    def collect(sample: Sample) -> None:
        found.append(sample)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found[-1]


def kinds_of(program: Program) -> tuple[str, ...]:
    """What kinds of statements and expressions a program has."""
    kinds: dict[str, None] = {}
    if program.cycles:
        kinds["recurrence"] = None
    for statement in program.statements:
        if statement.role is Role.adds:
            kinds["addition"] = None
        if any(axis.start is not None or axis.stop is not None for axis in statement.axes):
            kinds["ragged"] = None
        for part in (part for expr in statement.expressions() for part in subexpressions(expr)):
            kinds.update(dict.fromkeys(_kinds(part)))
    return tuple(kinds) or ("pointwise",)


def _kinds(part: Any) -> list[str]:
    match part:
        case Reduce(kind=kind, axes=axes):
            name = "order statistic" if kind in ORDER_STATISTICS else kind.value
            ragged = any(axis.start is not None or axis.stop is not None for axis in axes)
            return [name, *(["ragged"] if ragged else []), *(["where="] if part.where is not None else [])]
        case Fold():
            return ["fold"]
        case Along(kind=kind):
            return [kind.value]
        case Read(outside=outside, subscripts=subscripts):
            computed = any(isinstance(inner, Read) for s in subscripts for inner in subexpressions(s))
            dtype = (
                "complex"
                if part.dtype.is_complex
                else "16-bit float"
                if part.dtype.is_half
                else part.dtype.name[0] + "*"
            )
            return [*(["outside"] if outside is not None else []), *(["computed place"] if computed else []), dtype]
        case Call(function=function) if function in _ELEMENTARY:
            return ["elementary"]
        case _:
            return []


_ELEMENTARY = frozenset(
    "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh erf cbrt".split()
)
