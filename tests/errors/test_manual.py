# SPDX-License-Identifier: Apache-2.0
"""Every class of error has its page: cause, remedy, and an example that the tests of the docs run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unrut import errors
from unrut.errors import UnrutError

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
CLASSES = [
    c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, UnrutError) and c is not UnrutError
]


def test_every_class_has_a_page():
    assert set(SECTIONS) == {c.__name__ for c in CLASSES}


@pytest.mark.parametrize("name", SECTIONS)
def test_a_page_says_cause_example_and_remedy(name):
    section = SECTIONS[name]
    assert "**Cause.**" in section
    assert "**Remedy.**" in section
    shown = "".join(re.findall(r"```text\n(.*?)```", section, re.DOTALL))
    assert f"{name}: " in shown
    assert "try: " in shown or name == "InternalError"
