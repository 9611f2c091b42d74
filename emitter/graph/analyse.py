# SPDX-License-Identifier: Apache-2.0
"""Program to Graph: flatten, then leave out what no result needs."""

from __future__ import annotations

from unrut.emitter.graph.computation import Graph
from unrut.emitter.graph.flatten import flatten
from unrut.emitter.graph.shrink import shrink
from unrut.program.nodes import Program


def analyse(program: Program) -> Graph:
    """The Graph of a checked program: every computation needed for a result, in an order in which they can run."""
    return Graph(program=program, computations=shrink(flatten(program), program.results))
