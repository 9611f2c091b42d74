# SPDX-License-Identifier: Apache-2.0
"""Kernels under the undefined behaviour sanitizer, on special values and in every layout. Needs no preloading."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st

from unrut.emitter import emit
from unrut.emitter.build import build, find_toolchain
from unrut.emitter.build.toolchain import Toolchain
from unrut.emitter.kernel import Kernel
from unrut.testing.cases import draw_case
from unrut.testing.comparison import valid
from unrut.testing.guard_pages import survives
from unrut.testing.programs import Sample, programs
from unrut.testing.teams import emit_eager

pytestmark = pytest.mark.compiler
FLAGS = ("-fsanitize=undefined", "-fno-sanitize-recover=undefined")


@pytest.fixture(scope="session")
def checking() -> Toolchain:
    """The compiler with its sanitizer, seen to end a process at a signed overflow."""
    return find_toolchain().with_flags(*FLAGS)


def test_the_sanitizer_is_alive(checking: Toolchain, tmp_path: Path) -> None:
    source, library = tmp_path / "overflow.c", tmp_path / "overflow.so"
    source.write_text("int overflow(int i) { return i + 1; }\n")
    subprocess.run(checking.compile_command(str(source), str(library)), check=True)

    def overflow(start: int) -> bool:
        return ctypes.CDLL(str(library)).overflow(start) == start + 1

    assert survives(lambda: overflow(5)) == ""
    assert survives(lambda: overflow(2**31 - 1)) != ""


@settings(max_examples=settings.default.max_examples // 2)  # each costs a process or two kernels
@given(sample=st.one_of(programs(exact=False), programs(exact=True, invalid=True)), seed=st.integers(0, 2**31))
def test_kernels_have_no_undefined_behaviour(sample: Sample, seed: int, checking: Toolchain) -> None:
    case = draw_case(sample, seed=seed, style="special", layout="mixed")
    note(case.text)
    trace = (emit_eager if seed % 2 else emit)(case.program, case.layouts)
    assume(trace.source is not None)
    kernel = Kernel(build(trace.source, checking), trace)

    def run() -> bool:
        valid(lambda: kernel(*(case.arrays[o.name] for o in case.program.operands), threads=2, **case.scalars))
        return True

    assert not survives(run)
