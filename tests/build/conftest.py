# SPDX-License-Identifier: Apache-2.0
"""Sources to build, a cache folder of one's own for each test, and builds in other processes."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from unrut.emitter.build import folder, notice
from unrut.emitter.source import Signature, Source

ADD = "int add(int a, int b)\n{\n    return a + b;\n}\n"

# A program that builds one source and prints what a call of it gives, and whether the compiler had to run.
CHILD = """
from unrut.emitter.build import build, find_toolchain
from unrut.emitter.source import Signature, Source
signature = Signature(name="add", sizes=(), arguments=(), scalars=(), preconditions=())
source = Source(name="add", code={code!r}, declarations="int add(int, int);", header="", signature=signature)
{before}
library = build(source)
print(library.function("add")(20, 22), library.fresh)
"""


def make_source(code=ADD, declarations="int add(int, int);", *, name="add", lines=None):
    signature = Signature(name=name, sizes=(), arguments=(), scalars=(), preconditions=())
    return Source(name=name, code=code, declarations=declarations, header="", signature=signature, lines=lines or {})


@pytest.fixture
def source():
    """`source(code, declarations)`: a Source of any C, by default a function that adds two integers."""
    return make_source


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    """An absent folder that UNRUT_CACHE_DIR names; nothing has been warned of and there is no private folder yet."""
    wanted = tmp_path / "cache" / "unrut"
    monkeypatch.setenv("UNRUT_CACHE_DIR", str(wanted))
    monkeypatch.setattr(folder, "_private", None)
    monkeypatch.setattr(notice, "_said", set())
    return wanted


@pytest.fixture
def start():
    """`start(before=..., **environment)`: a process that builds the default source; None removes a variable."""

    def started(before="", *, code=ADD, prefix=(), **environment) -> subprocess.Popen[str]:
        settings = {**os.environ, **environment}
        program = CHILD.format(code=code, before=textwrap.dedent(before))
        return subprocess.Popen(
            [*prefix, sys.executable, "-c", program],
            env={name: value for name, value in settings.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return started


@pytest.fixture
def compiler_script(tmp_path):
    """`compiler_script(text)`: an executable shell script to stand in for a compiler."""

    def written(text, name="fake-cc") -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return written
