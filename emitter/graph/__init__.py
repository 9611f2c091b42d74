# SPDX-License-Identifier: Apache-2.0
"""What a Program computes, element by element, in the form that scheduling reads: computations, accesses, dependences."""

from unrut.emitter.graph.analyse import analyse
from unrut.emitter.graph.computation import Computation, Graph, Reduction
from unrut.emitter.graph.show import show

__all__ = ["Computation", "Graph", "Reduction", "analyse", "show"]
