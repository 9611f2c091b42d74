# SPDX-License-Identifier: Apache-2.0
"""What programs mean: nodes one by one, against NumPy or figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from unrut.errors import RangeError
from unrut.program.extents import as_extent
from unrut.program.nodes import Axis, AxisValue, Operand, Program, Read, Statement
from unrut.program.types import DType
from unrut.reference import evaluate

f32, f64, i32, i64 = np.float32, np.float64, np.int32, np.int64
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def run(program):
    """`run(text, x=...)` gives the first result."""

    def first(text, scalars=None, **arrays):
        parsed = program(text)
        return evaluate(parsed, arrays, scalars or {})[parsed.results[0]]

    return first


class TestNumbers:
    def test_a_constant_is_rounded_once_to_the_dtype_it_meets(self, run):
        assert run("f(x: f32[1]) -> y\ny[i] = x[i] + 0.1 - 0.1", x=np.zeros(1, f32))[0] == 0
        assert run("f(x: f32[1]) -> y\ny[i] = cast(x[i] + 0.1, f64)", x=np.zeros(1, f32))[0] == f64(f32(0.1))

    def test_axis_values_extents_and_scalars(self, run):
        y = run("f(x: f64[4], s: scalar) -> y\ny[i] = s*i + x.shape[0] + x[i]", {"s": 0.5}, x=np.ones(4))
        assert y.tolist() == [5, 5.5, 6, 6.5]

    def test_a_result_without_axes(self, run):
        y = run("f(x: i32[3]) -> y\ny = sum[i](x[i])", x=np.array([1, 2, 3], i32))
        assert y.shape == ()
        assert y.dtype == i64
        assert y == 6


class TestReads:
    @pytest.mark.parametrize("mode", ["edge", "wrap", "reflect", "symmetric"])
    @pytest.mark.parametrize("n", [1, 2, 3, 5])
    def test_modes_are_those_of_numpy_pad(self, run, mode, n):
        x = np.arange(n, dtype=f32)
        y = run(f'f(x: f32[{n}]) -> y\naxis i: {n + 22}\ny[i] = x.outside("{mode}")[i - 11]', x=x)
        assert y.tolist() == np.pad(x, 11, mode=mode).tolist()

    def test_a_value_outside(self, run):
        y = run("f(x: f32[3]) -> y\naxis i: 6\ny[i] = x.outside(7)[2*i - 3]", x=np.array([1, 2, 3], f32))
        assert y.tolist() == [7, 7, 2, 7, 7, 7]

    def test_a_value_outside_an_empty_tensor(self, run):
        assert run("f(x: f32[0]) -> y\naxis i: 2\ny[i] = x.outside(7)[i]", x=np.zeros(0, f32)).tolist() == [7, 7]

    @pytest.mark.parametrize("text", ["x[2*i + 1, 2 - j]", "x[i + 1, i + j]", "x[(i + j)//2, (3*i + j) % 5]"])
    def test_affine_and_other_subscripts(self, run, text):
        x = np.arange(25, dtype=f64).reshape(5, 5)
        y = run(f"f(x: f64[5, 5]) -> y\naxis i: 2\naxis j: 3\ny[i, j] = {text}", x=x)
        expected = [[eval(text, {"x": _Elements(x), "i": i, "j": j}) for j in range(3)] for i in range(2)]  # noqa: S307
        assert y.tolist() == expected

    def test_any_strides_read_only_and_unaligned(self, run):
        base = np.arange(48, dtype=f32).reshape(6, 8)
        raw = np.zeros(4 * 12 + 1, np.uint8)[1:].view(f32).reshape(3, 4)
        raw[...] = base[:3, :4]
        for x in (base[::-2, 1:8:2], np.broadcast_to(base[:1, :4], (3, 4)), np.asfortranarray(base[:3, :4]), raw):
            x.flags.writeable = False
            y = run("f(x: f32[3, 4]) -> y\ny[i, j] = x[2 - i, j]", x=x)
            assert y.tolist() == x[::-1].tolist()

    def test_an_invalid_read_that_counts_is_refused_with_its_place(self):
        body = Read(tensor="x", subscripts=(AxisValue(axis="i"),), dtype=DType.f32)
        axis = Axis(name="i", extent=as_extent(5))
        statement = Statement(target="y", subscripts=(AxisValue(axis="i"),), axes=(axis,), body=body, dtype=DType.f32)
        broken = Program(
            name="f",
            operands=(Operand(name="x", dtype=DType.f32, shape=(as_extent(3),)),),
            scalars=(),
            given=(),
            statements=(statement,),
            results=("y",),
        )
        with pytest.raises(RangeError, match=r"subscript 0 is 3, the dimension has extent 3; at i = 3"):
            evaluate(broken, {"x": np.zeros(3, f32)})


class _Elements:
    def __init__(self, x):
        self.x = x

    def __getitem__(self, at):
        return self.x[at].item()


class TestLaziness:
    def test_the_branch_not_taken_contributes_nothing(self, run):
        x = np.array([1, NAN, 2, INF], f32)
        y = run("f(x: f32[4]) -> y\ny[i] = where(i % 2 == 0, x[i], 0)", x=x)
        assert y.tolist() == [1, 0, 2, 0]

    def test_the_branch_not_taken_reads_nothing(self, run):
        y = run(
            "f(x: f32[3]) -> y\naxis i: 6\ny[i] = where((i >= 2) & (i < 5), x[i - 2], -1)", x=np.arange(3, dtype=f32)
        )
        assert y.tolist() == [-1, -1, 0, 1, 2, -1]
        y = run("f(x: f32[3]) -> y\naxis i: 5\ny[i] = where(i > 2, -1, x[i])", x=np.arange(3, dtype=f32))
        assert y.tolist() == [0, 1, 2, -1, -1]

    def test_excluded_terms_contribute_nothing(self, run):
        x = np.array([NAN, 1, 2, NAN], f32)
        text = "f(x: f32[4]) -> y\ny = {}[i](x[i]*x[i], where=(i > 0) & (i < 3))"
        for kind, expected in [("sum", 5), ("prod", 4), ("max", 4), ("min", 1), ("logsumexp", np.logaddexp(1, 4))]:
            assert run(text.format(kind), x=x) == f32(expected)

    def test_nothing_included(self, run):
        text = "f(x: {}[3]) -> y\ny = {}[i](x[i], where=i > 5)"
        for kind, expected in [
            ("sum", 0),
            ("prod", 1),
            ("max", -INF),
            ("min", INF),
            ("logsumexp", -INF),
            ("argmax", 0),
        ]:
            assert run(text.format("f32", kind), x=np.ones(3, f32)) == expected
        assert run(text.format("i32", "max"), x=np.ones(3, i32)) == np.iinfo(i32).min
        assert run(text.format("i32", "min"), x=np.ones(3, i32)) == np.iinfo(i32).max


class TestIntegers:
    low = np.iinfo(i32).min

    @pytest.mark.parametrize(
        ("text", "a", "b", "expected"),
        [
            ("a[i] + b[i]", 2**31 - 1, 1, low),
            ("a[i] * b[i]", 2**16, 2**15, low),
            ("a[i] // b[i]", -7, 2, -4),
            ("a[i] % b[i]", -7, 2, 1),
            ("a[i] // b[i]", 7, 0, 0),
            ("a[i] % b[i]", 7, 0, 0),
            ("a[i] // b[i]", low, -1, low),
            ("a[i] % b[i]", low, -1, 0),
            ("abs(a[i]) + 0*b[i]", low, 0, low),
            ("-a[i] + 0*b[i]", low, 0, low),
            ("a[i] << b[i]", 1, 31, low),
            ("a[i] << b[i]", 1, 32, 0),
            ("a[i] << b[i]", 1, -1, 0),
            ("a[i] >> b[i]", -8, 1, -4),
            ("a[i] >> b[i]", -8, 40, -1),
            ("a[i] >> b[i]", 8, -1, 0),
            ("a[i] >> b[i]", -8, -1, -1),
        ],
    )
    def test_wrapping_flooring_and_shifts(self, run, text, a, b, expected):
        y = run(f"f(a: i32[1], b: i32[1]) -> y\ny[i] = {text}", a=np.array([a], i32), b=np.array([b], i32))
        assert y.dtype == i32
        assert y.tolist() == [expected]

    def test_sums_of_products_wrap(self, run):
        a = np.full(2, 2**31 - 1, i32)
        assert run("f(a: i32[2]) -> y\ny = sum[i](a[i]*a[i], dtype=i32)", a=a) == 2
        assert run("f(a: i32[2]) -> y\ny = sum[i](a[i]*a[i])", a=a) == 2 * (2**31 - 1) ** 2


class TestCasts:
    def test_float_to_integer_truncates_saturates_and_takes_nan_to_0(self, run):
        x = np.array([1.9, -1.9, NAN, INF, -INF, 3e9, -3e9, 2147483520, -0.5], f32)
        y = run("f(x: f32[9]) -> y\ny[i] = cast(x[i], i32)", x=x)
        top, low = 2**31 - 1, -(2**31)
        assert y.tolist() == [1, -1, 0, top, low, top, low, 2147483520, 0]
        z = run("f(x: f64[3]) -> y\ny[i] = cast(x[i], i64)", x=np.array([2.0**63, -(2.0**63), 2.0**62]))
        assert z.tolist() == [2**63 - 1, -(2**63), 2**62]

    def test_integers_wrap_and_round_once(self, run):
        x = np.array([2**32 + 5, 2**24 + 1, 2**54 + 2**30 + 1], i64)
        assert run("f(x: i64[3]) -> y\ny[i] = cast(x[i], i32)", x=x).tolist() == x.astype(i32).tolist()
        assert run("f(x: i64[3]) -> y\ny[i] = cast(x[i], f32)", x=x).tolist() == x.astype(f32).tolist()

    def test_to_bool(self, run):
        y = run("f(x: f32[3]) -> y\ny[i] = cast(x[i], bool)", x=np.array([0, -0.0, NAN], f32))
        assert y.tolist() == [False, False, True]


class TestReductions:
    def test_f32_is_summed_in_f64(self, run):
        x = np.ones(2**24 + 16, f32)
        x[0] = 2**24
        assert run(f"f(x: f32[{x.size}]) -> y\ny = sum[i](x[i])", x=x) == f32(2**25 + 15)
        assert run(f"f(x: f32[{x.size}]) -> y\ny = sum[i](x[i]*x[i])", x=x[::-1] * f32(1)) == f32(2.0**48 + 2**24 + 15)

    def test_f64_is_summed_pairwise_over_all_axes(self, run):
        x = np.full((3, 500, 1000), 0.1)
        y = run("f(x: f64[3, 500, 1000]) -> y\ny[n] = sum[i, j](x[n, i, j])", x=x)
        assert np.abs(y - 5e4).max() < 1e-9  # one after another is off by 1e-6

    def test_a_term_that_does_not_depend_on_the_axis_counts_as_often(self, run):
        z = np.arange(4, dtype=f32)
        assert run("f(z: f32[4]) -> y\naxis i: 3\ny[j] = sum[i](z[j]*z[j])", z=z).tolist() == [0, 3, 12, 27]
        assert run("f(z: f32[4]) -> y\naxis i: 3\ny[j] = sum[i](z[j])", z=z).tolist() == [0, 3, 6, 9]

    def test_initial_takes_part(self, run):
        x = np.array([1, 2, 4], f32)
        for kind, expected in [("sum", 10), ("prod", 24), ("max", 4), ("min", 1), ("logsumexp", None)]:
            y = run(f"f(x: f32[3]) -> y\ny = {kind}[i](x[i], initial=3)", x=x)
            assert y == (f32(expected) if expected is not None else f32(np.log(np.exp([1.0, 2, 4, 3]).sum())))

    def test_empty_ranges(self, run):
        x = np.zeros((2, 0), f32)
        for kind, expected in [("sum", 0), ("prod", 1), ("logsumexp", -INF)]:
            assert run(f"f(x: f32[2, 0]) -> y\ny[i] = {kind}[j](x[i, j])", x=x).tolist() == [expected] * 2
        for kind, expected in [("any", False), ("all", True), ("count", 0)]:
            assert run(f"f(x: f32[2, 0]) -> y\ny[i] = {kind}[j](x[i, j] > 0)", x=x).tolist() == [expected] * 2
        assert run("f(x: f32[2, 0]) -> y\ny[j] = sum[i](x[i, j])", x=x).shape == (0,)

    def test_nan_and_infinities(self, run):
        x = np.array([1, NAN, INF], f32)
        assert np.isnan(run("f(x: f32[3]) -> y\ny = max[i](x[i])", x=x))
        assert np.isnan(run("f(x: f32[3]) -> y\ny = sum[i](x[i]*0)", x=x))
        zero = np.zeros(3, f32)
        assert np.isnan(run("f(x: f32[3], z: f32[3]) -> y\ny = sum[i](x[i]*z[i])", x=x, z=zero))

    @pytest.mark.parametrize(
        ("values", "place"),
        [([1, 3, 3, 2], 1), ([1, NAN, 5, NAN], 1), ([-INF, -INF], 0), ([INF, NAN], 1), ([2], 0)],
    )
    def test_argmax_takes_the_first_and_nan_wins(self, run, values, place):
        x = np.array(values, f32)
        assert run(f"f(x: f32[{x.size}]) -> y\ny = argmax[i](x[i])", x=x) == place
        assert run(f"f(x: f32[{x.size}]) -> y\ny = argmin[i](-x[i])", x=x) == place

    def test_argmax_of_what_takes_part(self, run):
        y = run("f(x: f32[4]) -> y\ny = argmax[i](x[i], where=i > 1)", x=np.array([9, 9, -INF, -INF], f32))
        assert y == 2

    def test_argmax_over_two_axes_is_row_major(self, program):
        x = np.array([[1, 5, 0], [5, 2, 5]], f32)
        found = evaluate(
            program("f(x: f32[2, 3]) -> (a, b)\na = argmax[i, j](x[i, j])[0]\nb = argmax[i, j](x[i, j])[1]"), {"x": x}
        )
        assert (found["a"], found["b"]) == (0, 1)

    @pytest.mark.parametrize(
        ("values", "expected"),
        [([-INF, -INF], -INF), ([INF, 1], INF), ([INF, NAN], NAN), ([INF, -INF], INF), ([1000, 1000], 1000 + np.log(2)),
         ([-1000, -INF], -1000)],
    )  # fmt: skip
    def test_logsumexp_at_the_edges(self, run, values, expected):
        y = run(f"f(x: f64[{len(values)}]) -> y\ny = logsumexp[i](x[i])", x=np.array(values, f64))
        assert y == expected or (np.isnan(y) and np.isnan(expected))

    def test_softmax(self, run):
        x = np.array([[0, np.log(3), -INF], [-INF, -INF, -INF], [1, INF, 0]], f64)
        y = run("f(x: f64[3, 3]) -> y\ny[i, j] = softmax(x[i, j], along=j)", x=x)
        assert np.allclose(y[0], [0.25, 0.75, 0], rtol=0, atol=1e-15)
        assert np.isnan(y[1:]).all()


class TestFunctions:
    def test_names_are_numpys(self, run):
        x = np.array([0.3, -1.5, 2.5, NAN, INF], f64)
        for name in "exp tanh floor rint sign cbrt arctan isnan signbit trunc".split():
            y = run(f"f(x: f64[5]) -> y\ny[i] = {name}(x[i])", x=x)
            with np.errstate(all="ignore"):
                assert np.array_equal(y, getattr(np, name)(x), equal_nan=True), name

    def test_erf(self, run):
        y = run("f(x: f64[4]) -> y\ny[i] = erf(x[i])", x=np.array([0, 1, -INF, NAN]))
        assert y[:3].tolist() == [0, 0.8427007929497149, -1]
        assert np.isnan(y[3])

    def test_maximum_propagates_and_fmax_drops_nan(self, run):
        x = np.array([NAN, 1], f32)
        assert np.isnan(run("f(x: f32[2]) -> y\ny[i] = maximum(x[i], 0)", x=x)[0])
        assert run("f(x: f32[2]) -> y\ny[i] = fmax(x[i], 0)", x=x).tolist() == [0, 1]


def test_each_statement_rounds_once(run):
    x = np.array([2**24], f32)
    assert run("f(x: f32[1]) -> y\ny[i] = (x[i] + 1) - x[i]", x=x)[0] == 1
    assert run("f(x: f32[1]) -> y\nz[i] = x[i] + 1\ny[i] = z[i] - x[i]", x=x)[0] == 0


def test_every_tensor_on_request(program):
    parsed = program("f(x: f32[2]) -> y\ny[i] = z[i] + 1\nz[i] = x[i]*2")
    found = evaluate(parsed, {"x": np.ones(2, f32)}, every=True)
    assert list(found) == ["y", "z"]
    assert found["z"].tolist() == [2, 2]
    assert list(evaluate(parsed, {"x": np.ones(2, f32)})) == ["y"]
