# SPDX-License-Identifier: Apache-2.0
"""The Plan: which computations are inlined, in which order the others run, and how each is looped over.

    Entry = computation: loops | tile | reduce | lanes | turn | past | stored | share | tasks | price

- `loops`: the outer loops over free axes, outermost first: one place at a time, or blocks of `block` places. An axis may be
  blocked again by a smaller block. `m/6+5`: blocks of 6, then as many of 5 as it takes to come out even.
  What blocks and missing axes leave open is looped over innermost, in the order of `tile`.
- `share`: how many outermost loops are one with the loops of the entry before; 0 starts a new kernel behind a barrier.
  Computations that depend on each other (a cycle of the Graph) share the loops over their ordered axes: these go place by
  place, in order, inside of the loops over axes that all reads among them have bare, which alone may be tasks.
- `tasks`: how many of the outermost loops of a kernel are parallel tasks (said by its first entry).
- `price`: the predicted picoseconds of one place of the computation's domain. A kernel whose entries all have one is run by
  one thread where the sizes of a call make less than `nest.TEAM` of it.
- `reduce`: the reduction's loops, outermost first; they run outside of the tile. A block on the last one, together with
  `lanes`, means that many partial accumulators, combined by a fixed tree.
- `lanes`: the axis whose loop is for vector lanes; empty for none.
- `turn`: axes of the tile, together neighbours in the tensor while those of the lanes are not: the tile is turned on its
  way into memory.
- `past`: the tensor, a result, is written past the caches, a tile at a time.
- A reduction may have loops over its own reduced axes, place by place or in blocks, shared with what it reads: it then goes on
  as its terms are made. It is accumulated from outside of the first such loop on (`total_depth`), and known after that loop.
  `reduce` has the axes that these loops don't take place by place.
- `ahead`: how many iterations before their use rows are fetched, at computed places, or along a reduction in lanes; 0: not.
- `stored`: the order of the tensor's dimensions in memory, if it is no result.

`classes`, `slab`, `merge` and `pack` lines change what is looped over before that: see `schedule.residues`, `schedule.slabs`
and `schedule.merging`.

What a tensor is stored in follows: see `schedule.storage`. `reasons` say why, one line each, and do not take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from unrut.emitter.graph.computation import Computation


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOver:
    """A loop over the places of an axis, or over blocks of them; the last ones of `rest` places (0: what is left over)."""

    axis: str
    block: int = 1
    rest: int = 0

    def __str__(self) -> str:
        return (self.axis if self.block == 1 else f"{self.axis}/{self.block}") + (f"+{self.rest}" if self.rest else "")

    def counts(self, extent: int) -> tuple[int, int] | None:
        """How many blocks and how many rests an extent has, as few rests as can be; None where it doesn't come out even."""
        for rests in range(self.block):
            left = extent - rests * self.rest
            if left >= 0 and left % self.block == 0:
                return left // self.block, rests
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """A free axis of a computation as `by` classes of its places, `place`, and `part`, the places of each."""

    computation: str
    axis: str
    by: int

    @property
    def place(self) -> str:
        return f"{self.axis}_class"

    @property
    def part(self) -> str:
        return f"{self.axis}_part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Free axes of a computation as one axis, the last of them fastest; with `lanes` as one axis over vectors of so many
    places, and a second one, `lane`, over the places of a vector. The last vector may be longer than the axes are."""

    computation: str
    axis: str
    of: tuple[str, ...]
    lanes: int = 0

    @property
    def lane(self) -> str:
        return f"{self.axis}_lane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A copy, of this name, of the part of a computation's body that depends on just these axes, which are its dimensions.

    They are named as they are after merging: reduced axes, merged ones, vectors and lanes.
    """

    computation: str
    name: str
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """A copy, of this name, of what a computation reads of a tensor, policy and conversions included, by the places that it
    is read at."""

    computation: str
    name: str
    tensor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How one computation is looped over, and with whom."""

    computation: str
    loops: tuple[LoopOver, ...] = ()
    tile: tuple[str, ...] = ()
    reduce: tuple[LoopOver, ...] = ()
    lanes: str = ""
    turn: tuple[str, ...] = ()
    past: bool = False
    ahead: int = 0
    stored: tuple[str, ...] = ()
    share: int = 0
    tasks: int = 0
    price: int = 0
    reasons: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A schedule for one Graph. `inlined` computations are evaluated at each of their reads; of `staged` operands every
    computation reads a copy, `NAME_staged`, which has an entry of its own. `tuned`: the machine for which it was found by
    measuring, if it was; elsewhere the analytic plan takes its place.
    """

    program: str
    inlined: tuple[str, ...]
    entries: tuple[Entry, ...]
    staged: tuple[str, ...] = ()
    classes: tuple[Classes, ...] = ()
    slabs: tuple[Slab, ...] = ()
    merged: tuple[Merge, ...] = ()
    packed: tuple[Pack, ...] = ()
    tuned: str = ""
    reasons: tuple[str, ...] = field(default=(), compare=False)

    def entry(self, computation: str) -> Entry:
        """The entry of a computation that is not inlined."""
        return next(e for e in self.entries if e.computation == computation)

    def common_depth(self, producer: str, consumer: str) -> int:
        """How many outermost loops two computations share, whichever comes first; one has all of its own."""
        if producer == consumer:
            return len(self.entry(producer).loops)
        names = [e.computation for e in self.entries]
        first, last = sorted((names.index(producer), names.index(consumer)))
        return min((e.share for e in self.entries[first + 1 : last + 1]), default=0)

    def kernels(self) -> tuple[tuple[Entry, ...], ...]:
        """The entries, grouped by kernel."""
        found: list[list[Entry]] = []
        for entry in self.entries:
            if entry.share == 0 or not found:
                found.append([])
            found[-1].append(entry)
        return tuple(tuple(kernel) for kernel in found)


def total_depth(computation: Computation, entry: Entry) -> int | None:
    """How many loops stand around the first one over a reduced axis; None if there is none of those."""
    reduced = {axis.name for axis in computation.reduced}
    return next((depth for depth, over in enumerate(entry.loops) if over.axis in reduced), None)
