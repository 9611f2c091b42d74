# SPDX-License-Identifier: Apache-2.0
"""`ur.compare`: the first statement at which two versions of an op part on the same data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from unrut.arrays import Array, as_array, take
from unrut.bound import Bound
from unrut.debugging.alignment import aligned
from unrut.debugging.comparison import Comparison, Pair, differences
from unrut.debugging.patterns import relation
from unrut.errors import BindError
from unrut.op import Op
from unrut.program.nodes import Program, Role, Statement
from unrut.program.show import Printer
from unrut.reference import Bounded, Explanation, evaluate, evaluate_with_bounds, explain
from unrut.reference.explanation import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One side: a program on arrays, every tensor as the reference stores it, and with its bound."""

    program: Program
    arrays: Mapping[str, Array]
    scalars: Mapping[str, float]
    stored: Mapping[str, Array]
    bounded: Mapping[str, Bounded]

    def explain(self, tensor: str, place: tuple[int, ...]) -> Explanation:
        return explain(self.program, self.arrays, self.scalars, tensor, place)


def compare(first: Op | Bound, second: Op | Bound | Any, /, *arrays: Any, **options: Any) -> Comparison:
    """Two versions held against each other: what `ur.compare` says."""
    one = _version(first, arrays, options)
    if not isinstance(second, Op | Bound):
        return _against(one, _known(one.program, second))
    two = _version(second, arrays, options)
    pairs = [_pair(one, two, mine, theirs) for mine, theirs in aligned(one.program, two.program)]
    parting = _first(one.program, pairs)
    unlike = _unlike_operands(one, two)
    found = Comparison(names=(one.program.name, two.program.name), pairs=tuple(pairs), parting=parting, operands=unlike)
    if parting is None:
        return found
    sides = ((one, parting.first), (two, parting.second))
    shown = _differing(*(_statements(v.program, name) for v, name in sides))
    statements = tuple(text for text, _ in shown)
    sources = tuple(
        "" if statement is None or statement.span is None else statement.span.where() for _, statement in shown
    )
    told = () if parting.problem else tuple(v.explain(name, parting.place) for v, name in sides)
    return Comparison(
        names=found.names,
        pairs=found.pairs,
        parting=parting,
        operands=unlike,
        statements=(statements[0], statements[1]),
        sources=(sources[0], sources[1]),
        differences=differences(told[0], told[1]) if told else (),
        explanations=told,
    )


Said = tuple[str, Statement | None]


def _statements(program: Program, tensor: str) -> list[Said]:
    """All that a program says of a tensor, its definition first."""
    own = [s for s in program.statements if s.target == tensor]
    return [(Printer(program).statement(s), s) for s in sorted(own, key=lambda s: s.role is not Role.defines)]


def _differing(first: list[Said], second: list[Said]) -> tuple[Said, Said]:
    """The first statements of two tensors that are not alike: their definitions, or what is added to them or starts them."""
    nothing: Said = ("", None)
    pairs = list(zip_longest(first, second, fillvalue=nothing))
    return next((pair for pair in pairs if pair[0][0] != pair[1][0]), pairs[0])


def _version(what: Op | Bound, arrays: tuple[Any, ...], options: dict[str, Any]) -> Version:
    bound = what if isinstance(what, Bound) else what.bind(*arrays, **options)
    given = bound.arrays
    if isinstance(what, Bound) and arrays:
        given = take(bound.program.name, [o.name for o in bound.program.operands], arrays)
    if given is None:
        raise BindError(
            f"`{bound.program.name}` has no arrays to be compared on",
            remedy="bind both versions to arrays, or give the arrays after both ops",
        )
    every = {"every": True}
    return Version(
        program=bound.program,
        arrays=given,
        scalars=bound.scalars,
        stored=evaluate(bound.program, given, bound.scalars, **every),
        bounded=evaluate_with_bounds(bound.program, given, bound.scalars, **every),
    )


def _unlike_operands(one: Version, two: Version) -> tuple[str, ...]:
    """One sentence for each operand of one name that the two sides were given with other values."""
    found = []
    for name in (o.name for o in one.program.operands if o.name in two.arrays):
        a, b = one.arrays[name], two.arrays[name]
        kinds = f"{one.program.dtype_of(name).name} here, {two.program.dtype_of(name).name} there"
        if a.shape != b.shape:
            found.append(f"operand `{name}` differs: its shape is {a.shape} here and {b.shape} there")
            continue
        wide = _wide(a, b)
        first, second = a.astype(wide), b.astype(wide)
        with np.errstate(all="ignore"):
            unlike = ~((first == second) | ((first != first) & (second != second)))
            away = np.where(unlike, np.abs(first - second), 0.0)
        if unlike.any():
            by = number(float(np.nan_to_num(away, nan=np.inf, posinf=np.inf).max()))
            found.append(
                f"operand `{name}` differs: {np.count_nonzero(unlike)} of {a.size} elements, by {by} at most ({kinds})"
            )
    return tuple(found)


def _known(program: Program, given: Any) -> dict[str, Array]:
    """Arrays that are known to be right, by tensor."""
    if isinstance(given, Mapping):
        named = dict(given)
    else:
        several = isinstance(given, tuple | list) and len(program.results) > 1
        named = dict(zip(program.results, given if several else [given], strict=True))
    unknown = [name for name in named if name not in {s.target for s in program.defining()}]
    if unknown:
        raise BindError(
            f"`{program.name}` defines no tensor `{unknown[0]}`",
            remedy=f"one of {', '.join(s.target for s in program.defining())}",
        )
    return {name: as_array(value, name) for name, value in named.items()}


def _against(one: Version, known: Mapping[str, Array]) -> Comparison:
    """A version against given arrays, which count as exact."""
    pairs = []
    for name, _ in aligned(one.program, one.program):
        if name in known:
            array = known[name]
            exact = Bounded(value=array, bound=np.zeros(array.shape), undecided=np.zeros(array.shape, np.bool_))
            kinds = (one.program.dtype_of(name).name, array.dtype.name)
            axes, steps = [axis.name for axis in one.program.statement(name).axes], _steps(one.program, name)
            pairs.append(
                _judged((name, name), kinds, (one.stored[name], array), (one.bounded[name], exact), axes, steps)
            )
    parting = _first(one.program, pairs)
    names = (one.program.name, "the given arrays")
    if parting is None or parting.problem:
        return Comparison(names=names, pairs=tuple(pairs), parting=parting)
    statement = one.program.statement(parting.first)
    return Comparison(
        names=names,
        pairs=tuple(pairs),
        parting=parting,
        statements=(Printer(one.program).statement(statement), ""),
        sources=("" if statement.span is None else statement.span.where(), ""),
        explanations=(one.explain(parting.first, parting.place),),
    )


def _first(program: Program, pairs: Sequence[Pair]) -> Pair | None:
    """The first pair that parts; of tensors that depend on each other the one that does so at the earliest step."""
    found = next((pair for pair in pairs if pair.parts), None)
    cycle = next((c for c in program.cycles if found is not None and found.first in c.tensors()), None)
    if cycle is None or found is None or found.problem:
        return found
    return min((p for p in pairs if p.parts and p.first in cycle.tensors() and not p.problem), key=lambda p: p.step)


def _steps(program: Program, tensor: str) -> list[int]:
    """The dimensions of a tensor that are gone through step by step, outermost first."""
    paths = {name: path for cycle in program.cycles for name, path in cycle.paths().items()}
    axes = [axis.name for axis in program.statement(tensor).axes]
    return [axes.index(axis) for axis in paths.get(tensor, ())]


def _pair(one: Version, two: Version, mine: str, theirs: str) -> Pair:
    if not mine or not theirs:
        kind = (one.program if mine else two.program).dtype_of(mine or theirs).name
        only = "only the first has it" if mine else "only the second has it"
        return Pair(first=mine, second=theirs, dtypes=(kind if mine else "", "" if mine else kind), problem=only)
    kinds = (one.program.dtype_of(mine).name, two.program.dtype_of(theirs).name)
    stored = (one.stored[mine], two.stored[theirs])
    axes = [axis.name for axis in one.program.statement(mine).axes]
    steps = _steps(one.program, mine)
    return _judged((mine, theirs), kinds, stored, (one.bounded[mine], two.bounded[theirs]), axes, steps)


def _judged(
    names: tuple[str, str],
    kinds: tuple[str, str],
    stored: tuple[Array, Array],
    bounded: tuple[Bounded, Bounded],
    axes: Sequence[str],
    steps: Sequence[int],
) -> Pair:
    mine, theirs = names
    a, b = stored
    if a.shape != b.shape:
        return Pair(first=mine, second=theirs, dtypes=kinds, problem=f"its shape is {a.shape} here and {b.shape} there")
    if not a.size:
        return Pair(first=mine, second=theirs, dtypes=kinds)
    with np.errstate(all="ignore"):
        same = (a == b) | ((a != a) & (b != b))
        away = np.where(same, 0.0, np.abs(np.subtract(a, b, dtype=_wide(a, b))))
        away = np.where(np.isnan(away), np.inf, away)
        allowed = bounded[0].bound + bounded[1].bound
        beyond = ~same & (away > allowed)
        early = _earliest(beyond, steps)
        excess = np.where(early, away - allowed, -1.0) if early.any() else away
        place = tuple(int(k) for k in np.unravel_index(int(np.argmax(excess)), a.shape))
        size = np.maximum(np.abs(bounded[0].value), np.abs(bounded[1].value))
        part = np.nan_to_num(np.maximum(bounded[0].bound, bounded[1].bound) / size, nan=0.0, posinf=np.inf)
    return Pair(
        first=mine,
        second=theirs,
        dtypes=kinds,
        size=a.size,
        difference=float(away[place]),
        allowed=float(allowed[place]),
        place=place,
        step=tuple(place[d] for d in steps),
        values=(a[place].item(), b[place].item()),
        beyond=int(np.count_nonzero(beyond)),
        doubt=float(np.median(part)),
        relation=relation(a, b, allowed, axes) if beyond.any() else "",
    )


def _earliest(beyond: Array, steps: Sequence[int]) -> Array:
    """Of the elements that differ those of the earliest step: what comes after may be a consequence."""
    for d in steps:
        if beyond.any():
            at = np.flatnonzero(beyond.any(axis=tuple(k for k in range(beyond.ndim) if k != d)))[0]
            beyond = beyond & (np.arange(beyond.shape[d]) == at).reshape(
                [-1 if k == d else 1 for k in range(beyond.ndim)]
            )
    return beyond


def _wide(a: Array, b: Array) -> type[Any]:
    """A dtype in which differences neither wrap nor round much; complex stays so."""
    return np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
