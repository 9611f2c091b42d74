# SPDX-License-Identifier: Apache-2.0
"""Remedies in the spelling of functions, and counted nouns."""

from __future__ import annotations

import pytest

from unrut.language.spelling import counted, in_python, some_axes


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("cast(sum[k](x), f32)", "ur.cast(ur.sum[k](x), ur.f32)"),
        ("cast(a, bool)", "ur.cast(a, ur.bool_)"),
        ("a range by hand: axis y: 7", 'a range by hand: ur.axis("y", 7)'),
        ("axis e: 7, first .. end", 'ur.axis("e", 7, start=first, stop=end)'),
        ("cast(base, f64)**exponent", "ur.cast(base, ur.f64)**exponent"),
        ("x.outside(0.0)[...], a guard: where(..., ..., 0)", "x.outside(0.0)[...], a guard: ur.where(..., ..., 0)"),
        ("one of f32, f64", "one of f32, f64"),
        ("another name for the inner axis, as in sum[i2](...)", "another name for the inner axis, as in ur.sum[i2](...)"),
        ("ur.sum[k](a)", "ur.sum[k](a)"),
        ("the count of my_sum[k] and f.sum[k]", "the count of my_sum[k] and f.sum[k]"),
    ],
)  # fmt: skip
def test_words_of_the_notation_get_their_prefix(text, python):
    assert in_python(text) == python
    assert in_python(python) == python


def test_counted():
    assert [counted(n, "array") for n in (0, 1, 2)] == ["0 arrays", "1 array", "2 arrays"]


def test_some_axes():
    assert [some_axes(n) for n in (0, 1, 2)] == ["()", "i", "i, j"]
    assert len(some_axes(9).split(", ")) == 9
