# SPDX-License-Identifier: Apache-2.0
"""Every op of the library against naive C loops, side by side in one process.

    python -m bench.run [--only NAME] [--rounds 9] [--threads 2] [--json FILE]

Results are checked first against the reference: ours within the derived bound, the peer within three times that bound (its
intermediates round elsewhere). Then medians of interleaved rounds, with `out=` given.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.library_sizes import WORKLOADS, Workload
from bench.measure import medians
from bench.peers import FLAGS, NaivePeers

Array = np.ndarray[Any, Any]


def machine(threads: int, compiler: list[str]) -> dict[str, Any]:
    """What a figure means nothing without."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    version = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[
        0
    ]
    return {
        "cpu": cpu, "cores": os.cpu_count(), "threads": threads, "compiler": version, "naive flags": " ".join(FLAGS),
        "numpy": np.__version__, "date": time.strftime("%Y-%m-%d"),
    }  # fmt: skip


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def judge(workload: Workload, peers: NaivePeers, threads: int, rounds: int) -> dict[str, Any]:
    """Check and time one workload."""
    arrays = workload.arrays()
    bound = workload.op.bind(*arrays, **workload.parameters)
    began = time.perf_counter()
    kernel = bound.compile("c")
    compiled = time.perf_counter() - began
    found = kernel(*arrays, threads=threads, **bound.scalars)
    ours = found if isinstance(found, tuple) else (found,)
    theirs = tuple(np.empty_like(a) for a in ours)
    naive = peers.function(workload.naive, (*arrays, *theirs), workload.sizes)
    naive()
    out = ours if isinstance(found, tuple) else ours[0]
    row = {"op": workload.name, "compile s": compiled, "error over bound": _check(bound, arrays, ours, theirs)}
    times = medians(
        {"unrut": lambda: kernel(*arrays, out=out, threads=threads, **bound.scalars), "naive": naive}, rounds
    )
    report = kernel.report()
    return (
        row
        | {f"{name} ms": 1e3 * t for name, t in times.items()}
        | {
            "speed-up": times["naive"] / times["unrut"],
            "GF/s": report.operations / times["unrut"] / 1e9,
            "scratch KiB": report.workspace / 1024,
        }
    )


def _check(bound: Any, arrays: tuple[Array, ...], ours: tuple[Array, ...], theirs: tuple[Array, ...]) -> float:
    from unrut.reference import evaluate_with_bounds

    program = bound.program
    operands = {o.name: a for o, a in zip(program.operands, arrays, strict=True)}
    wanted = evaluate_with_bounds(program, operands, bound.scalars)
    worst = 0.0
    for name, mine, peer in zip(program.results, ours, theirs, strict=True):
        want = wanted[name]
        for who, got, slack in (("unrut", mine, 1.0), ("naive C", peer, 3.0)):
            error, limit = np.abs(got - want.value), slack * want.bound
            if not np.all(error <= limit):
                raise SystemExit(f"{program.name}: {who} is wrong: error {error.max():.3g}, bound {limit.max():.3g}")
        worst = max(worst, float(np.max(np.abs(mine - want.value) / np.where(want.bound > 0, want.bound, 1))))
    return worst


def main() -> int:
    """Print a table, and write it as data where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    peers = NaivePeers()
    about = machine(options.threads, peers.compiler)
    print(", ".join(f"{key} {value}" for key, value in about.items()))
    print(
        f"{'op':44} {'unrut ms':>9} {'naive ms':>9} {'speed-up':>9} {'GF/s':>7} {'compile s':>9}"
        f" {'err/bound':>9} {'scratch KiB':>11}"
    )
    rows = []
    for workload in WORKLOADS:
        if options.only not in workload.name:
            continue
        row = judge(workload, peers, options.threads, max(7, options.rounds))
        rows.append(row)
        print(
            f"{row['op']:44} {row['unrut ms']:9.3f} {row['naive ms']:9.3f} {row['speed-up']:9.2f} {row['GF/s']:7.1f}"
            f" {row['compile s']:9.2f} {row['error over bound']:9.3f} {row['scratch KiB']:11.0f}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps({"machine": about, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
