# SPDX-License-Identifier: Apache-2.0
"""Tiles moved in C, for every width: turned, as they are, past the caches, whatever strides and sizes are."""

from __future__ import annotations

import numpy as np
import pytest

from unrut.emitter.build import build
from unrut.emitter.render.dialect import C
from unrut.emitter.render.vocabulary import WIDTHS, needed
from unrut.emitter.source import Signature, Source

pytestmark = pytest.mark.compiler

DRIVERS = "".join(
    f"""
void move{w}(uint{w}_t *to, const int64_t *steps, const uint{w}_t *from, int64_t rows, int64_t columns, int32_t past) {{
  ur_move_{w}(to, steps[0], steps[1], from, steps[2], steps[3], rows, columns, past != 0);
  ur_fence();
}}
"""
    for w in WIDTHS
)
DECLARATIONS = "".join(line.split("{")[0].strip() + ";\n" for line in DRIVERS.splitlines() if line.startswith("void"))
STEPS = {  # of both sides: across, along
    "turned": lambda rows, columns: (1, rows + 16, columns + 3, 1),
    "turned back": lambda rows, columns: (columns + 16, 1, 1, rows + 3),
    "pairs": lambda rows, columns: (1, rows, columns + 3, 1),
    "pairs to pairs": lambda rows, columns: (1, rows, columns, 1),
    "pairs apart": lambda rows, columns: (1, rows + 16, columns, 1),
    "as it is": lambda rows, columns: (columns + 16, 1, columns + 5, 1),
    "elsewhere": lambda rows, columns: (3, 3 * rows, 2 * columns, 2),
}


@pytest.fixture(scope="module")
def library():
    signature = Signature(name="moves", sizes=(), arguments=(), scalars=(), preconditions=())
    code = needed(DRIVERS, C) + "\n" + DECLARATIONS + DRIVERS
    return build(Source(name="moves", code=code, declarations=DECLARATIONS, header="", signature=signature, lines={}))


def aligned(length, dtype):
    """An array at a multiple of 64 bytes, filled with what no test puts there."""
    raw = np.full(length * dtype.itemsize + 64, 99, np.uint8)
    first = -raw.__array_interface__["data"][0] % 64
    return raw[first : first + length * dtype.itemsize].view(dtype)


@pytest.mark.parametrize("past", [False, True])
@pytest.mark.parametrize("kind", STEPS)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_element_arrives_and_nothing_else_changes(library, width, kind, past):
    dtype = np.dtype(f"uint{width}")
    sizes = [(0, 5), (1, 1), (2, 2), (1, 64), (2, 128), (16, 16), (17, 33), (32, 48), (2, 40), (70, 2), (40, 7), (64, 64)]
    for rows, columns in sizes:
        for shift in (0, 1):  # whether vectors are aligned
            steps = np.array(STEPS[kind](rows, columns), np.int64)
            source = np.random.default_rng(rows).integers(0, 99, 20_000, dtype)
            target = aligned(24_000, dtype)[shift:]
            p, q = np.ogrid[:rows, :columns]
            expected = target.copy()
            expected[p * steps[0] + q * steps[1]] = source[p * steps[2] + q * steps[3]]
            to, step, origin = (library.ffi.cast("void *", library.ffi.from_buffer(a)) for a in (target, steps, source))
            library.function(f"move{width}")(to, step, origin, rows, columns, int(past))
            np.testing.assert_array_equal(target, expected)
