# SPDX-License-Identifier: Apache-2.0
"""Small whole numbers to look at an op with, where nobody gave arrays: every element of a tensor is another one, nearly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrut.program.extents import evaluate
from unrut.program.nodes import Program

SIZE = 5
"""What run-time sizes are."""

LARGEST = 9

SAMPLES = "1, 2, ... 9, 1, ... in row-major order (bool: True, False, ...), run-time sizes are {size}"
"""How the arrays are told of."""


def sample_arrays(program: Program) -> list[NDArray[Any]]:
    """One array for each operand: 1, 2, ... 9, 1, ... in row-major order; True and False in turns."""
    sizes = dict.fromkeys(program.sizes, SIZE)
    found = []
    for operand in program.operands:
        shape = tuple(max(0, evaluate(extent, sizes)) for extent in operand.shape)
        numbers = np.arange(math.prod(shape)).reshape(shape)
        values = numbers % 2 == 0 if operand.dtype.numpy.kind == "b" else numbers % LARGEST + 1
        found.append(values.astype(operand.dtype.numpy))
    return found
