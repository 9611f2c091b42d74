# SPDX-License-Identifier: Apache-2.0
"""Results as data: one file a machine, day and number of threads, written after each workload, so that a run can go on."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from bench.machine.build import compiler

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "torch", "jax", "numba", "scipy")


def machine(threads: int) -> dict[str, Any]:
    """What a figure means nothing without."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    version = subprocess.run([*compiler(), "--version"], capture_output=True, text=True, check=True).stdout
    return {
        "cpu": name, "cores": os.cpu_count(), "threads": threads, "compiler": version.splitlines()[0],
        "python": platform.python_version(), **{p: v for p in PACKAGES if (v := _version(p))},
    }  # fmt: skip


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


class Store:
    """The file of a run. `data["workloads"]` has what is known of each workload, by name."""

    def __init__(self, file: Path, threads: int) -> None:
        self.file = file
        known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        about = {"date": time.strftime("%Y-%m-%d"), "machine": machine(threads)}
        self.data: dict[str, Any] = known if known.get("machine") == about["machine"] else {**about, "workloads": {}}

    @staticmethod
    def usual(threads: int) -> Path:
        """Where results of today go."""
        cpu = re.sub(r"[^a-z0-9]+", "-", str(machine(threads)["cpu"]).lower()).strip("-")
        return RESULTS / f"{time.strftime('%Y-%m-%d')}-{cpu}-{threads}-threads.json"

    def has(self, workload: str) -> bool:
        """Whether a workload is done."""
        return workload in self.data["workloads"]

    def put(self, workload: str, found: dict[str, Any]) -> None:
        """Keep what was found, on disk at once."""
        self.data["workloads"][workload] = found
        self.write()

    def write(self) -> None:
        """All of it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps(_rounded(self.data), indent=1) + "\n", encoding="utf-8")
        part.replace(self.file)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, list | tuple) else value
