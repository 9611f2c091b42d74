# SPDX-License-Identifier: Apache-2.0
"""Random recurrences: tensors that read earlier steps of themselves and of each other, with what stands before the range.

A circle of one to three tensors shares a step axis, sometimes a second one. Each reads the one before it in the same step,
the first of them the last one at an earlier step: shifted, halved, in a sum over another axis, or all earlier steps under
a guard. What would leave the range is given by initial statements, by a guard, or by a value outside. In exact mode
every step is cut off, so that nothing grows.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from unrut.testing.drafts import Draft, Scope, Tensor
from unrut.testing.expressions import expression

CUT = 50
"""What values are cut off at in exact mode."""


@dataclass(slots=True, kw_only=True)
class Circle:
    """The tensors of one circle: their axes with the ordered ones first known, what kind they are, how far back is read."""

    kind: str
    axes: list[str]
    steps: list[str]
    names: list[str]
    protection: str
    reach: int = 0

    def place(self, changes: dict[str, str] | None = None) -> str:
        """Subscripts of a member, bare but for the changes."""
        return ", ".join((changes or {}).get(axis, axis) for axis in self.axes)


def recurrence(draft: Draft, stem: str) -> list[str]:
    """Write a circle of statements; the names of its tensors."""
    steps = [_axis(draft, draft.scale.steps) for _ in range(draft.pick((1, 1, 1, 2)))]
    inner = [_axis(draft, draft.scale.widths) for _ in range(draft.pick((1, 0, 2)))]
    circle = Circle(
        kind=draft.pick(("float", "float", "int", "complex")),
        axes=list(draft.draw(st.permutations([*steps, *inner]))),
        steps=steps,
        names=[f"{stem}{k}" for k in range(draft.pick((1, 1, 2, 3)) if len(steps) == 1 else 1)],
        protection=draft.pick(("starts", "guard", "outside")),
    )
    draft.given |= set(circle.axes)
    bodies = [_body(draft, circle, k) for k in range(len(circle.names))]
    for name, body in zip(circle.names, bodies, strict=True):
        draft.statements.append(f"{name}[{circle.place()}] = {body}")
    if circle.protection == "starts":
        _starts(draft, circle)
    dimensions = tuple(draft.extents[a] for a in circle.axes)
    for name in circle.names:
        draft.defined[name] = Tensor(dtype="", kind=circle.kind, dimensions=dimensions, size=CUT)
    return circle.names


def _axis(draft: Draft, extents: tuple[int, ...]) -> str:
    name = draft.new_axis(zero=False)
    draft.extents[name] = draft.pick(extents)
    return name


def _body(draft: Draft, circle: Circle, number: int) -> str:
    """What one member computes from the member before, from an earlier step, and from something else."""
    scope = Scope(axes=tuple(circle.axes))
    other = expression(draft, [scope], circle.kind, 1)
    if number:
        carried = f"{circle.names[number - 1]}[{circle.place()}]"
        if draft.chance(30):
            carried += f" - {_earlier(draft, circle, draft.pick(circle.names))}"
    else:
        carried = _earlier(draft, circle, circle.names[-1])
        if len(circle.steps) > 1:
            beside = _before(draft, circle, circle.names[0], circle.steps[1])
            either = ("({}) + ({})",) if circle.kind == "complex" else ("maximum({}, {})", "minimum({}, {})")
            carried = draft.pick(either).format(carried, beside)
    unordered = (f"{carried} + {other.text}", f"{other.text} - ({carried})")
    if circle.kind == "complex":
        mixed = draft.pick((*unordered, f"{other.text} + 1j*conj({carried})"))
        return _cut(circle, mixed) if draft.exact else str(draft.pick((f"0.5*({mixed})", f"(0.3 - 0.4j)*({mixed})")))
    mixed = draft.pick((*unordered, f"maximum({carried}, {other.text})"))
    if draft.exact or circle.kind == "int":
        return _cut(circle, mixed)
    return str(draft.pick((f"tanh({mixed})", f"0.5*({mixed})", mixed)))


def _cut(circle: Circle, text: str) -> str:
    """A value between the cuts, complex numbers in each part."""
    if circle.kind == "complex":
        parts = (f"minimum(maximum({part}({text}), -{CUT}), {CUT})" for part in ("real", "imag"))
        return "{} + 1j*{}".format(*parts)
    return f"minimum(maximum({text}, -{CUT}), {CUT})"


def _earlier(draft: Draft, circle: Circle, name: str) -> str:
    """A read, or a reduction over reads, of earlier steps of the first ordered axis."""
    step = circle.steps[0]
    inner = [a for a in circle.axes if a not in circle.steps]
    forms = ["shift", "shift", "all", *(["sum"] if inner else [])]
    if circle.protection == "guard":
        forms.append("half")
    match draft.pick(forms) if len(circle.steps) == 1 else "shift":
        case "all":
            past = draft.new_axis(zero=False)
            draft.extents[past] = draft.extents[step]
            draft.given.add(past)
            read = f"{name}[{circle.place({step: past})}]"
            kinds = (("sum", ""),) if circle.kind == "complex" else (("sum", ""), ("max", ", initial=0"))
            kind, initial = draft.pick(kinds)
            return f"{kind}[{past}]({read}, where={past} < {step}{initial})"
        case "half":
            return f"where({step} > 0, {name}[{circle.place({step: f'{step}//2'})}], 1)"
        case "sum":
            over = draft.new_axis(zero=False)
            axis = draft.pick(inner)
            draft.extents[over] = draft.extents[axis]
            draft.given.add(over)
            weight = draft.add_operand(circle.kind, (draft.extents[over], draft.extents[axis]))
            return f"sum[{over}]({_before(draft, circle, name, step, {axis: over})}*{weight}[{over}, {axis}])"
        case _:
            return _before(draft, circle, name, step)


def _before(draft: Draft, circle: Circle, name: str, step: str, changes: dict[str, str] | None = None) -> str:
    """A read one or two steps back, protected where it leaves the range."""
    back = draft.pick((1, 1, 2)) if len(circle.steps) == 1 else 1
    circle.reach = max(circle.reach, back)
    place = circle.place({**(changes or {}), step: f"{step} - {back}"})
    value = draft.pick(("0", "1"))
    match circle.protection:
        case "guard":
            return f"where({step} >= {back}, {name}[{place}], {value})"
        case "outside":
            return f"{name}.outside({value})[{place}]"
        case _:
            return f"{name}[{place}]"


def _starts(draft: Draft, circle: Circle) -> None:
    """What stands before the range of every member, as far back as anything is read; corners are never read."""
    for name in circle.names:
        for step in circle.steps:
            for back in range(1, circle.reach + 1):
                rest = [a for a in circle.axes if a != step]
                term = expression(draft, [Scope(axes=tuple(rest))], circle.kind, 0)
                text = _cut(circle, term.text) if circle.kind == "int" or draft.exact else term.text
                draft.statements.append(f"{name}[{circle.place({step: f'-{back}'})}] = {text}")
