# SPDX-License-Identifier: Apache-2.0
"""What it costs to compile each op of the library: seconds to emit it, bytes of C, seconds of the compiler's processor time.

    python tests/commands/compile_times.py [--sizes large,mixed,run-time] [--flags "-O2 ..."] [--save FILE]
                                           [--against FILE] [OP ...]

`large` are fixed sizes of practice, `mixed` odd ones with some at run time, `run-time` has every size at run time. `--save`
writes the figures, `--against` shows saved ones beside the new.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from op_specs import LARGE, SPECS

import unrut as ur
from unrut import ops
from unrut.emitter import emit
from unrut.emitter.build.flags import SEMANTICS, SHARED

SIZES = ("large", "mixed", "run-time")


def cases(sizes: str, names: list[str]) -> Iterator[tuple[str, tuple[str, ...], dict[str, int]]]:
    """Op, specs, parameters."""
    for name, (specs, parameters) in LARGE.items():
        if names and name not in names:
            continue
        if sizes == "large":
            yield name, specs, parameters
        elif sizes == "run-time":
            yield name, named_apart(specs), {k: v for k, v in parameters.items() if k not in ("stride", "padding")}
        elif name in SPECS:
            yield name, SPECS[name], {}


def named_apart(specs: tuple[str, ...]) -> tuple[str, ...]:
    """Specs with a name of its own for every extent."""
    names = (f"s{number}" for number in count())
    return tuple(re.sub(r"\b\d+(?=[,\]])", lambda _: next(names), spec) for spec in specs)


def measured(code: str, flags: tuple[str, ...], repeat: int) -> float:
    """The least processor time of the compiler over a source."""
    with tempfile.TemporaryDirectory(prefix="times-") as folder:
        file = Path(folder) / "kernel.c"
        file.write_text(code, encoding="utf-8")
        command = ["gcc", *flags, *SHARED, "-march=native", "-fopenmp", str(file), "-o", f"{folder}/kernel.so", "-lm"]
        found = []
        for _ in range(repeat):
            before = os.times()
            subprocess.run(command, check=True)
            after = os.times()
            found.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return min(found)


def main() -> int:
    """Print a row for each op and its sizes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--flags", default=" ".join(SEMANTICS))
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--against", type=Path)
    parser.add_argument("ops", nargs="*")
    options = parser.parse_args()
    old = json.loads(options.against.read_text(encoding="utf-8")) if options.against else {}
    found = {}
    for sizes in options.sizes.split(","):
        for name, specs, parameters in cases(sizes, options.ops):
            program = getattr(ops, name).program(*map(ur.spec, specs), **parameters)
            begun = time.process_time()
            source = emit(program).source
            assert source is not None
            emitting = time.process_time() - begun
            compiling = measured(source.code, tuple(options.flags.split()), options.repeat)
            key = f"{sizes} {name}"
            found[key] = [round(emitting, 3), len(source.code), round(compiling, 2)]
            before = "  before {:7.2f} {:8d} {:6.2f}".format(*old[key]) if key in old else ""
            print("{:40s} {:7.2f} {:8d} {:6.2f}".format(key, *found[key]) + before, flush=True)
            if options.save:
                options.save.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
