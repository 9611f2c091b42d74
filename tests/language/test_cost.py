# SPDX-License-Identifier: Apache-2.0
"""What it costs to read a program: in proportion to its size. Counted in function calls, so no clock decides."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

import unrut as ur
from unrut.language import elaborate as room
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.show import show
from unrut.program.verify import verify
from unrut.program.walk import in_order


def nested(depth):
    body = "x[i]"
    for k in range(depth):
        body = f"sum[a{k}](x[a{k}]*{body})"
    return f"f(x: i32[3]) -> y\ny[i] = {body}"


def chain(count, extent="9", *, backwards=False):
    steps = [f"t{k}[i] = {f't{k - 1}' if k else 'x'}[i]*2 + 1" for k in range(count)]
    return "\n".join([f"f(x: f32[{extent}]) -> t{count - 1}", *(reversed(steps) if backwards else steps)])


def windows(count, extent, window="3"):
    steps = [f"t{k}[i] = sum[k]({f't{k - 1}' if k else 'x'}[i + k]*w[k])" for k in range(count)]
    return "\n".join([f"f(x: f32[{extent}], w: f32[{window}]) -> t{count - 1}", *steps])


def wide(count):
    rows = [f"({' + '.join(['x[i]'] * 20)})" for _ in range(count // 20)]
    return f"f(x: f32[9]) -> y\ny[i] = {' + '.join(rows)}"


def tall(count):
    row = "+\n".join(["x[i]"] * 20)
    return "f(x: f32[9]) -> y\ny[i] = (" + "\n+".join([f"({row})"] * (count // 20)) + ")"


def results(count):
    names = [f"t{k}" for k in range(count)]
    return "\n".join([f"f(x: f32[9]) -> ({', '.join(names)})", *(f"{t}[i] = x[i]*{k}" for k, t in enumerate(names))])


def sums(count):
    rows = [f"({' + '.join(f'sum[i](x[i]*{k})' for k in range(10))})" for _ in range(count // 10)]
    return f"f(x: i32[9]) -> y\ny = {' + '.join(rows)}"


def calls(text):
    """Python's calls from a text to a Program that is shown, checked and put in order."""
    made = 0

    def count(_frame: FrameType, event: str, _what: object) -> None:
        nonlocal made
        made += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        program = elaborate(parse(text))
        show(program)
        verify(program)
        in_order(program)
    finally:
        sys.setprofile(before)
    return made


def test_nested_reductions_that_widen_are_read_once_each(monkeypatch):
    read = []

    def counted(reader, term, scope):
        read.append(term)
        return reduction(reader, term, scope)

    reduction = room.read_reduction
    monkeypatch.setattr(room, "read_reduction", counted)
    elaborate(parse(nested(60)))
    assert len(read) == 60


def test_one_reduction_used_twice_is_one_in_each_scope():
    """In functions a term is an object: the same in two statements, or beside and under another reduction."""

    @ur.op
    def f(x, z):
        i, j = ur.axes("i j")
        y, v, w = ur.tensor("y"), ur.tensor("v"), ur.tensor("w")
        total = ur.sum[j](x[j] * z[j])
        y[i] = total * x[i] + total
        v[i] = ur.sum[j](z[j]) + total * z[i]
        w[()] = ur.sum[i](x[i] * total)
        return y, v, w

    program = f.program("i32[3]", "i32[3]")
    assert ur.parse(show(program)).program() == program
    assert f.reference([1, 2, 3], [1, 0, 1])[2] == 24


@pytest.mark.parametrize(
    ("text", "n"),
    [
        (chain, 50),
        (lambda n: chain(n, backwards=True), 50),
        (lambda n: chain(n, "n", backwards=True), 50),
        (lambda n: windows(n, "1000"), 25),
        (lambda n: windows(n, "n"), 25),
        (wide, 200),
        (tall, 200),
        (results, 50),
        (sums, 50),
    ],
    ids=["chain", "backwards", "sized", "windows", "sized windows", "wide", "tall", "results", "sums"],
)
def test_twice_the_program_is_about_twice_the_work(text, n):
    calls(text(n))  # what is remembered between programs
    once, twice = calls(text(2 * n)), calls(text(4 * n))
    assert twice < 2.7 * once


def test_a_chain_of_windows_over_run_time_sizes_ends():
    """Every extent is written flat: max(0, n - 2*k), not a maximum of a maximum of a maximum."""
    program = elaborate(parse(windows(200, "n")))
    assert str(program.shape_of("t199")[0]) == "max(0, n - 400)"
    assert not program.preconditions
    both = elaborate(parse(windows(6, "n", "m")))
    assert len(both.shape_of("t5")[0].terms) == 1
