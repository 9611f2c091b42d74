# SPDX-License-Identifier: Apache-2.0
"""Ranges of axes: the normative algorithm.

Every axis runs from 0 to an extent. Unknown are the extents of the free axes of each statement and of the axes of
each reduction, but for those given by hand. Known are the extents of operands; those of a tensor defined here are the
extents of the free axes of its statement. A *use* is one subscript of one read. Then, in rounds independent of the
order of text:

 A. As long as there is one: an unknown axis that stands bare in a use whose dimension has a known extent takes it,
    also under a policy.
 B. A use without policy that is affine *judges* an axis if that axis is the only unknown one in it, occurs in it once
    and not below `%`, and the dimension's extent is known. All unknown axes that are judged by every policy-free
    affine use in which they occur (but below `%`) are bounded at once; if there is none, all those judged by at least
    one use. Each gets the largest range from 0 that keeps all judging uses inside, every other axis at the end of its
    range that is worst for it: for a subscript c*axis + rest into dimension dim

        c > 0:  extent = (dim - 1 - max(rest)) // c + 1          c < 0:  extent = min(rest) // -c + 1

    and, through quotients, axis // d <= q exactly when axis <= d*q + d - 1. A negative extent is 0.
 C. Back to A, until B bounds nothing. An axis that is still unknown is an error.

In the bounds of a range by data no use is bare, and elsewhere none of the axis that has this range: it need not go
through all of what it indexes. Its extent, within which the range must lie, is found by B, from the uses in which it
stands alone if there are any, also under a policy.

At the end every bare use must agree with its axis, unless the range was given by hand. Two different numbers are an
error. Run-time sizes that must be equal are unified (the first in the order of operands stands for both, a number for
any), with a precondition, and the ranges are solved anew. All of this is the same for numbers and run-time sizes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from unrut.errors import AxisError, Place, ShapeError, UnrutError
from unrut.language.declarations import at
from unrut.language.uses import Use
from unrut.program.affine import Affine, Atom, Floor
from unrut.program.extents import Extent, Named, least, most, named, names, provably_le, substitute
from unrut.program.intervals import interval
from unrut.program.nodes import Precondition, Relation
from unrut.spans import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What unknown extents and unified sizes stand for, and what must hold for the latter."""

    extents: Mapping[str, Extent]
    preconditions: tuple[Precondition, ...]


def solve(
    uses: Sequence[Use],
    unknowns: Mapping[str, tuple[str, Span | None]],
    sizes: Sequence[str],
    errors: list[UnrutError],
    by_data: Collection[str] = (),
    own: Sequence[Use] = (),
) -> Ranges:
    """Solve for the extents of all `unknowns` (name -> axis and where it is bound); `sizes` in the operands' order.

    `by_data`: the axes whose bounds are data; `own`: uses of the tensors of one's own circle, which bound nothing.
    """
    unified: dict[str, Extent] = {}
    preconditions: list[Precondition] = []
    while True:
        solved = _rounds(uses, unknowns, unified)
        clash = _first_disagreement(uses, solved, unified)
        if clash is None:
            break
        use, axis_extent, dimension = clash
        step = unifier(axis_extent, dimension, sizes)
        if step is None or step[0] in unified:
            break
        unified = {name: substitute(extent, dict([step])) for name, extent in unified.items()} | dict([step])
        preconditions.append(
            Precondition(left=named(step[0]), relation=Relation.equal, right=step[1], because=use.agreement())
        )
    extents: dict[str, Extent] = {**unified, **solved}
    _check_agreement(uses, extents, preconditions, errors)
    unsolved = unknowns.keys() - solved.keys()
    follow = {use.bare_unknown for use in uses if names(substitute(use.dimension, solved)) & unsolved}
    for name, (axis, span) in unknowns.items():
        if name in unsolved and (name not in follow or unsolved <= follow):
            errors.append(_unbounded(name, axis, span, uses, own, by_data=axis in by_data))
    return Ranges(extents=extents, preconditions=tuple(dict.fromkeys(preconditions)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """A use that may bound an axis: the unknowns behind each axis of its form, and those of all else that it needs."""

    use: Use
    form: Affine
    axes: Mapping[str, frozenset[str]]
    needs: frozenset[str]


def _judges(uses: Sequence[Use], unknowns: Mapping[str, tuple[str, Span | None]]) -> list[_Judge]:
    return [
        _Judge(
            use=use,
            form=use.form,
            axes={axis: names(use.axes[axis]) & unknowns.keys() for axis in use.form.axes},
            needs=(names(use.dimension) | names(use.form.constant)) & unknowns.keys(),
        )
        for use in uses
        if use.judges and use.form is not None
    ]


def _rounds(
    uses: Sequence[Use], unknowns: Mapping[str, tuple[str, Span | None]], unified: Mapping[str, Extent]
) -> dict[str, Extent]:
    found: dict[str, Extent] = dict(unified)
    waiting: dict[str, list[Use]] = {}  # bare uses, by an unknown extent that their dimension waits for

    def fix(bare: list[Use]) -> None:
        """Step A for these uses and for all that follows from them."""
        while bare:
            use = bare.pop()
            unknown = use.bare_unknown
            if unknown is None or unknown in found:
                continue
            missing = (names(use.dimension) & unknowns.keys()) - found.keys()
            if missing:
                waiting.setdefault(min(missing), []).append(use)
            else:
                found[unknown] = substitute(use.dimension, found)
                bare += reversed(waiting.pop(unknown, []))

    fix([use for use in reversed(uses) if use.bare_unknown is not None])
    judging = _judges(uses, unknowns)
    alone = frozenset(name for judge in judging if judge.use.is_loose for name in judge.use.unknown_names)
    while True:
        judging = [judge for judge in judging if any(wanted - found.keys() for wanted in judge.axes.values())]
        bounds = _judged(judging, found, alone)
        if not bounds:
            return {name: extent for name, extent in found.items() if name in unknowns}
        found |= bounds
        fix([use for unknown in reversed(bounds) for use in reversed(waiting.pop(unknown, []))])


def _judged(judging: Sequence[_Judge], found: Mapping[str, Extent], alone: frozenset[str]) -> dict[str, Extent]:
    """Step B: bounds of the axes that can be judged best; those of `alone` where they stand alone."""
    complete: dict[str, bool] = {}
    bounds: dict[str, list[Extent]] = {}
    for judge in judging:
        use, form = judge.use, judge.form
        open_axes = [axis for axis, wanted in judge.axes.items() if not wanted <= found.keys()]
        for axis in open_axes:
            unknown = use.unknown_of(axis)
            if unknown is None or not _occurs(form, axis) or (unknown in alone and not use.is_loose):
                continue
            bound = None
            if len(open_axes) == 1 and judge.needs <= found.keys():
                known = {name: substitute(use.axes[name], found) for name in judge.axes if name != axis}
                constant = Affine(constant=substitute(form.constant, found), terms=form.terms)
                bound = largest(constant, axis, substitute(use.dimension, found), known)
            complete[unknown] = complete.get(unknown, True) and bound is not None
            if bound is not None:
                bounds.setdefault(unknown, []).append(bound)
    best = [unknown for unknown in bounds if complete[unknown]] or list(bounds)
    return {unknown: most(Extent(), least(*bounds[unknown])) for unknown in best}


def largest(form: Affine, axis: str, dimension: Extent, extents: Mapping[str, Extent]) -> Extent | None:
    """The extent of the largest range from 0 of `axis` with 0 <= form <= dimension - 1; None if it can't be told."""
    return _inverse(form, axis, dimension - 1, Extent(), extents)


def _inverse(form: Affine, axis: str, high: Extent, low: Extent, extents: Mapping[str, Extent]) -> Extent | None:
    """The same for low <= form <= high, of which one side bounds the axis from above."""
    within = [(c, atom) for c, atom in form.terms if _mentions(atom, axis)]
    if len(within) != 1:
        return None
    coefficient, atom = within[0]
    rest = interval(form - Affine(terms=(within[0],)), extents)
    bound = (high - rest.high) // coefficient if coefficient > 0 else (rest.low - low) // -coefficient
    match atom:
        case str():
            return bound + 1
        case Floor(dividend=dividend, divisor=divisor):
            return _inverse(dividend, axis, bound * divisor + (divisor - 1), Extent(), extents)
        case _:
            return None


def _mentions(atom: Atom, axis: str) -> bool:
    return atom == axis if isinstance(atom, str) else axis in atom.dividend.axes


def _occurs(form: Affine, axis: str) -> bool:
    """Whether an axis stands in a form other than below `%`."""
    return any(
        atom == axis if isinstance(atom, str) else isinstance(atom, Floor) and _occurs(atom.dividend, axis)
        for _, atom in form.terms
    )


def unifier(left: Extent, right: Extent, sizes: Sequence[str]) -> tuple[str, Extent] | None:
    """The replacement of one run-time size that makes two extents equal, if they differ by sizes and numbers only."""
    difference = left - right
    match difference.terms:
        case ((1 | -1 as c, Named(name=name)),):
            value = difference.constant * -c
            return (name, Extent(constant=value)) if value >= 0 else None
        case ((c, Named(name=one)), (d, Named(name=other))) if c == -d and difference.constant == 0:
            first, second = sorted((one, other), key=sizes.index)
            return second, named(first)
    return None


def _first_disagreement(
    uses: Sequence[Use], solved: Mapping[str, Extent], unified: Mapping[str, Extent]
) -> tuple[Use, Extent, Extent] | None:
    """The first bare use whose axis and dimension are known, not equal, and may be made equal by unifying sizes."""
    known = {**unified, **solved}
    for use in uses:
        unknown = use.bare_unknown
        if unknown is not None and unknown in solved:
            axis, dimension = substitute(solved[unknown], known), substitute(use.dimension, known)
            if axis != dimension and not (axis - dimension).is_fixed and not _unsolved(axis - dimension):
                return use, axis, dimension
    return None


def _unsolved(extent: Extent) -> bool:
    return any(name.startswith("#") for name in names(extent))


def _check_agreement(
    uses: Sequence[Use], known: Mapping[str, Extent], preconditions: list[Precondition], errors: list[UnrutError]
) -> None:
    bare: list[tuple[Use, str, Extent, Extent]] = []
    for use in uses:
        if use.bare_unknown is not None and use.bare_unknown in known:
            axis, dimension = substitute(known[use.bare_unknown], dict(known)), substitute(use.dimension, dict(known))
            if not _unsolved(dimension):
                bare.append((use, use.bare_unknown, axis, dimension))
    agreeing = {unknown: use for use, unknown, axis, dimension in reversed(bare) if axis == dimension}
    for use, unknown, axis, dimension in bare:
        if axis == dimension:
            continue
        if (axis - dimension).is_fixed or provably_le(axis, dimension - 1) or provably_le(dimension, axis - 1):
            errors.append(_disagreement(use, axis, dimension, agreeing.get(unknown), uses, known))
        else:
            preconditions.append(
                Precondition(left=axis, relation=Relation.equal, right=dimension, because=use.agreement())
            )


def _disagreement(
    use: Use, axis: Extent, dimension: Extent, first: Use | None, uses: Sequence[Use], known: Mapping[str, Extent]
) -> ShapeError:
    name = use.bare_axis
    places: list[Place] = []
    if first is not None:
        places += at(first.read.span, f"{name} = {axis}, {first.named_dimension(known)}")
    else:
        others = [o for o in uses if o is not use and o.form is not None and o.bare_unknown is None and not o.policy]
        other = next((o for o in others if use.bare_unknown in o.unknown_names), None)
        if other is not None:
            places += at(other.read.span, f"{name} = {axis}, the largest range that stays inside {other.read.tensor}")
    places += at(use.read.span, f"{name} = {dimension}, {use.named_dimension(known)}")
    culprit = f"check the order of {use.read.tensor}'s extents, or rename one of the axes"
    return ShapeError(f"axis `{name}` has extent {axis} here and {dimension} there", places=places, remedy=culprit)


def _unbounded(
    unknown: str, axis: str, span: Span | None, uses: Sequence[Use], own: Sequence[Use], *, by_data: bool
) -> AxisError:
    mine = [use for use in uses if unknown in use.unknown_names]
    steps = [use for use in own if unknown in use.unknown_names and use.form is not None]
    if steps and all(use.form is None for use in mine):
        mine, why = steps, f"reads of `{steps[0].read.tensor}` in its own circle are checked, and bound nothing"
    elif not mine:
        why = "it stands in no subscript"
    elif all(use.policy for use in mine):
        why = "its reads may leave their operands, and bound nothing"
    elif all(use.form is None for use in mine):
        why = "the subscripts it stands in are not affine"
    else:
        why = "its subscripts hold other unknown axes, or bound nothing"
    places = [*at(span), *(place for use in mine[:1] for place in at(use.read.span, "stands here"))]
    remedy = f"its extent by hand: axis {axis}: 7, first .. end" if by_data else f"a range by hand: axis {axis}: 7"
    return AxisError(f"axis `{axis}` has no range: {why}", places=places, remedy=remedy)
