# SPDX-License-Identifier: Apache-2.0
"""How large random programs are: small ones for the tests, others as large as what people compute."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What extents are drawn from: of axes, of dimensions that computed places lead to, of operands that are read beyond
    their edges or under guards, of the steps and the widths of recurrences. `longest` bounds an axis where nothing else
    does, `elements` a tensor, `terms` a reduction, `work` the places of all loops around an expression together,
    `added` the axes of additions at computed places, `contracted` the places of all loops of a contraction.
    """

    extents: tuple[int, ...]
    tables: tuple[int, ...]
    outside: tuple[int, ...]
    guarded: tuple[int, ...]
    steps: tuple[int, ...]
    widths: tuple[int, ...]
    longest: int
    elements: int
    terms: int
    work: int
    added: int
    contracted: int


SMALL = Scale(
    extents=(1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 33),
    tables=(1, 2, 5, 7, 8),
    outside=(1, 2, 5, 8),
    guarded=(1, 3, 8),
    steps=(1, 2, 3, 5, 8),
    widths=(1, 2, 3, 4, 7, 17),
    longest=33,
    elements=2_000,
    terms=600,
    work=1 << 60,
    added=17,
    contracted=20_000,
)
LARGE = Scale(
    extents=(3, 4, 7, 9, 16, 17, 32, 49, 64, 100, 128, 200, 256, 500, 512, 1000, 1024, 3000, 4096, 20_000, 100_000),
    tables=(8, 100, 1000, 4096, 50_000),
    outside=(16, 100, 512, 2000),
    guarded=(16, 100, 512, 2000),
    steps=(8, 50, 100, 256, 1000),
    widths=(4, 16, 64, 100, 256, 512),
    longest=100_000,
    elements=1 << 21,
    terms=4096,
    work=1 << 31,
    added=20_000,
    contracted=1 << 31,
)
