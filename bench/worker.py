# SPDX-License-Identifier: Apache-2.0
"""A process that has one system in it, and does what it is told by lines of JSON: so that systems don't share threads,
allocators, or crashes, and each one's memory is its own.

    {"prepare": NAME, "check": FOLDER}   make the workload's peers ready, compare with the results stored there
    {"time": SECONDS, "least": N}         seconds of one call of each right peer: the least of some in a row
    {"stop": true}
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.agreement import Agreement, disagreement
from bench.peers.systems import Peer, import_seconds, peers_of, use_threads
from bench.workloads import WORKLOADS

MOST_SECONDS = 1.0
"""Of one call: peers that take longer are not made to repeat it."""


class Worker:
    """One system's peers of the workload at hand."""

    def __init__(self, system: str, threads: int) -> None:
        self.system, self.threads = system, threads
        self.ready: list[Peer] = []
        self.importing = import_seconds(system)
        use_threads(system, threads)

    def prepare(self, name: str, folder: str) -> dict[str, Any]:
        """Cold seconds, memory, and what is wrong, for each peer."""
        self.ready = []
        workload = next(w for w in WORKLOADS if w.name == name)
        arrays = workload.arrays()
        wanted = [np.load(file) for file in sorted(Path(folder).glob("result*.npy"))]
        found: dict[str, Any] = {"import": self.importing, "peers": {}}
        for peer in peers_of(self.system, workload):
            row: dict[str, Any] = {}
            try:
                began = time.perf_counter()
                results = peer.prepare(arrays, {**workload.parameters, **workload.details.get("peers", {})})
                row["first"] = time.perf_counter() - began
                row["fault"] = disagreement(results, wanted, Agreement.of(workload.kind))
                del results
                if not row["fault"]:
                    row["memory"] = _memory_of(peer)
                    self.ready.append(peer)
            except NotImplementedError:
                continue  # nobody writes that in ten minutes
            except Exception as error:
                row["fault"] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
            found["peers"][peer.name] = row
        return found

    def time(self, seconds: float, least: int) -> dict[str, float]:
        """Seconds of one call of each."""
        return {peer.name: _seconds(peer, seconds, least) for peer in self.ready}


def _seconds(peer: Peer, seconds: float, least: int) -> float:
    found: list[float] = []
    began = time.perf_counter()
    while len(found) < least or (time.perf_counter() - began < seconds and len(found) < 1000):
        start = time.perf_counter()
        peer.call()
        found.append(time.perf_counter() - start)
        if found[-1] > MOST_SECONDS:
            break
    return float(np.median(found))


def _memory_of(peer: Peer) -> int:
    """The most bytes that are in memory during a call beyond those before it, results included."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")  # start the peak anew
        before = _status("VmRSS")
        peer.call()
        return max(0, _status("VmHWM") - before)
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(key))


def main() -> int:
    """Read, do, answer, until told to stop. Answers go where the first standard output was; what systems print does not."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1], int(sys.argv[2]))
    print(json.dumps({"ready": worker.importing}), file=answers, flush=True)
    for line in sys.stdin:
        told = json.loads(line)
        if "stop" in told:
            return 0
        found = (
            worker.prepare(told["prepare"], told["check"])
            if "prepare" in told
            else worker.time(told["time"], told["least"])
        )
        print(json.dumps(found), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
