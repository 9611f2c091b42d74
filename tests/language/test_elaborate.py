# SPDX-License-Identifier: Apache-2.0
"""What names mean: axes, scalars, tensors, sizes; scopes of reductions; signatures held against specs."""

from __future__ import annotations

import pytest

from unrut.errors import AxisError, BindError, DTypeError, NameClashError, NotationError, ShapeError, UnrutError
from unrut.language.elaborate import elaborate
from unrut.language.notation import Spec
from unrut.language.parse import parse
from unrut.program.extents import as_extent, named
from unrut.program.nodes import AxisValue, Const, ExtentValue, Program, Read, Reduce, Scalar
from unrut.program.types import DType
from unrut.program.verify import verify
from unrut.program.walk import subexpressions


def program(text: str, *specs: Spec) -> Program:
    return verify(elaborate(parse(text), specs))


def f32(*dimensions: int | str) -> Spec:
    return Spec(dtype="f32", dimensions=dimensions)


def shapes(found: Program) -> dict[str, list[str]]:
    return {s.target: [str(extent) for extent in s.shape] for s in found.statements}


def errors_of(text: str, *specs: Spec) -> list[UnrutError]:
    with pytest.raises(UnrutError) as found:
        elaborate(parse(text), specs)
    return [found.value, *found.value.others]


def test_names_in_an_expression():
    body = program("f(P: f32[4], s: f32[], t: scalar) -> V\nV[i] = P[i]*t + s + i + P.shape[0]").statement("V").body
    kinds = {type(e) for e in subexpressions(body)}
    assert {AxisValue, Scalar, Read, Const} <= kinds
    assert Read(tensor="s", subscripts=(), dtype=DType.f32) in set(subexpressions(body))


def test_sizes_are_numbers_once_they_are_known():
    text = "f(P: f32[n]) -> V\nU[i] = P[i + 2]\nV[i] = U[i]*U.shape[0]"
    symbolic = [e for e in subexpressions(program(text).statement("V").body) if isinstance(e, ExtentValue)]
    assert [str(e.extent) for e in symbolic] == ["max(0, n - 2)"]
    fixed = list(subexpressions(program(text, f32(7)).statement("V").body))
    assert Const(value=5, dtype=DType.f32) in fixed
    assert not any(isinstance(e, ExtentValue) for e in fixed)


def test_sibling_reductions_may_use_one_name_for_two_ranges():
    body = program("f(P: f32[4], Q: f32[7]) -> V\nV = sum[k](P[k]) + sum[k](Q[k]*k)").statement("V").body
    extents = [e.axes[0].extent.value() for e in subexpressions(body) if isinstance(e, Reduce)]
    assert extents == [4, 7]


def test_free_axes_are_solved_per_statement():
    assert shapes(program("f(P: f32[4], Q: f32[7]) -> (V, W)\nV[k] = P[k]\nW[k] = Q[k]")) == {"V": ["4"], "W": ["7"]}


def test_inner_bounds_may_mention_outer_axes():
    program("f(P: f32[4, 4]) -> V\nV[i] = sum[j](P[i, j]*max[k](P[j, k], where=k <= j), where=j <= i)")


def test_statements_may_stand_in_any_order_and_keep_it():
    found = program("f(P: f32[4]) -> V\nV[i] = U[i]\nU[i] = T*P[i]\nT = sum[i](P[i])")
    assert [s.target for s in found.statements] == ["V", "U", "T"]


def test_a_range_by_hand_may_speak_of_intermediates():
    found = program("f(P: f32[9]) -> V\naxis j: U.shape[0] - 1\nU[i] = P[2*i]\nV[j] = U[j + 1] - U[j]")
    assert shapes(found) == {"U": ["5"], "V": ["4"]}
    assert [(axis.name, axis.extent) for axis in found.given] == [("j", as_extent(4))]


def test_zero_dimensions_and_zero_sizes():
    found = program("f(P: f32[0, 3], s: f32[]) -> (V, W)\nV = sum[i, j](P[i, j])*s\nW[i, j] = P[i, j]")
    assert shapes(found) == {"V": [], "W": ["0", "3"]}


class TestSignatures:
    TEXT = "mm(A: f32[n, k], B: f32[k, m]) -> C\nC[i, j] = sum[k](A[i, k]*B[k, j])"

    def test_without_specs_the_signature_is_the_spec(self):
        assert shapes(program(self.TEXT)) == {"C": ["n", "m"]}

    def test_names_stand_for_what_is_given(self):
        assert shapes(program(self.TEXT, f32(3, 4), f32(4, 5))) == {"C": ["3", "5"]}
        assert shapes(program(self.TEXT, f32("batch", 4), f32(4, "n"))) == {"C": ["batch", "n"]}

    def test_one_name_in_the_signature_is_one_size(self):
        found = program(self.TEXT, f32(3, "a"), f32("b", 5))
        assert [operand.shape[-2:] for operand in found.operands][1][0] == named("a")
        assert not found.preconditions
        assert program(self.TEXT, f32(3, "a"), f32(4, 5)).operands[0].shape == (as_extent(3), as_extent(4))

    def test_what_does_not_fit_is_told(self):
        [error] = errors_of(self.TEXT, f32(3, 4), f32(5, 6))
        assert isinstance(error, ShapeError)
        assert error.message == "size `k` is 4 in the one and 5 in the other"
        [error] = errors_of(self.TEXT, f32(3, 4))
        assert isinstance(error, BindError)
        [error] = errors_of(self.TEXT, f32(3), f32(5, 6))
        assert isinstance(error, ShapeError)
        [error] = errors_of(self.TEXT, Spec(dtype="f64", dimensions=(3, 4)), f32(4, 6))
        assert isinstance(error, BindError)
        [error] = errors_of("f(A: f32[4]) -> C\nC[i] = A[i]", f32(5))
        assert error.message == "extent 0 of `A` is 4 in the signature and 5 here"
        [error] = errors_of("f(A) -> C\nC[i] = A[i]", Spec(dtype="f24", dimensions=(3,)))
        assert isinstance(error, DTypeError)
        [error] = errors_of("f(A) -> C\nC[i] = A[i]", f32(-1))
        assert isinstance(error, BindError)

    def test_an_open_signature_needs_specs(self):
        found = errors_of("f(A, B: f32, C: [3]) -> V\nV[i] = A[i]")
        assert [type(error) for error in found] == [BindError] * 3
        assert shapes(program("f(A, B: f32) -> V\nV[i] = A[i]*B[i]", f32(3), f32(3))) == {"V": ["3"]}


def test_all_errors_of_a_stage_come_together():
    found = errors_of("f(P: f32[8]) -> V\nU[i] = P[j] + Q[i] - ~P[i]\nV[i] = U[i] + P[i, i]*W[k]")
    assert [type(error) for error in found] == [AxisError, NotationError, DTypeError, ShapeError, NotationError]


def test_one_fault_in_two_places_is_one_error():
    [error] = errors_of("f(P: f32[8]) -> V\nV[i] = P[k] + 2*P[k]")
    assert error.message.startswith("`k` stands for nothing here")
    assert len(error.places) == 2


def test_an_axis_without_range_makes_no_new_errors():
    [error] = errors_of("f(P: f32[4]) -> V\nV[i] = U[i]\nU[i] = 2*P[0]")
    assert error.message == "axis `i` has no range: it stands in no subscript"
    assert error.places[0].span.line == 3


def test_a_tensor_in_error_makes_no_new_errors():
    found = errors_of("f(P: f32[8]) -> V\nV[i] = U[i] + U[i]\nU[i] = P[q]")
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("f(P: f32[4]) -> V\nV[i] = P[0.5*i]", NotationError),
        ("f(P: f32[4]) -> V\nV[i] = P[i > 2]", NotationError),
        ("f(P: f32[4], t: scalar) -> V\nV[i] = P[i]*P[t]", NotationError),
        ("f(P: f32[4]) -> V\nV[i] = argmax[k](P[k], dtype=f32) + P[i]", NotationError),
        ("f(P: f32[4]) -> V\nV[i] = softmax(P[i], along=k)", AxisError),
        ("f(P: f32[4]) -> V\nV = sum[k](P[k], initial=k)", AxisError),
        ("f(P: f32[4]) -> V\naxis k: 3\naxis k: 4\nV[k] = P[k]", AxisError),
        ("f(P: f32[4]) -> V\naxis k: 3.0\nV[k] = P[k]", NotationError),
        ("f(P: f32[4]) -> (V, V)\nV[k] = P[k]", NotationError),
        ("f(V: f32[4]) -> V\nV[k] = V[k]", NameClashError),
    ],
)
def test_what_is_refused(text, error):
    assert isinstance(errors_of(text)[0], error)
