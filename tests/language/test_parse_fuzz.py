# SPDX-License-Identifier: Apache-2.0
"""Whatever the text, the front end answers with a Definition or with one of our errors."""

from __future__ import annotations

import warnings

from hypothesis import given
from hypothesis import strategies as st

from unrut.errors import InternalError, UnrutError
from unrut.language.notation import Definition
from unrut.language.parse import parse
from unrut.language.signature import parse_signature, parse_spec

GOOD = """conv(P: f32[n, c, h], W: f32[o, c, k], tau: scalar) -> (V, m)  # comment
axis t: P.shape[2] - 2
V[n, o, y] = sum[c, k](P.outside("edge")[n, c, 2*y + k - 1] * W[o, c, k], where=(k < 3) & ~(c == 1), dtype=f64)
m[n] = where(n % 2 == 0, argmax[o, y](V[n, o, y])[1], 1.5e3) + softmax(tau, along=n) - inf
"""

PIECES = st.sampled_from(
    [*"()[]{}:,.=<>+-*/%&|~#\n\t'\"\\;@^! 019eji", "->", "**", "lambda ", "\0", "é", "∂", "axis ", "f32"]
)


def answer(read):
    """What comes back, or the text of our error; anything else is a failure."""
    try:
        return read()
    except InternalError:
        raise
    except UnrutError as error:
        return str(error)


def reads(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(answer(lambda: parse(text)), Definition | str)


@given(st.text(max_size=200))
def test_any_text(text):
    reads(text)
    reads("f(x) -> y\n" + text)
    reads("f(x) -> y\ny[i] = " + text)


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.lists(PIECES, max_size=4).map("".join))
def test_a_good_text_with_a_wound(place, gone, new):
    reads(GOOD[:place] + new + GOOD[place + gone :])


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=40))
def test_any_signature_and_spec(text):
    for read in (parse_signature, parse_spec):
        answer(lambda read=read: read(text))


def test_the_good_text_is_good():
    assert len(parse(GOOD).statements) == 2
