# SPDX-License-Identifier: Apache-2.0
"""What lowering believes inside a loop is true there, for every size: ranges of variables, and facts about them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from unrut.emitter.graph.computation import Computation
from unrut.emitter.graph.linear import expression
from unrut.emitter.graph.names import Names
from unrut.emitter.graph.ranges import Known
from unrut.emitter.lower.loops import Opening, opened
from unrut.emitter.lower.site import Context, Span, start
from unrut.emitter.nest import Guard, Loop, Node, Store
from unrut.emitter.schedule.plan import Entry
from unrut.program.extents import Extent, as_extent, named
from unrut.program.extents import evaluate as size_of
from unrut.program.nodes import Axis, Const, Expr
from unrut.program.types import DType
from unrut.testing.scalar_machine import compile_expression


def value(expr: Expr, frame: Mapping[str, int], n: int) -> int:
    def fetch(name: str, place: tuple[int, ...]) -> int:
        raise AssertionError(f"{name} is read")

    return int(compile_expression(expr, fetch, {"n": n}, {})(dict(frame)))


class Walk:
    """Runs the loops over an axis for one size, looks at what is believed at each place, and notes the places."""

    def __init__(self, n: int, believed: list[tuple[Span, Context]]) -> None:
        self.n, self.believed, self.places = n, believed, []

    def run(self, nodes: tuple[Node, ...], frame: dict[str, int]) -> None:
        for node in nodes:
            match node:
                case Loop():
                    first, end = (value(e, frame, self.n) for e in (node.start, node.stop))
                    for v in range(first, end, node.step):
                        self.run(node.body, {**frame, node.axis: v})
                case Guard():
                    self.run(node.body if value(node.condition, frame, self.n) else node.otherwise, frame)
                case Store(buffer=number):
                    span, context = self.believed[int(number)]
                    left = [0] if span.is_single else range(value(expression(span.size), frame, self.n))
                    for v in left:
                        here = frame if span.is_single else {**frame, span.variable: v}
                        self.places.append(value(expression(span.value()), here, self.n))
                        self.check(context, here)

    def check(self, context: Context, here: dict[str, int]) -> None:
        for name, (least, most) in context.known.ranges.items():
            if name in here:
                assert least is None or size_of(least, {"n": self.n}) <= here[name]
                assert most is None or here[name] <= size_of(most, {"n": self.n})
        for fact in context.known.facts:
            if fact.axes() <= here.keys():
                assert value(expression(fact), here, self.n) >= 0, (fact, here, self.n)


@pytest.mark.parametrize("block", [1, 2, 4, 5])
@pytest.mark.parametrize("extent", [named("n"), named("n") - 1, as_extent(7), as_extent(8), as_extent(3)], ids=str)
def test_what_is_believed_inside_a_loop_is_true(extent: Extent, block: int) -> None:
    names = Names(taken={"y", "n"})
    body = Const(value=0.0, dtype=DType.f32)
    axis = Axis(name="i", extent=extent)
    computation = Computation(name="y", axes=(axis,), dtype=DType.f32, body=body, reduction=None)
    site, known = start(computation, Entry(computation="y"), names, Known())
    believed: list[tuple[Span, Context]] = []

    def inside(sites, context):
        believed.append((sites[0].spans["i"], context))
        return (Store(buffer=str(len(believed) - 1), subscripts=(), value=body),)

    context = Context(known=known)
    nodes = opened(Opening(sites=(site,), axes=("i",), context=context, names=names, body=inside, note=""), block)
    for n in range(1, 12):
        walk = Walk(n, believed)
        walk.run(nodes, {})
        assert walk.places == list(range(size_of(extent, {"n": n})))
