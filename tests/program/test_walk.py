# SPDX-License-Identifier: Apache-2.0
"""Order of statements, and which of them results need."""

from __future__ import annotations

import pytest

from unrut.errors import InternalError
from unrut.language.elaborate import elaborate
from unrut.language.parse import parse
from unrut.program.cycles import topological
from unrut.program.show import show
from unrut.program.verify import verify
from unrut.program.walk import contributing, in_order


def program(*statements, header="f(x: f32[n]) -> y"):
    return elaborate(parse("\n".join([header, *statements])))


def test_names_come_after_what_they_need_and_else_in_the_order_of_the_text():
    assert topological({"d": "c", "b": "a", "a": "", "c": "", "e": "ad"}) == ["a", "b", "c", "d", "e"]


def test_circles_and_what_is_behind_them_have_no_place():
    assert topological({"a": "b", "b": "a", "c": "a", "d": ""}) == ["d"]


def test_a_circle_of_statements_is_a_bug():
    first = program("y[i] = t[i]", "t[i] = x[i]")
    statements = (first.statements[0], *program("t[i] = y[i]", "y[i] = x[i]").statements[:1])
    with pytest.raises(InternalError, match="y, t depend on each other"):
        in_order(type(first)(**{f: getattr(first, f) for f in first.__slots__} | {"statements": statements}))


def test_what_no_result_needs_is_left_out():
    whole = program("s[i] = t[i] + y[i]", "t[i] = exp(x[i])", "y[i] = u[i]", "u[i] = x[i]", "z = sum[i](s[i])")
    assert [s.target for s in contributing(whole).statements] == ["y", "u"]
    assert [s.target for s in contributing(whole, ["t"]).statements] == ["t"]
    assert contributing(contributing(whole)) == contributing(whole)


def test_a_program_of_needed_statements_is_itself():
    whole = program("y[i] = t[i]", "t[i] = x[i]")
    assert contributing(whole) is whole


def test_a_tensor_that_names_an_extent_stays():
    whole = program("t[i] = x[i + 1]", "u[i] = t[i]", "y[j] = x[j]*t.shape[0]")
    kept = contributing(whole)
    assert [s.target for s in kept.statements] == ["t", "y"]
    verify(kept)
    assert "t.shape[0]" in show(kept)
