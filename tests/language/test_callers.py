# SPDX-License-Identifier: Apache-2.0
"""Errors of ops that were written elsewhere show the user's own line first."""

from __future__ import annotations

import linecache

import numpy as np
import pytest

import unrut as ur
from unrut import ops
from unrut.errors import UnrutError

A, B = np.zeros((3, 4), np.float32), np.zeros((5, 6), np.float32)

LIBRARY = """
import unrut as ur

@ur.op
def product(A, B):
    i, j, k = ur.axes("i j k")
    C = ur.tensor("C")
    C[i, j] = ur.sum[k](A[i, k] * B[k, j])
    return C

@ur.op
def product_of_three(A, B, C):
    return product(product(A, B), C)

@ur.op
def refused(A, *, by=1):
    i = ur.axis("i")
    y = ur.tensor("y")
    y[i] = A[i] if A[i] > by else 0
    return y
"""


@pytest.fixture
def library(tmp_path):
    """Ops of somebody else's file."""
    file = tmp_path / "products.py"
    file.write_text(LIBRARY)
    names: dict[str, object] = {"__name__": "products"}
    exec(compile(LIBRARY, str(file), "exec"), names)  # noqa: S102
    return type("Library", (), names)


def told(action) -> list[tuple[str, str]]:
    """The line and the note of each place of the first error."""
    with pytest.raises(UnrutError) as caught:
        action()
    return [(place.span.source_line().strip(), place.note) for place in caught.value.places]


INNER = "C[i, j] = ur.sum[k](A[i, k] * B[k, j])"


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.matmul(A, B),
        lambda: ops.matmul.reference(A, B),
        lambda: ops.matmul.bind(A, B),
        lambda: ops.matmul.program("f32[3, 4]", "f32[5, 6]"),
        lambda: ops.matmul.show("f32[3, 4]", "f32[5, 6]"),
        lambda: ur.lint(ops.matmul, A, B),
    ],
    ids=["called", "reference", "bound", "program", "show", "lint"],
)
def test_the_call_of_a_library_op_stands_before_its_lines(call):
    first, *rest = told(call)
    assert first[0].startswith("lambda: ")
    assert first[1] == "calls `matmul`"
    assert [line for line, _ in rest] == [INNER, INNER]


def test_an_error_without_a_place_has_the_call():
    assert told(lambda: ops.em_routing(A, A, A, A, A, iters=0)) == [
        ("assert told(lambda: ops.em_routing(A, A, A, A, A, iters=0)) == [", "calls `em_routing`")
    ]


def test_calls_within_ops_are_shown_from_the_outside_in(library):
    @ur.op
    def mine(x, w, v):
        i, j = ur.axes("i j")
        h = library.product_of_three(x, w, v)
        y = ur.tensor("y")
        y[i, j] = h[i, j] + 1
        return y

    places = told(lambda: mine.program("f32[3, 4]", "f32[4, 5]", "f32[6, 7]"))
    assert [line for line, _ in places] == [
        "h = library.product_of_three(x, w, v)",
        "return product(product(A, B), C)",
        INNER,
        INNER,
    ]
    assert [note for _, note in places[:2]] == ["calls `product_of_three`", "calls `product`"]
    with pytest.raises(UnrutError) as caught:
        mine.program("f32[3, 4]", "f32[4, 5]", "f32[6, 7]")
    assert [place.span.file == __file__ for place in caught.value.places] == [True, False, False, False]
    inner = caught.value.places[1].span  # the outer of two calls on one line
    assert inner.source_line()[inner.column : inner.end] == "product(product(A, B), C)"


def test_what_tracing_refuses_shows_who_asked_for_it(library):
    @ur.op
    def mine(x):
        return library.refused(x)

    assert told(lambda: library.refused(A[0]))[0][0].startswith("assert told(lambda: library.refused")
    assert told(mine.definition)[0] == ("return library.refused(x)", "calls `refused`")


def test_in_ones_own_file_nothing_is_added():
    @ur.op
    def own(x, w):
        i, j, k = ur.axes("i j k")
        C = ur.tensor("C")
        C[i, j] = ur.sum[k](x[i, k] * w[k, j])
        return C

    assert [note[:5] for _, note in told(lambda: own(A, B))] == ["k = 4", "k = 5"]
    text = ur.parse("op(x, w) -> C\nC[i, j] = sum[k](x[i, k]*w[k, j])")
    assert len(told(lambda: text(A, B))) == 2


def test_errors_of_data_show_the_call_that_met_them():
    table, words, ends = np.zeros((3, 4), np.float32), np.array([0, 5]), np.array([0, 2])
    bound = ops.embedding_bag.bind(table, words, ends)
    assert told(bound.reference)[0][1] == "calls `embedding_bag`"
    assert told(bound.intermediates)[0][1] == "calls `embedding_bag`"
    assert told(lambda: bound.explain(b=0, d=0))[0][1] == "calls `embedding_bag`"


@pytest.mark.compiler
def test_errors_of_data_in_kernels_show_the_call_that_met_them():
    table, words, ends = np.zeros((3, 4), np.float32), np.array([0, 5]), np.array([0, 2])
    bound = ops.embedding_bag.bind(table, words, ends)
    assert told(bound)[0][1] == "calls `embedding_bag`"
    assert told(lambda: ops.embedding_bag(table, words, ends))[0][1] == "calls `embedding_bag`"


def test_lint_shows_the_call_around_what_it_found(tmp_path):
    source = """
import unrut as ur

@ur.op
def idle(x):
    i, j = ur.axes("i j")
    y = ur.tensor("y")
    y[i] = ur.sum[j](x[i])
    return y
""".replace("ur.sum[j](x[i])", "x.outside(0)[i]")
    file = str(tmp_path / "idle.py")
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    names: dict[str, object] = {"__name__": "idle"}
    exec(compile(source, file, "exec"), names)  # noqa: S102
    idle = names["idle"]

    @ur.op
    def mine(x):
        return idle(x)

    (finding,) = ur.lint(mine, "f32[4]")
    assert [place.note for place in finding.places][:1] == ["calls `idle`"]
    assert finding.places[0].span.source_line().strip() == "return idle(x)"
    assert "calls `idle`" in str(finding)


def test_a_command_has_no_line_of_its_own(tmp_path, capsys):
    from unrut.cli import main

    file = tmp_path / "products.py"
    file.write_text(LIBRARY)
    main(["show", f"{file}:product", "f32[3, 4]", "f32[5, 6]"])
    shown = capsys.readouterr().err
    assert INNER in shown
    assert "calls `" not in shown
