# SPDX-License-Identifier: Apache-2.0
"""The proof of a compiler: a two-thread sum is compiled, loaded and run.

Compiling alone proves nothing: a compiler may take `-fopenmp`, and nobody have the runtime when the result is loaded.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from unrut.emitter.build import flags
from unrut.emitter.build.process import Finished, run
from unrut.emitter.build.toolchain import Toolchain

PROBE = """\
#include <math.h>
#include <stdint.h>
#ifdef _OPENMP
#include <omp.h>
#endif

int unrut_probe(const double *x, int64_t n, double *sum)
{
    double total = 0.0;
    int threads = 1;
    int64_t i;
#ifdef _OPENMP
#pragma omp parallel for num_threads(2) reduction(+ : total)
#endif
    for (i = 0; i < n; ++i) {
#ifdef _OPENMP
        if (i == 0) threads = omp_get_num_threads();
#endif
        total += sqrt(x[i] * x[i]);
    }
    *sum = total;
    return threads;
}
"""

COMPILING = 60.0  # seconds; zig builds parts of its C library at the first call
RUNNING = 30.0
_MACRO = re.compile(r"#define __(\w+?)__ (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A command that may be a C compiler, and where it was found (`CC`, `PATH`, `ziglang`)."""

    command: tuple[str, ...]
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a candidate: a toolchain, or the reason why not. `serial` says why it has no OpenMP, if it has
    none.
    """

    candidate: Candidate
    toolchain: Toolchain | None = None
    reason: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    fault: str = ""
    late: bool = False
    runtime: str = ""


def prove(candidate: Candidate, scratch: Path) -> Verdict:
    """Try a compiler with ever fewer wishes, OpenMP given up before the processor's own instructions. Writes to
    `scratch`.
    """
    version = run((*candidate.command, "--version"), limit=RUNNING)
    if not version.ok:
        return Verdict(candidate=candidate, reason=version.complaint)
    try:
        (scratch / "probe.c").write_text(PROBE)
    except OSError as error:
        return Verdict(candidate=candidate, reason=f"the probe could not be written: {error}")
    first = ""
    for native in flags.NATIVE:
        no_openmp = ""
        for openmp in flags.OPENMP:
            toolchain = Toolchain(
                command=candidate.command,
                version=version.output.strip(),
                target="",
                flags=(*flags.SEMANTICS, *native),
                openmp=openmp,
                runtime="",
                features=(),
            )
            seen = _try(toolchain, scratch)
            if not seen.fault:
                return Verdict(candidate=candidate, toolchain=_described(toolchain, native, seen), serial=no_openmp)
            if seen.late:
                return Verdict(candidate=candidate, reason=seen.fault)
            no_openmp = seen.fault
        first = first or no_openmp
    return Verdict(candidate=candidate, reason=first)


def _try(toolchain: Toolchain, scratch: Path) -> _Seen:
    compiled = run(toolchain.compile_command("probe.c", "probe.so"), limit=COMPILING, folder=scratch)
    if not compiled.ok:
        return _Seen(fault=f"it does not compile: {compiled.complaint}", late=compiled.late)
    trial = (sys.executable, "-I", "-S", str(Path(__file__).with_name("trial.py")), str(scratch / "probe.so"))
    # The thread count asked for is the one to be had, whatever the user's settings are for other programs.
    ran = run(trial, limit=RUNNING, environment={"OMP_DYNAMIC": "false", "OMP_THREAD_LIMIT": "2"})
    if not ran.ok:
        return _Seen(fault=f"its result does not load or run: {_last_line(ran)}")
    seen = json.loads(ran.output)
    if not seen["right"]:
        return _Seen(fault="its result computes a wrong sum")
    if not seen["subnormals"]:
        return _Seen(
            fault="loading its result turns off subnormal numbers for the whole process (is -ffast-math in CC?)"
        )
    if toolchain.openmp and seen["threads"] != 2:
        return _Seen(fault=f"with {' '.join(toolchain.openmp)} its result runs on {seen['threads']} thread, not on 2")
    return _Seen(runtime=seen["runtime"] if toolchain.openmp else "")


def _last_line(ran: Finished) -> str:
    """Python's tracebacks say what happened at their end, compilers at their beginning."""
    lines = ran.errors.strip().splitlines()
    return lines[-1] if lines and not ran.late else ran.complaint


def _described(toolchain: Toolchain, native: tuple[str, ...], seen: _Seen) -> Toolchain:
    """The proved toolchain with what only a working compiler can tell: its target and what `native` means here."""
    target = run((*toolchain.command, "-dumpmachine"), limit=RUNNING)
    features = _macros(toolchain.command, native) - _macros(toolchain.command, ())
    return Toolchain(
        command=toolchain.command,
        version=toolchain.version,
        target=target.output.strip() if target.ok else "",
        flags=toolchain.flags,
        openmp=toolchain.openmp,
        runtime=seen.runtime,
        features=tuple(sorted(features)),
    )


def _macros(command: tuple[str, ...], native: tuple[str, ...]) -> frozenset[str]:
    """The predefined macros: `__AVX2__ 1` as `avx2`, others with their value."""
    listed = run((*command, *native, "-dM", "-E", "-x", "c", "/dev/null"), limit=RUNNING)
    found = _MACRO.findall(listed.output) if listed.ok else []
    return frozenset(name.lower() if value == "1" else f"{name.lower()}={value}" for name, value in found)
