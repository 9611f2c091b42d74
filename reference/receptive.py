# SPDX-License-Identifier: Apache-2.0
"""The receptive field of one element: every place of every tensor that it is made of, at once and through intermediates.

Found by evaluating: whatever is read for the element is noted. So branches not taken, places that `where=` leaves out and
computed subscripts are told as they are for these arrays, by the same rules as the values themselves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from unrut.program.nodes import AxisValue, Const, Expr, Program, Read, Role, Statement
from unrut.program.show import Printer
from unrut.program.walk import reads
from unrut.reference.blocks import SCRATCH, Footprint, blocks, cuts, footprint
from unrut.reference.interpreter import Interpreter
from unrut.reference.places import Array, Places, Scene
from unrut.reference.reads import subscripts_of

SINGLE = 512
"""Places of an intermediate that are followed one by one, where they make no box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """The part of one tensor that an element is made of: `places` (one row each), and `outside`, the places that were asked
    for and are not there. `labels` say for each dimension how it is subscripted. `direct`: by the element's own statement,
    otherwise through intermediates. Where not `exact`, a box around the places stands for them.
    """

    tensor: str
    shape: tuple[int, ...]
    labels: tuple[str, ...]
    places: NDArray[np.int64]
    outside: NDArray[np.int64]
    direct: bool
    exact: bool = True

    @property
    def size(self) -> int:
        """How many places the tensor has."""
        return math.prod(self.shape)


@dataclass(slots=True)
class Noted:
    """What has been read of one tensor so far: flat places inside, and places outside."""

    flat: list[NDArray[np.int64]] = field(default_factory=list)
    outside: list[NDArray[np.int64]] = field(default_factory=list)
    before: list[NDArray[np.int64]] = field(default_factory=list)
    exact: bool = True

    def places(self) -> NDArray[np.int64]:
        """The flat places, each once, in order."""
        return np.unique(np.concatenate(self.flat)) if self.flat else np.empty(0, np.int64)

    def rows(self, shape: tuple[int, ...]) -> NDArray[np.int64]:
        """The places inside, one row each."""
        flat = self.places()
        if not shape or not flat.size:
            return np.zeros((flat.size, len(shape)), np.int64)
        return np.stack(np.unravel_index(flat, shape), axis=1).astype(np.int64)


class NotingInterpreter(Interpreter):
    """The interpreter, which notes what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: dict[str, Noted] = {}

    def value(self, expr: Expr, places: Places, scene: Scene) -> Array:
        """The value; reads at places that count are noted."""
        if isinstance(expr, Read):
            self._note(expr, places, scene)
        return super().value(expr, places, scene)

    def _note(self, read: Read, places: Places, scene: Scene) -> None:
        tensor = scene.tensors[read.tensor]

        def part(inner: Expr, at: Places) -> Array:
            return self.value(inner, at, scene)

        asked, found = subscripts_of(read, tensor, places, part)
        note = self.noted.setdefault(read.tensor, Noted())
        live = np.True_ if places.live is None else places.live
        shape = np.broadcast_shapes(np.shape(live), *(np.shape(s) for s in (*asked, *found)))
        counts = np.broadcast_to(live, shape).ravel()
        inside, away = counts.copy(), np.zeros(counts.shape, np.bool_)
        columns, wanted = [], []
        for s, a, n in zip(found, asked, tensor.shape, strict=True):
            columns.append(np.broadcast_to(s, shape).ravel())
            wanted.append(np.broadcast_to(a, shape).ravel())
            inside &= (columns[-1] >= 0) & (columns[-1] < n)
            away |= counts & ((wanted[-1] < 0) | (wanted[-1] >= n))
        if not columns:
            note.flat.append(np.zeros(int(counts.any()), np.int64))
            return
        if inside.any():
            note.flat.append(np.unique(np.ravel_multi_index(tuple(c[inside] for c in columns), tensor.shape)))
        if away.any():
            rows = np.unique(np.stack([w[away] for w in wanted], axis=1), axis=0).astype(np.int64)
            given = tensor.before and read.outside is None and bool((rows >= np.array(tensor.first())).all())
            (note.before if given else note.outside).append(rows)


def receptive_field(program: Program, result: str, place: Mapping[str, int], scene: Scene) -> tuple[Field, ...]:
    """What an element is made of; the scene holds every intermediate that it needs. Direct reads come first."""
    defined = {s.target: s for s in program.defining()}
    interpreter = NotingInterpreter()
    axes = defined[result].axes
    own = np.array([[place[axis.name] for axis in axes]], np.int64)
    _visit(interpreter, program.statement(result), {axis: range(k, k + 1) for axis, k in place.items()}, scene)
    _visit_changes(interpreter, program, result, own, scene)
    direct = {name: replace(note, flat=list(note.flat)) for name, note in interpreter.noted.items()}
    done: dict[str, set[tuple[int, ...]]] = {}
    waiting = [name for name in interpreter.noted if name in defined]
    while waiting:
        name = waiting.pop(0)
        known, note, shape = done.setdefault(name, set()), interpreter.noted[name], scene.tensors[name].shape
        rows = np.concatenate([note.rows(shape), *note.before]) if note.before else note.rows(shape)
        new = np.array([row for row in map(tuple, rows.tolist()) if row not in known], np.int64)
        if not len(new):
            continue
        known.update(map(tuple, new.tolist()))
        inside = new[(new >= 0).all(axis=1)]
        boxes, exact = _boxes(inside) if len(inside) else ([], True)
        for box in boxes:
            ranges = dict(zip((axis.name for axis in defined[name].axes), box, strict=True))
            _visit(interpreter, defined[name], ranges, scene)
        _visit_changes(interpreter, program, name, new, scene)
        behind = (r.tensor for s in (defined[name], *program.changing(name)) for e in s.expressions() for r in reads(e))
        for read in dict.fromkeys(tensor for tensor in behind if tensor in interpreter.noted):
            interpreter.noted[read].exact &= exact and note.exact
            waiting += [read] if read in defined and read not in waiting else []
    found = [_field(program, name, note, scene, direct=True) for name, note in direct.items()]
    through = {n: note for n, note in interpreter.noted.items() if n not in direct or _more(note, direct[n])}
    return (*found, *(_field(program, n, note, scene, direct=False) for n, note in through.items() if n not in defined))


def _visit(interpreter: NotingInterpreter, statement: Statement, ranges: dict[str, range], scene: Scene) -> None:
    with np.errstate(all="ignore"):
        for block in blocks(cuts(ranges, footprint(statement.body, scene), SCRATCH)):
            interpreter.value(statement.body, Places(ranges=block), scene)


def _visit_changes(
    interpreter: NotingInterpreter, program: Program, tensor: str, rows: NDArray[np.int64], scene: Scene
) -> None:
    """What statements that start a tensor, or add to it, read for some of its places."""
    for statement in program.changing(tensor):
        if statement.role is Role.starts:
            for row in rows[(rows < 0).any(axis=1)].tolist():
                found = dict(zip(statement.subscripts, row, strict=True))
                at = {s.axis: range(k, k + 1) for s, k in found.items() if isinstance(s, AxisValue)}
                if all(s.value == k for s, k in found.items() if isinstance(s, Const)):
                    _visit(interpreter, statement, at, scene)
        else:
            _visit_added(interpreter, statement, rows, scene)


def _visit_added(interpreter: NotingInterpreter, statement: Statement, rows: NDArray[np.int64], scene: Scene) -> None:
    """The terms that are added to some places. Every place of the subscripts is read to know which."""
    arrays: Footprint = sum((footprint(expr, scene) for expr in statement.expressions()), ())
    with np.errstate(all="ignore"):
        for block in blocks(cuts(scene.whole(statement.axes), arrays, SCRATCH)):
            places = Places(ranges=block)
            subscripts = [interpreter.value(s, places, scene) for s in statement.subscripts]
            hit = np.zeros(places.shape, np.bool_)
            for row in rows.tolist():
                here = np.ones(places.shape, np.bool_)
                for s, k in zip(subscripts, row, strict=True):
                    here &= s == k
                hit |= here
            if hit.any():
                interpreter.value(statement.body, places.where(hit), scene)


def _more(note: Noted, before: Noted) -> bool:
    return len(note.places()) > len(before.places())


def _boxes(rows: NDArray[np.int64]) -> tuple[list[tuple[range, ...]], bool]:
    """Places as boxes: the runs of a product of places along the dimensions, each for itself where they are few,
    otherwise the one around all of them."""
    different = [np.unique(rows[:, d]) for d in range(rows.shape[1])]
    if math.prod(map(len, different)) == len(rows):
        return list(product(*map(_runs, different))), True
    if len(rows) <= SINGLE:
        return [tuple(range(k, k + 1) for k in row) for row in rows.tolist()], True
    return [tuple(range(int(d[0]), int(d[-1]) + 1) for d in different)], False


def _runs(values: NDArray[np.int64]) -> list[range]:
    """Sorted places as stretches without gaps."""
    ends = np.flatnonzero(np.diff(values) > 1)
    first, last = np.concatenate([[0], ends + 1]), np.concatenate([ends, [len(values) - 1]])
    return [range(int(values[a]), int(values[b]) + 1) for a, b in zip(first, last, strict=True)]


def _field(program: Program, name: str, note: Noted, scene: Scene, *, direct: bool) -> Field:
    shape, rank = scene.tensors[name].shape, len(scene.tensors[name].shape)
    outside = np.unique(np.concatenate(note.outside), axis=0) if note.outside else np.zeros((0, rank), np.int64)
    printer = Printer(program)
    read = next(r for s in program.statements for e in s.expressions() for r in reads(e) if r.tensor == name)
    return Field(
        tensor=name,
        shape=shape,
        labels=tuple(map(printer.expr, read.subscripts)),
        places=note.rows(shape),
        outside=outside,
        direct=direct,
        exact=note.exact,
    )
