# SPDX-License-Identifier: Apache-2.0
"""Every term behind one element: where it was read, what a policy or a guard did, what it contributed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from unrut.errors import BindError
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import Along, Expr, Program, Read, Reduce, Role, Where
from unrut.program.show import Printer
from unrut.program.walk import children
from unrut.reference.added_terms import added
from unrut.reference.binding import bind
from unrut.reference.evaluation import scene_at
from unrut.reference.explanation import Decision, Explanation, ReadAt
from unrut.reference.interpreter import Interpreter
from unrut.reference.nan_origin import first_strange
from unrut.reference.places import Array, Places, Scene
from unrut.reference.reads import subscripts_of
from unrut.reference.receptive import receptive_field
from unrut.reference.steps import fold_steps
from unrut.reference.terms import fold_terms, line_terms


def explain(
    program: Program,
    arrays: Mapping[str, Array],
    scalars: Mapping[str, float] | None,
    result: str,
    place: Mapping[str, int] | Sequence[int],
) -> Explanation:
    """Why `result` has its value at `place` (by axis, or in the order of its axes). Any tensor of the program will do.

    Only what the element needs is evaluated. Raises BindError for a tensor or a place that is not there.
    """
    scene = bind(program, arrays, scalars or {})
    at = _checked_place(program, scene, result, place)
    interpreter = Interpreter()
    with np.errstate(all="ignore"):
        known = scene_at(program, scene, result, at, interpreter.statement)
        return Witness(program, result, known, interpreter).explanation(at, arrays, scalars or {})


class Witness:
    """Looks at the parts of one element, all tensors that it needs being there."""

    def __init__(self, program: Program, result: str, scene: Scene, interpreter: Interpreter) -> None:
        self.program = program
        self.result = result
        self.whole = scene.whole(program.statement(result).axes)
        self.scene = scene
        self.interpreter = interpreter
        self.printer = Printer(program)

    def value(self, expr: Expr, places: Places) -> Array:
        return self.interpreter.value(expr, places, self.scene)

    def explanation(
        self, place: Mapping[str, int], arrays: Mapping[str, Array], scalars: Mapping[str, float]
    ) -> Explanation:
        """The parts of an element that stand outside its reductions, and these with their terms."""
        statement = self.program.statement(self.result)
        places = Places(ranges={axis: range(k, k + 1) for axis, k in place.items()})
        stored = self.scene.tensors[self.result]
        parts = list(self.parts(statement.body, places))
        additions = [
            replace(fold_terms(added(s, place), Places(), self), text=self.printer.statement(s))
            for s in self.program.changing(self.result)
            if s.role is Role.adds
        ]

        def inside(tensor: str, at: tuple[int, ...]) -> Explanation:
            return explain(self.program, arrays, scalars, tensor, at)

        return Explanation(
            result=self.result,
            place=dict(place),
            value=stored.array[stored.at(places.ranges)].item(),
            wide=self.value(statement.body, places).item() + sum(folding.value for folding in additions),
            statement=self.printer.statement(statement),
            source=statement.span.where() if statement.span is not None else "",
            parts=[part for part, _ in parts if part is not None],
            foldings=[
                fold_terms(e, places, self)
                if isinstance(e, Reduce)
                else fold_steps(e, places, self)
                if isinstance(e, Fold)
                else line_terms(e, places, self)
                for _, e in parts
                if isinstance(e, (Reduce, Fold, Along))
            ]
            + additions,
            first_nan=first_strange(statement.body, places, self.scene, self.interpreter.value, self.program),
            inside=inside,
            fields=lambda: receptive_field(self.program, self.result, place, self.scene),
            intermediates=frozenset(s.target for s in self.program.defining()),
        )

    def parts(self, expr: Expr, places: Places) -> Iterator[tuple[ReadAt | Decision | None, Expr]]:
        """What an expression is made of at one place: reads, decisions, and reductions as they are; of a `where` only the
        branch that was taken."""
        match expr:
            case Read():
                for subscript in expr.subscripts:
                    yield from self.parts(subscript, places)
                yield self.read_at(expr, places), expr
            case Where(condition=condition, then=then, otherwise=otherwise):
                taken = bool(self.value(condition, places).item())
                yield from self.parts(condition, places)
                yield Decision(text=self.printer.expr(condition), value=taken), expr
                yield from self.parts(then if taken else otherwise, places)
            case Reduce() | Fold() | Along():
                yield None, expr
            case _:
                for child in children(expr):
                    yield from self.parts(child, places)

    def term_parts(self, expr: Expr, places: Places) -> list[ReadAt | Decision]:
        """The same inside a term, where a reduction is given by its value."""
        return [
            part if part is not None else Decision(text=self.printer.expr(e), value=self.value(e, places).item())
            for part, e in self.parts(expr, places)
        ]

    def read_at(self, expr: Read, places: Places) -> ReadAt:
        """One read at one place."""
        tensor = self.scene.tensors[expr.tensor]
        asked_arrays, read_arrays = subscripts_of(expr, tensor, places, self.value)
        asked, read = (tuple(int(s.item()) for s in arrays) for arrays in (asked_arrays, read_arrays))
        inside = all(f <= s < n for f, s, n in zip(tensor.first(), read, tensor.shape, strict=True))
        note = ""
        if asked != read:
            note = f"outside, so read at [{', '.join(map(str, read))}]"
        elif not inside:
            note = "outside, nothing read"
        elif min(read, default=0) < 0:
            note = "given before the range"
        return ReadAt(
            text=self.printer.read(expr),
            tensor=expr.tensor,
            asked=asked,
            place=read if inside else None,
            value=self.value(expr, places).item(),
            note=note,
        )


def _checked_place(
    program: Program, scene: Scene, result: str, place: Mapping[str, int] | Sequence[int]
) -> dict[str, int]:
    """The place by axis, in the tensor's order."""
    names = [s.target for s in program.defining()]
    if result not in names:
        raise BindError(
            f"`{program.name}` defines no tensor `{result}` that could be explained",
            remedy=f"one of {', '.join(names)}",
        )
    axes = program.statement(result).axes
    wanted = f"{result}[{', '.join(axis.name for axis in axes)}]"
    if not isinstance(place, Mapping):
        place = {axis.name: k for axis, k in zip(axes, place, strict=False)} if len(place) == len(axes) else {}
    missing = [axis.name for axis in axes if axis.name not in place]
    extra = [name for name in place if name not in {axis.name for axis in axes}]
    if missing or extra:
        what = f"leaves out {', '.join(missing)}" if missing else f"has {', '.join(extra)}, which is no axis of it"
        raise BindError(
            f"the place {what}: `{wanted}` has the axes {', '.join(a.name for a in axes) or '(none)'}",
            remedy=f"explain({', '.join(f'{a.name}=0' for a in axes)})",
        )
    for axis in axes:
        extent = scene.length(axis.extent)
        if not isinstance(place[axis.name], int | np.integer):
            raise BindError(f"the place {axis.name} = {place[axis.name]!r} is no integer", remedy=f"{axis.name}=0")
        if not 0 <= place[axis.name] < extent:
            raise BindError(
                f"`{wanted}` has no place {axis.name} = {place[axis.name]}: the axis has extent {extent}",
                remedy=f"{axis.name} from 0 to {extent - 1}" if extent else "operands that leave something to compute",
            )
    return {axis.name: int(place[axis.name]) for axis in axes}
