# SPDX-License-Identifier: Apache-2.0
"""Emitted C under every compiler at hand, as C and as C++, with and without OpenMP, all warnings being errors.

    python tests/commands/warnings_matrix.py [--count 20]

Compiles the sources of the op library and of `--count` random programs. Exit status 1 if any compiler complains.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from op_specs import SPECS

import unrut as ur
from unrut import ops
from unrut.emitter import emit
from unrut.testing.cases import draw_case
from unrut.testing.programs import Sample, programs

COMMON = (
    "-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion -Wfloat-conversion -Wcast-qual "
    "-Wundef -Wvla -Wnull-dereference -Werror -O1 -c -o /dev/null"
).split()
ONLY_C = "-Wstrict-prototypes -Wmissing-prototypes".split()
LANGUAGES = (("c", "-std=c11", *ONLY_C), ("c", "-std=c17", *ONLY_C), ("c++", "-std=c++17", "-Wno-pedantic"))


def sources(count: int) -> list[tuple[str, str]]:
    """Names and C texts: of the op library, then of random programs."""
    found = []
    for name, specs in SPECS.items():
        source = emit(getattr(ops, name).program(*map(ur.spec, specs))).source
        found += [(name, source.code)] if source is not None else []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sample=programs(exact=False))
    def gather(sample: Sample) -> None:
        case = draw_case(sample, seed=len(found), layout="mixed")
        source = emit(case.program, case.layouts).source
        if source is not None:
            found.append((case.text, source.code))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gather()
    return found


def commands(file: str) -> Iterator[list[str]]:
    """Every way to compile one file here."""
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler) is None:
            continue
        for language, *flags in LANGUAGES:
            for openmp in ([], ["-fopenmp"]):
                yield [compiler, "-x", language, *flags, *COMMON, *openmp, file]


def complaints(item: tuple[str, str]) -> list[str]:
    """What the compilers say of one source."""
    name, code = item
    said = []
    with tempfile.TemporaryDirectory(prefix="warnings-") as folder:
        file = Path(folder) / "kernel.c"
        file.write_text(code, encoding="utf-8")
        for command in commands(str(file)):
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            if run.returncode:
                said.append(
                    f"{name}\n  {' '.join(command[:5])}{' -fopenmp' * ('-fopenmp' in command)}\n{run.stderr[:1500]}"
                )
    return said


def main() -> int:
    """Compile everything every way; print what was said."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20)
    options = parser.parse_args()
    items = sources(options.count)
    with ThreadPoolExecutor(2) as pool:
        said = [text for texts in pool.map(complaints, items) for text in texts]
    for text in said[:20]:
        print(text)
    ways = len(list(commands("")))
    print(f"{len(items)} sources, each compiled {ways} ways: {len(said)} with a complaint")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
