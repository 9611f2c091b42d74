# SPDX-License-Identifier: Apache-2.0
"""A workspace holds its buffers, each from a multiple of 64 bytes on, and nothing else."""

from __future__ import annotations

from math import prod

import pytest

import unrut as ur
from unrut import ops
from unrut.emitter import compile_program
from unrut.emitter.nest import Space

pytestmark = pytest.mark.compiler


@pytest.mark.parametrize("threads", [1, 3])
def test_size(threads: int) -> None:
    program = ops.attention.program(*map(ur.spec, ("f32[1, 2, 45, 16]", "f32[1, 2, 67, 16]", "f32[1, 2, 67, 10]")))
    kernel = compile_program(program)
    assert kernel.trace.nest is not None
    needed = {Space.workspace: 0, Space.scratch: 0}
    for buffer in kernel.trace.nest.buffers:
        if buffer.space in needed:
            size = prod(extent.value() for extent in buffer.shape) * buffer.dtype.size
            needed[buffer.space] += -(-size // 64) * 64
    assert needed[Space.scratch] > 0
    total = needed[Space.workspace] + threads * needed[Space.scratch]
    assert kernel.library.function("attention_workspace")(threads) == total
