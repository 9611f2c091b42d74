# SPDX-License-Identifier: Apache-2.0
"""Explanations are right, and lead to planted mistakes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrut.errors import BindError
from unrut.reference import evaluate, explain
from unrut.reference.explanation import ReadAt
from unrut.testing.cases import draw_case
from unrut.testing.programs import programs

f32 = np.float32
CONV = """conv(P: f32[2, 3, 7, 7, 4, 4], W: f32[5, 3, 3, 3, 4, 4]) -> V
V[n, co, y, x, i, j] = sum[ci, ky, kx, k](P[n, ci, 2*y + ky, 2*x + kx, i, k]*W[co, ci, ky, kx, k, j])
"""
PLACE = {"n": 1, "co": 4, "y": 2, "x": 0, "i": 3, "j": 1}


def poses(seed=0):
    random = np.random.default_rng(seed)
    shapes = {"P": (2, 3, 7, 7, 4, 4), "W": (5, 3, 3, 3, 4, 4)}
    return {name: random.normal(size=shape).astype(f32) for name, shape in shapes.items()}


def test_terms_add_up_to_the_value_and_tell_where_they_were_read(program):
    parsed, arrays = program(CONV), poses()
    found = explain(parsed, arrays, {}, "V", PLACE)
    assert found.value == evaluate(parsed, arrays)["V"][1, 4, 2, 0, 3, 1]
    (folding,) = found.foldings
    assert folding.places == folding.included == len(folding.terms) == 3 * 3 * 3 * 4
    assert np.isclose(sum(term.value for term in folding.terms), found.wide, rtol=1e-12)
    assert np.isclose(sum(term.share for term in folding.terms), 1)
    sizes = [abs(term.value) for term in folding.terms]
    assert sizes == sorted(sizes, reverse=True)
    for term in folding.terms[:5]:
        p, w = term.parts
        at = term.axes
        assert isinstance(p, ReadAt)
        assert p.place == (1, at["ci"], 4 + at["ky"], at["kx"], 3, at["k"])
        assert w.place == (4, at["ci"], at["ky"], at["kx"], at["k"], 1)
        assert p.value == arrays["P"][p.place]
        assert term.value == p.value * w.value
    by_ky = folding.partial["ky"]
    assert np.isclose(by_ky[2], sum(t.value for t in folding.terms if t.axes["ky"] == 2))
    last = max(folding.terms, key=lambda t: tuple(t.axes.values()))
    assert np.isclose(last.running, found.wide, rtol=1e-12)


def test_few_terms_stand_in_the_order_of_the_loops(program):
    parsed = program("f(x: f32[5]) -> y\ny = sum[i](x[i])")
    found = explain(parsed, {"x": np.array([1, -4, 2, 0, 8], f32)}, {}, "y", {})
    assert [t.value for t in found.foldings[0].terms] == [1, -4, 2, 0, 8]
    assert [t.running for t in found.foldings[0].terms] == [1, -3, -1, -1, 7]
    assert found.foldings[0].zeros == 1


class TestPlantedMistakes:
    """What a person would look for stands in the text."""

    def text(self, program, notation, place=PLACE, **arrays):
        return explain(program(notation), arrays or poses(), {}, program(notation).results[0], place).show()

    def test_swapped_axes_of_a_square_matrix(self, program):
        text = self.text(program, CONV.replace("kx, k, j]", "kx, j, k]"))
        assert "dimension 4 (j): 1, extent 4" in text  # reduced over the wrong one of W's two last dimensions
        assert "dimension 5 (k): 0 to 3, extent 4" in text

    def test_off_by_one(self, program):
        text = self.text(program, CONV.replace("2*y + ky,", "2*y + ky + 1,"), {**PLACE, "y": 1})
        assert "dimension 2 (2*y + ky + 1): 3 to 5, extent 7; over all elements 1 to 5" in text

    def test_a_wrong_stride_leaves_places_unread(self, program):
        notation = CONV.replace("2*x + kx", "x + kx").replace("-> V\n", "-> V\naxis x: 3\n")
        assert "dimension 3 (x + kx): 0 to 2, extent 7; over all elements 0 to 4" in self.text(program, notation)

    def test_a_softmax_along_the_wrong_axis(self, program):
        x = np.zeros((2, 6), f32)
        x[0, 3] = 5
        text = self.text(program, "f(x: f32[2, 6]) -> y\ny[i, j] = softmax(x[i, j], along=i)", {"i": 0, "j": 3}, x=x)
        assert "2 places (i < 2)" in text
        assert "dimension 0 (i): 0 to 1, extent 2" in text
        assert "dimension 1 (j): 3, extent 6" in text
        assert "99.3%" in text

    def test_a_policy_shows_what_it_read(self, program):
        notation = 'f(x: f32[4]) -> y\naxis i: 4\naxis k: 3\ny[i] = sum[k](x.outside("{}")[i + k - 1])'
        x = np.array([1, 2, 4, 8], f32)
        text = self.text(program, notation.format("wrap"), {"i": 0}, x=x)
        assert "x[-1] = 8 (outside, so read at [3])" in text
        assert "1 reads leave it" in text
        text = self.text(program, notation.replace('"{}"', "5"), {"i": 3}, x=x)
        assert "x[4] = 5 (outside, nothing read)" in text

    def test_a_guard_shows_what_it_left_out(self, program):
        notation = "f(x: f32[6]) -> y\naxis q: 4\ny[q] = sum[k](x[k], where=k < q)"
        text = self.text(program, notation, {"q": 2}, x=np.arange(6, dtype=f32))
        assert "2 of them take part, where= leaves out 4" in text
        assert "dimension 0 (k): 0 to 1, extent 6" in text

    def test_a_branch_shows_what_decided(self, program):
        notation = "f(x: f32[6]) -> y\ny[i] = where(x[i] > 2, x[i]*10, x[0])"
        text = self.text(program, notation, {"i": 1}, x=np.arange(6, dtype=f32))
        assert "x[i] > 2 = False" in text
        assert "x[0] = 0" in text


class TestNotFinite:
    def why(self, program, text, place, result="y", **arrays):
        return explain(program(text), arrays, {}, result, place).first_nan

    def test_a_nan_is_followed_to_the_operand(self, program):
        x = np.ones((3, 5), f32)
        x[1, 3] = np.nan
        text = "f(x: f32[3, 5]) -> y\ny[i] = exp(sum[j](x[i, j]*2) - 1)"
        assert "`x[1, 3]` is NaN already" in self.why(program, text, {"i": 1}, x=x)
        assert self.why(program, text, {"i": 0}, x=x) == ""

    def test_a_nan_that_is_made_shows_its_operation(self, program):
        x, z = np.array([1, np.inf, 3], f32), np.array([1, 0, 1], f32)
        text = "f(x: f32[3], z: f32[3]) -> y\ny = sum[i](x[i]*z[i])"
        assert "`x[i]*z[i]` makes it from x[i] = inf, z[i] = 0, at i = 1" in self.why(program, text, {}, x=x, z=z)

    def test_an_infinity_is_followed_too(self, program):
        text = "f(x: f32[2]) -> y\ny[i] = 1/x[i]"
        assert "makes it from 1 = 1, x[i] = 0" in self.why(program, text, {"i": 0}, x=np.zeros(2, f32))

    def test_an_intermediate_is_named_and_can_be_gone_into(self, program):
        text = "f(x: f32[4]) -> y\nu[i] = log(x[i])\ny = sum[i](u[i])"
        parsed, x = program(text), np.array([1, 2, -1, 4], f32)
        found = explain(parsed, {"x": x}, {}, "y", {})
        assert "`u[2]` is NaN already, an intermediate" in found.first_nan
        assert "makes it from x[i] = -1, at i = 2" in found.inside("u", (2,)).first_nan


def test_depth_goes_into_intermediates(program):
    parsed = program("f(x: f32[3, 4]) -> y\nm[i] = sum[j](x[i, j])\ny[i, j] = x[i, j] - m[i]/4")
    found = explain(parsed, {"x": np.arange(12, dtype=f32).reshape(3, 4)}, {}, "y", (1, 2))
    assert "m[i=1]" not in found.show()
    deep = found.show(depth=2)
    assert "m[i=1] = 22" in deep
    assert "x[1, 3] = 7" in deep
    assert str(found) == found.show()


def test_only_what_the_element_needs_is_evaluated(program):
    parsed = program(
        "f(x: f32[5000, 3], w: f32[5000, 3]) -> y\nv[n, m, k] = x[n, k]*w[m, k]\ny[n, m] = sum[k](v[n, m, k])"
    )
    ones = np.ones((5000, 3), f32)
    found = explain(parsed, {"x": ones, "w": ones}, {}, "y", {"n": 4000, "m": 17})  # v whole would be 300 MB
    assert found.value == 3
    assert found.foldings[0].terms[2].parts[0].place == (4000, 17, 2)


@pytest.mark.parametrize("kind", ["max", "min", "prod", "argmax", "logsumexp", "any", "all", "count"])
def test_every_reduction_can_be_explained(program, kind):
    body = "x[i] > 1" if kind in ("any", "all", "count") else "x[i]"
    parsed = program(f"f(x: f32[30]) -> y\ny = {kind}[i]({body}, where=i % 2 == 0)")
    x = np.linspace(0.5, 1.5, 30).astype(f32)
    found = explain(parsed, {"x": x}, {}, "y", {})
    assert found.value == evaluate(parsed, {"x": x})["y"]
    assert found.foldings[0].included == 15
    assert found.show()


@pytest.mark.parametrize(
    ("result", "place", "said"),
    [
        ("z", {}, "defines no tensor `z`"),
        ("y", {"i": 0}, "leaves out j"),
        ("y", {"i": 0, "j": 0, "k": 1}, "has k, which is no axis of it"),
        ("y", {"i": 2, "j": 0}, "no place i = 2: the axis has extent 2"),
        ("y", (0, -1), "no place j = -1"),
    ],
)
def test_a_place_that_is_not_there(program, result, place, said):
    with pytest.raises(BindError, match=said):
        explain(program("f(x: f32[2, 3]) -> y\ny[i, j] = x[i, j]"), {"x": np.zeros((2, 3), f32)}, {}, result, place)


@settings(max_examples=30, deadline=None)
@given(sample=programs(exact=True), seed=st.integers(0, 2**31), data=st.data())
def test_any_element_of_any_tensor_is_what_evaluation_gives(sample, seed, data):
    case = draw_case(sample, seed=seed)
    for name, value in evaluate(case.program, case.arrays, case.scalars, every=True).items():
        if value.size:
            place = tuple(data.draw(st.integers(0, n - 1)) for n in value.shape)
            found = explain(case.program, case.arrays, case.scalars, name, place)
            np.testing.assert_equal(found.value, value[place])


def test_only_what_an_element_needs_ever_stands(program):
    text = "f(x: f32[3000]) -> y\ns[i, j] = exp(x[i] - x[j])\nt[i, j] = s[j, i] + s[j, 0]\ny[i] = sum[j](t[i, j]*x[j])"
    arrays = {"x": np.linspace(0, 1, 3000).astype(f32)}
    tracemalloc.start()
    found = explain(program(text), arrays, {}, "y", {"i": 7})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    x = arrays["x"].astype(np.float64)
    assert np.isclose(found.value, ((np.exp(x - x[7]) + np.exp(x - x[0])) * x).sum(), rtol=1e-6)
    assert peak < 40e6, "s[0:3000, 0:8] and t[7, 0:3000] are a small part of 36 MB each"


def test_what_was_added_is_listed_like_any_sum(program):
    text = "f(seg: i64[6], x: f32[6, 2]) -> out\naxis s: 3\naxis f: 2\nout[s, f] = 0.5\nout[seg[e], f] += x[e, f]"
    arrays = {"seg": np.array([0, 2, 1, 2, 0, 0]), "x": np.arange(12, dtype=f32).reshape(6, 2)}
    found = explain(program(text), arrays, {}, "out", {"s": 2, "f": 1})
    assert found.value == found.wide == 0.5 + 3 + 7
    (folding,) = found.foldings
    assert folding.text == "out[seg[e], f] += x[e, f]"
    assert (folding.places, folding.included) == (12, 2)
    assert [(t.axes, t.value) for t in folding.terms] == [({"e": 1, "f": 1}, 3), ({"e": 3, "f": 1}, 7)]
