# SPDX-License-Identifier: Apache-2.0
"""Which axes of different computations are the same loop: classes of axes, joined by reads that have them bare.

Source of the idea: compute_at of Halide (Ragan-Kelley et al. 2013), decided for all edges of a kernel at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from unrut.emitter.graph.access import accesses
from unrut.emitter.graph.computation import Computation, Graph
from unrut.emitter.graph.selection import rank_axes

Member = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A producer, a consumer, and the axes (producer's, consumer's) that stand bare in every read."""

    producer: str
    consumer: str
    pairs: tuple[tuple[str, str], ...]


def edge(producer: Computation, consumer: Computation) -> Edge:
    """The axes that a producer and a reader of it go through together. Not those of ranks: all ranks of the same terms are
    found together."""
    found: list[tuple[str, str]] = []
    own = [a for a in accesses(consumer) if a.tensor == producer.name]
    apart, other_apart = rank_axes(producer), rank_axes(consumer)
    free = {axis.name: axis.extent for axis in consumer.axes if axis.name not in other_apart}
    for d, axis in enumerate(producer.axes):
        if axis.name in apart:
            continue
        read = {access.aligned(d) for access in own}
        other = read.pop() if len(read) == 1 else None
        if other is not None and free.get(other) == axis.extent:
            found.append((axis.name, other))
    return Edge(producer=producer.name, consumer=consumer.name, pairs=tuple(found))


class Sharing:
    """Classes of axes over a whole graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.edges = [
            edge(graph.computation(producer), consumer)
            for consumer in graph.computations
            for producer in graph.producers(consumer)
        ]
        self.consumers: dict[str, list[str]] = {c.name: [] for c in graph.computations}
        for e in self.edges:
            self.consumers[e.producer].append(e.consumer)
        self.root: dict[Member, Member] = {}
        for e in self.edges:
            for ours, theirs in e.pairs:
                one, other = self.find((e.producer, ours)), self.find((e.consumer, theirs))
                if one != other:
                    self.root[other] = one

    def find(self, member: Member) -> Member:
        """The representative of an axis's class."""
        while member in self.root:
            member = self.root[member]
        return member

    def axis_of(self, computation: Computation, name: Member) -> str | None:
        """The axis of a computation that is in a class, if exactly one is."""
        found = [axis.name for axis in computation.axes if self.find((computation.name, axis.name)) == name]
        return found[0] if len(found) == 1 else None

    def shared(self, members: Sequence[Computation]) -> tuple[Member, ...]:
        """The classes that every member has, bare in every read between members; in the order of the last member's axes."""
        inside = {c.name for c in members}
        edges = [e for e in self.edges if e.producer in inside and e.consumer in inside]
        found = []
        for axis in members[-1].axes:
            name = self.find((members[-1].name, axis.name))
            axes = {c.name: self.axis_of(c, name) for c in members}
            if None in axes.values():
                continue
            if all((axes[e.producer], axes[e.consumer]) in e.pairs for e in edges):
                found.append(name)
        return tuple(found)
