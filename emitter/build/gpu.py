# SPDX-License-Identifier: Apache-2.0
"""What there is for CUDA: devices, driver, nvcc, and why not."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from unrut.emitter.build.process import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """`why` says why there is no device; `nvcc` is its path and `release` its version, both empty if there is none."""

    devices: tuple[str, ...]
    driver: str
    why: str
    nvcc: str
    release: str


def find_gpu() -> Gpu:
    """Ask the driver and look for nvcc. Never raises."""
    nvcc = find_nvcc()
    release = ""
    if nvcc:
        found = re.search(r"release ([\d.]+)", run((nvcc, "--version"), limit=30.0).output)
        release = found[1] if found else "of unknown version"
    asked = run((sys.executable, "-I", "-S", str(Path(__file__).with_name("gpu_trial.py"))), limit=60.0)
    told = json.loads(asked.output) if asked.ok else {"why": f"the driver fails: {asked.complaint}"}
    return Gpu(
        devices=tuple(told.get("devices", ())),
        driver=told.get("driver", ""),
        why=told["why"],
        nvcc=nvcc,
        release=release,
    )


def find_nvcc() -> str:
    """The path of nvcc: of the PATH, of CUDA_HOME, or of the wheel nvidia-cuda-nvcc; empty if there is none."""
    if path := shutil.which("nvcc"):
        return path
    homes = [Path(os.environ[name]) for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)]
    if wheels := importlib.util.find_spec("nvidia"):
        homes += [home for root in wheels.submodule_search_locations or () for home in sorted(Path(root).iterdir())]
    found = (home / "bin" / "nvcc" for home in homes)
    return next((str(nvcc) for nvcc in found if nvcc.is_file()), "")
