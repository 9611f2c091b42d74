# SPDX-License-Identifier: Apache-2.0
"""The property tests under heavier instruments than the default run carries.

    python tests/commands/sanitizers.py addresses     AddressSanitizer (gcc), preloaded; its canary first
    python tests/commands/sanitizers.py races         ThreadSanitizer with Archer (clang, libomp, libclang-rt), a C driver
    python tests/commands/sanitizers.py all

Each first plants the mistake that it is for and must see it. Exit status: 0 clean, 1 found something, 2 can't run here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g"
OVERRUN = """
import numpy as np, cffi, subprocess, pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "canary.c").write_text("float canary(const float *x, long n) { return x[n]; }")
flags = sys.argv[2].split()
subprocess.run(["gcc", "-shared", "-fPIC", *flags, "canary.c", "-o", "canary.so"], cwd=folder, check=True)
ffi = cffi.FFI(); ffi.cdef("float canary(const float *, long);")
x = np.ones(1000, np.float32)
ffi.dlopen(str(folder / "canary.so")).canary(ffi.from_buffer("float[]", x), x.size)
"""


def addresses() -> int:
    """Tests of kernels with ASan and UBSan in every compiled kernel."""
    libraries = [
        subprocess.run(["gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=True).stdout.strip()
        for name in ("libasan.so", "libubsan.so")
    ]
    if not all(Path(library).is_file() for library in libraries):
        print("addresses: gcc has no sanitizer libraries here; install libasan and libubsan of its version")
        return 2
    with tempfile.TemporaryDirectory(prefix="asan-") as name:
        environment = os.environ | {
            "LD_PRELOAD": " ".join(libraries),
            "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "print_stacktrace=1",
            "PYTHONMALLOC": "malloc",
            "UNRUT_CACHE_DIR": str(Path(name) / "kernels"),
            "CC": f"gcc {ADDRESS}",
            "CI": "true",
        }
        canary = subprocess.run(
            [sys.executable, "-c", OVERRUN, name, ADDRESS], env=environment, capture_output=True, text=True, check=False
        )
        if canary.returncode == 0 or "heap-buffer-overflow" not in canary.stderr:
            print("addresses: the planted overrun was not seen, so silence would mean nothing")
            print(canary.stderr[-1000:])
            return 2
        suites = ["tests/properties/test_conformance.py", "tests/properties/test_c_against_reference.py"]
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *suites]
        return 1 if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode else 0


def races(count: int) -> int:
    """The op library and random programs as C programs, under clang's ThreadSanitizer, which Archer tells of OpenMP."""
    if shutil.which("clang") is None:
        print("races: needs clang, libomp-dev and libclang-rt-dev: apt install clang libomp-dev libclang-rt-14-dev")
        return 2
    from race_drivers import RACE, compile_and_run, drivers

    planted = compile_and_run(RACE)
    if "data race" not in planted:
        print("races: the planted race was not seen, so silence would mean nothing")
        print(planted[-1000:])
        return 2
    found = looked = 0
    for text, code in drivers(count):
        looked += 1
        report = compile_and_run(code)
        if report:
            found += 1
            print(f"{text}\n{report[:3000]}")
    print(f"races: {looked} programs on 4 threads, {found} with a report")
    return 1 if found else 0


def main() -> int:
    """Run the instruments that were asked for; the worst outcome is the status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("instrument", choices=("addresses", "races", "all"))
    parser.add_argument("--count", type=int, default=40, help="random programs for `races`")
    options = parser.parse_args()
    outcomes = []
    if options.instrument in ("addresses", "all"):
        outcomes.append(addresses())
    if options.instrument in ("races", "all"):
        outcomes.append(races(options.count))
    return max(outcomes)


if __name__ == "__main__":
    sys.exit(main())
