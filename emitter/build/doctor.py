# SPDX-License-Identifier: Apache-2.0
"""`unrut doctor`: what works on this machine, found by trying it, and one remedy for each thing that does not."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shlex
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from unrut.emitter.build.cache import CacheInfo, open_cache
from unrut.emitter.build.cpu import Cpu, read_cpu
from unrut.emitter.build.folder import VARIABLE
from unrut.emitter.build.gpu import Gpu, find_gpu
from unrut.emitter.build.probe import Verdict
from unrut.emitter.build.search import INSTALL, try_all
from unrut.emitter.build.toolchain import Toolchain

PACKAGES = (
    "numpy",
    "cffi",
    "jinja2",
    "platformdirs",
    "ml_dtypes",
    "pycuda",
    "hypothesis",
    "torch",
    "jax",
    "scikit-learn",
    "matplotlib",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that does not work, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. `compilers` are in the order of preference, the first that works is used; `packages` maps a name
    to its version, or to None.
    """

    version: str
    python: str
    platform: str
    cpu: Cpu
    compilers: tuple[Verdict, ...]
    cache: CacheInfo
    packages: dict[str, str | None]
    gpu: Gpu

    @property
    def toolchain(self) -> Toolchain | None:
        """The compiler that kernels are made with."""
        return next((verdict.toolchain for verdict in self.compilers if verdict.toolchain), None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(_problems(self))

    def show(self) -> str:
        """The report for people."""
        from unrut.emitter.build.report import show  # it needs this class

        return show(self)

    def to_json(self) -> str:
        """The report for machines: the fields of this class, `toolchain` and `problems`."""
        chosen = self.toolchain
        derived = {"toolchain": asdict(chosen) if chosen else None, "problems": [asdict(p) for p in self.problems]}
        return json.dumps({**asdict(self), **derived}, indent=2)


def diagnose() -> Report:
    """Look at everything. Works without a compiler, without a home and without a GPU; takes about a second."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the report says the same in its own place
        return Report(
            version=_version("unrut") or "",
            python=platform.python_version(),
            platform=platform.platform(),
            cpu=read_cpu(),
            compilers=try_all(),
            cache=open_cache().info(),
            packages={name: _version(name) for name in PACKAGES},
            gpu=find_gpu(),
        )


def _version(name: str) -> str | None:
    # Read from the metadata: importing some of these takes seconds.
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _problems(report: Report) -> Iterator[Problem]:
    chosen = report.toolchain
    if chosen is None:
        yield Problem(what="no C compiler works: ops run as the NumPy reference only", remedy=INSTALL)
    elif not chosen.parallel:
        why = next(verdict.serial for verdict in report.compilers if verdict.toolchain)
        yield Problem(
            what=f"no OpenMP: kernels run on one thread ({why})",
            remedy="`apt install gcc`, or beside clang its runtime: `apt install libomp-dev`, `brew install libomp`",
        )
    for verdict in report.compilers:
        if verdict.candidate.origin == "CC" and verdict.toolchain is None:
            yield Problem(
                what=f"CC=`{shlex.join(verdict.candidate.command)}` does not work: {verdict.reason}",
                remedy="unset CC, or set it to a compiler that works",
            )
    if report.cache.trouble or not report.cache.writable:
        yield Problem(
            what=f"{report.cache.folder} is not used for kernels: {report.cache.trouble or 'it is read-only'}",
            remedy=f"set {VARIABLE} to a folder that only you may write to, and from which programs may run",
        )
    if report.gpu.devices and not report.packages["pycuda"]:
        yield Problem(
            what="there is a GPU but no PyCUDA", remedy="pip install 'unrut[cuda]' (needs the CUDA toolkit's cuda.h)"
        )
    if report.gpu.devices and not report.gpu.nvcc:
        yield Problem(
            what="there is a GPU but no nvcc", remedy="pip install nvidia-cuda-nvcc, or install the CUDA toolkit"
        )
