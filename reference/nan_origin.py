# SPDX-License-Identifier: Apache-2.0
"""Where the first NaN, or the first infinity, behind a value came from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unrut.program.fold_nodes import Fold
from unrut.program.nodes import Along, Expr, OutsideMode, Program, Read, Reduce, Where
from unrut.program.ragged import domain
from unrut.program.show import Printer
from unrut.program.walk import children
from unrut.reference.along import terms_in_range
from unrut.reference.places import Array, Places, Scene
from unrut.reference.ranges import line, reach


def first_strange(
    expr: Expr, places: Places, scene: Scene, value: Callable[[Expr, Places, Scene], Array], program: Program
) -> str:
    """One sentence that follows the value down to the operand's element that is not finite, or to the operation that made
    it so from finite values; empty if the value is finite. At one place only; NaN is followed before infinities."""
    found = value(expr, places, scene)
    if found.dtype.kind not in "fcV" or np.isfinite(found).all():
        return ""
    strange = np.isnan if np.isnan(found).any() else np.isinf
    printer = Printer(program)

    def is_strange(part: Expr, at: Places) -> bool:
        there = value(part, at, scene)
        return there.dtype.kind in "fcV" and bool(strange(there).any())

    def follow(part: Expr, at: Places) -> str:
        where = ", ".join(f"{axis} = {r.start}" for axis, r in at.ranges.items() if len(r) == 1)
        match part:
            case Read(tensor=tensor, subscripts=subscripts, outside=outside):
                asked = [int(value(s, at, scene).ravel()[0]) for s in subscripts]
                if not (outside is None or isinstance(outside, OutsideMode)) and is_strange(outside, at):
                    return follow(outside, at)
                given = "" if tensor in {o.name for o in program.operands} else ", an intermediate: explain it next"
                return f"`{tensor}{asked}` is {_name(strange)} already{given}; read at {where or 'the only place'}"
            case Where(condition=condition, then=then, otherwise=otherwise):
                return follow(then if bool(value(condition, at, scene).ravel()[0]) else otherwise, at)
            case Reduce() | Fold():

                def there(e: Expr, p: Places) -> Array:
                    return value(e, p, scene)

                inner = at.inside(reach(part.axes, at, scene, there))
                taken = domain(part)
                included = np.ones((), np.bool_) if taken is None else there(taken, inner)
                for body in (part.body,) if isinstance(part, Reduce) else part.lift:
                    terms = np.broadcast_to(np.where(included, there(body, inner.where(included)), 0), inner.shape)
                    if terms.dtype.kind in "fc" and strange(terms).any():
                        return follow(body, _pinned(inner, np.argwhere(strange(terms))[0].tolist()))
            case Along(axis=axis, body=body):
                lines = at.along(axis.name, line(axis, at, scene, lambda e, p: value(e, p, scene)))
                x = terms_in_range(part, lines, lambda e, p: value(e, p, scene))
                terms = np.broadcast_to(x, lines.shape)
                if strange(terms).any():
                    return follow(body, _pinned(lines, np.argwhere(strange(terms))[0].tolist()))
            case _:
                for child in children(part):
                    if is_strange(child, at):
                        return follow(child, at)
        made_of = ", ".join(f"{printer.expr(c)} = {_shown(value(c, at, scene))}" for c in _direct(part))
        return f"`{printer.expr(part)}` makes it{f' from {made_of}' if made_of else ''}, at {where or 'the only place'}"

    return follow(expr, places)


def _direct(part: Expr) -> tuple[Expr, ...]:
    return () if isinstance(part, (Reduce, Fold, Along)) else children(part)


def _shown(value: Array) -> str:
    return f"{value.ravel()[0]:.6g}"


def _name(strange: object) -> str:
    return "NaN" if strange is np.isnan else "infinite"


def _pinned(places: Places, index: list[int]) -> Places:
    """The one place of a block at an index."""
    ranges = {axis: range(r[k], r[k] + 1) for (axis, r), k in zip(places.ranges.items(), index, strict=True)}
    return Places(ranges=ranges)
