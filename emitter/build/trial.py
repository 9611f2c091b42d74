# SPDX-License-Identifier: Apache-2.0
"""Run as a program, in a process of its own: load the probe's library, run its sum, print what was seen as JSON.

A process of its own, because a wrong library may die of an illegal instruction or hang, and because a parallel region
here would leave threads behind in the user's process, which a later fork would trip over.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path


def loaded_runtime() -> str:
    """The file of the OpenMP runtime that is mapped into this process; empty if there is none or nobody tells."""
    try:
        maps = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    except OSError:
        return ""
    files = {line.split(maxsplit=5)[5] for line in maps if line.count("/") > 0 and len(line.split(maxsplit=5)) == 6}
    return next((file for file in sorted(files) if Path(file).name.startswith(("libgomp", "libomp", "libiomp"))), "")


def main(library: str) -> None:
    probe = ctypes.CDLL(library).unrut_probe
    count = 1000
    values = (ctypes.c_double * count)(*range(1, count + 1))
    total = ctypes.c_double()
    threads = probe(values, ctypes.c_int64(count), ctypes.byref(total))
    smallest = float("5e-324")
    seen = {
        "threads": threads,
        "right": total.value == count * (count + 1) / 2,
        "subnormals": smallest * float("1.0") > 0.0,
        "runtime": loaded_runtime(),
    }
    print(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
