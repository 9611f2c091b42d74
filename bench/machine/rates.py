# SPDX-License-Identifier: Apache-2.0
"""The machine's rates: arithmetic by kind and dtype, memory by level, gathers, fork and join.

    python -m bench.machine.rates [--threads 2] [--cpu-time]

Rates are best values of several short runs: what the machine can do when it is let. With `--cpu-time`, one thread only,
its processor time counts: for machines that others use, too.
"""

from __future__ import annotations

import argparse
import ctypes
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.machine.build import FLAGS, loaded
from bench.machine.clock import best, best_together

SOURCE = Path(__file__).with_name("rates.c")
SIZES = {"f32": 4, "f64": 8, "i16": 2, "i32": 4, "i64": 8}
ARITHMETIC = (
    "fma_f32 fma_f64 add_f32 add_f64 add_i32 mul_i16 mul_i32 mul_i64 max_f32 max_f64 max_i32 divide_f32 divide_f64 "
    "sqrt_f32 sqrt_f64 shuffle_f32"
).split()
MIXTURES = ("fma_add", "fma_max", "add_max", "fma_add_max")
SCALARS = ("divide_i32", "divide_i64")
LEVELS = ("L1", "L2", "L3", "memory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of one number of threads, all together. `operations`: by name as in `fma_f32`, elements a second. `mixtures`: seconds
    of one vector operation of each kind, side by side, over the sum of their seconds alone: 1 where they wait for each other,
    1/2 or 1/3 where they don't.

    `bytes`: by level, then `read`, `write`, `copy` (bytes read and written), a second; on whichever pages and by whichever
    stores is faster. `pages`: of the memory level alone, by kind of page. `rows`: gathered rows of 256 bytes, by level.
    `special`: seconds of one element, by function and dtype as in `exp_f32`; `makers`: whose function that was.
    """

    threads: int
    operations: Mapping[str, float]
    mixtures: Mapping[str, float]
    latency: float
    bytes: Mapping[str, Mapping[str, float]]
    pages: Mapping[str, Mapping[str, float]]
    rows: Mapping[str, float]
    capacities: Mapping[str, int]
    fork_join: float
    special: Mapping[str, float] = field(default_factory=dict)
    makers: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def level(self, footprint: int) -> str:
        """The nearest level that holds this many bytes."""
        return next((name for name in LEVELS[:-1] if footprint <= self.capacities[name]), LEVELS[-1])


@cache
def library() -> ctypes.CDLL:
    """The compiled loops."""
    found = loaded("rates", [SOURCE], (*FLAGS, "-fno-tree-loop-distribute-patterns"))
    for name in (*ARITHMETIC, *(f"{m}_f32" for m in MIXTURES), *SCALARS, "latency_f32"):
        getattr(found, name).argtypes = [ctypes.c_long]
        getattr(found, name).restype = ctypes.c_double
    for name in ("read_all", "write_plain", "write_streaming", "copy_plain", "copy_streaming"):
        getattr(found, name).argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_long]
        getattr(found, name).restype = None
    found.gather_rows.argtypes = [ctypes.c_void_p, ctypes.c_long, ctypes.c_void_p, ctypes.c_long, ctypes.c_long]
    found.gather_rows.restype = None
    found.fork_join.argtypes, found.fork_join.restype = [ctypes.c_long, ctypes.c_int], ctypes.c_double
    found.pages.argtypes, found.pages.restype = [ctypes.c_long, ctypes.c_int], ctypes.c_void_p
    found.set_order()
    return found


def capacities() -> dict[str, int]:
    """Bytes of each level that one thread can count on: from the system, or small usual ones."""
    found = {"L1": 32 << 10, "L2": 512 << 10, "L3": 8 << 20}
    for entry in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        if (entry / "type").read_text().strip() != "Instruction":
            text = (entry / "size").read_text().strip()
            size = int(text[:-1]) << {"K": 10, "M": 20, "G": 30}[text[-1]]
            found[f"L{(entry / 'level').read_text().strip()}"] = size
    return found


@cache
def _memory(size: int, huge: bool) -> tuple[int, int]:
    """Two pieces of memory, used again and again."""
    return library().pages(size, int(huge)), library().pages(size, int(huge))


class Stopwatch:
    """Best seconds of the same work done by each of some threads at once."""

    def __init__(self, threads: int, cpu: bool) -> None:
        self.threads, self.cpu = threads, cpu

    def __call__(self, *calls: Any) -> float:
        """Seconds for all of `calls`, one for each thread."""
        return best(calls[0], cpu=self.cpu) if self.threads == 1 else best_together(list(calls))


def arithmetic(watch: Stopwatch) -> tuple[dict[str, float], dict[str, float], float]:
    """Elements a second by kind; what mixtures take over their parts; the latency of a multiply-add."""
    c, n = library(), 50_000
    chains, vector = (ctypes.c_int.in_dll(c, name).value for name in ("chains", "vector_bytes"))

    def seconds(name: str) -> float:
        return watch(*[lambda: getattr(c, name)(n)] * watch.threads)

    vectors = watch.threads * n * chains
    each = {name: seconds(name) / vectors for name in ARITHMETIC}
    operations = {name: vector / SIZES[name.split("_")[1]] / each[name] for name in ARITHMETIC}
    operations |= {name: watch.threads * n / seconds(name) for name in SCALARS}
    mixtures = {}
    for name in MIXTURES:
        kinds = name.split("_")
        alone = sum(each[f"{kind}_f32"] for kind in kinds) / len(kinds)
        mixtures[name] = min(1.0, max(1 / len(kinds), seconds(f"{name}_f32") / vectors / alone))
    return operations, mixtures, best(lambda: c.latency_f32(n), cpu=watch.cpu) / n


def bandwidths(watch: Stopwatch, sizes: Mapping[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Bytes a second: by level the best, and of memory by kind of page."""
    unit = 4096 * watch.threads
    memory = max(4 * sizes["L3"], 1 << 27)
    wanted = {"L1": sizes["L1"] // 2, "L2": sizes["L2"] // 2, "L3": sizes["L3"] // 3, "memory": memory}
    found: dict[str, Any] = {}
    pages: dict[str, Any] = {"huge": {}, "small": {}}
    for level, size in wanted.items():
        own = size if level in ("L1", "L2") else size // watch.threads
        own = own // unit * unit
        times = max(1, (2 << 20) // own)
        for huge in (True, False):
            if level in ("L1", "L2") and not huge:
                continue
            half = own // 2 // 4096 * 4096
            rates = {
                "read": _best_of(watch, ("read_all",), own, times, huge, size),
                "write": _best_of(watch, ("write_plain", "write_streaming"), own, times, huge, size),
                "copy": 2 * _best_of(watch, ("copy_plain", "copy_streaming"), half, times, huge, size),
            }
            known = found.setdefault(level, rates)
            found[level] = {kind: max(rate, known[kind]) for kind, rate in rates.items()}
            if level == "memory":
                pages["huge" if huge else "small"] = rates
    return found, pages


def _best_of(watch: Stopwatch, names: tuple[str, ...], own: int, times: int, huge: bool, size: int) -> float:
    c = library()
    one, other = _memory(max(size * watch.threads, 2 * own * watch.threads), huge)

    def rate(name: str) -> float:
        function = getattr(c, name)
        calls = [
            lambda begin=k * own: function(
                one + begin, (one if name.startswith("write") else other) + begin, own, times
            )
            for k in range(watch.threads)
        ]
        return watch.threads * own * times / watch(*calls)

    return max(map(rate, names))


def gather_rate(watch: Stopwatch, table: int, row: int, places: np.ndarray[Any, Any]) -> float:
    """Bytes a second of rows of `row` bytes at these places of a table of `table` bytes, the places divided among threads."""
    begin, _ = _memory(-(-table // 4096) * 4096, True)
    parts = [np.ascontiguousarray(part, np.int64) for part in np.array_split(places, watch.threads)]

    def seconds(ahead: int) -> float:
        calls = [partial(library().gather_rows, begin, row, part.ctypes.data, len(part), ahead) for part in parts]
        return watch(*calls)

    return places.size * row / min(map(seconds, (0, 8, 24)))


def measure(threads: int = 1, *, cpu: bool = False) -> Rates:
    """All rates but those of special functions."""
    watch = Stopwatch(threads, cpu)
    sizes = capacities()
    operations, mixtures, latency = arithmetic(watch)
    found, pages = bandwidths(watch, sizes)
    random = np.random.default_rng(1)
    tables = {**{level: sizes[level] // 2 for level in LEVELS[:-1]}, "memory": max(4 * sizes["L3"], 1 << 27)}
    rows = {
        level: gather_rate(watch, table, 256, random.integers(0, table // 256, 40_000))
        for level, table in tables.items()
    }
    together = best(lambda: library().fork_join(200, threads), cpu=False) / 200 if threads > 1 else 0.0
    usable = {"L1": sizes["L1"], "L2": sizes["L2"] * threads, "L3": sizes["L3"]}
    return Rates(
        threads=threads, operations=operations, mixtures=mixtures, latency=latency, bytes=found, pages=pages, rows=rows,
        capacities=usable, fork_join=together,
    )  # fmt: skip


def show(rates: Rates) -> str:
    """The rates for reading."""
    lines = [f"{rates.threads} thread{'s' * (rates.threads > 1)}, billions of elements a second"]
    lines.append("  " + ", ".join(f"{name} {rate / 1e9:.4g}" for name, rate in rates.operations.items()))
    lines.append(
        "  mixtures, share of the sum of their parts: " + ", ".join(f"{n} {s:.2f}" for n, s in rates.mixtures.items())
    )
    for level, found in rates.bytes.items():
        said = ", ".join(f"{kind} {rate / 1e9:.4g}" for kind, rate in found.items())
        lines.append(f"  {level}: {said}, rows of 256 bytes {rates.rows[level] / 1e9:.4g} GB/s")
    for kind, found in rates.pages.items():
        lines.append(
            f"  {kind} pages: " + ", ".join(f"{name} {rate / 1e9:.4g}" for name, rate in found.items()) + " GB/s"
        )
    lines.append(
        f"  a multiply-add's latency {rates.latency * 1e9:.3g} ns; fork and join {rates.fork_join * 1e6:.3g} us"
    )
    for name, seconds in rates.special.items():
        lines.append(f"  {name} {1 / seconds / 1e9:.4g} ({rates.makers[name]})")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu-time", action="store_true")
    options = parser.parse_args()
    print(show(measure(options.threads, cpu=options.cpu_time)))


if __name__ == "__main__":
    main()
