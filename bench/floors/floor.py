# SPDX-License-Identifier: Apache-2.0
"""The floor of a Program: its operations, its compulsory bytes, the longest chain of steps; and their seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from math import log2, prod
from typing import Any

import numpy as np

from bench.floors.counting import operations
from bench.floors.kinds import Work, is_special
from bench.floors.places import axes_of, image
from bench.floors.scope import Scope, reads_in
from bench.machine.rates import Rates
from unrut.program.cycles import Cycle
from unrut.program.extents import evaluate
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import Along, Axis, Call, Expr, Program, Read, Reduce
from unrut.program.types import DType
from unrut.program.walk import bounds_of, children, contributing

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What has to be done: operations by kind, bytes that are read and written at least once, and how many operations wait
    for each other in the longest chain of a recurrence."""

    work: Work
    read: int
    written: int
    chain: float

    @property
    def moved(self) -> int:
        """Bytes read and written."""
        return self.read + self.written

    def multiply_adds(self) -> float:
        """All multiply-adds of floats."""
        return float(sum(n for key, n in self.work.items() if key in ("fma_f32", "fma_f64")))

    def compute(self, rates: Rates) -> float:
        """Seconds of all operations but elementary functions, every kind at its rate, side by side as far as mixtures
        were measured to be."""
        kinds: dict[str, float] = defaultdict(float)
        alone = 0.0
        for key, count in self.work.items():
            if is_special(key):
                continue
            kind, dtype = key.rsplit("_", 1)
            seconds = count / rate(rates, kind, DType[dtype])
            if kind in ("fma", "mul"):
                kinds["fma"] += seconds
            elif kind in ("add", "max", "convert"):
                kinds["max" if kind == "max" else "add"] += seconds
            else:
                alone += seconds  # divisions and roots wait for each other, and for little else
        mixed = [sum(kinds[k] for k in name.split("_")) * share for name, share in rates.mixtures.items()]
        return max(alone, *kinds.values(), *mixed) if kinds or alone else 0.0

    def special(self, rates: Rates) -> float:
        """Seconds of the elementary functions."""
        return sum(n * rates.special.get(key, 0.0) for key, n in self.work.items() if is_special(key))

    def memory(self, rates: Rates) -> float:
        """Seconds of the compulsory bytes, from and to the nearest level that holds them all."""
        found = rates.bytes[rates.level(self.moved)]
        return max(self.read / found["read"], self.written / found["write"], self.moved / found["copy"])

    def waiting(self, rates: Rates) -> float:
        """Seconds of the longest chain."""
        return self.chain * rates.latency

    def seconds(self, rates: Rates, *, special: bool) -> float:
        """The floor."""
        work = self.compute(rates) + (self.special(rates) if special else 0.0)
        return max(work, self.memory(rates), self.waiting(rates))

    def limit(self, rates: Rates, *, special: bool) -> str:
        """What the floor consists of: compute, memory, or waiting."""
        work = self.compute(rates) + (self.special(rates) if special else 0.0)
        found = {"compute": work, "memory": self.memory(rates), "waiting": self.waiting(rates)}
        return max(found, key=found.__getitem__)


def rate(rates: Rates, kind: str, dtype: DType) -> float:
    """Elements a second of an operation: measured, or that of a measured dtype of another width."""
    known = rates.operations
    if kind in ("mul", "fma") and dtype.is_float:
        return known[f"fma_{dtype.name}"]
    if kind == "convert":
        return known["add_f64" if dtype.size == 8 else "add_f32"]
    if dtype.is_float:
        return known[f"{kind}_{dtype.name}"]
    if kind in ("divide", "sqrt"):  # small integers by a division of floats that hold them
        return known["divide_i64" if dtype.size == 8 else "divide_f64" if dtype.size == 4 else "divide_f32"]
    if kind == "mul":
        return known[f"mul_i{max(16, 8 * dtype.size)}"]
    return known[f"{kind}_i32"] * 4 / dtype.size


def floor_of(
    program: Program, sizes: Mapping[str, int] | None = None, arrays: Mapping[str, Array] | None = None
) -> Floor:
    """The floor of a program for these sizes; `arrays` tell how long ranges by data are."""
    given, data = dict(sizes or {}), dict(arrays or {})
    needed = contributing(program)
    written = sum(
        prod(evaluate(e, given) for e in needed.shape_of(n)) * needed.dtype_of(n).size for n in needed.results
    )
    return Floor(
        work=operations(program, given, data),
        read=_read_bytes(needed, Scope(extents={}, sizes=given, arrays=data)),
        written=written,
        chain=sum(_chain(needed, cycle, given) for cycle in needed.cycles),
    )


def _read_bytes(program: Program, scope: Scope) -> int:
    """Bytes of the elements of operands that are read at all: the most that one read takes, or all reads together."""
    found: dict[str, dict[tuple[Expr, ...], float]] = defaultdict(dict)
    for statement in program.statements:
        inner = scope.inside(statement.axes)
        for expr in (*statement.expressions(), *bounds_of(statement.axes)):
            for read, here in reads_in(expr, inner):
                known = found[read.tensor]
                known[read.subscripts] = max(known.get(read.subscripts, 0.0), _touched(program, read, here))
    total = 0
    for operand in program.operands:
        whole = prod(evaluate(e, scope.sizes) for e in operand.shape)
        total += min(whole, int(sum(found[operand.name].values()))) * operand.dtype.size
    return total


def _touched(program: Program, read: Read, scope: Scope) -> float:
    """How many elements a read takes: affine subscripts are counted, a computed one takes as many places as it has values,
    and all together no more than there are reads."""
    shape = [evaluate(e, scope.sizes) for e in program.shape_of(read.tensor)]
    forms: dict[Expr, int] = {}
    others = 1.0
    for subscript, extent in zip(read.subscripts, shape, strict=True):
        if axes_of(subscript) is None:
            others *= min(float(extent), scope.count(subscript))
        else:
            forms[subscript] = min(extent, forms.get(subscript, extent))
    found = others * image(forms, scope.extents, forms)
    return found if others == 1.0 else min(found, scope.count(read))


def _chain(program: Program, cycle: Cycle, sizes: Mapping[str, int]) -> float:
    """Operations that wait for each other: the steps times the shortest of the longest ways from an earlier step to the next.

    Of nested cycles the steps add up: places on a diagonal don't wait for each other."""
    inside = frozenset(cycle.tensors())
    deepest, steps = 0.0, 0
    for name, path in cycle.paths().items():
        statement = program.statement(name)
        extents = {axis.name: evaluate(axis.extent, sizes) for axis in statement.axes}
        steps = max(steps, sum(extents[axis] for axis in path))
        deepest = max(deepest, _depth(statement.body, inside, sizes))
    return steps * deepest


def _depth(expr: Expr, inside: frozenset[str], sizes: Mapping[str, int]) -> float:
    """The longest way from a read of the cycle to the top; 0 where there is none."""
    if isinstance(expr, Read):
        return 0.5 if expr.tensor in inside else 0.0
    below = max((_depth(part, inside, sizes) for part in children(expr)), default=0.0)
    if below == 0:
        return 0.0
    match expr:
        case Call():
            return below + 1.0
        case Reduce(axes=axes):
            terms = prod(max(1, _size(axis, sizes)) for axis in axes)
            return below + max(1.0, log2(terms) / 4)
        case Along() | Fold():
            return below + 1.0
        case _:
            return below


def _size(axis: Axis, sizes: Mapping[str, int]) -> int:
    return evaluate(axis.extent, sizes)
