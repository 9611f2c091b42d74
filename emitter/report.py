# SPDX-License-Identifier: Apache-2.0
"""What a kernel costs, as pure functions of what the stages handed over: operations, bytes, memory, the plan's reasons.

- operations: arithmetic of the program as written, one for each scalar function, each term of a reduction and each
  addition at a place, over whole ranges. Conditions, subscripts and what they need (the boundary of a policy, checks of
  places) are not counted; of the two branches of a `where` the one with more counts.
- compulsory bytes: each operand read once, each result written once.
- moved bytes: what the plan moves between memory and caches: in each kernel each tensor that it touches once; so
  compulsory, plus operands that several kernels read, plus tensors in the workspace written once and read by each kernel.
- composed bytes: the same program as a composition of array operations that writes every intermediate: each computation
  reads its tensors, writes its result; a reduction of an expression writes and reads the expression over its whole domain.
- times: what the planner's model predicts with the rates of this machine (`schedule.predict`), and what no plan goes below.
- workspace: shared bytes for a call; scratch: bytes for each worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unrut.emitter.graph import Computation, Graph
from unrut.emitter.graph.computation import Folded
from unrut.emitter.nest import Buffer, Nest, Space
from unrut.emitter.rates import TYPICAL as USUAL
from unrut.emitter.rates import Rates
from unrut.emitter.schedule.apply import applied
from unrut.emitter.schedule.costs import Strides
from unrut.emitter.schedule.plan import Plan
from unrut.emitter.schedule.plan_text import show as show_plan
from unrut.emitter.schedule.predict import Prediction, floor, predict
from unrut.errors import InternalError
from unrut.program.extents import Extent, evaluate
from unrut.program.nodes import Call, Expr, Read, Where
from unrut.program.walk import children

if TYPE_CHECKING:
    from unrut.emitter.pipeline import Trace

TYPICAL = 128
ALIGNMENT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Costs of one call for the given sizes; `assumed` tells sizes that were not given."""

    name: str
    operations: int
    compulsory: int
    moved: int
    composed: int
    shared: int
    scratch: int
    plan: str
    prediction: Prediction
    rates: Rates
    least: tuple[float, ...]
    assumed: tuple[str, ...] = ()

    def predicted(self, threads: int = 1) -> float:
        """The seconds that a call is predicted to take on so many threads."""
        return self.prediction.seconds(threads, self.rates)

    @property
    def workspace(self) -> int:
        """Bytes that a call with one thread needs beside its arguments."""
        return self.shared + self.scratch

    def __str__(self) -> str:
        return self.show()

    def show(self) -> str:
        """The report as text."""
        times = self.composed / max(self.compulsory, 1)
        composed = f"{bytes_text(self.composed)} ({times:.3g} times the data)"
        lines = [
            f"{self.name}: {count_text(self.operations)} operations",
            f"  bytes  compulsory {bytes_text(self.compulsory)}, moved by the plan {bytes_text(self.moved)}",
            f"         {composed} as array operations that write every intermediate",
            f"  memory shared {bytes_text(self.shared)}, each worker {bytes_text(self.scratch)}",
        ]
        if self.assumed:
            said = ", ".join(f"{name} = {TYPICAL}" for name in self.assumed)
            lines.append(f"  for sizes {said}, which are given at each call")
        return "\n".join([*lines, *self._times(), *(f"  {line}" for line in self.plan.splitlines())])

    def _times(self) -> list[str]:
        """Predicted times, in all for one thread and for all, and kernel by kernel for one."""
        who = "this machine" if self.rates.measured else "a typical machine"
        lines = []
        for threads, least in enumerate(self.least, start=1):
            if threads in (1, len(self.least)):
                used = "1 thread" if threads == 1 else f"{threads} threads"
                said = f"predicted {seconds_text(self.predicted(threads))} on {used} of {who}"
                lines.append(f"  {'time' if threads == 1 else '':6} {said}, no plan below {seconds_text(least)}")
        for kernel in self.prediction.kernels:
            work, moves = (seconds_text(f(1, self.rates)) for f in (kernel.arithmetic, kernel.moving))
            names = ", ".join(cost.computation for cost in kernel.costs)
            lines.append(f"         {names}: arithmetic {work}, memory {moves}")
        return lines


def report(trace: Trace, sizes: Mapping[str, int] | None = None, rates: Rates = USUAL) -> Report:
    """The report of a trace that has come to its Nest. Sizes that are not given count as 128, in predicted times all do."""
    if trace.graph is None or trace.plan is None or trace.nest is None:
        raise InternalError("a report needs a graph, a plan and a nest")
    given = dict(sizes or {})
    assumed = tuple(name for name in trace.program.sizes if name not in given)
    given |= dict.fromkeys(assumed, TYPICAL)
    flat = applied(trace.graph, trace.plan)
    return Report(
        name=trace.program.name,
        operations=operations(trace.graph, given),
        compulsory=compulsory(trace.graph, given),
        moved=moved(trace.graph, trace.plan, trace.nest, given),
        composed=composed(trace.graph, given),
        shared=sum(_padded(b, given) for b in trace.nest.buffers if b.space is Space.workspace),
        scratch=sum(_padded(b, given) for b in trace.nest.buffers if b.space is Space.scratch),
        plan=show_plan(trace.plan),
        prediction=predict(flat, trace.plan, Strides(flat, trace.layouts), trace.machine),
        rates=rates,
        least=tuple(floor(trace.graph, trace.machine, rates, n) for n in range(1, trace.machine.cores + 1)),
        assumed=assumed,
    )


def _places(shape: tuple[Extent, ...], sizes: Mapping[str, int]) -> int:
    total = 1
    for extent in shape:
        total *= max(0, evaluate(extent, sizes))
    return total


def _padded(buffer: Buffer, sizes: Mapping[str, int]) -> int:
    exact = _places(buffer.shape, sizes) * buffer.dtype.size
    return -(-exact // ALIGNMENT) * ALIGNMENT


def _calls(expr: Expr) -> int:
    if isinstance(expr, Read):
        return 0
    if isinstance(expr, Where):
        return max(_calls(expr.then), _calls(expr.otherwise))
    return (1 if isinstance(expr, Call) else 0) + sum(_calls(part) for part in children(expr))


def _domain(computation: Computation, sizes: Mapping[str, int]) -> int:
    return _places(tuple(computation.extents().values()), sizes)


def operations(graph: Graph, sizes: Mapping[str, int]) -> int:
    """Scalar functions, terms of reductions and additions, over the domain of each computation that is no check."""
    checks = {check.computation for check in graph.checks}
    return sum(_domain(c, sizes) * _each(c) for c in graph.computations if c.name not in checks)


def _each(computation: Computation) -> int:
    """Scalar functions at one place of a domain, what combines it with the places before included."""
    terms = sum(map(_calls, computation.terms))
    if computation.reduction is None:
        return terms + (computation.update is not None and computation.update.function != "store")
    kind = computation.reduction.kind
    return terms + (sum(map(_calls, kind.combine)) if isinstance(kind, Folded) else 1)


def _size(graph: Graph, tensor: str, sizes: Mapping[str, int]) -> int:
    return _places(graph.shape_of(tensor), sizes) * graph.dtype_of(tensor).size


def compulsory(graph: Graph, sizes: Mapping[str, int]) -> int:
    """Bytes of all operands and results."""
    tensors = (*(o.name for o in graph.program.operands), *graph.program.results)
    return sum(_size(graph, name, sizes) for name in tensors)


def moved(graph: Graph, plan: Plan, nest: Nest, sizes: Mapping[str, int]) -> int:
    """Bytes between memory and caches under a plan, if each kernel touches each tensor in memory once."""
    flat = applied(graph, plan)
    inner = {b.name for b in nest.buffers if b.space is Space.scratch}
    outer = {b.name for b in nest.buffers} - inner
    total = 0
    for kernel in plan.kernels():
        members = [flat.computation(entry.computation) for entry in kernel]
        made = {c.name for c in members}
        read = {r.tensor for c in members for r in c.reads()}
        total += sum(_size(flat, name, sizes) for name in sorted(made & outer) + sorted((read - made) & outer))
    return total


def composed(graph: Graph, sizes: Mapping[str, int]) -> int:
    """Bytes that a composition of array operations reads and writes, every intermediate written out."""
    total = 0
    for c in graph.computations:
        total += sum(_size(graph, name, sizes) for name in sorted({r.tensor for r in c.reads()}))
        total += _size(graph, c.name, sizes)
        if c.reduction is not None and not isinstance(c.body, Read):
            total += 2 * _domain(c, sizes) * c.body.dtype.size
    return total


def bytes_text(count: int) -> str:
    """Bytes for reading: three digits and a unit."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"


def count_text(number: int) -> str:
    """A count for reading: large ones in millions."""
    return f"{number / 1e6:.4g} M" if number >= 10**6 else str(number)


def seconds_text(seconds: float) -> str:
    """A time for reading: three digits and a unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"
