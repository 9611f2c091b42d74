# SPDX-License-Identifier: Apache-2.0
"""Random computed places: reads of rows that an integer operand chooses, and additions where it says.

In exact mode an operand holds integers within +-3, so that `P[i] + 3` is valid in a dimension of 7 and nobody can prove it;
elsewhere places are made valid by `%`, by a clamp, by argmax, or a policy says what is outside.
"""

from __future__ import annotations

from unrut.testing.drafts import EXACT_LIMIT, Draft, Scope, Term

REACH = 3  # of the integers of exact mode
MODES = ("edge", "wrap", "reflect", "symmetric")


def computed_read(draft: Draft, scopes: list[Scope], kind: str) -> Term:
    """A read of a fresh operand at a place that another fresh operand gives, beside a bare axis or two."""
    axes = [axis for scope in scopes for axis in scope.axes]
    extent = draft.pick(draft.scale.tables)
    form = draft.pick(("policy", "value", "guard", *["place"] * 5))
    inside = form == "place"
    place = computed_place(draft, scopes, extent) if inside else _index(draft, scopes)
    subscripts, dimensions = [place], [extent]
    if draft.chance(50):
        bare = draft.pick(axes)
        at = draft.pick((0, 1))
        subscripts.insert(at, bare)
        dimensions.insert(at, draft.extents[bare])
        _mark(scopes, bare)
    name = draft.add_operand(kind, tuple(dimensions))
    size = draft.operands[name].size
    fill = {"float": "-1", "int": "2", "uint": "2", "bool": "True", "complex": "1"}[kind]
    read = f"[{', '.join(subscripts)}]"
    if form == "policy" and all(dimensions):
        return Term(text=f'{name}.outside("{draft.pick(MODES)}"){read}', kind=kind, size=size)
    if form == "guard":
        below = f"cast({place}, i64)" if extent > 127 else place
        guarded = f"where(({place} >= 0) & ({below} < {extent}), {name}{read}, {fill})"
        return Term(text=guarded, kind=kind, size=size)
    if not inside:
        return Term(text=f"{name}.outside({fill}){read}", kind=kind, size=size)
    return Term(text=f"{name}{read}", kind=kind, size=size)


def computed_place(draft: Draft, scopes: list[Scope], extent: int) -> str:
    """A place that is inside a dimension of this extent, unless invalid ones are drawn."""
    index = _index(draft, scopes)
    if extent > 127:  # more than the numbers of the smallest dtype
        index = f"cast({index}, i64)"
    if draft.exact and extent > 2 * REACH and draft.chance(50):
        return f"{index} + {REACH}"
    if draft.exact and draft.invalid and draft.chance(25):
        return index
    if draft.chance(30):
        return f"minimum(maximum({index}, 0), {extent - 1})"
    return f"{index} % {extent}"


def _index(draft: Draft, scopes: list[Scope]) -> str:
    """A read of a fresh integer operand with bare axes."""
    axes = [axis for scope in scopes for axis in scope.axes]
    chosen = axes[: draft.pick((1, 1, 2))]
    for axis in chosen:
        _mark(scopes, axis)
    name = draft.add_operand("int", tuple(draft.extents[axis] for axis in chosen))
    for dimension, axis in enumerate(chosen):
        draft.bare_dimensions.setdefault(axis, []).append(f"{name}.{dimension}")
    return f"{name}[{', '.join(chosen)}]"


def _mark(scopes: list[Scope], axis: str) -> None:
    for scope in scopes:
        if axis in scope.axes:
            scope.bare.add(axis)


def left_side(draft: Draft, axes: tuple[str, ...]) -> tuple[str, Scope] | None:
    """Subscripts of an addition to a tensor over `axes`, and the axes of the addition; None if there is no place at all."""
    extents = [draft.extents[axis] for axis in axes]
    if not all(extents):
        return None
    scope = Scope(axes=())
    subscripts: list[str] = []
    for axis, extent in zip(axes, extents, strict=True):
        form = draft.pick(("bare", "computed", "computed", "affine", "number"))
        if form == "bare":
            scope = Scope(axes=(*scope.axes, axis), bare=scope.bare | {axis})
            subscripts.append(axis)
        elif form == "affine" and extent > 1:
            own = draft.new_axis(zero=False, limit=(extent + 1) // 2)
            draft.given.add(own)
            scope = Scope(axes=(*scope.axes, own), bare=scope.bare)
            step = (extent - 1) // max(1, draft.extents[own] - 1) if draft.extents[own] > 1 else 1
            subscripts.append(f"{min(2, step)}*{own}")
        elif form == "computed" or (form == "affine" and extent == 1):
            alone = Scope(axes=(draft.new_axis(limit=draft.scale.added),))
            subscripts.append(computed_place(draft, [alone], extent))
            scope = Scope(axes=(*scope.axes, *alone.axes), bare=scope.bare | alone.bare)
        else:
            subscripts.append(str(draft.pick(range(extent))))
    return ", ".join(subscripts) or "()", scope


def places_of(draft: Draft, scope: Scope) -> int:
    """How many terms an addition has."""
    count = 1
    for axis in scope.axes:
        count *= max(1, draft.extents[axis])
    return count


def fits(draft: Draft, before: int, term: Term, count: int) -> bool:
    """Whether what is added leaves sums exact."""
    return not draft.exact or before + count * max(1, term.size) <= EXACT_LIMIT
