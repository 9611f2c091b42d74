# SPDX-License-Identifier: Apache-2.0
"""The reference on two capsule layers: seconds, and the most memory that it holds beyond operands and results.

    python -m bench.reference

Convolutional capsules at N=8, 32 to 32 capsules, 15x15, 3x3, stride 2, and EM routing at N=4, 32 to 32, 14x14, 3x3, stride 2,
three iterations, whose votes alone would be 85 MB in f32. Beside them what the C of each needs as workspace.
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc

from bench.workloads import WORKLOADS

ROUNDS = 7
LAYERS = ("conv_caps N=8", "EM routing N=4")


def main() -> int:
    """Print a line for each layer."""
    print(f"{'layer':20} {'median s':>9} {'peak MB':>9} {'C workspace MB':>15}   (median of {ROUNDS}, tracemalloc)")
    for workload in WORKLOADS:
        if workload.name not in LAYERS:
            continue
        arrays = workload.arrays()
        bound = workload.bind(arrays)
        seconds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            results = bound.reference(*arrays)
            seconds.append(time.perf_counter() - began)
        del results
        tracemalloc.start()
        results = bound.reference(*arrays)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        kept = sum(a.nbytes for a in (results if isinstance(results, tuple) else (results,)))
        report = bound.compile("c").report()
        print(
            f"{workload.name:20} {statistics.median(seconds):9.3f} {(peak - kept) / 1e6:9.1f}"
            f" {(report.shared + 2 * report.scratch) / 1e6:15.2f}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
