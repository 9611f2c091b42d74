# SPDX-License-Identifier: Apache-2.0
"""How one function or conversion is written, and how tightly that binds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """How one scalar function is written: `pattern` with holes {0}, {1}, and how tightly the result binds.

    `inside` is the least precedence that an argument may have there without parentheses, one number for each argument.
    """

    pattern: str
    precedence: int
    inside: tuple[int, ...]


PRIMARY, UNARY, PRODUCT, SUM, COMPARISON, EQUALITY, AND, XOR, OR, CHOICE, ANYTHING = (
    100,
    90,
    80,
    70,
    60,
    55,
    50,
    49,
    48,
    20,
    0,
)


def operator(symbol: str, precedence: int, *, strict: bool = False) -> Spelling:
    """A left-associative operator; `strict` ones put every compound argument in parentheses, as compilers advise."""
    inside = (UNARY, UNARY) if strict else (precedence, precedence + 1)
    return Spelling(pattern=f"{{0}} {symbol} {{1}}", precedence=precedence, inside=inside)


def call(name: str, arity: int = 1) -> Spelling:
    """A function of that name."""
    holes = ", ".join(f"{{{k}}}" for k in range(arity))
    return Spelling(pattern=f"{name}({holes})", precedence=PRIMARY, inside=(ANYTHING,) * arity)


def prefix(text: str) -> Spelling:
    """A prefix operator or a cast."""
    return Spelling(pattern=f"{text}{{0}}", precedence=UNARY, inside=(UNARY,))


SAME = Spelling(pattern="{0}", precedence=PRIMARY, inside=(PRIMARY,))
