# SPDX-License-Identifier: Apache-2.0
"""Kernels of the op library and random ones as stand-alone C programs that call them on four threads, for ThreadSanitizer."""

from __future__ import annotations

import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from op_specs import SPECS

import unrut as ur
from unrut import ops
from unrut.emitter.schedule import choose
from unrut.emitter.source import Source
from unrut.program.extents import evaluate
from unrut.testing.cases import draw_case
from unrut.testing.programs import Sample, programs
from unrut.testing.teams import emit_eager
from unrut.testing.values import values

Array = np.ndarray[Any, Any]
SIZE = 21  # of run-time sizes of the op library

FLAGS = ("-std=c11", "-O1", "-g", "-fopenmp", "-fsanitize=thread", "-ffp-contract=fast")
SETTINGS = {"TSAN_OPTIONS": "ignore_noninstrumented_modules=1 exitcode=66", "OMP_NUM_THREADS": "4"}

RACE = """
#include <stdio.h>
int main(void) {
  static double sum[1];
#pragma omp parallel for num_threads(4)
  for (int i = 0; i < 4000; i++) sum[0] += i;
  printf("%g", sum[0]);
  return 0;
}
"""


def compile_and_run(code: str) -> str:
    """What the sanitizer says of a C program; empty if it has nothing to say."""
    with tempfile.TemporaryDirectory(prefix="race-") as name:
        source, program = Path(name) / "driver.c", Path(name) / "driver"
        source.write_text(code, encoding="utf-8")
        subprocess.run(["clang", *FLAGS, str(source), "-o", str(program), "-lm"], check=True)
        run = subprocess.run([str(program)], env=os.environ | SETTINGS, capture_output=True, text=True, check=False)
        return "" if run.returncode == 0 else run.stderr or f"exit status {run.returncode}"


def drivers(count: int) -> Iterator[tuple[str, str]]:
    """The op library, then `count` random programs, each as text and as the C that runs it; little work is shared out, too."""
    choose.SMALL = 0
    yield from map(_of_op, SPECS.items())
    found: list[tuple[str, str]] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sample=programs(exact=True))
    def gather(sample: Sample) -> None:
        case = draw_case(sample, seed=len(found))
        source = emit_eager(case.program).source
        if source is not None:
            found.append((case.text, source.code + _main(source, case.arrays, sample.sizes)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gather()
    yield from found


def _of_op(named: tuple[str, tuple[str, ...]]) -> tuple[str, str]:
    """An op on random data; integers are places and offsets, so they ascend."""
    name, specs = named
    program = getattr(ops, name).program(*map(ur.spec, specs))
    sizes = dict.fromkeys(program.sizes, SIZE)
    random = np.random.default_rng(0)
    arrays = {}
    for operand in program.operands:
        shape = tuple(evaluate(extent, sizes) for extent in operand.shape)
        dtype = operand.dtype.numpy
        plain = values(random, shape, dtype, "ordinary")
        ascending = np.sort(np.abs(plain) % 4, axis=None).reshape(shape) if dtype.kind in "iu" else plain
        arrays[operand.name] = ascending
    source = emit_eager(program).source
    assert source is not None, name
    return name, source.code + _main(source, arrays, sizes)


def _main(source: Source, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> str:
    """A main function that calls the kernel on four threads, on these operands."""
    signature, lines, arguments = source.signature, [], [str(sizes[name]) for name in source.signature.sizes]
    for argument in signature.arguments:
        shape = [max(0, evaluate(e, sizes)) for e in argument.array_shape]
        given = arrays.get(argument.name)
        array = np.zeros(shape, argument.array_dtype.numpy) if given is None else np.ascontiguousarray(given)
        data = ", ".join(map(str, array.tobytes())) if given is not None and array.size else "0"
        lines.append(f"  _Alignas(64) static unsigned char {argument.name}_[{max(1, array.nbytes)}] = {{{data}}};")
        arguments.append(f"(void *){argument.name}_")
        if argument.layout.takes_strides:
            parts = np.empty([max(0, evaluate(e, sizes)) for e in argument.shape], argument.dtype.numpy)
            steps = [step // parts.itemsize for step in parts.strides]
            lines.append(f"  int64_t {argument.name}_steps[] = {{{', '.join(map(str, steps)) or '0'}}};")
            arguments.append(f"{argument.name}_steps")
    arguments += ["1.5"] * len(signature.scalars)
    counts = ", ".join([*(str(sizes[name]) for name in signature.sizes), "4"])
    body = "\n".join(lines)
    return f"""
#include <stdlib.h>
int main(void) {{
{body}
  void *workspace = aligned_alloc(64, ({signature.name}_workspace({counts}) / 64 + 1) * 64);
  int code = {signature.name}({", ".join([*arguments, "workspace", "4"])});
  return code > 0 && code <= {signature.size_code} ? code : 0;
}}
"""
