# SPDX-License-Identifier: Apache-2.0
"""The language page against what is there: the conformance corpus, the functions, the reductions."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

from unrut.language.vocabulary import DTYPES, LINES, MODES, REDUCTIONS, SUGAR
from unrut.program.functions import FUNCTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "language.md").read_text(encoding="utf-8")
CASES = [
    case["name"] for case in tomllib.loads((DOCS / "conformance" / "cases.toml").read_text(encoding="utf-8"))["case"]
]


def cited(page: str) -> set[str]:
    """The cases that a page links to: their names are the links' titles."""
    return set(re.findall(r"\(conformance/cases\.toml \"([^\"]+)\"\)", page))


def in_code(page: str) -> set[str]:
    """What stands between backticks outside blocks, taken apart at spaces."""
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return {word.replace("\\", "") for found in re.findall(r"`([^`]+)`", prose) for word in found.split()}


def test_every_case_that_is_cited_exists():
    assert not cited(PAGE) - set(CASES)


def test_every_case_is_cited_by_its_rule():
    assert not set(CASES) - cited(PAGE)


def test_no_two_cases_have_one_name():
    assert not [name for name, times in Counter(CASES).items() if times > 1]


def test_every_function_stands_on_the_page():
    symbols_and_names = {function.symbol or name for name, function in FUNCTIONS.items()}
    assert not (symbols_and_names | {*SUGAR, *REDUCTIONS}) - in_code(PAGE)


def test_every_other_word_stands_on_the_page():
    assert all(f'"{word}"' in PAGE for word in (*DTYPES, *MODES))
    assert all(f"{word}(" in PAGE for word in (*LINES, "where", "cast"))


def test_a_planted_gap_is_found():
    assert cited('[case](conformance/cases.toml "no such case")') == {"no such case"}
    assert in_code("| `a` `b\\|c` | d |\n```python\n`e`\n```\n") == {"a", "b|c"}
