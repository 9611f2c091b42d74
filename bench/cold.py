# SPDX-License-Identifier: Apache-2.0
"""Seconds from the first line of a fresh process to the first result of a workload, NumPy and the operands being there.

python -m bench.cold NAME        in a process of its own: prints seconds, as JSON
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def cold_and_warm(name: str) -> dict[str, float]:
    """Seconds with an empty cache of kernels, then from it; and of these the importing, binding, compiling, calling."""
    with tempfile.TemporaryDirectory(prefix="unrut-cold-") as folder:
        given = {**os.environ, "UNRUT_CACHE_DIR": folder, "PYTHONPATH": str(ROOT)}
        found: dict[str, float] = {}
        for stage in ("cold", "warm"):
            command = [sys.executable, "-m", "bench.cold", name]
            done = subprocess.run(command, env=given, cwd=ROOT, capture_output=True, text=True, check=True)
            parts = json.loads(done.stdout.splitlines()[-1])
            found |= {stage if part == "all" else f"{stage} {part}": seconds for part, seconds in parts.items()}
    return found


def _first(name: str) -> dict[str, float]:
    """What this process takes. The workloads are modules that import the project: operands are made by another process."""
    import numpy as np

    make = (
        "import sys, numpy as np; from bench.workloads import WORKLOADS; "
        "np.savez(sys.argv[2], *next(w for w in WORKLOADS if w.name == sys.argv[1]).arrays())"
    )
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        subprocess.run([sys.executable, "-c", make, name, file.name], check=True, cwd=ROOT)
        stored = np.load(file.name)
        arrays: tuple[Any, ...] = tuple(stored[key] for key in stored.files)
    marks = [time.perf_counter()]
    import unrut

    marks.append(time.perf_counter())
    from bench.workloads import WORKLOADS

    assert unrut
    workload = next(w for w in WORKLOADS if w.name == name)
    marks.append(time.perf_counter())  # the modules of the workloads are the bench's own matter
    bound = workload.bind(arrays)
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
    print(json.dumps(_first(sys.argv[1])))
