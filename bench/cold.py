# SPDX-License-Identifier: Apache-2.0
"""Seconds from the first line of a fresh process to the first result of a workload, NumPy and the operands being there.

python -m bench.cold NAME FOLDER        in a process of its own: prints seconds, as JSON; operands lie in the folder
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np  # and nothing of the project: its import is part of what is measured

ROOT = Path(__file__).resolve().parents[1]


def cold_and_warm(name: str, arrays: Sequence[np.ndarray[Any, Any]]) -> dict[str, float]:
    """Seconds with an empty cache of kernels, then from it; and of these the importing, binding, compiling, calling."""
    found: dict[str, float] = {}
    with TemporaryDirectory(prefix="unrut-cold-") as cache, TemporaryDirectory(prefix="unrut-cold-") as folder:
        for number, array in enumerate(arrays):
            np.save(Path(folder) / f"{number}.npy", array)
        given = {**os.environ, "UNRUT_CACHE_DIR": cache, "PYTHONPATH": str(ROOT)}
        for stage in ("cold", "warm"):
            command = [sys.executable, "-m", "bench.cold", name, folder]
            done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=True)
            parts = json.loads(done.stdout.splitlines()[-1])
            found |= {stage if part == "all" else f"{stage} {part}": seconds for part, seconds in parts.items()}
    return found


def _first(name: str, folder: str) -> dict[str, float]:
    """What this process takes."""
    arrays = [np.load(file) for file in sorted(Path(folder).glob("*.npy"))]
    marks = [time.perf_counter()]
    import unrut

    marks.append(time.perf_counter())
    from bench.workloads import WORKLOADS

    assert unrut
    workload = next(w for w in WORKLOADS if w.name == name)
    marks.append(time.perf_counter())  # the modules of the workloads are the bench's own matter
    bound = workload.bind(tuple(arrays))
    marks.append(time.perf_counter())
    kernel = bound.compile("c")
    marks.append(time.perf_counter())
    kernel(*arrays, **bound.scalars)
    marks.append(time.perf_counter())
    steps = [later - earlier for earlier, later in itertools.pairwise(marks)]
    names = ("import", "", "bind", "compile", "call")
    found = {label: seconds for label, seconds in zip(names, steps, strict=True) if label}
    return {"all": sum(found.values()), **found}


if __name__ == "__main__":
    print(json.dumps(_first(*sys.argv[1:])))
