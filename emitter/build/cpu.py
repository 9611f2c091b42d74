# SPDX-License-Identifier: Apache-2.0
"""The processor as the operating system describes it: model, features, caches, cores.

Linux tells all of this in files. Elsewhere what cannot be read is None or empty, and nothing is guessed. No library is
used: the small ones are unmaintained or know only names, and what `-march=native` means is asked of the compiler (see
`probe`).
"""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

_CPUINFO = Path("/proc/cpuinfo")
_CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """Cache sizes are bytes of one instance; `threads` are the logical processors this process may use, `cores` the
    physical ones behind them.
    """

    architecture: str
    model: str
    features: tuple[str, ...]
    threads: int
    cores: int
    line: int | None
    l1: int | None
    l2: int | None
    l3: int | None


def read_cpu() -> Cpu:
    """Describe this machine's processor. Never raises."""
    described = _described()
    sizes, line = _caches()
    allowed = _allowed()
    return Cpu(
        architecture=platform.machine(),
        model=described.get("model name", "") or platform.processor(),
        features=tuple(sorted((described.get("flags") or described.get("Features") or "").split())),
        threads=len(allowed),
        cores=len({_siblings(number) for number in allowed}),
        line=line,
        l1=sizes.get(1),
        l2=sizes.get(2),
        l3=sizes.get(3),
    )


def identity() -> str | None:
    """A text that differs between processors for which `-march=native` differs, or None where nobody tells."""
    described = _described()
    names = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
    arm = ("CPU implementer", "CPU architecture", "CPU variant", "CPU part", "Features")
    told = [f"{name}={described[name]}" for name in names + arm if name in described]
    return "; ".join([platform.machine(), *told]) if told else None


def _described() -> dict[str, str]:
    """The first processor's paragraph of /proc/cpuinfo."""
    try:
        with _CPUINFO.open(encoding="utf-8", errors="replace") as lines:
            fields: dict[str, str] = {}
            for line in lines:
                if not line.strip():
                    break
                name, _, value = line.partition(":")
                fields[name.strip()] = value.strip()
            return fields
    except OSError:
        return {}


def _caches() -> tuple[dict[int, int], int | None]:
    """Level to bytes, for caches that hold data, and the length of a line."""
    sizes: dict[int, int] = {}
    line: int | None = None
    for index in sorted(_CACHES.glob("index*")):
        try:
            if (index / "type").read_text().strip() == "Instruction":
                continue
            level = int((index / "level").read_text())
            sizes[level] = _bytes((index / "size").read_text().strip())
            line = int((index / "coherency_line_size").read_text())
        except (OSError, ValueError):
            continue
    return sizes, line


def _bytes(text: str) -> int:
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:], 1)
    return int(text.rstrip("KMG")) * unit


def _allowed() -> frozenset[int]:
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _siblings(number: int) -> str:
    """The logical processors that share a core with this one, itself included; itself where nobody tells."""
    try:
        return Path(_TOPOLOGY.format(number)).read_text().strip()
    except OSError:
        return str(number)
