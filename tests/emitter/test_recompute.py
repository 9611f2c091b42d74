# SPDX-License-Identifier: Apache-2.0
"""What is inlined: cheap things, until the work or the text that has come together in a body is too much."""

from __future__ import annotations

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import emit
from unrut.emitter.graph import analyse
from unrut.emitter.schedule.inline import inline
from unrut.emitter.schedule.recompute import MOST_LEVELS, MOST_NODES, inlined
from unrut.program.nodes import Expr
from unrut.program.walk import children, subexpressions

STEPS = {
    "twice": "t{p}[i] + t{p}[i]",
    "thrice": "t{p}[i]*t{p}[i] + t{p}[i]",
    "once": "t{p}[i]*x[i]",
    "negated": "-t{p}[i]",
    "costly": "exp(t{p}[i]) - t{p}[i]",
}


def chain(step: str, number: int):
    lines = "\n".join(f"t{k}[i] = {step.format(p=k - 1)}" for k in range(1, number))
    return ur.parse(f"f(x: f32[3]) -> y\nt0[i] = x[i]\n{lines}\ny[i] = t{number - 1}[i]")


def pyramid(number: int):
    lines = "\n".join(f"t{k}[a{k}] = t{k - 1}[a{k}] + t{k - 1}[a{k} + 1]" for k in range(1, number))
    ranges = "\n".join(f"axis a{k}: {number + 4 - k}" for k in range(1, number))
    return ur.parse(f"f(x: f32[{number + 4}]) -> y\nt0[i] = x[i]\n{lines}\ny[i] = t{number - 1}[i]\n{ranges}")


def chosen(op) -> set[str]:
    return set(inlined(analyse(op.program()))[0])


def levels(expr: Expr) -> int:
    return 1 + max(map(levels, children(expr)), default=0)


@pytest.mark.parametrize("op", [*(chain(step, 150) for step in STEPS.values()), pyramid(80)], ids=[*STEPS, "pyramid"])
def test_bodies_stay_short_however_long_the_chain(op):
    graph = analyse(op.program())
    names, _ = inlined(graph)
    for computation in inline(graph, names).computations:
        assert sum(1 for _ in subexpressions(computation.body)) <= MOST_NODES
        assert levels(computation.body) <= MOST_LEVELS


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_emitted_text_grows_with_the_chain(step):
    short, long = (len(emit(chain(step, n).program()).source.code) for n in (50, 150))
    assert long < 5 * short


@pytest.mark.parametrize("op", [chain(STEPS["twice"], 60), pyramid(60), chain(STEPS["costly"], 120)])
def test_long_chains_give_what_the_reference_gives(op):
    x = np.linspace(-1, 1, op.program().operands[0].shape[0].value(), dtype=np.float32)
    np.testing.assert_allclose(op(x), op.reference(x), rtol=1e-3)


def test_what_is_read_once_is_inlined_whatever_it_costs():
    assert chosen(chain("exp(t{p}[i])", 20)) == {f"t{k}" for k in range(20)}


def test_work_that_came_together_counts():
    op = ur.parse("f(x: f32[64]) -> y\na[i] = exp(x[i])\nb[i] = 2*a[i]\ny[i, j] = b[i] + b[j]")
    assert chosen(op) == {"a"}


def test_a_long_term_that_was_written_so_may_still_read_copies():
    terms = " + ".join(f"c[i]*{k}" for k in range(120))
    assert chosen(ur.parse(f"f(x: f32[64]) -> y\nc[i] = x[i]\ny[i] = {terms}")) == {"c"}


def test_reasons_say_why_a_value_is_stored():
    assert any("too long or too deep" in reason for reason in inlined(analyse(chain(STEPS["once"], 150).program()))[1])
