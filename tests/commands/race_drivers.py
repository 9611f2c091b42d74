# SPDX-License-Identifier: Apache-2.0
"""Random kernels as stand-alone C programs that call them on four threads, for ThreadSanitizer."""

from __future__ import annotations

import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from unrut.emitter import emit
from unrut.emitter.source import Source
from unrut.program.extents import evaluate
from unrut.testing.cases import Case, draw_case
from unrut.testing.programs import Sample, programs

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
    """`count` random programs and the C that runs each."""
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
        source = emit(case.program).source
        if source is not None:
            found.append((case.text, source.code + _main(source, case, sample.sizes)))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gather()
    yield from found


def _main(source: Source, case: Case, sizes: dict[str, int]) -> str:
    """A main function that fills operands with ones and calls the kernel on four threads."""
    signature, lines, arguments = source.signature, [], [str(sizes[name]) for name in source.signature.sizes]
    for argument in signature.arguments:
        shape = [max(0, evaluate(e, sizes)) for e in argument.shape]
        elements = 1
        for extent in shape:
            elements *= extent
        kind = {"bool": "unsigned char", "i32": "int32_t", "i64": "int64_t", "f32": "float", "f64": "double"}[
            argument.dtype.name
        ]
        lines.append(f"  {kind} *{argument.name}_ = malloc({max(1, elements)} * sizeof({kind}));")
        lines.append(f"  for (long i = 0; i < {elements}; i++) {argument.name}_[i] = 1;")
        arguments.append(f"(void *){argument.name}_")
        if argument.layout.takes_strides:
            steps, step = [], 1
            for extent in reversed(shape):
                steps.append(step)
                step *= max(1, extent)
            lines.append(f"  int64_t {argument.name}_steps[] = {{{', '.join(map(str, reversed(steps))) or '0'}}};")
            arguments.append(f"{argument.name}_steps")
    arguments += ["1.5"] * len(signature.scalars)
    counts = ", ".join([*(str(sizes[name]) for name in signature.sizes), "4"])
    body = "\n".join(lines)
    return f"""
#include <stdlib.h>
int main(void) {{
{body}
  void *workspace = aligned_alloc(64, ({signature.name}_workspace({counts}) / 64 + 1) * 64);
  return {signature.name}({", ".join([*arguments, "workspace", "4"])});
}}
"""
