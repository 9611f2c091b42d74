# SPDX-License-Identifier: Apache-2.0
"""Every page and example is executed. Of a page the `python` blocks run in order in one namespace.

A `text` block right below one is what it prints, where `...` stands for anything; so is a `c` block. `pytest --accept` puts
what is printed now into blocks that differ. A block that is not to be run is marked otherwise (`sh`, or no language).
"""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").rglob("*.py"))
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: language, number of the line that its code starts at, code, and where that stands in the text."""

    language: str
    line: int
    code: str
    start: int


def blocks(text: str) -> list[Block]:
    return [
        Block(language=found[1], line=text.count("\n", 0, found.start(2)) + 1, code=found[2], start=found.start(2))
        for found in FENCE.finditer(text)
    ]


def check_page(page: Path, folder: Path, *, accept: bool = False) -> int:
    """Run a page and compare what it prints. Returns the number of blocks that ran.

    Code runs from files with as many lines before it as on the page, so that errors and ops name the page's lines.
    """
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = blocks(text)
    ran = 0
    printed: list[tuple[Block, str]] = []
    for block, below in zip(found, [*found[1:], None], strict=False):
        if block.language != "python":
            continue
        file = folder / f"{page.stem}_{block.line}.py"
        file.write_text("\n" * (block.line - 1) + block.code, encoding="utf-8")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), namespace)  # noqa: S102  # our own pages
        ran += 1
        if below is not None and below.language in ("text", "c") and adjacent(block, below):
            printed.append((below, output.getvalue()))
    wrong = [(said, now) for said, now in printed if not same_text(said.code, now)]
    if accept:
        for said, now in reversed(wrong):
            now = now.replace(f"{folder}{os.sep}", "...")
            text = text[: said.start] + now + text[said.start + len(said.code) :]
        page.write_text(text, encoding="utf-8", newline="\n")
        return ran
    for said, now in wrong:
        raise AssertionError(f"{page.name}:{said.line} says\n{said.code}\nand the code above it prints\n{now}")
    return ran


def same_text(said: str, now: str) -> bool:
    return doctest.OutputChecker().check_output(said, now, doctest.ELLIPSIS)


def adjacent(block: Block, below: Block) -> bool:
    """Whether nothing but one blank line lies between two blocks."""
    return below.line - (block.line + block.code.count("\n")) <= 3


def dead_links(page: Path) -> list[str]:
    """Links to files that don't exist, or to headings that their page lacks. Code is no prose, and holds no links."""
    prose = re.sub(r"`[^`\n]*`|^ {4}.*$", "", re.sub(FENCE, "", page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    dead = []
    for file, heading in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#?([^)\s]*)", prose):
        target = page.parent / file if file else page
        if not target.exists() or (heading and heading not in headings(target)):
            dead.append(f"{file}#{heading}")
    return dead


def headings(page: Path) -> set[str]:
    """What links call the headings of a page."""
    lines = re.findall(r"^#+ (.*)$", re.sub(FENCE, "", page.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.compiler
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_does_what_it_says(page, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    check_page(page, tmp_path, accept=request.config.getoption("--accept"))


@pytest.mark.compiler
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_an_example_runs(example, tmp_path):
    command = [sys.executable, str(example)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    assert not dead_links(page)


def test_the_readme_runs_something():
    assert [block.language for block in blocks((ROOT / "README.md").read_text(encoding="utf-8"))].count("python") >= 1


@pytest.mark.parametrize(
    "page",
    ["```python\n1 / 0\n```\n", "```python\nprint(1)\n```\n\n```text\n2\n```\n", "```python\nassert False\n```\n"],
)
def test_a_planted_mistake_is_found(page, tmp_path):
    (tmp_path / "page.md").write_text(page)
    with pytest.raises((AssertionError, ZeroDivisionError)):
        check_page(tmp_path / "page.md", tmp_path)


def test_a_right_page_passes(tmp_path):
    text = "Words.\n\n```python\nx = 1\n```\n\nMore.\n\n```python\nprint(x, 2.5)\n```\n\n```text\n1 ...\n```\n"
    (tmp_path / "page.md").write_text(text)
    assert check_page(tmp_path / "page.md", tmp_path) == 2


def test_accepting_writes_what_differs(tmp_path):
    text = "```python\nprint(1)\n```\n```text\n{}\n```\n```python\nprint(22)\n```\n```text\n2...\n```\n"
    (tmp_path / "page.md").write_text(text.format("0"))
    check_page(tmp_path / "page.md", tmp_path, accept=True)
    assert (tmp_path / "page.md").read_text() == text.format("1")


def test_a_planted_dead_link_is_found(tmp_path):
    text = (
        "# A heading, long\n\n[a](none.md) [b](#a-heading-long) [c](page.md#no) `[d](e)` [f](page.md)\n\n    [g](h)\n"
    )
    (tmp_path / "page.md").write_text(text)
    assert dead_links(tmp_path / "page.md") == ["none.md#", "page.md#no"]
