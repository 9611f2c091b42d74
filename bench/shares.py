# SPDX-License-Identifier: Apache-2.0
"""Every workload's share of its floor, the project's kernels alone.

    python -m bench.shares [--only TEXT] [--threads 2] [--cpu-time] [--file FILE]

With `--cpu-time`, one thread and its processor time count: for a machine that others use, too. A line is written to the file
as soon as it is known.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from bench.machine.rates import Rates, measure
from bench.machine.special import COMMON, special_rates
from bench.ours import Share, share_of
from bench.workloads import WORKLOADS, Workload

HEAD = (
    f"{'workload':42} {'ms':>9} {'floor':>9} {'+special':>9} {'share':>6} {'+special':>8} {'by':8} {'bar':14} "
    f"{'emit ms':>8} {'scratch kB':>10}"
)


def with_special(rates: Rates) -> Rates:
    """The same with the rates of elementary functions that workloads use."""
    found = list(special_rates(COMMON))
    special = {name: seconds / rates.threads for name, _, seconds in found}
    return replace(rates, special=special, makers={name: maker for name, maker, _ in found})


def line(workload: Workload, share: Share) -> str:
    """One workload as a line of the table."""
    verdicts = []
    for bar in workload.bars:
        part = share.of(bar)
        verdicts.append(
            f"{bar.by} {bar.least:.2f}" + ("" if part is None else " ok" if part >= bar.least else " BELOW")
        )
    shares = f"{share.floor / share.milliseconds:6.2f} {share.special / share.milliseconds:8.2f}"
    gathered = f" ({share.gather / share.milliseconds:.2f} of gather)" if share.gather else ""
    return (
        f"{share.name:42} {share.milliseconds:9.3f} {share.floor:9.3f} {share.special:9.3f} {shares} {share.limit:8} "
        f"{', '.join(verdicts):14} {1e3 * share.emission:8.0f} {share.workspace / 1e3:10.1f}{gathered}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    rates = with_special(measure(options.threads, cpu=options.cpu_time))
    lines = [
        f"{time.strftime('%H:%M')}, {options.threads} thread(s), milliseconds, "
        f"fma f32 {2 * rates.operations['fma_f32'] / 1e9:.0f} GF/s, memory "
        + ", ".join(f"{kind} {found / 1e9:.0f}" for kind, found in rates.bytes["memory"].items())
        + " GB/s",
        HEAD,
    ]
    print("\n".join(lines), flush=True)
    for workload in WORKLOADS:
        if options.only not in workload.name:
            continue
        try:
            lines.append(line(workload, share_of(workload, rates, cpu=options.cpu_time, seconds=options.seconds)))
        except Exception as error:  # a table with a gap says more than none
            lines.append(f"{workload.name:42} {type(error).__name__}: {str(error).splitlines()[0]}")
        print(lines[-1], flush=True)
        if options.file:
            options.file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
