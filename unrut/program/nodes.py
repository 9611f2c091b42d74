# SPDX-License-Identifier: Apache-2.0
"""The typed Program: what both readers, the reference and the emitter, are given.

    Program   = name, operands, scalars, given axes, statements, results, preconditions, cycles
    Statement = target[subscripts] = body            over axes, each from 0 to its extent
    Expr      = Const | AxisValue | ExtentValue | Scalar | Local | Read | Call | Where | Cast | Reduce | Fold | Along

Everything is inferred and explicit here: each axis has its extent, each expression its dtype, every conversion is a Cast
(`implicit=True` for those that the notation doesn't write: `show` leaves them out and reading the text back makes them
again). So neither reader has rules of its own about ranges or promotion.

Meaning of the parts
- Weak sub-expressions (numbers, axis values, extents, scalars, and expressions of these alone) are evaluated in i64 or
  f64, and an implicit Cast rounds them once to the dtype they meet.
- `Where` is lazy: the branch not taken reads nothing and contributes nothing. So is `where=` of a reduction.
- Subscripts are i64 expressions. Affine ones (and `//`, `%` by positive constants) are proved inside their operand, or
  a Precondition on run-time sizes says when they are; with `outside` they may leave it and the policy says what is read.
  All others are computed places: one that is outside where the read is evaluated is invalid, and an error of the data.
- A name of an axis is bound by its statement or by one enclosing reduction, never twice on one path. Sibling reductions
  may use one name with different extents.
- Statement order means nothing, but that statements which add to one tensor do so in their order; tensors are defined
  once. Those that depend on each other are in a Cycle, which says in which order of an axis they can be computed.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Union

from unrut.program.cycles import Cycle
from unrut.program.extents import Extent, names
from unrut.program.fold_nodes import Fold, Local
from unrut.program.lines import AlongKind as AlongKind  # noqa: PLC0414
from unrut.program.preconditions import Precondition as Precondition  # noqa: PLC0414  part of what a Program is made of
from unrut.program.preconditions import Relation as Relation  # noqa: PLC0414
from unrut.program.remembering import Remembering
from unrut.program.types import DType
from unrut.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis(Remembering):
    """An index that runs from 0 to `extent`, the end excluded. An extent of 0 or less is an empty range.

    With `start` or `stop`, i64 expressions of axes that are bound before it, it runs from the one to the other, which
    must be in order and lie within [0, extent]; a missing one is 0, or the extent.
    """

    name: str
    extent: Extent
    start: Expr | None = None
    stop: Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Const(Remembering):
    """A number: `dtype(value)`, rounded once. bool values for bool, int or float for the others; may be inf or nan.

    `imaginary`, only of a complex dtype: the number is `value*i`, finite.
    """

    value: bool | int | float
    dtype: DType
    imaginary: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisValue(Remembering):
    """The value of an axis, i64."""

    axis: str
    dtype: DType = DType.i64
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtentValue(Remembering):
    """A run-time extent as a number, i64. Fixed extents are Consts."""

    extent: Extent
    dtype: DType = DType.i64
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar(Remembering):
    """A run-time scalar parameter, f64."""

    name: str
    dtype: DType = DType.f64
    span: Span | None = field(default=None, compare=False, repr=False)


class OutsideMode(enum.Enum):
    """What a read outside its operand gives, NumPy's `pad` names. `reflect` does not repeat the edge, `symmetric` does."""

    edge = "edge"
    wrap = "wrap"
    reflect = "reflect"
    symmetric = "symmetric"


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Remembering):
    """`tensor[subscripts]`. `outside`: None (proved inside), a mode, or an expression of the tensor's dtype to give instead."""

    tensor: str
    subscripts: tuple[Expr, ...]
    dtype: DType
    outside: OutsideMode | Expr | None = None
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Remembering):
    """A scalar function of `unrut.program.functions`, arguments already of the dtypes that its NumPy loop takes."""

    function: str
    arguments: tuple[Expr, ...]
    dtype: DType
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Where(Remembering):
    """`then` if `condition` (bool), else `otherwise`; both branches have the node's dtype; lazy."""

    condition: Expr
    then: Expr
    otherwise: Expr
    dtype: DType
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast(Remembering):
    """Conversion. Float to integer truncates, saturates, and takes NaN to 0; to bool compares with 0; integers wrap."""

    operand: Expr
    dtype: DType
    implicit: bool = False
    span: Span | None = field(default=None, compare=False, repr=False)


class ReduceKind(enum.Enum):
    """Reductions. Empty ranges: sum, count 0; prod 1; any False; all True; logsumexp -inf; max, min their `initial`.

    The last four are order statistics: they judge terms by their place in ascending order.
    """

    sum = "sum"
    prod = "prod"
    max = "max"
    min = "min"
    any = "any"
    all = "all"
    count = "count"
    argmax = "argmax"
    argmin = "argmin"
    logsumexp = "logsumexp"
    median = "median"
    quantile = "quantile"
    kth_smallest = "kth_smallest"
    arg_kth_smallest = "arg_kth_smallest"


GIVE_PLACES = frozenset({ReduceKind.argmax, ReduceKind.argmin, ReduceKind.arg_kth_smallest})
"""Reductions whose value is a place in their axes."""

RANKED = frozenset({ReduceKind.quantile, ReduceKind.kth_smallest, ReduceKind.arg_kth_smallest})
"""Reductions that take a `rank`."""

ORDER_STATISTICS = RANKED | {ReduceKind.median}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce(Remembering):
    """`kind[axes](body, where=where, initial=initial)`, a reduction over all places of `axes` where `where` holds.

    `body` has the accumulator's dtype (bool for any, all, count), which is no float of 16 bits for sum, prod, logsumexp;
    these are cast afterwards. The node's dtype is the accumulator's for sum, prod, max, min, logsumexp,
    kth_smallest; bool for any, all; i64 for count and the places of argmax, argmin, arg_kth_smallest, of which `component`
    chooses one (axis number `component` of `axes`). `initial` takes part like one more term. NaN wins in max, min and, the
    first one, in argmax, argmin; ties go to the first place, the last axis running fastest.

    kth_smallest and arg_kth_smallest give the term of `rank` (i64, from 0, proved below the number of places) in ascending
    order, or its place: NaN comes last, -0 equals 0, of equal terms the first place comes first. Beyond the places that
    `where` leaves they give what min and argmin give over none. quantile takes a share (f64, 0 to 1) in place of a rank, and
    median is the one for 0.5: with p = rank * (n - 1) they are the terms of rank floor(p) and the next one, weighted by
    1 - (p - floor(p)) and p - floor(p), in the body's dtype, f64 for integers and bool. NaN where a term is NaN, or where
    there is none. `rank` stands outside: it mentions no reduced axis.
    """

    kind: ReduceKind
    axes: tuple[Axis, ...]
    body: Expr
    dtype: DType
    where: Expr | None = None
    initial: Expr | None = None
    rank: Expr | None = None
    component: int = 0
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Along(Remembering):
    """`kind(body, along=axis)` at the place where `axis` stands: `exp(b[j] - max[j'](b[j'])) / sum[j'](exp(b[j'] - max))`
    for softmax, `sum[j'](b[j'], where=j' <= j)` for cumsum. The body has the node's dtype.

    `axis` is bound by the enclosing statement or reduction, with this extent and these bounds, over which the line runs.
    """

    kind: AlongKind
    axis: Axis
    body: Expr
    dtype: DType
    span: Span | None = field(default=None, compare=False, repr=False)


Expr = Union[Const, AxisValue, ExtentValue, Scalar, Local, Read, Call, Where, Cast, Reduce, Fold, Along]


class Role(enum.Enum):
    """What a statement is to its target: the one that defines it, or one that changes what stands there."""

    defines = "defines"
    adds = "adds"
    covers = "covers"
    starts = "starts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`target[subscripts] = body` for all places of `axes`. The body has `dtype`, the tensor's element type.

    Where it *defines* its target, subscripts are distinct AxisValues, one for each of `axes` in their order; so `shape` is
    their extents. Where it *adds*, `target[subscripts] += body`, subscripts are i64 expressions of `axes`: the terms are
    added to what the defining statement gives, as if in row-major order of `axes`, and statements in the order of the text.
    Where it *covers*, subscripts are distinct AxisValues of `axes`, one of them at least with bounds; no two places of
    `axes` have the same ones, and what is in no range keeps what the defining statement gives. Axes with bounds stand on
    no other left side, after those that these mention.
    Where it *starts* it, `h[-1, b] = body`, each subscript is a Const below 0 or the AxisValue that the defining statement
    has in that dimension: the value before the range, no part of the tensor's extents.
    """

    target: str
    subscripts: tuple[Expr, ...]
    axes: tuple[Axis, ...]
    body: Expr
    dtype: DType
    role: Role = Role.defines
    span: Span | None = field(default=None, compare=False, repr=False)

    @property
    def shape(self) -> tuple[Extent, ...]:
        """The extents of the tensor that the statement defines."""
        return tuple(axis.extent for axis in self.axes)

    def expressions(self) -> tuple[Expr, ...]:
        """Everything that is evaluated: the body, and subscripts where they are more than the axes."""
        if self.role is Role.defines:
            return (self.body,)
        ends = (end for axis in self.axes for end in (axis.start, axis.stop) if end is not None)
        return (*self.subscripts, *ends, self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """A tensor that is given: name, element type, extents."""

    name: str
    dtype: DType
    shape: tuple[Extent, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A checked op. `given` are the axes whose range was written by hand; `results` are names of statements' targets.

    Invariants are `verify`'s. `statements` are in the order of the text.
    """

    name: str
    operands: tuple[Operand, ...]
    scalars: tuple[str, ...]
    given: tuple[Axis, ...]
    statements: tuple[Statement, ...]
    results: tuple[str, ...]
    preconditions: tuple[Precondition, ...] = ()
    cycles: tuple[Cycle, ...] = ()
    doc: str = field(default="", compare=False, repr=False)

    def shape_of(self, tensor: str) -> tuple[Extent, ...]:
        """Extents of an operand or a defined tensor."""
        found: Operand | Statement = next((o for o in self.operands if o.name == tensor), None) or self.statement(
            tensor
        )
        return found.shape

    def dtype_of(self, tensor: str) -> DType:
        """Element type of an operand or a defined tensor."""
        found: Operand | Statement = next((o for o in self.operands if o.name == tensor), None) or self.statement(
            tensor
        )
        return found.dtype

    def statement(self, target: str) -> Statement:
        """The statement that defines a tensor."""
        return next(s for s in self.statements if s.target == target and s.role is Role.defines)

    def defining(self) -> tuple[Statement, ...]:
        """The statements that define tensors, in the order of the text."""
        return tuple(s for s in self.statements if s.role is Role.defines)

    def changing(self, target: str) -> tuple[Statement, ...]:
        """The statements that change a tensor beside the one that defines it, in the order of the text."""
        return tuple(s for s in self.statements if s.target == target and s.role is not Role.defines)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of run-time sizes, in the order of the operands' dimensions."""
        return tuple(dict.fromkeys(name for o in self.operands for e in o.shape for name in sorted(names(e))))
