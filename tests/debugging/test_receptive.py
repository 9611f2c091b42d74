# SPDX-License-Identifier: Apache-2.0
"""Receptive fields hold exactly the places that a value depends on, and are drawn as they are."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import unrut as ur
import unrut.ops
from unrut.reference import evaluate, explain
from unrut.testing.cases import draw_case
from unrut.testing.programs import programs

f32 = np.float32


def fields(op: ur.Op, *arrays, **place):
    return {f.tensor: f for f in op.bind(*arrays).explain(**place).fields()}


def test_a_window_of_stride_two():
    op = ur.parse("f(x: f32[9], w: f32[3]) -> y\ny[i] = sum[k](x[2*i + k]*w[k])")
    found = fields(op, np.ones(9, f32), np.ones(3, f32), i=1)
    assert found["x"].places.tolist() == [[2], [3], [4]]
    assert found["w"].places.tolist() == [[0], [1], [2]]
    assert not len(found["x"].outside)


def test_what_is_asked_for_outside_is_kept_apart(golden):
    ranges = "axis u: 3\naxis v: 3\naxis i: 4\naxis j: 5\n"
    op = ur.parse(f"f(x: f32[4, 5]) -> y\n{ranges}y[i, j] = sum[u, v](x.outside(0)[i + u - 1, j + v - 1])")
    explanation = op.bind(np.ones((4, 5), f32)).explain(i=0, j=4)
    (found,) = explanation.fields()
    assert found.places.tolist() == [[0, 3], [0, 4], [1, 3], [1, 4]]
    assert found.outside.tolist() == [[-1, 3], [-1, 4], [-1, 5], [0, 5], [1, 5]]
    golden("border.txt", explanation.picture() + "\n")


def test_a_branch_not_taken_is_not_read():
    op = ur.parse("f(x: f32[4], z: f32[4]) -> y\ny[i] = where(x[i] > 0, x[i], z[i])")
    assert "z" not in fields(op, np.ones(4, f32), np.ones(4, f32), i=2)


def test_operands_behind_intermediates(golden):
    op = ur.parse("f(x: f32[8]) -> y\naxis p: 6\naxis q: 5\na[p] = x[p] + x[p + 2]\ny[q] = a[q] + a[q + 1]")
    explanation = op.bind(np.ones(8, f32)).explain(q=3)
    direct, through = explanation.fields()
    assert (direct.tensor, direct.places.tolist()) == ("a", [[3], [4]])
    assert (through.tensor, through.places.tolist(), through.direct) == ("x", [[3], [4], [5], [6]], False)
    golden("through.txt", explanation.picture() + "\n")


def test_many_dimensions_are_seen_through(golden):
    random = np.random.default_rng(0)
    p, w = random.normal(size=(2, 3, 9, 40, 4, 4)).astype(f32), random.normal(size=(5, 3, 3, 3, 4, 4)).astype(f32)
    explanation = ur.ops.conv_caps.bind(p, w, stride=2).explain(n=1, co=2, y=2, x=15, i=0, j=1)
    golden("capsules.txt", explanation.picture() + "\n")


def test_html_is_well_formed_and_escaped(well_formed):
    op = ur.parse("f(x: f32[4]) -> y\naxis i: 4\naxis k: 3\ny[i] = sum[k](x.outside(0)[i + k]*(k < 2))", "<&'\">.txt")
    tree = well_formed(op.bind(np.ones(4, f32)).explain(i=3)._repr_html_())
    assert "<&'\">.txt:4" in "".join(tree.itertext())
    assert len([e for e in tree.iter() if e.tag == "rect"]) == 6


@settings(max_examples=30, deadline=None)
@given(sample=programs(exact=False), seed=st.integers(0, 2**31), data=st.data())
def test_an_element_depends_on_nothing_else(sample, seed, data, well_formed):
    """Whatever is changed elsewhere, the element stays as it is."""
    case = draw_case(sample, seed=seed)
    result = case.program.results[0]
    value = evaluate(case.program, case.arrays, case.scalars)[result]
    assume(value.size)
    place = tuple(data.draw(st.integers(0, n - 1)) for n in value.shape)
    explanation = explain(case.program, case.arrays, case.scalars, result, place)
    found = explanation.fields()
    assert explanation.picture() or not found
    well_formed(explanation._repr_html_())
    other = {}
    random = np.random.default_rng(seed)
    for name, array in case.arrays.items():
        mask = np.ones(array.shape, np.bool_)
        for part in (f for f in found if f.tensor == name):
            mask[tuple(part.places.T)] = False
        if array.dtype.kind in "iu":
            mask[...] = False  # they may be places or offsets, which are checked wherever they stand
        noise = random.permutation(array.ravel()).reshape(array.shape) if array.size else array
        other[name] = np.where(mask, noise, array).astype(array.dtype)
    again = evaluate(case.program, other, case.scalars)[result]
    np.testing.assert_array_equal(again[place], value[place])
