# SPDX-License-Identifier: Apache-2.0
"""The front end for functions: the function is run once with tensors that have no values, and what it says is recorded.

Python's own loops, conditions on options, and calls of other functions and ops are carried out while tracing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from unrut.errors import AxisError, NotationError, UnrutError, raise_all
from unrut.language.arguments import Face, Options
from unrut.language.inline import final_names
from unrut.language.names import name_fault
from unrut.language.notation import Definition, GivenAxis, Name, Parameter
from unrut.language.operators import Axis, Expression, Value, as_expression
from unrut.language.origin import assigned_name, caller_span
from unrut.language.recorder import Recorder, Recording, Shaped, needed, place, shown
from unrut.language.several import Axes
from unrut.language.shaped import shaped_statements
from unrut.language.tensor import Tensor
from unrut.program.nodes import Role


def trace(function: Callable[..., Any], face: Face, signature: tuple[Parameter, ...], options: Options) -> Definition:
    """Run a function and give what it defines. `signature` has a parameter for each tensor of the function.

    Raises NotationError, NameClashError, AxisError, and whatever the function itself raises.
    """
    recorder = Recorder(face.name, face.tensors, tuple(options.scalars))
    ranks = (None if p.dimensions is None else len(p.dimensions) for p in signature)
    tensors = [Tensor(recorder, name, rank) for name, rank in zip(face.tensors, ranks, strict=True)]
    scalars = {name: Expression(Name(name=name, span=face.span)) for name in options.scalars}
    with Recording(recorder):
        returned = function(*tensors, **options.fixed, **scalars)
    shaped = shaped_statements(recorder)
    definition = Definition(
        name=face.name,
        parameters=signature,
        scalars=tuple(options.scalars),
        axes=tuple(recorder.given.values()),
        statements=(*shaped, *recorder.in_order()),
        results=_results(returned, recorder, face),
        doc=(function.__doc__ or "").strip(),
        traced=True,
        span=face.span,
    )
    return final_names(definition)


def _results(returned: object, recorder: Recorder, face: Face) -> tuple[str, ...]:
    """The names of the results, after a look at what is missing."""
    own = [name for name in (*recorder.shaped, *recorder.statements) if "." not in name]
    last = own[-1] if own else "V"
    said = recorder.statements[last].span if last in recorder.statements else recorder.declared.get(last)
    where = place(said if own else face.span)
    remedy = f"return {shown(last)}"
    if returned is None:
        raise NotationError(f"op `{face.name}` returns nothing: a forgotten return?", places=where, remedy=remedy)
    found = returned if isinstance(returned, tuple | list) else (returned,)
    errors: list[UnrutError] = []
    for result in found:
        if not isinstance(result, Tensor) or result.recorder is not recorder:
            what = "an expression" if isinstance(result, Expression) else f"a {type(result).__name__}"
            message = f"op `{face.name}` returns {what}, but results are tensors that it defines"
            errors.append(NotationError(message, places=where, remedy='V = ur.tensor("V"), V[i] = ..., return V'))
        elif result.name in recorder.parameters:
            message = f"op `{face.name}` returns its parameter `{result.name}`"
            errors.append(NotationError(message, places=where, remedy=f"a tensor of its own: V[i] = {result.name}[i]"))
    names = [result.name for result in found if isinstance(result, Tensor)]
    if not found or len(set(names)) < len(names):
        message = f"op `{face.name}` returns {'no' if not found else 'one'} tensor{' twice' if found else ''}"
        errors.append(NotationError(message, places=where, remedy="each result once"))
    for name, span in recorder.declared.items():
        if name not in recorder.statements and name not in recorder.shaped:
            changing = [statement for _, statement in recorder.additions if statement.target == name]
            if any(statement.role is Role.covers for statement in changing):
                continue
            added = bool(changing)
            message = f"tensor `{name}` is {'added to, but ' if added else ''}never defined"
            first = f'{name} = ur.tensor("{name}", shape=(...), init=0), or {name}[i, j] = 0'
            remedy = first if added else f"a statement: {name}[i, j] = ..."
            errors.append(NotationError(message, places=place(span), remedy=remedy))
    if errors:
        raise_all(errors)
    return tuple(names)


def tensor(name: str | None = None, *, shape: Value = None, init: Value = None, **later: object) -> Tensor:
    """A tensor of the op, to be defined by `V[i, j] = ...`.

    With `shape`, integers or extents such as `P.shape[0]`, it is defined already: `init` everywhere, 0 if nothing is said.
    Then `V[seg[e], j] += ...` adds to it.

    Without a name it takes that of the variable that it is directly assigned to, `V = ur.tensor()` or
    `V, W = ur.tensor(), ur.tensor()`; where there is none, the first free one of t1, t2, ...
    """
    span = caller_span()
    recorder = needed("a tensor", span)
    if later:
        message = f"`ur.tensor({', '.join(f'{k}=' for k in later)})` is not part of the language yet"
        remedy = 'ur.tensor("V"), whose shape follows from its statement'
        raise NotationError(message, places=place(span), remedy=remedy)
    if name is None:
        numbered = (f"t{k}" for k in range(1, len(recorder.declared) + 2))
        name = assigned_name() or next(n for n in numbered if n not in recorder.declared)
    if not isinstance(name, str):
        raise NotationError("a tensor has a name", places=place(span), remedy='ur.tensor("V")')
    fault = name_fault(name, "tensor", span)
    if fault is not None:
        raise fault
    recorder.declare(name, span)
    if shape is None:
        if init is not None:
            remedy = f'ur.tensor("{name}", shape=(...), init=0)'
            raise NotationError("a tensor with `init` has a shape", places=place(span), remedy=remedy)
        return Tensor(recorder, name)
    extents = tuple(shape) if isinstance(shape, tuple | list) else (shape,)
    recorder.shaped[name] = Shaped(
        extents=tuple(as_expression(extent, span).term for extent in extents),
        init=as_expression(0 if init is None else init, span).term,
        span=span,
    )
    return Tensor(recorder, name, len(extents))


def axes(names: str) -> tuple[Axis, ...]:
    """Axes by name, `n, c = ur.axes("n c")`: a tuple, also for one name. Their ranges follow from the reads.

    An axis is its name: `ur.axis("n")` twice gives the same axis.
    """
    span = caller_span()
    if not isinstance(names, str):
        raise NotationError("names of axes are expected", places=place(span), remedy='ur.axes("n c")')
    found = [name for name in re.split(r"[\s,]+", names) if name]
    errors = [fault for name in found if (fault := name_fault(name, "axis", span)) is not None]
    if errors:
        raise_all(errors)
    if not found or len(set(found)) < len(found):
        what = "one axis twice" if found else "no axis"
        raise AxisError(f"`{names}` names {what}", places=place(span), remedy='ur.axes("n c")')
    return Axes(Axis(name, None, span) for name in found)


def axis(name: str, extent: Value = None, *, start: Value = None, stop: Value = None) -> Axis:
    """An axis; with an extent, a number or one made of extents, its range is given by hand: `ur.axis("y", P.shape[2] - 2)`.

    With `start=` or `stop=`, integer expressions of other axes, it runs from the one to the other, and these may be read
    from tensors: `ur.axis("e", start=ptr[i], stop=ptr[i + 1])`. What is missing is 0, or the extent, which follows from
    the reads. A range that was given holds in all statements of the op.
    """
    span = caller_span()
    if len(str(name).split()) != 1:
        raise NotationError(
            "an axis has one name", places=place(span), remedy='ur.axis("y"), or ur.axes("y x") for two'
        )
    (found,) = axes(name)
    written = (None if value is None else as_expression(value, span).term for value in (extent, start, stop))
    given = GivenAxis(name=found.name, extent=next(written), start=next(written), stop=next(written), span=span)
    if not given.terms():
        return found
    return Axis(found.name, given, span)
