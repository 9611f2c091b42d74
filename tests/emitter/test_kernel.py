# SPDX-License-Identifier: Apache-2.0
"""Kernels called with arrays of every kind: what fits is computed, what does not is told with the argument's name."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import unrut as ur
from unrut.emitter import compile_program
from unrut.emitter.kernel import Kernel
from unrut.errors import BindError

pytestmark = pytest.mark.compiler

TEXTS = {
    "matmul": "matmul(A: f32[m, k], B: f32[k, n]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])\n",
    "fixed": "fixed(A: f32[3, 4], B: f32[4, 5]) -> C\nC[i, j] = sum[k](A[i, k] * B[k, j])\n",
    "scale": "scale(x: f64[n], tau: scalar) -> y\ny[i] = tau * x[i]\n",
    "two": "two(x: i64[n]) -> (up, down)\nup[i] = x[i] + 1\ndown[i] = x[i] - 1\n",
    "total": "total(x: f32[n]) -> s\ns = sum[i](x[i])\n",
    "top": "top(x: f32[n]) -> s\ns = max[i](x[i])\n",
}


@pytest.fixture(scope="module")
def kernel() -> Callable[[str], Kernel]:
    made: dict[str, Kernel] = {}

    def compiled(name: str) -> Kernel:
        if name not in made:
            made[name] = compile_program(ur.parse(TEXTS[name]).program())
        return made[name]

    return compiled


@pytest.fixture
def A() -> np.ndarray:
    return np.arange(12, dtype="f4").reshape(3, 4)


@pytest.fixture
def B() -> np.ndarray:
    return np.arange(20, dtype="f4").reshape(4, 5)


def test_by_position_and_by_name(kernel, A, B):
    matmul = kernel("matmul")
    for found in (matmul(A, B), matmul(A, B=B), matmul(B=B, A=A)):
        assert found.dtype == np.float32
        assert np.array_equal(found, A @ B)


def test_results_go_where_they_are_asked_to(kernel, A, B):
    out = np.full((3, 5), np.nan, "f4")
    assert kernel("matmul")(A, B, out=out) is out
    assert np.array_equal(out, A @ B)
    x = np.arange(5)
    up, down = np.empty(5, np.int64), np.empty(5, np.int64)
    found = kernel("two")(x, out=(up, down))
    assert found[0] is up
    assert found[1] is down
    assert np.array_equal(up - down, np.full(5, 2))
    assert [r.tolist() for r in kernel("two")(x)] == [(x + 1).tolist(), (x - 1).tolist()]


@pytest.mark.parametrize("shape", [(0, 4, 5), (3, 0, 5), (3, 4, 0), (0, 0, 0), (1, 1, 1)])
def test_empty_ranges(kernel, shape):
    m, k, n = shape
    found = kernel("matmul")(np.ones((m, k), "f4"), np.ones((k, n), "f4"))
    assert found.shape == (m, n)
    assert np.array_equal(found, np.full((m, n), k, "f4"))


def test_a_single_number(kernel):
    found = kernel("total")(np.ones(10, "f4"))
    assert found.shape == ()
    assert found == 10
    assert kernel("total")(np.ones(0, "f4")) == 0


def test_buffers_inside_have_run_time_extents():
    """The largest value of each line, and of each line's square, kept between two kernels."""
    text = "f(x: f32[n, m, k]) -> y\nt[i, j] = max[l](x[i, j, l])\ny[i] = sum[j](t[i, j] - max[a, b](t[a, b]))\n"
    f = compile_program(ur.parse(text).program())
    for shape in ((3, 4, 5), (1, 7, 2), (6, 1, 3)):
        x = np.random.default_rng(0).integers(-50, 50, shape).astype("f4")
        t = x.max(2)
        assert np.array_equal(f(x), (t - t.max()).sum(1))


def test_scalars(kernel):
    x = np.arange(4.0)
    assert np.array_equal(kernel("scale")(x, tau=0.5), x / 2)
    assert np.array_equal(kernel("scale")(tau=np.float32(2), x=x), x * 2)
    assert np.array_equal(kernel("scale")(x, tau=3), x * 3)


def test_read_only_operands_are_read(kernel, A, B):
    A.flags.writeable = False
    assert np.array_equal(kernel("matmul")(A, B), A @ B)


def refused(kernel: Kernel, *arrays: object, match: str, remedy: str = "", **named: object) -> BindError:
    with pytest.raises(BindError, match=match) as caught:
        kernel(*arrays, **named)
    every = [caught.value, *caught.value.others]
    assert all(error.remedy for error in every), every
    assert remedy in str(caught.value)
    return caught.value


def test_wrong_arguments(kernel, A, B):
    matmul, scale = kernel("matmul"), kernel("scale")
    refused(matmul, A, match="`B` missing", remedy=r"matmul(A, B)")
    refused(matmul, A, B, B, match="3 arrays for 2 operands")
    refused(matmul, A, B, C=B, match="no operand or scalar `C`")
    refused(matmul, A, B, A=A, match="`A` is given by position and by name")
    refused(scale, np.ones(3), match="`tau` missing", remedy="scale(x, tau=...)")
    refused(scale, np.ones(3), tau="x", match="`tau` is a str, not a number")
    refused(matmul, A.tolist(), B, match="`A` is a list, not an array", remedy="np.asarray(A)")
    refused(matmul, np.ma.array(A), B, match="`A` is a MaskedArray")


def test_wrong_dtypes(kernel, A, B):
    refused(
        kernel("matmul"), A.astype("f8"), B, match="`A` has dtype float64, .* float32", remedy="A.astype(np.float32)"
    )
    refused(kernel("matmul"), A, B.astype(">f4"), match="bytes of `B` are in the other order")
    refused(kernel("two"), np.arange(3, dtype="u8"), match="`x` has dtype uint64")
    both = refused(kernel("matmul"), A.astype("f8"), B.astype("i4"), match="`A` has dtype")
    assert "`B` has dtype int32" in str(both)


def test_wrong_shapes(kernel, A, B):
    refused(kernel("matmul"), A[0], B, match="`A` has 1 dimensions, f32.m, k. has 2")
    refused(kernel("matmul"), A, B[:3].copy(), match=r"`B` has shape \(3, 5\).*\(k, n\)")
    refused(kernel("fixed"), A[:2], B, match=r"`A` has shape \(2, 4\), .* \(3, 4\)")


def test_wrong_strides(kernel, A, B):
    refused(kernel("fixed"), np.asfortranarray(A), B, match=r"`A` has strides \(1, 3\) .* compiled for \(4, 1\)")
    refused(
        kernel("matmul"),
        A[:, ::-1],
        B,
        match=r"`A` has strides \(4, -1\) .* compiled for \(any, 1\)",
        remedy="ascontig",
    )
    shifted = np.zeros(49, np.uint8)[1:].view("f4").reshape(3, 4)
    refused(kernel("matmul"), shifted, B, match="`A` lies at an address", remedy="A.copy()")
    apart = np.lib.stride_tricks.as_strided(np.zeros(5, "f4"), (2, 4), (5, 4))
    refused(kernel("matmul"), apart, B, match="`A` lies at an address", remedy="A.copy()")


def test_strides_of_short_dimensions_do_not_matter(kernel, B):
    row = np.lib.stride_tricks.as_strided(np.arange(4, dtype="f4"), (1, 4), (7, 4))
    assert np.array_equal(kernel("matmul")(row, B), np.arange(4) @ B[None][0][None])


def test_results_that_can_not_be_written(kernel, A, B):
    matmul, out = kernel("matmul"), np.zeros((3, 5), "f4")
    refused(matmul, A, B, out=out.astype("f8"), match="`C` has dtype float64")
    refused(matmul, A, B, out=np.zeros((5, 3), "f4"), match=r"`C` has shape \(5, 3\)")
    refused(matmul, A, B, out=(out, out), match="out= has 2 arrays for 1 results")
    out.flags.writeable = False
    refused(matmul, A, B, out=out, match="`C` is to be written, and is read-only")


def test_overlap_is_refused_by_both_names(kernel):
    x = np.arange(12)
    refused(kernel("two"), x[:6], out=(x[5:11], np.empty(6, int)), match="`up` shares memory with `x`")
    refused(kernel("two"), x[:3], out=(x[3:6], x[5:8]), match="`down` shares memory with `up`")
    assert [r.tolist() for r in kernel("two")(x[:3].copy(), out=(x[3:6], x[6:9]))] == [[1, 2, 3], [-1, 0, 1]]
    square = np.zeros((5, 5), "f4")
    left, right = square[:3, :2], square[:3, 2:]  # interleaved, and yet disjoint
    A, B = np.ones((3, 4), "f4"), np.ones((4, 3), "f4")
    assert np.array_equal(kernel("matmul")(left, B[:2].copy(), out=right), np.zeros((3, 3)))
    assert kernel("matmul")(A, B, out=right) is right


def test_results_may_not_meet_themselves(kernel):
    one = np.lib.stride_tricks.as_strided(np.zeros(1, int), (4,), (0,))
    program = ur.parse(TEXTS["two"]).program()
    layouts = {name: ur.emitter.layout.Layout(strides=(None,)) for name in ("up", "down")}
    two = compile_program(program, layouts)
    refused(two, np.arange(4), out=(one, np.empty(4, int)), match="elements of `up` share memory with each other")


def test_a_layout_for_results_needs_out(A, B):
    from unrut.emitter.layout import Layout

    fixed = compile_program(ur.parse(TEXTS["fixed"]).program(), {"C": Layout(strides=(1, None))})
    refused(fixed, A, B, match="another layout of `C`", remedy="out=C")
    out = np.zeros((5, 3), "f4").T
    assert np.array_equal(fixed(A, B, out=out), A @ B)


def test_meaningless_sizes_are_refused(kernel):
    refused(kernel("top"), np.zeros(0, "f4"), match="top needs 1 <= n; here n = 0")
    assert kernel("top")(np.array([3, np.nan, 5], "f4")) != 5


def test_threads_never_change_results(kernel):
    draw = np.random.default_rng(0)
    A, B = draw.standard_normal((37, 50)).astype("f4"), draw.standard_normal((50, 23)).astype("f4")
    first = kernel("matmul")(A, B, threads=1)
    for threads in (2, 3, 7, np.int64(4), 10**30):
        assert kernel("matmul")(A, B, threads=threads).tobytes() == first.tobytes()


@pytest.mark.parametrize("threads", [0, -1, 1.5, float("nan"), "2", True, [2]])
def test_what_is_no_number_of_threads(kernel, A, B, threads):
    with pytest.raises(BindError, match="not a number of threads"):
        kernel("matmul")(A, B, threads=threads)


def test_many_python_threads_at_once():
    """Each has its own workspace: a softmax stores what it needs in between."""
    program = ur.parse("soft(x: f32[m, n]) -> y\ny[i, j] = softmax(x[i, j], along=j)\n").program()
    soft = compile_program(program)
    barrier = threading.Barrier(8)

    def work(seed: int) -> bool:
        x = np.random.default_rng(seed).standard_normal((40, 30 + seed)).astype("f4")
        barrier.wait()
        wanted = soft(x, threads=1)
        return all(np.array_equal(soft(x, threads=1 + k % 2), wanted) for k in range(50))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_python_goes_on_while_a_kernel_runs(kernel):
    """Without the GIL: another thread looks at the clock all the while, not only before and after."""
    A = np.ones((1200, 1200), "f8")
    slow = compile_program(ur.parse("slow(A: f64[n, n]) -> b\nb = sum[i, j, k](exp(A[i, k] * A[k, j]))\n").program())
    slow(A[:2, :2].copy())

    def shares(size: int) -> tuple[float, int]:
        """How long a call took, and in how many of its tenths the other thread ran."""
        seen: list[float] = []
        ends: list[float] = []

        def work() -> None:
            x = A[:size, :size].copy()
            ends.append(time.perf_counter())
            slow(x, threads=1)
            ends.append(time.perf_counter())

        worker = threading.Thread(target=work)
        worker.start()
        while worker.is_alive():
            seen.append(time.perf_counter())
        begin, end = ends
        return end - begin, len({int(10 * (at - begin) / (end - begin)) for at in seen if begin < at < end})

    size = 100
    while shares(size)[0] < 0.2 and size < 1200:
        size = size * 5 // 4
    assert any(shares(size)[1] >= 6 for _ in range(5))


def test_what_a_kernel_tells(kernel):
    matmul = kernel("matmul")
    assert repr(matmul) == "<kernel matmul(A: f32[m, k], B: f32[k, n]) -> C: f32[m, n]>"
    assert "int matmul(" in matmul.source()
    assert "#ifndef UNRUT_matmul_H" in matmul.header()
    assert ur.parse(matmul.show("program")).program() == ur.parse(TEXTS["matmul"]).program()
    assert matmul.show() == matmul.source()
    for stage in ("graph", "plan", "nest"):
        assert "C" in matmul.show(stage)


def test_threads_by_default(monkeypatch):
    from unrut.emitter.build.threads import default_threads

    for text, wanted in (("3", 3), ("4,2", 4), (" 2 ", 2)):
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert default_threads() == wanted
    for text in ("", "0", "-1", "many", "99999"):
        monkeypatch.setenv("OMP_NUM_THREADS", text)
        assert default_threads() >= 1
        assert default_threads() < 10000
