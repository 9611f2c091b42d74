# SPDX-License-Identifier: Apache-2.0
"""The doctor's report as text for people."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path

from unrut.emitter.build.cpu import Cpu
from unrut.emitter.build.doctor import Report
from unrut.emitter.build.gpu import Gpu
from unrut.emitter.build.probe import Verdict

WIDTH = 100
MARGIN = 11


def show(report: Report) -> str:
    """One section a line or a few, then every problem with its remedy."""
    chosen = report.toolchain
    found = [f"{name} {version}" for name, version in report.packages.items() if version]
    absent = [name for name, version in report.packages.items() if not version]
    sections = [
        ("unrut", f"{report.version}, Python {report.python}, {report.platform}"),
        ("processor", _cpu(report.cpu)),
        *(("compiler", _compiler(verdict, verdict.toolchain is chosen)) for verdict in report.compilers),
        ("flags", " ".join((*chosen.flags, *chosen.openmp)) if chosen else "none: no compiler works"),
        ("features", " ".join(_features(report)) or "unknown"),
        ("cache", _cache(report)),
        ("packages", ", ".join(found) + (f"; absent: {', '.join(absent)}" if absent else "")),
        ("GPU", _gpu(report.gpu, pycuda=bool(report.packages["pycuda"]))),
    ]
    lines = [line for title, text in sections for line in _section(title, text)]
    problems = [
        line for problem in report.problems for line in (f"problem: {problem.what}", f"  try: {problem.remedy}")
    ]
    return "\n".join([*lines, "", *(problems or ["no problems found"])])


def _section(title: str, text: str) -> Iterator[str]:
    wrapped = textwrap.wrap(text, WIDTH - MARGIN, break_long_words=False, break_on_hyphens=False) or [""]
    for number, line in enumerate(wrapped):
        yield f"{title if number == 0 else '':<{MARGIN}}{line}"


def _compiler(verdict: Verdict, used: bool) -> str:
    name = shlex.join(verdict.candidate.command)
    toolchain = verdict.toolchain
    if toolchain is None:
        return f"{name}: does not work: {verdict.reason}"
    proof = "compiled, loaded and ran a two-thread sum" if toolchain.parallel else "compiled, loaded and ran a sum"
    openmp = f", OpenMP by {Path(toolchain.runtime).name}" if toolchain.runtime else ""
    serial = "" if toolchain.parallel else f", no OpenMP: {verdict.serial}"
    return f"{name}: {toolchain.release}, {toolchain.target}: {proof}{openmp}{serial}{' (used)' if used else ''}"


def _features(report: Report) -> tuple[str, ...]:
    """What the compiler takes the processor to have; where it does not tell, what the system says."""
    told = report.toolchain.features if report.toolchain else ()
    return tuple(feature for feature in told if "=" not in feature) or report.cpu.features


def _cpu(cpu: Cpu) -> str:
    levels = [("L1", cpu.l1), ("L2", cpu.l2), ("L3", cpu.l3)]
    caches = ", ".join(f"{name} {_size(size)}" for name, size in levels if size) or "cache sizes unknown"
    model = f"{cpu.model}, {cpu.architecture}" if cpu.model else cpu.architecture
    return f"{model}, {_count(cpu.threads, 'thread')} on {_count(cpu.cores, 'core')}, {caches}"


def _cache(report: Report) -> str:
    cache = report.cache
    if cache.trouble:
        return f"{cache.folder}: not used, {cache.trouble}"
    kept = f"{_count(cache.entries, 'entry', 'entries')}, {_size(cache.size)} of {_size(cache.limit)}"
    failed = f", {_count(cache.failed, 'failed build')}" if cache.failed else ""
    return f"{cache.folder}: {kept}{failed}{'' if cache.writable else ', read-only'}"


def _gpu(gpu: Gpu, *, pycuda: bool) -> str:
    devices = f"{'; '.join(gpu.devices)} (driver for CUDA {gpu.driver})" if gpu.devices else f"none: {gpu.why}"
    nvcc = f"nvcc {gpu.release} at {gpu.nvcc}" if gpu.nvcc else "no nvcc"
    return f"{devices}; {nvcc}; {'PyCUDA is there' if pycuda else 'no PyCUDA'}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def _size(size: int) -> str:
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << power:
            return f"{size / (1 << power):.3g} {unit}"
    return f"{size} B"
