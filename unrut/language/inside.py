# SPDX-License-Identifier: Apache-2.0
"""Every affine subscript without a policy is proved inside its operand: from the ranges of axes, and the guards around it.

What can't be proved is refused where sizes are numbers, and becomes a precondition where they are run-time sizes (refused
too if it could never hold). A read is judged as if every axis of its subscripts and guards had at least one place:
otherwise it never happens. Other axes around it excuse nothing, so a read may be moved out of their loops.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

from unrut.errors import RangeError, UnrutError
from unrut.language.declarations import at
from unrut.language.guards import Guard, guard_of
from unrut.language.prover import never_exceeds, sizes_at_least, upper_bounds
from unrut.language.ranks import places_of, rank_read
from unrut.language.uses import used_by
from unrut.program.affine import Affine, affine
from unrut.program.extents import Extent, least
from unrut.program.fold_nodes import Fold
from unrut.program.intervals import if_not_empty
from unrut.program.nodes import (
    Along,
    Axis,
    Expr,
    OutsideMode,
    Precondition,
    Read,
    Reduce,
    Relation,
    Role,
    Statement,
    Where,
)
from unrut.program.ragged import is_ragged, within
from unrut.program.values import value_of
from unrut.program.walk import bounds_of, children, free_axes, outside_of

Shapes = Mapping[str, tuple[Extent, ...]]
MOST_PLACES_TRIED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A read, the axes bound where it stands, and what the guards around it say.

    `places`: the shape of what a rank reads. `writes`: whether it stands for the place that something is added to.
    """

    read: Read
    axes: Mapping[str, Extent]
    guard: Guard
    places: tuple[Extent, ...] = ()
    writes: bool = False


def check_inside(
    statements: Sequence[Statement],
    shapes: Shapes,
    required: Sequence[Precondition],
    before: Mapping[str, tuple[int, ...]],
    errors: list[UnrutError],
) -> list[Precondition]:
    """Prove every read inside, or add an error, or return what run-time sizes have to fulfil beyond what is required.

    `before` says how many places before its range a tensor has in each dimension, if it has any.
    """
    equal = {(needed.left, needed.right) for needed in required if needed.relation is Relation.equal}
    found: list[Precondition] = []
    defined = {statement.target for statement in statements}
    for statement in statements:
        axes = {axis.name: axis.extent for axis in statement.axes}
        ranged = Guard()
        for axis in statement.axes:
            ranged = ranged & _in_range(axis)
        for expr in (*bounds_of(statement.axes), *used_by(statement)):
            for guarded in guarded_reads(expr, axes, ranged):
                if guarded.read.outside is None:
                    shape = guarded.places or shapes[guarded.read.tensor]
                    writes = guarded.read is expr and statement.role in (Role.adds, Role.covers)
                    earlier = before.get(guarded.read.tensor, (0,) * len(shape)) if not writes else (0,) * len(shape)
                    own = guarded.read.tensor in defined and not writes
                    found += _check(replace(guarded, writes=writes), shape, earlier, equal, own, errors)
    return found


def guarded_reads(expr: Expr, axes: Mapping[str, Extent], guard: Guard) -> Iterator[Guarded]:
    """Every read of an expression with the guards that protect it."""
    match expr:
        case Read(subscripts=subscripts, outside=outside):
            yield Guarded(read=expr, axes=axes, guard=guard)
            extra = () if outside is None or isinstance(outside, OutsideMode) else (outside,)
            for part in (*subscripts, *extra):
                yield from guarded_reads(part, axes, guard)
        case Where(condition=condition, then=then, otherwise=otherwise):
            yield from guarded_reads(condition, axes, guard)
            yield from guarded_reads(then, axes, guard & guard_of(condition))
            yield from guarded_reads(otherwise, axes, guard & guard_of(condition, holds=False))
        case Reduce(axes=bound, where=where) | Fold(axes=bound, where=where):
            inner, ranged = dict(axes), guard
            for axis in bound:
                for end in bounds_of((axis,)):
                    yield from guarded_reads(end, inner, ranged)
                inner[axis.name] = axis.extent
                ranged = ranged & _in_range(axis)
            if where is not None:
                yield from guarded_reads(where, inner, ranged)
            for part in (expr.body,) if isinstance(expr, Reduce) else expr.lift:
                yield from guarded_reads(part, inner, ranged & guard_of(where) if where is not None else ranged)
            ranks = rank_read(expr) if isinstance(expr, Reduce) and not _never_ranked(expr) else None
            if isinstance(expr, Reduce) and ranks is not None:
                yield Guarded(read=ranks, axes=axes, guard=guard, places=places_of(expr))
            for part in outside_of(expr) if isinstance(expr, Reduce) else ():
                yield from guarded_reads(part, axes, guard)
        case Along(axis=axis, body=body):
            # The whole line is read, also where the axis is not what the guard lets through.
            yield from guarded_reads(body, axes, guard.without(axis.name) & _in_range(axis))
        case _:
            for part in children(expr):
                yield from guarded_reads(part, axes, guard)


def _never_ranked(reduce: Reduce) -> bool:
    """Whether a range is known to be empty, so that no rank is right: `emptiness` says so, and once is enough."""
    whole = (axis.extent for axis in reduce.axes if not is_ragged(axis))
    return any(extent.is_fixed and extent.value() <= 0 for extent in whole)


def _in_range(axis: Axis) -> Guard:
    """What the bounds of an axis say of its places, as far as they are affine."""
    found = Guard()
    for condition in within(axis):
        found = found & guard_of(condition)
    return replace(found, whole=True, ranged=found.whole)


def _check(
    guarded: Guarded,
    shape: tuple[Extent, ...],
    before: tuple[int, ...],
    equal: set[tuple[Extent, Extent]],
    defined: bool,
    errors: list[UnrutError],
) -> list[Precondition]:
    read = guarded.read
    forms = [affine(subscript) for subscript in read.subscripts]
    conditions = (*guarded.guard.facts, *guarded.guard.apart)
    used = {name for form in (*forms, *conditions) if form is not None for name in form.axes}
    used |= {name for s, form in zip(read.subscripts, forms, strict=True) if form is None for name in free_axes(s)}
    involved = [guarded.axes[name] for name in guarded.axes if name in used]
    if any(extent.is_fixed and extent.value() <= 0 for extent in involved):
        return []
    if any(not fact.terms and fact.constant.is_fixed and fact.constant.value() > 0 for fact in guarded.guard.facts):
        return []
    found: list[Precondition] = []
    for k, (form, dimension) in enumerate(zip(forms, shape, strict=True)):
        if form is None:  # a computed place, which is checked where it is computed
            continue
        if form.bare is not None:
            extent = guarded.axes[form.bare]
            if extent == dimension or (extent, dimension) in equal:
                continue
        low = _side(guarded, form * -1, Extent(constant=before[k]), involved)
        high = _side(guarded, form, dimension - 1, involved)
        if isinstance(low, Extent) or isinstance(high, Extent):
            below, above = (side if isinstance(side, Extent) else None for side in (low, high))
            error = _leaves(guarded, k, form, dimension, below=below, above=above)
            if defined and above is None and below is not None and below.is_fixed:
                places = ["..."] * k + [str(-below.value())] + ["..."] * (len(shape) - k - 1)
                error.remedy = f"{read.tensor}[{', '.join(places)}] = ..., the place before the range; {error.remedy}"
            errors.append(error)
            continue
        because = f"{read.tensor}[{k}] is {'added to' if guarded.writes else 'read'} inside"
        empty = tuple(extent for extent in involved if not extent.is_fixed)
        for bound in low or ():
            zero = Extent(constant=-before[k])
            found.append(
                Precondition(
                    left=zero, relation=Relation.at_most, right=bound * -1, because=because, unless_empty=empty
                )
            )
        for bound in high or ():
            found.append(
                Precondition(
                    left=bound, relation=Relation.at_most, right=dimension - 1, because=because, unless_empty=empty
                )
            )
    return found


def never_above(guarded: Guarded, form: Affine, limit: Extent) -> bool:
    """Whether a form of the axes is proved to be at most `limit` wherever a read happens."""
    conditions = (*guarded.guard.facts, *guarded.guard.apart)
    used = {
        name for f in (form, *map(affine, guarded.read.subscripts), *conditions) if f is not None for name in f.axes
    }
    return _side(guarded, form, limit, [guarded.axes[name] for name in guarded.axes if name in used]) == []


def _side(guarded: Guarded, form: Affine, limit: Extent, involved: Sequence[Extent]) -> Extent | list[Extent]:
    """Whether form <= limit: nothing to require, one bound to require at run time, or the bound that is too large."""
    extents = {name: if_not_empty(extent) for name, extent in guarded.axes.items()}
    facts = guarded.guard.sharpened(extents)
    minima = sizes_at_least([if_not_empty(extent) for extent in involved], facts)
    bounds = []
    for bound in upper_bounds(form, extents, facts):
        if never_exceeds(bound, limit, minima):
            return []
        bounds.append(bound)
    if all(never_exceeds(limit + 1, bound, minima) for bound in bounds):
        return bounds[0]
    return [least(*bounds[:4])]


def _leaves(
    guarded: Guarded, k: int, form: Affine, dimension: Extent, *, below: Extent | None, above: Extent | None
) -> RangeError:
    read, tensor = guarded.read, guarded.read.tensor
    what = "an addition" if guarded.writes else "a rank" if guarded.places else "a read"
    witness = _witness(guarded, form, dimension)
    side = f"down to {below * -1}" if below is not None else f"up to {above}"
    reached = sum(len({atom} if isinstance(atom, str) else atom.dividend.axes) for _, atom in form.terms)
    if witness is None and guarded.guard == Guard() and reached == len(form.axes):
        message = f"{what} leaves `{tensor}`: `{form}` goes {side}, the extent is {dimension}"
        note = f"subscript {k} of {tensor}" if not guarded.places else "counted from 0"
    elif witness is None:
        end = f"`{form}` may go {side}, its extent is {dimension}"
        message = f"{what} {'to' if guarded.writes else 'of'} `{tensor}` can't be proved to stay inside: {end}"
        if not guarded.guard.whole:
            message += ", and the guard around it can't be followed"
        elif not guarded.guard.ranged:
            message += ", and the range around it, which data give, can't be followed"
        note = f"subscript {k} of {tensor}"
    else:
        place = value_of(form, witness)
        where = ", ".join(f"{name} = {value}" for name, value in witness.items() if name in form.axes)
        last = dimension.value() - 1
        far = f"{-place} before the first place" if place < 0 else f"{place - last} beyond the last place, {last}"
        side = f"down to {place}" if place < 0 else f"up to {place}"
        message = f"{what} leaves `{tensor}`: `{form}` goes {side}, the extent is {dimension}"
        note = f"{f'at {where} ' if where else ''}it is {place}, {far}"
    remedy = _remedy(guarded, tuple(sorted(form.axes))) if not guarded.places else f"a rank from 0 to {dimension - 1}"
    if not guarded.places and not form.terms and below is not None:
        remedy = f"{_from_the_end(read, k, form)}, as places count from the front; or {remedy}"
    return RangeError(message, places=at(read.span, note), remedy=remedy)


def _from_the_end(read: Read, k: int, form: Affine) -> str:
    """What stands for Python's `x[-1]`: `x.shape[0] - 1`."""
    return f"{read.tensor}.shape[{k}] - {form.constant * -1}"


def _remedy(guarded: Guarded, axes: tuple[str, ...]) -> str:
    read = guarded.read
    fill = "0.0" if read.dtype.is_float else ("0" if read.dtype.is_integer else "False")
    choices = [f"{read.tensor}.outside({fill})[...]", "a guard: where(..., ..., 0)"]
    if guarded.writes:
        choices = [f"a larger `{read.tensor}`"]
    if axes:
        choices.append(f"a smaller range of {' or '.join(f'`{axis}`' for axis in axes)}")
    return ", ".join(choices[:-1]) + f", or {choices[-1]}" if len(choices) > 1 else choices[0]


def _witness(guarded: Guarded, form: Affine, dimension: Extent) -> dict[str, int] | None:
    """Values of the axes at which the read leaves its operand, the worst of those tried; None if none is known."""
    conditions = (*guarded.guard.facts, *guarded.guard.apart)
    names = sorted({*form.axes, *(axis for fact in conditions for axis in fact.axes)})
    extents = [guarded.axes[name] for name in names]
    needed = [dimension, form.constant, *extents, *(fact.constant for fact in conditions)]
    if not (guarded.guard.whole and guarded.guard.ranged) or not all(extent.is_fixed for extent in needed):
        return None
    ends = product(*({0, extent.value() - 1} for extent in extents))
    places = islice(product(*(range(extent.value()) for extent in extents)), MOST_PLACES_TRIED)
    for tried in (ends, places):
        outside: list[tuple[int, dict[str, int]]] = []
        for values in tried:
            chosen = dict(zip(names, values, strict=True))
            place = value_of(form, chosen)
            beyond = max(-place, place - dimension.value() + 1)
            if beyond > 0 and guarded.guard.allows(chosen):
                outside.append((beyond, chosen))
        if outside:
            return max(outside, key=lambda found: found[0])[1]
    return None
