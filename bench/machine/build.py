# SPDX-License-Identifier: Apache-2.0
"""Small C of the bench's own, compiled for this machine."""

from __future__ import annotations

import ctypes
import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

FLAGS = ("-O3", "-march=native", "-fopenmp", "-fno-math-errno", "-fno-trapping-math")
_FOLDER = tempfile.TemporaryDirectory(prefix="unrut-bench-")


def compiler() -> list[str]:
    """The compiler's command: CC, or gcc."""
    return shlex.split(os.environ.get("CC", "gcc"))


def shared(name: str, sources: Sequence[Path], flags: Sequence[str] = FLAGS) -> Path:
    """A shared library of these sources, in a folder that goes with the process."""
    made = Path(_FOLDER.name) / f"{name}.so"
    command = [*compiler(), *flags, "-shared", "-fPIC", *map(str, sources), "-o", str(made), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)}\n{done.stderr}")
    return made


def loaded(name: str, sources: Sequence[Path], flags: Sequence[str] = FLAGS) -> ctypes.CDLL:
    """The same, loaded. Calls release the interpreter's lock, so threads of Python run them side by side."""
    return ctypes.CDLL(str(shared(name, sources, flags)))


def text_file(name: str, text: str) -> Path:
    """A file with this text, to be compiled."""
    file = Path(_FOLDER.name) / name
    file.write_text(text, encoding="utf-8")
    return file
