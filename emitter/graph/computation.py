# SPDX-License-Identifier: Apache-2.0
"""The Graph: a Program flattened to computations of at most one reduction each, in an order in which they can run.

    Graph       = program, computations, checks, cycles
    Computation = name[axes] = body                      pointwise
                | name[axes] = reduction of body         over further axes
                | update of the tensor of another one    by body, at places that may come from data

A body has no Reduce, no Along and no `outside`: policies are index arithmetic and lazy Where. Each computation defines one
tensor; names of statements' targets keep theirs, the others are made from them (`V_sum`, `y_max`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unrut.emitter.graph.checks import Check
from unrut.program.cycles import Cycle
from unrut.program.extents import Extent
from unrut.program.fold_nodes import State
from unrut.program.nodes import Axis, AxisValue, Expr, Program, Read, ReduceKind
from unrut.program.remembering import Remembering, remembered
from unrut.program.types import DType
from unrut.program.walk import reads


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A user-made monoid as a kind of reduction: states, what they start as, how two lots combine, what they give.

    The term of the first state is the computation's body, `others` are those of the rest. Places are taken in their order.
    """

    states: tuple[State, ...]
    identity: tuple[Expr, ...]
    others: tuple[Expr, ...]
    combine: tuple[Expr, ...]
    finish: Expr

    @property
    def value(self) -> str:
        """The word for it, as for other kinds."""
        return "fold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """`kind` over `axes`, where all of `where` hold (lazily: elsewhere nothing is read); `initial` takes part as one more term.

    The kind is never logsumexp or count: these are made of others. argmax and argmin give the flat place in `axes`, the
    last fastest, 0 where there is none. Of order statistics kth_smallest and arg_kth_smallest are left, over integers and
    without `where`; arg_kth_smallest gives the flat place, too. `rank` is one of the places whatever the data.
    """

    kind: ReduceKind | Folded
    axes: tuple[Axis, ...]
    where: tuple[Expr, ...] = ()
    initial: Expr | None = None
    rank: Expr | None = None

    def outside(self) -> tuple[Expr, ...]:
        """What stands outside of the reduced axes."""
        return tuple(part for part in (self.initial, self.rank) if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What a computation does to a tensor in place of defining one, in row-major order of its axes:

        target[places] = function(target[places], body)         where all of `where` hold, each lazily after those before it

    `function` is one of two arguments, or "store", which gives the second. Places are inside the target where `where` holds.
    `apart` are axes that a check keeps apart: rows whose ranges don't overlap.
    """

    target: str
    places: tuple[Expr, ...]
    function: str
    where: tuple[Expr, ...] = ()
    apart: tuple[str, ...] = ()

    def bare(self) -> tuple[str, ...]:
        """The axes of which different values never meet at one element: they stand bare in a place, or are kept apart."""
        bare = (place.axis for place in self.places if isinstance(place, AxisValue))
        return tuple(dict.fromkeys((*bare, *self.apart)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a computation stores whose axes are no dimensions of its tensor.

    `dims` are the tensor's dimensions, `places` the place in each as an expression of the computation's axes. Each element
    has one place of the axes where `where` holds; the other places are none's.
    """

    dims: tuple[Axis, ...]
    places: tuple[Expr, ...]
    where: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation(Remembering):
    """One tensor `name` of `dtype` over `axes`. `body` is its value, or the term of its reduction.

    Its axes are the tensor's dimensions, unless there is a `placement`: schedules merge and split axes.

    With an `update` it has no tensor of its own: it changes that of another computation, after it and before its readers.
    `statement` is the target of the program's statement that it serves. Axis names are local to the computation.
    """

    name: str
    axes: tuple[Axis, ...]
    dtype: DType
    body: Expr
    reduction: Reduction | None
    update: Update | None = None
    placement: Placement | None = None
    statement: str = field(default="", compare=False)

    @property
    def dims(self) -> tuple[Axis, ...]:
        """The dimensions of the tensor, named."""
        return self.axes if self.placement is None else self.placement.dims

    @property
    def shape(self) -> tuple[Extent, ...]:
        return tuple(axis.extent for axis in self.dims)

    @property
    def reduced(self) -> tuple[Axis, ...]:
        """The reduction's axes; none where there is no reduction."""
        return self.reduction.axes if self.reduction is not None else ()

    @property
    def terms(self) -> tuple[Expr, ...]:
        """The body; of a fold the terms of all its states."""
        if self.reduction is not None and isinstance(self.reduction.kind, Folded):
            return (self.body, *self.reduction.kind.others)
        return (self.body,)

    def expressions(self) -> tuple[Expr, ...]:
        """Everything that is evaluated at places: the terms, conditions of the reduction, its initial value, its rank; or
        the places and conditions of an update.
        """
        changed = () if self.update is None else (*self.update.where, *self.update.places)
        if self.reduction is None:
            return (self.body, *changed)
        return (*self.terms, *self.reduction.where, *self.reduction.outside(), *changed)

    def reads(self) -> tuple[Read, ...]:
        """Every read, operands and computations alike."""
        return _reads(self)

    def extents(self) -> Mapping[str, Extent]:
        """The extent of each axis, free and reduced."""
        return _extents(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """All computations, each after those it reads; every one is needed for a result or a check.

    Computations that depend on each other are in a cycle, and follow each other in the order of one step.
    """

    program: Program
    computations: tuple[Computation, ...]
    checks: tuple[Check, ...] = ()
    cycles: tuple[Cycle, ...] = ()

    @property
    def kept(self) -> frozenset[str]:
        """The computed tensors that somebody outside looks at: results and checks."""
        return frozenset((*self.program.results, *(check.computation for check in self.checks)))

    def cycle_of(self, name: str) -> Cycle | None:
        """The outermost cycle that a computation is in."""
        return next((cycle for cycle in self.cycles if name in cycle.tensors()), None)

    @property
    def early(self) -> frozenset[str]:
        """The computations that early checks need; no others come before them."""
        return frozenset(behind(self.computations, {check.computation for check in self.checks if check.early}))

    def computation(self, name: str) -> Computation:
        """The computation that defines a tensor."""
        return next(c for c in self.computations if c.name == name)

    def names(self) -> frozenset[str]:
        """The names of all computed tensors."""
        return frozenset(c.name for c in self.computations)

    def producers(self, consumer: Computation) -> tuple[str, ...]:
        """The computed tensors that a computation reads or changes, each once, in the order of its reads."""
        known = self.names()
        changed = () if consumer.update is None else (consumer.update.target,)
        return tuple(dict.fromkeys((*changed, *(r.tensor for r in consumer.reads() if r.tensor in known))))

    def consumers(self, name: str) -> tuple[Computation, ...]:
        """The computations that read or change a tensor."""
        readers = (c for c in self.computations if any(r.tensor == name for r in c.reads()) or changes(c, name))
        return tuple(readers)

    def updates(self, name: str) -> tuple[Computation, ...]:
        """The computations that change a tensor, in their order."""
        return tuple(c for c in self.computations if changes(c, name))

    def dtype_of(self, tensor: str) -> DType:
        """Element type of an operand or a computed tensor."""
        found = next((o for o in self.program.operands if o.name == tensor), None)
        return found.dtype if found is not None else self.computation(tensor).dtype

    def shape_of(self, tensor: str) -> tuple[Extent, ...]:
        """Extents of an operand or a computed tensor."""
        found = next((o for o in self.program.operands if o.name == tensor), None)
        return found.shape if found is not None else self.computation(tensor).shape


@remembered
def _reads(computation: Computation) -> tuple[Read, ...]:
    return tuple(read for expr in computation.expressions() for read in reads(expr))


@remembered
def _extents(computation: Computation) -> Mapping[str, Extent]:
    return {axis.name: axis.extent for axis in (*computation.axes, *computation.reduced)}


def changes(computation: Computation, tensor: str) -> bool:
    """Whether a computation changes a tensor."""
    return computation.update is not None and computation.update.target == tensor


def needs_of(computations: Sequence[Computation]) -> dict[str, list[str]]:
    """For each computation the names of those that have to run before: what it reads, with all that is done to it; and, for
    an update, the tensor that it changes and the updates before it. What reads its own earlier steps needs no update of them.
    """
    updates: dict[str, list[str]] = {}
    for computation in computations:
        if computation.update is not None:
            updates.setdefault(computation.update.target, []).append(computation.name)
    known = {c.name for c in computations}
    found: dict[str, list[str]] = {}
    for c in computations:
        needed = []
        for tensor in (r.tensor for r in c.reads() if r.tensor in known):
            needed += [tensor, *(updates.get(tensor, ()) if tensor != c.name else ())]
        if c.update is not None:
            earlier = updates[c.update.target]
            needed += [c.update.target, *earlier[: earlier.index(c.name)]]
        found[c.name] = list(dict.fromkeys(needed))
    return found


def behind(computations: tuple[Computation, ...], names: set[str]) -> set[str]:
    """The names, and those of all computations that these need; what changes a tensor belongs to it."""
    needs = needs_of(computations)
    for computation in computations:
        if computation.update is not None:
            needs[computation.update.target].append(computation.name)
    found, waiting = set(names), list(names)
    while waiting:
        new = set(needs.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found
