# SPDX-License-Identifier: Apache-2.0
"""What every op of the library has: a textbook twin, a short text, a docstring that says what it must."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

from unrut import ops
from unrut.reference import textbook

MODULES = (
    "attention",
    "capsules",
    "convolution",
    "filters",
    "normalization",
    "paths",
    "products",
    "quantum",
    "recurrent",
    "routing",
    "sampling",
    "selection",
    "semirings",
    "sparse",
    "statistics",
)


def functions():
    found = []
    for module in MODULES:
        file = Path(inspect.getfile(ops)).with_name(f"{module}.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.decorator_list:
                found.append(pytest.param(node, id=node.name))
    return found


def test_twins(every_case):
    assert ops.__all__ == textbook.__all__ == sorted(every_case)


@pytest.mark.parametrize("function", functions())
def test_at_most_25_lines_of_notation(function):
    first = function.body[1]
    assert function.end_lineno - first.lineno + 1 <= 25


@pytest.mark.parametrize("function", functions())
def test_docstrings_say_what_they_must(function):
    doc = ast.get_docstring(function)
    for heading in ("Shapes:", "Dtypes", "ounding", "Source:"):
        assert heading in doc, heading
    assert "\n\n    " in doc, "an equation, indented"


@pytest.mark.parametrize("function", functions())
def test_the_twin_takes_the_same_parameters(function):
    twin = inspect.signature(getattr(textbook, function.name)).parameters
    assert [a.arg for a in function.args.args] == [p.name for p in twin.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    written = {
        a.arg: ast.literal_eval(d) for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    }
    assert written == {p.name: p.default for p in twin.values() if p.kind is p.KEYWORD_ONLY}
