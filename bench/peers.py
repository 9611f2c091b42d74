# SPDX-License-Identifier: Apache-2.0
"""The naive C peers, compiled with the flags that people type: `gcc -O3 -march=native -fopenmp`."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cffi
import numpy as np

Array = np.ndarray[Any, Any]
FOLDER = Path(__file__).parent
FLAGS = ("-O3", "-march=native", "-fopenmp")


class NaivePeers:
    """The compiled file `naive.c` and `naive_rows.c`; `function(name, pointers, sizes)` gives a ready call."""

    def __init__(self) -> None:
        self.compiler = shlex.split(os.environ.get("CC", "gcc"))
        self.folder = tempfile.TemporaryDirectory(prefix="naive-")
        library = Path(self.folder.name) / "naive.so"
        sources = [str(FOLDER / name) for name in ("naive.c", "naive_rows.c")]
        subprocess.run([*self.compiler, *FLAGS, "-shared", "-fPIC", *sources, "-o", str(library), "-lm"], check=True)
        self.library_path = str(library)

    def function(self, name: str, arrays: tuple[Array, ...], sizes: tuple[int, ...]) -> Callable[[], None]:
        """A call without arguments of the named peer on these arrays."""
        declaration = f"void {name}({', '.join(['void *'] * len(arrays))}, const int *);"
        ffi = cffi.FFI()
        ffi.cdef(declaration)
        library = ffi.dlopen(self.library_path)
        pointers = [ffi.from_buffer(a, require_writable=False) for a in arrays]
        numbers = ffi.new("int[]", list(sizes))

        def call() -> None:
            getattr(library, name)(*pointers, numbers)  # the library stays loaded as long as this call exists

        return call
