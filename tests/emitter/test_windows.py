# SPDX-License-Identifier: Apache-2.0
"""Computed windows: their ends decide whether they are inside, and what lies between is neither checked nor clamped."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import unrut as ur
from unrut.emitter.graph import analyse
from unrut.emitter.pipeline import emit
from unrut.program.walk import free_axes
from unrut.testing.nest_interpreter import run

TEXT = "op(x: f32[n], p: i64[m]) -> y\naxis k: 3\ny[b, k] = x[p[b] + 2*k - 1]"
FAR = 2**63 - 1


def outcomes(program, arrays):
    """What the reference, the nest and C give: an array, or None where a place is invalid."""
    text = ur.parse(TEXT) if program is None else program

    def tried(compute):
        try:
            return compute()
        except ur.RangeError:
            return None

    nest = emit(text.program()).nest
    return [
        tried(lambda: text.reference(*arrays.values())),
        tried(lambda: run(nest, arrays)["y"]),
        tried(lambda: text(*arrays.values())),
    ]


@pytest.mark.compiler
@pytest.mark.parametrize("n", [3, 4, 5, 6, 9])
def test_every_first_place(n):
    x = np.arange(n, dtype=np.float32)
    for first in (*range(-6, 10), FAR, -FAR - 1, FAR - 3):
        arrays = {"x": x, "p": np.array([1, first], np.int64)}
        wanted, *found = outcomes(None, arrays)
        for other in found:
            assert (wanted is None) == (other is None), (n, first)
            if wanted is not None:
                np.testing.assert_array_equal(other, wanted)


@pytest.mark.compiler
def test_a_window_that_is_asked_for_in_part_is_not_moved():
    text = ur.parse("op(x: f32[5], p: i64[m]) -> y\naxis k: 3\ny[b, k] = where(p[b] + k < 5, x[p[b] + k], -1)")
    x = np.arange(5, dtype=np.float32)
    wanted, *found = outcomes(text, {"x": x, "p": np.array([0, 3, 4], np.int64)})
    np.testing.assert_array_equal(wanted, [[0, 1, 2], [3, 4, -1], [4, -1, -1]])
    for other in found:
        np.testing.assert_array_equal(other, wanted)


def test_the_check_looks_at_no_place_of_the_window():
    graph = analyse(ur.parse(TEXT.replace("x: f32[n]", "x: f32[9]")).program())
    (check,) = graph.checks
    searched = [c for c in graph.computations if c.name.startswith(check.computation)]
    assert {check.computation} < {c.name for c in searched}, "a long search has parts"
    for computation in searched:
        used = itertools.chain.from_iterable(map(free_axes, computation.expressions()))
        assert "k" not in set(used) | set(computation.extents())


def test_a_window_that_is_asked_for_whole_is_moved_as_a_whole():
    shown = emit(ur.parse(TEXT.replace("x: f32[n]", "x: f32[9]")).program(), stop="graph").show("graph")
    assert "x[2 * k + maximum(minimum(p[b] - 1, 4), 0)]" in shown
