# SPDX-License-Identifier: Apache-2.0
"""Remedies as they can be typed: written in the text's spelling, and for a function with `ur.` before its words."""

from __future__ import annotations

import re

from unrut.errors import UnrutError
from unrut.language.vocabulary import DTYPES, LINES, REDUCTIONS, SCALAR_FUNCTIONS, SUGAR

_WORDS = "|".join(sorted([*SCALAR_FUNCTIONS, *REDUCTIONS, *LINES, *SUGAR, "where", "cast"], key=len, reverse=True))
_WORD = re.compile(rf"(?<![\w.])({_WORDS})(?=[\[(])")
_DTYPE = re.compile(rf"(?<=, )({'|'.join(DTYPES)})(?=\))")
_RANGE = re.compile(r"\baxis (\w+): (\w+)")
_BOUNDS = re.compile(r"\baxis (\w+): (\w+\[[^\]]*\]) \.\. (\w+\[[^\]]*\])")
_WITHIN = re.compile(r"\baxis (\w+): (\w+), (\w+) \.\. (\w+)")


def in_python(remedy: str) -> str:
    """`cast(sum[k](x), f32)` as `ur.cast(ur.sum[k](x), ur.f32)`, `axis y: 7` as `ur.axis("y", 7)`, bounds as start=, stop=."""
    found = _BOUNDS.sub(r'ur.axis("\1", start=\2, stop=\3)', _WORD.sub(r"ur.\1", remedy))
    found = _WITHIN.sub(r'ur.axis("\1", \2, start=\3, stop=\4)', found)
    found = _RANGE.sub(r'ur.axis("\1", \2)', found)
    return _DTYPE.sub(lambda dtype: "ur." + dtype[0].replace("bool", "bool_"), found)


def respell(error: UnrutError) -> None:
    """Give an error and those of its stage the remedies of a traced function."""
    for each in (error, *error.others):
        each.remedy = in_python(each.remedy)


def some_axes(number: int) -> str:
    """Axes to fill in: `i, j` for two dimensions."""
    names = "ijklmn"
    return ", ".join(names[:number] if number <= len(names) else [f"i{k}" for k in range(number)]) or "()"


def counted(number: int, noun: str) -> str:
    """`1 dimension`, `2 dimensions`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
