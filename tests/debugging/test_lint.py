# SPDX-License-Identifier: Apache-2.0
"""Every kind of finding is found where it is, with the user's caret, and not found where it is not."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unrut as ur
import unrut.ops
from unrut.testing.cases import draw_case
from unrut.testing.programs import programs

f32 = np.float32

COMMANDS = Path(__file__).parents[1] / "commands" / "op_specs.py"
SPECS = runpy.run_path(str(COMMANDS))["SPECS"]

# kind: (text with the mistake, text without), for the specs that stand in them
PAIRS = {
    "index never used": (
        "f(x: f32[4]) -> y\naxis k: 3\ny[i] = sum[k](x[i])",
        "f(x: f32[4, 3]) -> y\ny[i] = sum[k](x[i, k])",
    ),
    "repeated along an index": (
        "f(x: f32[4]) -> y\naxis c: 3\ny[i, c] = x[i]*2",
        "f(x: f32[4]) -> y\naxis c: 3\ny[i, c] = x[i]*c",
    ),
    "empty result": (
        "f(x: f32[4], w: f32[6]) -> y\ny[i] = sum[k](x[i + k]*w[k])",
        "f(x: f32[6], w: f32[6]) -> y\ny[i] = sum[k](x[i + k]*w[k])",
    ),
    "empty reduction": (
        "f(x: f32[4, 0]) -> y\ny[i] = sum[k](x[i, k])",
        "f(x: f32[4, 1]) -> y\ny[i] = sum[k](x[i, k])",
    ),
    "tensor never used": (
        "f(x: f32[4]) -> y\nm = sum[i](x[i])\ny[i] = x[i]*2",
        "f(x: f32[4]) -> y\nm = sum[i](x[i])\ny[i] = x[i]*m",
    ),
    "operand never read": ("f(x: f32[4], w: f32[4]) -> y\ny[i] = x[i]", "f(x: f32[4], w: f32[4]) -> y\ny[i] = x[i]*w[i]"),
    "scalar never used": ("f(x: f32[4], s: scalar) -> y\ny[i] = x[i]", "f(x: f32[4], s: scalar) -> y\ny[i] = x[i]*s"),
    "policy hides a whole read": (
        "f(x: f32[n]) -> y\naxis i: x.shape[0]\ny[i] = x.outside(0)[i + x.shape[0]] + x[i]",
        "f(x: f32[n]) -> y\naxis i: x.shape[0]\ny[i] = x.outside(0)[i + x.shape[0] - 1] + x[i]",
    ),
    "policy is idle": (
        "f(x: f32[n]) -> y\naxis i: x.shape[0]\ny[i] = x.outside(0)[x.shape[0] - 1 - i]",
        "f(x: f32[n]) -> y\naxis i: x.shape[0]\ny[i] = x.outside(0)[x.shape[0] - 2 - i]",
    ),
    "window leans to one side": (
        "f(x: f32[n]) -> y\naxis i: x.shape[0]\naxis k: 3\ny[i] = sum[k](x.outside(0)[i + k + 1])",
        "f(x: f32[n]) -> y\naxis i: x.shape[0]\naxis k: 3\ny[i] = sum[k](x.outside(0)[i + k - 1])",
    ),
    "dimension read at one place": ("f(x: f32[4, 3]) -> y\ny[i] = x[i, 0]", "f(x: f32[4, 1]) -> y\ny[i] = x[i, 0]"),
    "places never read": (
        "f(x: f32[8]) -> y\naxis k: 2\ny[i] = max[k](x[3*i + k])",
        "f(x: f32[8]) -> y\naxis k: 2\ny[i] = max[k](x[2*i + k])",
    ),
    "mean over another index": (
        "f(x: f32[n, c]) -> y\ny[n] = sum[c](x[n, c])/x.shape[0]",
        "f(x: f32[n, c]) -> y\ny[n] = sum[c](x[n, c])/x.shape[1]",
    ),
    "softmax by hand": (
        "f(x: f32[n]) -> y\ny[i] = exp(x[i])/sum[j](exp(x[j]))",
        "f(x: f32[n]) -> y\nm = max[j](x[j])\ny[i] = exp(x[i] - m)/sum[j](exp(x[j] - m))\naxis j: x.shape[0]",
    ),
    "logsumexp by hand": ("f(x: f32[n]) -> y\ny = log(sum[j](exp(x[j])))", "f(x: f32[n]) -> y\ny = logsumexp[j](x[j])"),
    "log of a softmax": (
        "f(x: f32[n]) -> y\ny[i] = log(softmax(x[i], along=i))",
        "f(x: f32[n]) -> y\ny[i] = x[i] - logsumexp[j](x[j])",
    ),
    "softmax of one": (
        "f(x: f32[n, 1]) -> y\ny[i, j] = softmax(x[i, j], along=j)",
        "f(x: f32[n, 1]) -> y\ny[i, j] = softmax(x[i, j], along=i)",
    ),
    "padding takes part": (
        "f(x: f32[9]) -> y\naxis k: 3\naxis i: 9\ny[i] = max[k](x.outside(0)[i + k - 1])",
        "f(x: f32[9]) -> y\naxis k: 3\naxis i: 9\ny[i] = max[k](x.outside(-inf)[i + k - 1])",
    ),
    "same thing twice": ("f(x: f32[n]) -> y\ny[i] = x[i] - x[i]", "f(x: f32[n]) -> y\ny[i] = x[i] - x[0]"),
    "condition never true": (
        "f(x: f32[n]) -> y\ny[i] = sum[k](x[k], where=(k < x.shape[0]) & (k > x.shape[0] + i))\naxis i: 3",
        "f(x: f32[n]) -> y\ny[i] = sum[k](x[k], where=(k < x.shape[0]) & (k > i))\naxis i: 3",
    ),
    "condition always true": (
        "f(x: f32[n]) -> y\ny[i] = where(i >= 0, x[i], 0)",
        "f(x: f32[n]) -> y\ny[i] = where(i >= 1, x[i], 0)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PAIRS)
def test_a_kind_is_found_where_it_is_and_only_there(kind):
    wrong, right = PAIRS[kind]
    found = [f for f in ur.lint(ur.parse(wrong, "my.txt")) if f.kind == kind]
    assert len(found) == 1, ur.lint(ur.parse(wrong)).show()
    assert found[0].remedy
    if kind != "scalar never used":
        assert "^" in found[0].show() or "my.txt" in found[0].show()
    assert kind not in ur.lint(ur.parse(right)).kinds()


def test_the_page_names_every_kind():
    page = (Path(__file__).parents[2] / "docs" / "debugging.md").read_text(encoding="utf-8")
    kinds = [*PAIRS, "cancellation", "not finite", "result is all zero", "intermediate larger than all else"]
    assert not [kind for kind in kinds if f"| {kind} |" not in page]


@pytest.mark.parametrize("name", ur.ops.__all__)
def test_the_library_is_clean(name):
    expected = (
        ("repeated along an index",) if name.startswith("em_routing") else ()
    )  # first shares are equal for all parents
    assert ur.lint(getattr(ur.ops, name)).kinds() == expected


SHAPED = ("em_routing", "em_routing_overlapping", "gru")
"""Ops of which a tensor that is stored is larger than what goes in and out."""


@pytest.mark.parametrize("name", SPECS)
def test_the_library_is_clean_with_shapes(name):
    found = ur.lint(getattr(ur.ops, name), *SPECS[name])
    known = {"repeated along an index", "intermediate larger than all else"} if name in SHAPED else set()
    assert set(found.kinds()) <= known
    assert not found.mistakes


def test_shares_of_log_space_do_not_cancel():
    random = np.random.default_rng(0)
    x = (random.normal(size=(6, 40)) + 3e6).astype(f32)
    text = "f(x: f32[n, c]) -> y\nz[n] = logsumexp[c](x[n, c])\ny[n, c] = exp(x[n, c] - z[n])"
    assert "cancellation" not in ur.lint(ur.parse(text), x).kinds()


class TestValues:
    X = (1000 + np.random.default_rng(0).normal(size=(5, 8))).astype(f32)

    def variance(self, body: str) -> ur.Op:
        return ur.parse(f"f(x: f32[n, 8]) -> var\nmean[n] = sum[c](x[n, c])/8\nvar[n] = {body}")

    def test_cancellation_is_seen_in_the_bound(self):
        (found,) = ur.lint(self.variance("sum[c](x[n, c]**2)/8 - mean[n]**2"), self.X)
        assert (found.kind, found.level, found.statement) == ("cancellation", "mistake", "var")
        assert "/8 - mean[n]**2" in found.message

    def test_the_stable_form_does_not_cancel(self):
        assert not ur.lint(self.variance("sum[c]((x[n, c] - mean[n])**2)/8"), self.X)

    def test_neither_does_f64(self):
        op = ur.parse("f(x: f64[n, 8]) -> v\nm[n] = sum[c](x[n, c])/8\nv[n] = sum[c](x[n, c]**2)/8 - m[n]**2")
        assert not ur.lint(op, self.X.astype(np.float64))

    def test_sums_of_both_signs_are_no_cancellation(self):
        random = np.random.default_rng(1)
        a, b = random.normal(size=(30, 500)).astype(f32), random.normal(size=(500, 30)).astype(f32)
        assert not ur.lint(ur.ops.matmul, a, b)

    def test_a_sum_whose_terms_cancel(self):
        x = np.random.default_rng(2).normal(size=(4, 64)).astype(f32) * 1e4
        both = np.concatenate([x, -x * (1 + 1e-6)], axis=1).astype(f32)
        found = ur.lint(ur.parse("f(x: f32[n, c]) -> y\ny[n] = sum[c](x[n, c])"), both)
        assert found.kinds() == ("cancellation",)
        assert "terms cancel" in found[0].message

    def test_nan_is_followed_to_its_origin(self):
        found = ur.lint(ur.parse("f(x: f32[4]) -> y\nr[i] = log(x[i])\ny[i] = r[i]*2"), np.array([1, -1, 2, 3], f32))
        assert [(f.kind, f.statement) for f in found] == [("not finite", "r")]
        assert "log(x[i])" in found[0].message

    def test_a_dead_result(self):
        assert ur.lint(ur.ops.matmul, np.zeros((2, 2), f32), np.ones((2, 2), f32)).kinds() == ("result is all zero",)

    def test_a_large_intermediate_is_told_where_it_is_stored(self):
        text = "f(x: f32[300]) -> y\ns[i, j] = x[i]*x[j] + exp(x[i] + x[j])\ny[i] = sum[j](s[i, j]*s[j, i])"
        assert "intermediate larger than all else" in ur.lint(ur.parse(text).bind()).kinds()
        text = "f(x: f32[300]) -> y\ns[i, j] = x[i]*x[j] + exp(x[i] + x[j])\ny[i] = sum[j](s[i, j]*2)"
        assert not ur.lint(ur.parse(text).bind())


def test_findings_point_at_the_users_line():
    @ur.op
    def f(x):
        i, k = ur.axes("i")[0], ur.axis("k", 3)
        y = ur.tensor("y")
        y[i] = ur.sum[k](x[i])
        return y

    (found,) = ur.lint(f)
    assert __file__ in found.show()
    assert "ur.sum[k](x[i])\n" in found.show()
    assert found.places[0].span.source_line().strip() == "y[i] = ur.sum[k](x[i])"


def test_bound_and_arguments_are_the_same():
    op, x = ur.parse("f(x) -> y\ny[i] = x[i] - x[i]"), np.ones(3, f32)
    assert ur.lint(op, x).findings == ur.lint(op.bind(x)).findings == ur.lint(op.bind("f32[3]"), x).findings
    assert len(ur.lint(op, "f32[3]")) == 1
    assert not ur.lint(op, "f32[3]").with_values


def test_html_is_well_formed_and_escaped(well_formed):
    text = "f(x: f32[4]) -> y\naxis k: 3\ny[i] = sum[k](x[i])  # <script>alert(\"1\")</script> & 'so'"
    html = ur.lint(ur.parse(text, '<b onload="x">.txt'))._repr_html_()
    tree = well_formed(html)
    assert "<script>" not in html
    assert '<b onload="x">.txt:3' in "".join(tree.itertext())
    well_formed(ur.lint(ur.ops.matmul)._repr_html_())


@settings(max_examples=30, deadline=None)
@given(sample=programs(exact=False), seed=st.integers(0, 2**31))
def test_nothing_makes_it_fail(sample, seed, well_formed):
    case = draw_case(sample, seed=seed)
    op = ur.parse(case.text)
    assert ur.lint(op).show()
    found = ur.lint(op.bind(*case.arrays.values(), **case.scalars))
    assert found.show()
    well_formed(found._repr_html_())


OFFSETS = np.array([0, 3, 5, 5, 12], np.int64)
WORDS = np.array([0, 3, 1, 2, 8, 9, 4, 4, 4, 7, 6, 5], np.int64)


def test_sizes_of_ranges_by_data_are_no_repetition():
    E = np.random.default_rng(0).normal(size=(10, 3)).astype(f32)
    for specs in (("f32[10, 3]", "i64[12]", "i64[m]"), ("f32[v, d]", "i64[n]", "i64[m]"), (E, WORDS, OFFSETS)):
        assert not ur.lint(ur.ops.embedding_bag, *specs, mean=True)

    @ur.op
    def repeated(x, o):
        b = ur.axis("b")
        e = ur.axis("e", 6, start=o[b], stop=o[b + 1])
        y = ur.tensor("y")
        y[b] = ur.sum[e](x[b])
        return y

    (found,) = (f for f in ur.lint(repeated) if f.kind == "index never used")
    assert "times" not in found.message


def test_infinities_that_somebody_wrote_are_no_finding():
    S = np.random.default_rng(0).normal(size=(5, 5)).astype(f32)
    masked = "f(s: f32[q, k]) -> y\nm[q, k] = where(k <= q, s[q, k], -inf)\ny[q, k] = softmax(m[q, k], along=k)"
    assert not ur.lint(ur.parse(masked), S)
    nothing = ur.lint(ur.parse(masked.replace("k <= q", "k < q")), S)  # the first row has no term at all
    assert [(f.kind, f.level, f.statement) for f in nothing] == [("not finite", "mistake", "y")]
    poled = ur.lint(
        ur.parse("f(s: f32[q, k]) -> y\ny[q, k] = where(k <= q, 1/s[q, k], -inf)"), np.where(S < 0, f32(0), S)
    )
    assert poled.kinds() == ("not finite",)
    assert "1/s[" in poled[0].message


def test_ops_over_windows_and_segments_are_clean():
    random = np.random.default_rng(0)
    Q = (random.normal(size=(1, 2, 7, 8, 4)).astype(f32) for _ in range(3))
    assert not ur.lint(ur.ops.window_attention, *Q, random.normal(size=(2, 3, 5)).astype(f32))
    rows = random.normal(size=(12, 5)).astype(f32)
    assert not ur.lint(ur.ops.segment_max, rows, OFFSETS)
    assert not ur.lint(ur.ops.segment_softmax, rows, OFFSETS)


@pytest.mark.parametrize("padding", [0, 1])
def test_what_an_option_makes_idle_is_no_finding(padding):
    specs = "f32[2, 5, 9, 29]", "f32[5, 3, 5]"
    assert not ur.lint(ur.ops.depthwise_conv2d, *specs, padding=padding)
    assert not ur.lint(ur.ops.depthwise_conv2d, padding=padding)

    @ur.op
    def f(x, *, by=2):
        i = ur.axis("i", x.shape[0])
        y = ur.tensor("y")
        y[i] = x.outside(0)[i] * by
        return y

    assert ur.lint(f).kinds() == ur.lint(f, "f32[7]").kinds() == ("policy is idle",)


@pytest.mark.parametrize("padding", [0, 1])
def test_bound_ops_are_looked_at_as_ops_with_shapes_are(padding):
    specs = "f32[2, 5, 9, 29]", "f32[5, 3, 5]"
    assert not ur.lint(ur.ops.depthwise_conv2d.bind(*specs, padding=padding))
    arrays = [np.random.default_rng(0).normal(size=shape).astype(f32) for shape in ((2, 5, 9, 29), (5, 3, 5))]
    assert not ur.lint(ur.ops.depthwise_conv2d.bind(*arrays, padding=padding))
    assert not ur.lint(ur.ops.depthwise_conv2d.bind(*specs, padding=padding), *arrays)
    assert not ur.lint(ur.ops.depthwise_conv2d.bind(*specs, padding=padding).with_arrays(*arrays))


POOL = "f(x: f32[n]) -> y\naxis i: {places}\naxis k: 2\ny[i] = max[k](x.outside(-inf)[2*i + k])"


@pytest.mark.parametrize("n", [6, 7, 8, 9])
def test_a_policy_that_is_idle_for_some_sizes_alone_is_no_finding(n):
    """Half-filled windows at the end are there for odd sizes only."""
    op = ur.parse(POOL.format(places="(x.shape[0] + 1)//2"))
    for what in (ur.lint(op, f"f32[{n}]"), ur.lint(op.bind(f"f32[{n}]")), ur.lint(op.bind(np.ones(n, f32)))):
        assert "policy is idle" not in what.kinds()
    never = ur.parse(POOL.format(places="x.shape[0]//2"))  # a rest of one is never reached, whatever the size
    for what in (ur.lint(never, f"f32[{n}]"), ur.lint(never.bind(f"f32[{n}]")), ur.lint(never.bind(np.ones(n, f32)))):
        assert "policy is idle" in what.kinds()
    fixed = ur.parse(POOL.replace("[n]", f"[{n - n % 2}]").format(places=n // 2))  # a signature that fits no other size
    assert "policy is idle" in ur.lint(fixed.bind(f"f32[{n - n % 2}]")).kinds()


def test_data_less_their_mean_do_not_cancel_where_they_are_all_the_same():
    same = np.full((4, 7), 0.3, f32)
    text = "f(x: f32[n, c]) -> y\nm[n] = sum[c](x[n, c])/x.shape[1]\ny[n, c] = x[n, c] - m[n]"
    assert "cancellation" not in ur.lint(ur.parse(text), same).kinds()
    assert "cancellation" not in ur.lint(ur.ops.layer_norm, same, np.ones(7, f32), np.zeros(7, f32)).kinds()


def test_without_shapes_it_says_how_to_give_them():
    said = ur.lint(ur.ops.matmul).show()
    assert "without shapes ranges are not checked" in said
    assert 'try: ur.lint(matmul, "f32[8, 32]", ...), or in a shell: unrut lint FILE.py:matmul "f32[8, 32]" ...' in said
    assert "without shapes" not in ur.lint(ur.ops.matmul, "f32[2, 3]", "f32[3, 2]").show()


@pytest.mark.parametrize(("function", "large"), [("real", "1e6"), ("imag", "1e6"), ("angle", "3e6"), ("abs", "1e6")])
def test_cancellation_behind_a_part_of_complex_numbers_is_found(function, large):
    z = np.array([0.3 + 0.3j, 0.35 + 0.36j], np.complex64)
    op = ur.parse(f"a(z) -> y\ny[i] = ({function}(z[i]) + {large}) - {large}")
    assert "cancellation" in ur.lint(op, z).kinds()


@pytest.mark.parametrize(
    ("text", "data", "said"),
    [
        ("a(x, q) -> y\ny[i] = 0\ny[q[e]] += x[e]\naxis i: 4", [0, 1, 9], "leaves `y`"),
        ("a(x, q) -> y\ny[i] = x[q[i]]", [0, 1, 9], "leaves `x`"),
        ("a(x, q) -> y\ny[i] = sum[e](x[e])\naxis e: q[i] .. q[i + 1]", [2, 1, 0], "q"),
        ("a(x, q) -> y\ny[i] = kth_smallest[j](x[j], q[i])", [0, 1, 9], "rank"),
    ],
)
def test_data_for_which_there_is_no_result_is_a_finding(text, data, said):
    found = ur.lint(ur.parse(text), np.float32([1, 2, 3]), np.int32(data))
    assert found.kinds() == ("data without a result",)
    assert said in found.show()
    assert "result is all zero" not in found.show()
