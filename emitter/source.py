# SPDX-License-Identifier: Apache-2.0
"""Generated text and the facts that a caller of it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from unrut.emitter.layout import Layout
from unrut.emitter.nest import Check
from unrut.program.complex_loops import complex_of
from unrut.program.extents import Extent
from unrut.program.nodes import Precondition
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One tensor argument of the C function: a pointer, followed by its strides where the layout takes them.

    An array of complex numbers is one of their parts in C: `dtype` and `shape`, with a last dimension of two, are those.
    `array_dtype` and `array_shape` are the caller's.
    """

    name: str
    dtype: DType
    shape: tuple[Extent, ...]
    layout: Layout
    written: bool

    @property
    def array_dtype(self) -> DType:
        return complex_of(self.dtype) if self.layout.pairs else self.dtype

    @property
    def array_shape(self) -> tuple[Extent, ...]:
        return self.shape[:-1] if self.layout.pairs else self.shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The C function, argument by argument:

        int NAME(int64_t size ..., const T *operand[, const int64_t operand_strides[]] ..., T *result[, const int64_t ...] ...,
                 double scalar ..., void *workspace, int threads);
        size_t NAME_workspace(int64_t size ..., int threads);

    `workspace` is 64-byte aligned and of the size that NAME_workspace gives for the same sizes and threads (may be NULL for
    0). Returns 0; k + 1 if precondition k does not hold; `workspace_code` if the workspace is misaligned; `size_code` if a
    size is negative or absurd; `check_code(k)` if the data is not as check k needs it. Strides count elements; of a
    misaligned array (its pointer is `void *`) they count bytes.
    """

    name: str
    sizes: tuple[str, ...]
    arguments: tuple[Argument, ...]
    scalars: tuple[str, ...]
    preconditions: tuple[Precondition, ...]
    checks: tuple[Check, ...] = ()

    @property
    def workspace_code(self) -> int:
        return len(self.preconditions) + 1

    @property
    def size_code(self) -> int:
        return len(self.preconditions) + 2

    def check_code(self, number: int) -> int:
        """What is returned for a check of data, counted from 0."""
        return len(self.preconditions) + 3 + number


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One self-contained C file (vocabulary included), the declarations that cffi reads, a header for other projects.

    `lines` maps a line number of `code` (from 1) to the program statement that it serves, for errors and listings.
    """

    name: str
    code: str
    declarations: str
    header: str
    signature: Signature
    lines: Mapping[int, str] = field(default_factory=dict, compare=False)
