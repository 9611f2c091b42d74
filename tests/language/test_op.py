# SPDX-License-Identifier: Apache-2.0
"""The Op: its texts, what its arguments are matched with, what it tells about wrong ones."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import unrut as ur
from unrut.errors import BindError, BuildError, DTypeError, NotationError, ShapeError

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@ur.op
def scaled(x, w, *, power=1, tau=0.5):
    """x to a power, by w."""
    n, k = ur.axes("n k")
    y, total = ur.tensor(), ur.tensor("total")
    y[n, k] = x[n, k] ** power * w[k] * tau
    total[n] = ur.sum[k](y[n, k])
    return y, total


W = np.array([1, 2, 3], np.float32)


def test_an_op_says_what_it_is():
    assert repr(scaled) == "<op scaled(x, w, *, power=1, tau=0.5)>"
    assert scaled.__doc__ == "x to a power, by w."
    assert scaled.name == scaled.__name__ == "scaled"
    assert scaled.__module__ == __name__


def test_show_without_specs_names_the_extents():
    assert scaled.show().splitlines()[0] == "scaled(x: f32[n, k], w: f32[k], tau: scalar) -> (y, total)"

    @ur.op("x: f64[batch, 3]")
    def marked(x):
        i, j = ur.axes("i j")
        y = ur.tensor()
        y[i] = x[i, 0] + ur.sum[j](x[i, j])
        return y

    assert marked.show().splitlines()[0] == "marked(x: f64[batch, 3]) -> y"

    @ur.op
    def strided(x):
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = x[2 * i, x.shape[1] - 1, i]
        return y

    assert strided.show().splitlines()[0] == "strided(x: f32[x0, x1, i]) -> y"

    @ur.op
    def unread(x):
        i = ur.axis("i", 3)
        y = ur.tensor()
        y[i] = 1.0
        return y

    with pytest.raises(BindError, match="nothing tells the number of dimensions of `x`"):
        unread.show()
    assert unread.show("f32[2]")


def test_what_is_shown_is_read_back():
    for specs in (["f32[2, 3]", "f32[3]"], ["f64[n, 3]", "i32[3]"], ["f32[n, k]", "f32[k]"]):
        program = scaled.program(*specs, power=2)
        assert ur.parse(scaled.show(*specs, power=2)).program() == program


def test_specs_and_arrays_are_the_same_to_program():
    assert scaled.program(X, W) == scaled.program("f32[2, 3]", ur.spec((3,), np.float32)) == scaled.program(X, w=W)
    assert scaled.program(x=X, w=W) == scaled.program(X, W)


def test_reference():
    y, total = scaled.reference(X, W, power=2, tau=3)
    np.testing.assert_array_equal(y, X**2 * W * 3)
    np.testing.assert_array_equal(total, (X**2 * W * 3).sum(1))


@pytest.mark.compiler
def test_a_call_compiles_and_runs():
    y, total = scaled(X, W, tau=2.0)
    np.testing.assert_array_equal(y, X * W * 2)
    np.testing.assert_array_equal(total, (X * W * 2).sum(1))
    out = np.empty((2, 3), np.float32, order="F"), np.empty(4, np.float32)[::2]
    given = scaled(X, W, tau=2.0, out=out)
    assert given[0] is out[0]
    assert given[1] is out[1]
    np.testing.assert_array_equal(out[0], y)
    np.testing.assert_array_equal(out[1], total)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        ((X,), {}, BindError, "`scaled` takes 2 tensors, `x`, `w`, and got 1"),
        ((X, W, W), {}, BindError, "`scaled` takes 2 tensors, `x`, `w`, and got 3"),
        (
            (X, W),
            {"stride": 2},
            BindError,
            "`scaled` has no parameter `stride`; it has the tensors x, w and the options",
        ),
        ((X, W), {"x": X}, BindError, "`x`"),
        ((), {"w": W}, BindError, "`w` is a tensor of `scaled`, given by name while one before it is missing"),
        ((X, W), {"tau": W}, BindError, "`tau` of `scaled` is given an array, but options are numbers"),
        ((X, W), {"power": {}}, BindError, "`power` of `scaled` can't be a dict"),
        ((X, "nonsense"), {}, DTypeError, "`nonsense` is not a dtype"),
        ((X, None), {}, BindError, "argument `w` is a NoneType, not an array"),
        ((X.astype(">f4"), W), {}, DTypeError, "argument `x` has dtype >f4 of foreign byte order"),
        ((X.astype(np.clongdouble), W), {}, DTypeError, "argument `x` has dtype c"),
        ((X.astype(object), W), {}, DTypeError, "argument `x` has dtype object"),
        ((np.ma.masked_array(X), W), {}, BindError, "argument `x` has a mask"),
        (([[1.0], [2.0, 3.0]], W), {}, BindError, "argument `x` can't be read as an array"),
        ((X, W[:2]), {}, ShapeError, "axis `k` has extent 3 here and 2 there"),
        ((X[0], W), {}, ShapeError, "`x` has 1 dimension"),
    ],
)
def test_wrong_arguments(arguments, options, kind, message):
    for method in (scaled.program, scaled.bind, scaled.show):
        with pytest.raises(kind) as caught:
            method(*arguments, **options)
        assert message in str(caught.value)
        assert "  try: " in str(caught.value)
    if not any(isinstance(a, str) for a in arguments):
        with pytest.raises(kind) as caught:
            scaled(*arguments, **options)
        assert message in str(caught.value)


def test_values_are_needed_where_something_is_computed():
    with pytest.raises(BindError, match="argument `w` is a spec, here elements are needed"):
        scaled.reference(X, "f32[3]")
    with pytest.raises(BindError, match="argument `w` is a spec, here elements are needed"):
        scaled(X, ur.spec("f32[3]"))

    @ur.op
    def tempered(x, *, tau):
        i = ur.axis("i")
        y = ur.tensor()
        y[i] = x[i] / tau
        return y

    with pytest.raises(BindError, match="`tempered` needs `tau=`"):
        tempered.program("f32[3]")

    text = ur.parse("tempered(x: f32[n], tau: scalar) -> y\ny[i] = x[i]/tau")
    assert text.program().scalars == ("tau",)
    assert text.reference(W, tau=2).tolist() == [0.5, 1.0, 1.5]
    for run in (text, text.reference):
        with pytest.raises(BindError, match="`tempered` needs `tau=`"):
            run(W)
    with pytest.raises(BindError, match="can't be a str"):
        text.reference(W, tau="2")


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.empty((2, 3), np.float32), "`out=` has 1 array(s) for 2 result(s)"),
        ((np.empty((2, 3), np.float32), [1.0, 2.0]), "`out=` for `total` can't be written to"),
        ((np.empty((2, 3), np.float32), memoryview(b"12345678")), "`out=` for `total` can't be written to"),
    ],
)
def test_wrong_results(out, message):
    with pytest.raises(BindError) as caught:
        scaled(X, W, out=out)
    assert message in caught.value.message


def test_without_a_compiler_the_error_says_what_to_install(monkeypatch):
    from unrut.emitter import build

    def none(*_, **__):
        raise BuildError("there is no C compiler", remedy="apt install gcc")

    monkeypatch.setattr(build, "build", none)
    with pytest.raises(BuildError, match="there is no C compiler") as caught:
        ur.parse("f(x: f32[n]) -> y\ny[i] = 2*x[i]")(W)
    assert "try: apt install gcc" in str(caught.value)


def test_importing_costs_little_and_loads_nothing_heavy():
    """At most 0.1 s of processor beyond NumPy; the best of several, since a busy machine is no fault of ours."""
    code = (
        "import sys, time, numpy; t = time.process_time(); import unrut; print(time.process_time() - t);"
        "print({m.split('.')[0] for m in sys.modules} & {'jinja2', 'cffi', 'platformdirs', 'subprocess'});"
        "print([m for m in sys.modules if m.startswith(('unrut.emitter', 'unrut.reference'))])"
    )
    times = []
    for _ in range(5):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds, heavy, rooms = done.stdout.splitlines()
        assert (heavy, rooms) == ("set()", "[]")
        times.append(float(seconds))
    assert min(times) < 0.15, times


def test_the_door_names_everything():
    listed = set(ur.__all__)
    assert {
        "op",
        "parse",
        "spec",
        "axes",
        "axis",
        "tensor",
        "static",
        "where",
        "cast",
        "softmax",
        "inf",
        "f32",
    } <= listed
    assert all(hasattr(ur, name) for name in listed)


@pytest.mark.compiler
def test_every_call_takes_a_number_of_threads():
    wanted = scaled.reference(X, W)
    bound = scaled.bind(X, W)
    for found in (scaled(X, W, threads=2), bound(threads=2), bound.compile()(X, W, threads=2, tau=0.5)):
        np.testing.assert_allclose(found[0], wanted[0])


def test_a_number_of_threads_reaches_the_kernel(monkeypatch):
    from unrut.specialise import Kernels

    given = {}
    monkeypatch.setattr(Kernels, "kernel", lambda *_: lambda *_, **named: given.update(named))
    op = ur.op(scaled.__wrapped__)  # as yet never called
    op(X, W, threads=3)
    assert given["threads"] == 3
    ur.op(scaled.__wrapped__)(X, W)
    assert given["threads"] is None


@pytest.mark.parametrize("word", ["out", "threads"])
def test_what_runs_an_op_has_no_meaning_while_it_is_traced(word):
    @ur.op
    def outer(x, w):
        return scaled(x, w, **{word: 2})[0]

    with pytest.raises(NotationError, match=f"`{word}=` has no meaning while an op is traced"):
        outer.program("f32[2, 3]", "f32[3]")


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("hist(x) -> h\nh[k] = 0\nh[x[e]] += 1\naxis k: 4", "hist(x: i64[e]) -> h"),
        ("a(x, k) -> y\ny[r] = kth_smallest[j](x[j], k[r])", "a(x: f32[j], k: i64[r]) -> y"),
        ("a(x, m) -> y\ny[i] = where(m[i], x[i], 0)", "a(x: f32[i], m: bool[i]) -> y"),
        ("a(x, m) -> y\ny = sum[i](x[i], where=~m[i] & (x[i] > 0))", "a(x: f32[i], m: bool[i]) -> y"),
        ("a(x, s) -> y\ny[i] = x[i] << s[i]", "a(x: i64[i], s: i64[i]) -> y"),
        ("a(m) -> y\ny = any[i](m[i])", "a(m: bool[i]) -> y"),
        ("a(x, q) -> y\ny[i] = quantile[j](x[j], q[i])", "a(x: f32[j], q: f32[i]) -> y"),
    ],
)
def test_dtypes_that_nobody_said_are_what_their_places_need(text, head):
    assert ur.parse(text).show().splitlines()[0] == head


def test_a_notebook_shows_an_op_that_needs_an_option():
    @ur.op
    def windowed(x, *, n: int):
        i, k = ur.axis("i", n), ur.axes("k")[0]
        y = ur.tensor("y")
        y[i] = ur.sum[k](x[i, k])
        return y

    shown = windowed._repr_html_()
    assert "windowed(x, *, n)" in shown
    assert "n=" in shown
