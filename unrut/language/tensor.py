# SPDX-License-Identifier: Apache-2.0
"""Tensors of an op that is being traced: read and defined with subscripts, never as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from unrut.errors import NotationError, ShapeError, UnrutError
from unrut.language.notation import MOST_DIMENSIONS, Assignment, Size, Subscripted
from unrut.language.operators import Accumulated, Expression, Operators, Value, as_expression
from unrut.language.origin import caller_span
from unrut.language.recorder import Recorder, current, place, shown
from unrut.language.refusals import Refusals
from unrut.language.spelling import counted, some_axes
from unrut.language.vocabulary import MODES
from unrut.program.nodes import Role
from unrut.spans import Span


class Tensor(Operators):
    """A parameter or tensor of an op: `P[n, 2*y + ky]` reads, `V[n, y] = ...` defines, `V[seg[n], y] += ...` adds,
    `P.shape[0]` is an extent.

    A tensor without dimensions is read as `s[()]`, or as `s` where it is known to have none.
    """

    __slots__ = ("name", "rank", "recorder")

    def __init__(self, recorder: Recorder, name: str, rank: int | None = None) -> None:
        self.recorder = recorder
        self.name = name
        self.rank = rank

    def __repr__(self) -> str:
        return f"<tensor {shown(self.name)} of {self.recorder.op}>"

    def __getitem__(self, subscripts: Value) -> Expression:
        return self._read(subscripts, None)

    def __setitem__(self, subscripts: Value, value: Value) -> None:
        span = caller_span()
        self._check_home(span)
        places = tuple(as_expression(s, span).term for s in _tuple(subscripts))
        body, role = as_expression(value, span), Role.defines
        if isinstance(body, Accumulated) and body.onto.tensor == self.name and body.onto.subscripts == places:
            body, role = body.added, Role.adds
        whole = Assignment(target=self.name, subscripts=places, body=body.term, role=role, span=span)
        self.recorder.define(whole)
        self.rank = len(places)

    def outside(self, what: Value) -> Outside:
        """The tensor with a policy for reads that leave it: a number, or one of NumPy's modes, as in `outside("edge")`."""
        if isinstance(what, str) and what not in MODES:
            message = f"`{what}` is not a mode of reading outside"
            raise NotationError(message, places=place(caller_span()), remedy=f"one of {', '.join(MODES)}, or a number")
        return Outside(self, what if isinstance(what, str) else as_expression(what))

    @property
    def shape(self) -> Shape:
        """The extents, as numbers in expressions and ranges: `P.shape[2] - 1`."""
        return Shape(self)

    def as_expression(self, span: Span | None) -> Expression:
        """The one element of a tensor without dimensions."""
        if self.rank == 0:
            return self._read((), None)
        raise NotationError(
            f"tensor `{shown(self.name)}` stands here without subscripts",
            places=place(span),
            remedy=f"{shown(self.name)}[i, j], with an axis for each dimension; {shown(self.name)}[()] if it has none",
        )

    def _read(self, subscripts: Value, outside: str | Expression | None) -> Expression:
        span = caller_span()
        self._check_home(span)
        parts = [as_expression(s, span) for s in _tuple(subscripts)]
        if self.rank is not None and len(parts) != self.rank:
            raise ShapeError(
                f"`{shown(self.name)}` has {counted(self.rank, 'dimension')} and is read with "
                f"{counted(len(parts), 'subscript')}",
                places=place(span),
                remedy=f"{counted(self.rank, 'subscript')}, as in {shown(self.name)}[{some_axes(self.rank)}]",
            )
        policy = outside.term if isinstance(outside, Expression) else outside
        read = Subscripted(tensor=self.name, subscripts=tuple(p.term for p in parts), outside=policy, span=span)
        return Expression(read, *parts, *([outside] if isinstance(outside, Expression) else []))

    def _check_home(self, span: Span | None) -> None:
        if current() is not self.recorder:
            raise NotationError(
                f"tensor `{shown(self.name)}` belongs to op `{self.recorder.op}` and can't be used outside it",
                places=place(span),
                remedy="a parameter: ops take the tensors of others as arguments",
            )


class Outside(Refusals):
    """A tensor together with what is read outside it."""

    __slots__ = ("policy", "tensor")

    def __init__(self, tensor: Tensor, policy: str | Expression) -> None:
        self.tensor = tensor
        self.policy = policy

    def __getitem__(self, subscripts: Value) -> Expression:
        return self.tensor._read(subscripts, self.policy)

    def __setitem__(self, subscripts: Value, value: Value) -> NoReturn:
        raise self._refuse("a policy is for reading", f"{shown(self.tensor.name)}[...] = ...")

    def __repr__(self) -> str:
        return f"<{self.tensor!r} with a policy outside>"


class Shape(Refusals):
    """The extents of a tensor; how many there are is known if a signature says so, or the tensor is defined already."""

    __slots__ = ("tensor",)

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor

    def __repr__(self) -> str:
        return f"<shape of {self.tensor!r}>"

    def __getitem__(self, dimension: int) -> Expression:
        rank = self.tensor.rank
        if type(dimension) is not int:
            raise self._refuse("a dimension of a shape is a Python integer", f"{shown(self.tensor.name)}.shape[0]")
        if dimension < 0 and rank is not None:
            dimension += rank
        if not 0 <= dimension < (MOST_DIMENSIONS if rank is None else rank):
            known = (
                "whose number of dimensions is unknown here"
                if rank is None
                else f"which has {counted(rank, 'dimension')}"
            )
            raise self._refuse(
                f"there is no such extent of `{shown(self.tensor.name)}`, {known}", "a dimension counted from 0"
            )
        return Expression(Size(tensor=self.tensor.name, dimension=dimension, span=caller_span()))

    def __iter__(self) -> Iterator[Expression]:  # type: ignore[override]
        return iter([self[d] for d in range(len(self))])

    def __len__(self) -> int:  # type: ignore[override]
        if self.tensor.rank is None:
            raise self._unknown()
        return self.tensor.rank

    def _unknown(self) -> UnrutError:
        name = shown(self.tensor.name)
        message = f"the number of dimensions of `{name}` is unknown here"
        return self._refuse(message, f"{name}.shape[0], or a signature")


def _tuple(subscripts: Value) -> tuple[Value, ...]:
    return subscripts if isinstance(subscripts, tuple) else (subscripts,)
