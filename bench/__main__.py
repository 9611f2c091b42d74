# SPDX-License-Identifier: Apache-2.0
"""Every workload beside its floor and its peers: `python3 noxfile.py -s bench`, or

    python -m bench [--only TEXT] [--threads 2] [--rounds 7] [--systems usual|all|none|NAME,...] [--again] [--file FILE]

Rates of the machine first, then workload after workload: the reference, checks, the race, cold starts. What is known stands in
the file at once; a second start goes on where the first one ended. In the end a table, and a picture for the README.

`usual` leaves out torch.compile where PyTorch has one function of its own for the workload, and max-autotune, which takes
minutes, but for the headline. Packages that are not installed are named, and left out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.agreement import Agreement, disagreement
from bench.cold import cold_and_warm
from bench.machine.rates import Rates, measure, show
from bench.machine.special import COMMON, special_rates
from bench.ours import described, floor_for, fresh_results, threads_of
from bench.peers.systems import SYSTEMS, results_of
from bench.race import Contestant, contestants, race
from bench.store import Store
from bench.table import FRESH, HEAD, HEADLINE, HEADLINE_HEAD, OURS, headline, rows, shown, summary
from bench.workloads import WORKLOADS, Workload

COMPILED = frozenset(
    "conv_caps conv_caps_by_poses conv_caps_by_weights caps_votes em_routing dynamic_routing window_attention "
    "layer_norm_gelu logsumexp two_qubit_gate max_plus batched_matmul depthwise_conv2d".split()
)
"""Kinds of which PyTorch has no function of its own: torch.compile may gain."""
REFERENCE_MOST = 3e9
"""Operations up to which the reference computes the whole result; beyond, our own kernel's is what peers are held against."""


def wanted_of(workload: Workload, bound: Any, arrays: tuple[Any, ...], kernel: Any, work: float) -> list[Any]:
    """The results that are right, and that ours are among them."""
    found = [np.asarray(a) for a in results_of(kernel(*arrays, **bound.scalars))]
    if work > REFERENCE_MOST:
        return found
    wanted = [np.asarray(a) for a in results_of(bound.reference(*arrays, **bound.scalars))]
    fault = disagreement(found, wanted, Agreement.of(workload.kind))
    if fault:
        raise SystemExit(f"{workload.name}: the project's own kernel is wrong: {fault}")
    return wanted


def ours(bound: Any, kernel: Any, arrays: tuple[Any, ...], threads: int) -> dict[str, Callable[[], float]]:
    """The ways of calling the project's kernel."""
    out = fresh_results(kernel, bound, arrays, threads)

    def seconds(call: Callable[[], object]) -> Callable[[], float]:
        def timed() -> float:
            found: list[float] = []
            began = time.perf_counter()
            while not found or time.perf_counter() - began < 0.02:
                start = time.perf_counter()
                call()
                found.append(time.perf_counter() - start)
            return float(np.median(found))

        return timed

    return {
        OURS: seconds(lambda: kernel(*arrays, out=out, threads=threads, **bound.scalars)),
        FRESH: seconds(lambda: kernel(*arrays, threads=threads, **bound.scalars)),
    }


def judged(workload: Workload, rates: Rates, rivals: list[Contestant], rounds: int, *, cold: bool) -> dict[str, Any]:
    """All that is to be known of a workload."""
    threads = threads_of(workload, rates)
    arrays = workload.arrays()
    bound = workload.bind(arrays)
    kernel = bound.compile("c")
    wanted = wanted_of(workload, bound, arrays, kernel, sum(floor_for(workload, bound, arrays).work.values()))
    fitting = [r for r in rivals if _fits(r.system, workload)]
    apart = workload.name == HEADLINE
    found = dict(race(workload, fitting, wanted, ours(bound, kernel, arrays, threads), rounds, apart=apart))
    share = described(workload, rates, bound, kernel, arrays, found[OURS]["seconds"], cpu=False)
    starts = {"cold": cold_and_warm(workload.name, arrays)} if cold else {}
    return {"share": share.data(), "rows": found, **starts}


def _fits(system: str, workload: Workload) -> bool:
    if system == "autotune":
        return workload.name == HEADLINE or bool(os.environ.get("BENCH_ALL_SYSTEMS"))
    return system != "compile" or workload.kind in COMPILED or bool(os.environ.get("BENCH_ALL_SYSTEMS"))


def rates_of(threads: int) -> Rates:
    """The machine's rates, elementary functions included."""
    rates = measure(threads)
    special = list(special_rates(COMMON))
    return replace(
        rates,
        special={name: seconds / threads for name, _, seconds in special},
        makers={name: maker for name, maker, _ in special},
    )


def progress(total: int) -> tuple[Any, Callable[[str], None]]:
    """A bar where there is `rich` and a terminal, lines elsewhere."""
    try:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    except ImportError:
        return nullcontext(), lambda name: print(f"  {name}", file=sys.stderr, flush=True)
    bar = Progress(TextColumn("{task.description:44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    task = bar.add_task("", total=total)

    def step(name: str) -> None:
        bar.update(task, advance=1 if name else 0, description=name)

    return bar, step


def main() -> int:
    """Measure what is not measured yet, and show all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--systems", default="usual")
    parser.add_argument("--again", action="store_true", help="measure anew what the file has already")
    parser.add_argument("--no-cold", action="store_true")
    parser.add_argument("--no-huge", action="store_true", help="peers with the default allocator only")
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    if options.systems == "all":
        os.environ["BENCH_ALL_SYSTEMS"] = "1"
    chosen = {"usual": SYSTEMS, "all": SYSTEMS, "none": ()}.get(options.systems, tuple(options.systems.split(",")))
    store = Store(options.file or Store.usual(options.threads), options.threads)
    todo = [w for w in WORKLOADS if options.only in w.name and (options.again or not store.has(w.name))]
    bar, step = progress(len(todo))
    with bar, tempfile.TemporaryDirectory(prefix="unrut-inductor-") as folder:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = folder
        for threads in sorted({min(options.threads, w.most_threads or options.threads) for w in todo}, reverse=True):
            rates = rates_of(threads)
            store.data[f"rates of {threads}"] = rates.data()
            print(show(rates), flush=True)
            rivals, store.data["missing"] = contestants(chosen, threads, huge=not options.no_huge)
            for workload in todo:
                if min(options.threads, workload.most_threads or options.threads) == threads:
                    step(workload.name)
                    store.put(workload.name, judged(workload, rates, rivals, options.rounds, cold=not options.no_cold))
            for rival in rivals:
                rival.stop()
    print("\n" + shown(HEAD, rows(store.data)))
    print("\n" + shown(HEADLINE_HEAD, headline(store.data)))
    print("\n" + "\n".join([summary(store.data), *store.data.get("missing", ())]))
    print(f"\ndata: {store.file}")
    from bench.picture import draw

    print(draw(store))
    return 0


if __name__ == "__main__":
    sys.exit(main())
