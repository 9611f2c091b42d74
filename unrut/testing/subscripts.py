# SPDX-License-Identifier: Apache-2.0
"""Random reads: subscripts from the axes in scope, inside their tensor by construction, by a guard, or by a policy."""

from __future__ import annotations

from hypothesis import strategies as st

from unrut.testing.drafts import Draft, Scope, Term

MODES = ("edge", "wrap", "reflect", "symmetric")


def _axes(scopes: list[Scope]) -> list[str]:
    return [axis for scope in scopes for axis in scope.axes]


def _mark_bare(scopes: list[Scope], axis: str) -> None:
    for scope in scopes:
        if axis in scope.axes:
            scope.bare.add(axis)


def _affine(draft: Draft, scopes: list[Scope]) -> tuple[str, int, int]:
    """An affine subscript and the least and largest place it reaches."""
    chosen = draft.draw(st.lists(st.sampled_from(_axes(scopes)), min_size=1, max_size=2, unique=True))
    text, low, high = "", 0, 0
    for axis in chosen:
        coefficient = draft.pick((1, 2, 3, -1))
        reach = coefficient * max(0, draft.extents[axis] - 1)
        low, high = low + min(0, reach), high + max(0, reach)
        body = axis if abs(coefficient) == 1 else f"{abs(coefficient)}*{axis}"
        text = f"{text} {'-' if coefficient < 0 else '+'} {body}" if text else ("-" if coefficient < 0 else "") + body
    if draft.chance(20):
        divisor = draft.pick((2, 3))
        if draft.chance(50):
            return f"({text}) % {divisor}", 0, divisor - 1
        return f"({text})//{divisor}", low // divisor, high // divisor
    return text, low, high


def _shifted(text: str, shift: int) -> str:
    return text if shift == 0 else f"{text} {'+' if shift > 0 else '-'} {abs(shift)}"


def new_read(draft: Draft, scopes: list[Scope], kind: str) -> Term:
    """A read of a fresh operand whose extents are made to fit."""
    if not _axes(scopes):
        name = draft.add_operand(kind, ())
        return Term(text=f"{name}[()]", kind=kind, size=3)
    rank = draft.pick((1, 2, 2, 3, 0))
    outside = draft.chance(15)
    subscripts, dimensions, unused = [], [], list(dict.fromkeys(reversed(_axes(scopes))))
    for _ in range(rank):
        if unused and draft.chance(75):
            axis = draft.pick(unused)
            unused.remove(axis)
            subscripts.append(axis)
            dimensions.append(draft.extents[axis])
            _mark_bare(scopes, axis)
        else:
            text, low, high = _affine(draft, scopes)
            place = _shifted(text, draft.pick((0, 1, -2)) if outside else -low)
            extent = draft.pick(draft.scale.outside) if outside else high - low + 1 + draft.pick((0, 0, 1, 3))
            if place in draft.extents:  # bare by chance, and a bare subscript fixes its axis
                extent = draft.extents[place]
                _mark_bare(scopes, place)
            subscripts.append(place)
            dimensions.append(extent)
    name = draft.add_operand(kind, tuple(dimensions))
    size = draft.operands[name].size
    for dimension, axis in enumerate(subscripts):
        if axis in draft.extents:
            draft.bare_dimensions.setdefault(axis, []).append(f"{name}.{dimension}")
    if outside and all(dimensions):
        if draft.chance(60):
            fill = {"float": "0", "int": "1", "uint": "1", "bool": "False", "complex": "1j"}[kind]
            return Term(text=f"{name}.outside({fill})[{', '.join(subscripts) or '()'}]", kind=kind, size=size)
        return Term(
            text=f'{name}.outside("{draft.pick(MODES)}")[{", ".join(subscripts) or "()"}]', kind=kind, size=size
        )
    if outside:
        return Term(
            text=f"{name}.outside({'False' if kind == 'bool' else '2'})[{', '.join(subscripts) or '()'}]",
            kind=kind,
            size=size,
        )
    return Term(text=f"{name}[{', '.join(subscripts) or '()'}]", kind=kind, size=size)


def old_read(draft: Draft, scopes: list[Scope], name: str) -> Term:
    """A read of a tensor that exists already, each subscript made to fit its extent."""
    tensor = draft.defined.get(name) or draft.operands[name]
    subscripts = [_fitting(draft, scopes, name, d, extent) for d, extent in enumerate(tensor.dimensions)]
    return Term(text=f"{name}[{', '.join(subscripts) or '()'}]", kind=tensor.kind, size=tensor.size)


def readable(draft: Draft) -> list[str]:
    """Tensors that any subscript can read: none of their extents is 0."""
    return [name for name, t in (draft.operands | draft.defined).items() if all(t.dimensions)]


def _fitting(draft: Draft, scopes: list[Scope], name: str, dimension: int, extent: int) -> str:
    equal = [a for a in _axes(scopes) if draft.extents[a] == extent]
    smaller = [a for a in _axes(scopes) if draft.extents[a] < extent]
    options = ["constant", "wrapped"][: 2 if _axes(scopes) else 1]
    kind = draft.pick([*["equal"] * (4 if equal else 0), *["smaller"] * (2 if smaller else 0), *options])
    if kind == "equal":
        axis = draft.pick(equal)
        _mark_bare(scopes, axis)
        return str(axis)
    if kind == "smaller":
        axis = draft.pick(smaller)
        shift = draft.draw(st.integers(0, extent - max(1, draft.extents[axis])))
        if shift == 0:
            draft.given.add(axis)
        return _shifted(axis, shift)
    if kind == "wrapped":
        return f"{draft.pick(_axes(scopes))} % {extent}"
    return str(draft.draw(st.integers(0, extent - 1)))


def guarded_read(draft: Draft, scopes: list[Scope], kind: str) -> Term:
    """`where(0 <= place < extent, P[place], other)`: a read that only its guard keeps inside."""
    text, _, _ = _affine(draft, scopes)
    shift, extent = draft.pick((0, -1, 2, -3)), draft.pick(draft.scale.guarded)
    name = draft.add_operand(kind, (extent,))
    place = _shifted(text, shift)
    if place in draft.extents:  # bare by chance: the range stays what it is, the guard protects the read
        draft.given.add(place)
    other = {"float": "-1", "int": "2", "uint": "3", "bool": "True", "complex": "2j"}[kind]
    guard = f"({place} >= 0) & ({place} < {extent})"
    return Term(text=f"where({guard}, {name}[{place}], {other})", kind=kind, size=3)
