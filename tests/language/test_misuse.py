# SPDX-License-Identifier: Apache-2.0
"""What people do to ops that nobody thought of: each works, or is refused with a way out."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import unrut as ur
from unrut.errors import AxisError, BindError, NameClashError, NotationError, Place, RangeError, UnrutError
from unrut.ops import matmul
from unrut.spans import Span

X = np.array([1, 2, 3], np.float32)


@ur.op
def times(x, *, by=2):
    (i,) = ur.axes("i")
    y = ur.tensor("y")
    y[i] = x[i] * by
    return y


@ur.op
def endless(x, *, depth=0):
    return endless(x, depth=depth + 1)


def refused(text):
    with pytest.raises(UnrutError) as found:
        ur.parse(text).program()
    return found.value


@pytest.mark.parametrize(
    "by", [3, np.int32(3), np.int64(3), 3.0, np.float32(3), np.float64(3), ur.static(3), ur.static(3.0)]
)
def test_numbers_of_any_kind_are_options(by):
    assert times.reference(X, by=by).tolist() == [3, 6, 9]


def test_1_and_true_and_1_point_0_are_three_programs():
    given = np.array([1, 2])
    assert [times.reference(given, by=by).dtype for by in (1, True, ur.static(1.0))] == [np.int64, np.int64, np.float64]
    assert [len(times.definition(by=by).scalars) for by in (1, True, 1.0)] == [0, 0, 1]


def test_a_tensor_given_twice():
    with pytest.raises(BindError, match="`x` of `times` is given by its place and by its name"):
        times.program("f32[3]", x="f32[3]")


def test_ops_that_call_ops_without_end():
    with pytest.raises(NotationError, match="`endless` calls itself, or others, without end"):
        endless.program("f32[3]")


@pytest.mark.parametrize("name", ["out", "threads"])
def test_options_with_a_meaning_in_every_call(name):
    namespace = {}
    exec(f"def f(x, *, {name}=1.0): ...", namespace)  # noqa: S102  # one function for each name
    with pytest.raises(NameClashError, match=f"`{name}` can't be the name of an option"):
        ur.op(namespace["f"])
    with pytest.raises(NameClashError, match=f"`{name}` can't be the name of an option"):
        ur.parse(f"f(x: f32[3], {name}: scalar) -> y\ny[i] = {name}*x[i]")


def test_tensors_and_options_with_names_of_python():
    @ur.op
    def f(self, out, *, arrays=1.0, function=2):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] = self[i] * out[i] * arrays * function
        return y

    assert f.reference(X, X, arrays=2.0, function=1).tolist() == [2, 8, 18]
    assert f.bind(X, X, arrays=2.0).reference(arrays=0.5).tolist() == [1, 4, 9]
    assert f.program(self="f32[3]", out="f32[3]").operands[0].name == "self"


def test_an_op_in_many_threads():
    @ur.op
    def late(x, *, k=1):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] = x[i] * k
        return y

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda k: late.reference(X, k=k % 4).tolist(), range(32)))
    assert found == [[k % 4, 2 * (k % 4), 3 * (k % 4)] for k in range(32)]


def test_ops_go_to_other_processes():
    assert pickle.loads(pickle.dumps(matmul)) is matmul  # noqa: S301  # our own bytes
    written = ur.parse("f(x: f32[3], tau: scalar) -> y\ny[i] = tau*x[i]")
    assert pickle.loads(pickle.dumps(written)).program() == written.program()  # noqa: S301


def test_the_size_of_a_signature_is_no_number():
    error = refused("f(x: f32[3, n]) -> y\ny[i, j] = x[i, j]/n")
    assert isinstance(error, AxisError)
    assert error.remedy == "x.shape[1]"
    ur.parse("f(x: f32[3, n]) -> y\ny[i, j] = x[i, j]/x.shape[1]").program()
    assert refused("f(x: f32[3, n]) -> y\naxis k: n\ny[k] = x[0, k]").remedy == "x.shape[1]"


def test_places_do_not_count_from_the_end():
    error = refused("f(x: f32[3, n]) -> y\ny = x[-1, 0]")
    assert isinstance(error, RangeError)
    assert error.remedy.startswith("x.shape[0] - 1, as places count from the front")
    ur.parse("f(x: f32[3, 4]) -> y\ny = x[x.shape[0] - 1, 0]").program()


def test_constant_conditions_are_followed():
    @ur.op
    def f(x, *, ahead=False):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] = x[i] + ur.where(ahead, x[i + 1], 0)
        return y

    assert f.reference(X).tolist() == [1, 2, 3]
    with pytest.raises(RangeError):
        f.program("f32[3]", ahead=True)


def test_a_message_holds_nothing_that_a_terminal_would_obey():
    span = Span(file="f", line=1, column=4, end=8, text="a = \x1b[31m\u202e x")
    shown = str(NotationError("m", places=[Place(span=span)]))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_what_tracing_shows_of_values():
    seen = {}

    @ur.op
    def f(x):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        seen["text"] = f"{x} {x.shape} {i} {x[i]} {ur.sum[i]}"
        y[i] = x[i]
        return y

    f.program("f32[3]")
    assert (
        seen["text"]
        == "<tensor x of f> <shape of <tensor x of f>> <axis i> <expression, 2 nodes> <ur.sum[i](expression)>"
    )


def test_axes_that_were_not_unpacked():
    @ur.op
    def f(x):
        i = ur.axes("i")
        y = ur.tensor("y")
        y[i] = x[i + 1]
        return y

    with pytest.raises(NotationError, match="a tuple of axes stands here") as found:
        f.program("f32[3]")
    assert found.value.remedy == 'i, = ur.axes("i"), with a comma, or i = ur.axis("i")'
    assert len(ur.axes("a b") + ur.axes("c")) == 3
    for use in (lambda a: 2 * a, lambda a: a - 1, lambda a: -a, lambda a: a < 3, lambda a: 1 + a):
        with pytest.raises(NotationError):
            use(ur.axes("a"))


def test_integers_that_python_does_not_write_out():
    huge = 10**5000

    @ur.op
    def shifted(x, *, by: int = 0, start: float = 0.0):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] = x[i] + start
        return y

    @ur.op
    def sized(x):
        (i,) = ur.axes("i")
        y = ur.tensor("y")
        y[i] = x[i] + x.shape[huge]
        return y

    for options in ({"by": huge}, {"by": (1, -huge)}, {"start": huge}):
        with pytest.raises(ur.BindError, match=r"is an integer of 16610 bits|can't be a tuple") as caught:
            shifted.program("f32[3]", **options)
        assert "program" in caught.value.places[0].span.source_line()
    assert shifted.program("f32[3]", by=1 << 900).name == "shifted"
    with pytest.raises(ur.NotationError, match="there is no such extent of `x`"):
        sized.program("f32[3]")
    for extent in (huge, -huge):
        with pytest.raises(ur.NotationError, match=r"a number beyond 2\*\*40 is no extent"):
            ur.spec((extent, 3), "f32")
