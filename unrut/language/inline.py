# SPDX-License-Identifier: Apache-2.0
"""Ops that are called by ops: the callee's statements become the caller's, under names that clash with nothing.

While the caller is traced, everything of a callee bears a name that no identifier can be, `softmax.1.y` for tensor or axis
`y` of the first call. When the caller is complete, each gets the first free one of `y`, `softmax_y`, `softmax_y2`, ...
So the names that the caller's author chose always stay. Axes are local to their statement: an inlined one needs another
name only if it is a tensor or scalar of the caller, or has a range that was given by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from unrut.errors import BindError, ShapeError
from unrut.language.names import LONGEST, reason_against
from unrut.language.notation import (
    Assignment,
    Definition,
    Folding,
    GivenAxis,
    Line,
    Name,
    Parameter,
    Reduction,
    Size,
    Subscripted,
    Term,
)
from unrut.language.operators import Expression, Value, as_expression
from unrut.language.origin import caller_span
from unrut.language.recorder import Recorder, place, shown
from unrut.language.renaming import Renaming, axis_names, mentioned
from unrut.language.spelling import counted
from unrut.language.tensor import Tensor
from unrut.spans import Call, Span


def inline(
    recorder: Recorder, callee: Definition, given: Sequence[object], scalars: Mapping[str, Value]
) -> tuple[Tensor, ...]:
    """Add the callee's statements to the op at work, and give its results as tensors of that op.

    `given` are the callee's tensors, parameters or tensors of the caller; `scalars` are numbers or made of the caller's.
    A signature of the callee is held against the ranks of the arguments; its sizes and dtypes are not looked at.

    Raises BindError, ShapeError.
    """
    span = caller_span()
    terms = {name: _scalar(recorder, callee, name, value, span) for name, value in scalars.items()}
    pairs = zip(callee.parameters, given, strict=True)
    arguments = [_argument(recorder, callee, parameter, value, span) for parameter, value in pairs]
    recorder.called += 1
    prefix = f"{callee.name}.{recorder.called}."
    known = frozenset([*(p.name for p in callee.parameters), *callee.scalars, *(s.target for s in callee.statements)])
    tensors = {p.name: a.name for p, a in zip(callee.parameters, arguments, strict=True)}
    tensors |= {s.target: prefix + s.target for s in callee.statements}
    axes = {name: prefix + name for s in callee.statements for name in axis_names(s, known)}
    for axis in callee.axes:
        axes |= {name: prefix + name for name in (axis.name, *axis_names(axis, known))}
    call = Call(name=callee.name, span=span) if span is not None else None
    renaming = Renaming(tensors=tensors, axes=axes, scalars=terms, call=call)
    for axis in callee.axes:
        recorder.give(renaming.given(axis))
    ranks = {}
    for statement in callee.statements:
        recorder.define(renaming.statement(statement))
        ranks[statement.target] = len(statement.subscripts)
    return tuple(Tensor(recorder, tensors[name], ranks[name]) for name in callee.results)


def _argument(recorder: Recorder, callee: Definition, parameter: Parameter, value: object, span: Span | None) -> Tensor:
    """A tensor of the caller, with as many dimensions as the callee's signature says."""
    if not isinstance(value, Tensor) or value.recorder is not recorder:
        what = "a tensor of another op" if isinstance(value, Tensor) else f"a value of type {type(value).__name__}"
        what = "an expression" if isinstance(value, Expression) else what
        raise BindError(
            f"`{callee.name}` is called inside op `{recorder.op}`, and its `{parameter.name}` is {what}",
            places=place(span),
            remedy=f"a parameter of `{recorder.op}`, or a tensor that it defines: T[i, j] = ...",
        )
    if parameter.dimensions is not None and value.rank not in (None, len(parameter.dimensions)):
        raise ShapeError(
            f"`{callee.name}` takes `{parameter.name}` with {counted(len(parameter.dimensions), 'dimension')}, "
            f"`{shown(value.name)}` has {value.rank}",
            places=place(span),
            remedy="a tensor with as many dimensions",
        )
    return value


def _scalar(recorder: Recorder, callee: Definition, name: str, value: Value, span: Span | None) -> Term:
    """A number, or a term of the caller's scalars and of extents."""
    term = as_expression(value, span).term
    for part in mentioned(term):
        if isinstance(part, Subscripted | Reduction | Folding | Line) or (
            isinstance(part, Name) and part.name not in recorder.scalars
        ):
            raise BindError(
                f"`{name}` of `{callee.name}` is a run-time scalar and can't depend on axes or elements",
                places=place(span),
                remedy=f"a number, or a scalar of `{recorder.op}`; a tensor parameter where it varies",
            )
    return term


def _without_idle(definition: Definition) -> Definition:
    """The definition without inlined statements that nothing reads: a caller need not use all results of a callee."""
    bodies: dict[str, list[Term]] = {s.target: [] for s in definition.statements}
    for statement in definition.statements:
        bodies[statement.target] += [*statement.subscripts, statement.body]
    needed: set[str] = set()
    waiting = [name for name in bodies if "." not in name or name in definition.results]
    sources = [term for axis in definition.axes for term in axis.terms()]
    while waiting or sources:
        if waiting:
            name = waiting.pop()
            if name in needed or name not in bodies:
                continue
            needed.add(name)
            sources += bodies[name]
        for part in mentioned(sources.pop()):
            if isinstance(part, Subscripted | Size):
                waiting.append(part.tensor)
            elif isinstance(part, Name):
                waiting.append(part.name)
    return replace(definition, statements=tuple(s for s in definition.statements if s.target in needed))


def final_names(definition: Definition) -> Definition:
    """The definition with identifiers for everything that was inlined into it."""
    if not any("." in s.target for s in definition.statements):
        return definition
    definition = _without_idle(definition)
    targets = list(dict.fromkeys(s.target for s in definition.statements))
    known = frozenset([*(p.name for p in definition.parameters), *definition.scalars, *targets])
    written: tuple[Assignment | GivenAxis, ...] = (*definition.statements, *definition.axes)
    used = dict.fromkeys(name for part in written for name in axis_names(part, known))
    given = {axis.name: axis for axis in definition.axes}
    own_axes = {name for name in (*used, *given) if "." not in name}

    taken = {name for name in known if "." not in name}
    tensors: dict[str, str] = {}
    for name in targets:
        if "." in name:
            tensors[name] = next(c for c in _candidates(name) if c not in taken and c not in own_axes)
            taken.add(tensors[name])

    ranges = {name: axis for name, axis in given.items() if "." not in name}
    axes: dict[str, str] = {}
    by_tensor = Renaming(tensors=tensors)
    for name in [n for n in given if "." in n]:
        range_ = by_tensor.given(given[name])
        free = (c for c in _candidates(name) if c not in taken and (c not in own_axes or c in ranges))
        axes[name] = next(c for c in free if c not in ranges or replace(ranges[c], name=name) == range_)
        ranges[axes[name]] = range_
    for name in used:
        if "." in name and name not in axes:
            axes[name] = next(c for c in _candidates(name) if c not in taken and c not in ranges)

    renaming = Renaming(tensors=tensors, axes=axes)
    return Definition(
        name=definition.name,
        parameters=definition.parameters,
        scalars=definition.scalars,
        axes=tuple({axis.name: axis for axis in map(renaming.given, definition.axes)}.values()),
        statements=tuple(map(renaming.statement, definition.statements)),
        results=tuple(tensors.get(name, name) for name in definition.results),
        doc=definition.doc,
        traced=definition.traced,
        span=definition.span,
    )


def _candidates(name: str) -> Iterator[str]:
    """Identifiers for `op.1.y`, best first."""
    op, _, plain = name.split(".")
    if not reason_against(plain):
        yield plain
    longer = f"{op}_{plain}"[: LONGEST - 4]
    longer = longer if not reason_against(longer) else f"t_{longer}"
    yield longer
    number = 2
    while True:
        yield f"{longer}{number}"
        number += 1
