# SPDX-License-Identifier: Apache-2.0
"""Lines of keys in C, for every width: what is selected and sorted is what NumPy sorts."""

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
void select{w}(const int{w}_t *x, int64_t n, const int64_t *ranks, int64_t count, int{w}_t *y, int{w}_t *spare) {{
  ur_select_i{w}(x, n, ranks, count, y, spare);
}}
void places{w}(const int{w}_t *x, int64_t n, const int64_t *ranks, int64_t count, int64_t *y, int{w}_t *spare) {{
  ur_places_i{w}(x, n, ranks, count, y, spare);
}}
void sort{w}(const int{w}_t *x, int64_t n, int{w}_t *y, int{w}_t *spare) {{ ur_sort_i{w}(x, n, y, spare); }}
void order{w}(const int{w}_t *x, int64_t n, int64_t *y, int64_t *spare) {{ ur_order_i{w}(x, n, y, spare); }}
"""
    for w in WIDTHS
)
DECLARATIONS = "".join(line.split("{")[0].strip() + ";\n" for line in DRIVERS.splitlines() if line.startswith("void"))


@pytest.fixture(scope="module")
def library():
    signature = Signature(name="lines", sizes=(), arguments=(), scalars=(), preconditions=())
    code = needed(DRIVERS, C) + "\n" + DECLARATIONS + DRIVERS
    return build(Source(name="lines", code=code, declarations=DECLARATIONS, header="", signature=signature, lines={}))


def lines_of(dtype):
    random = np.random.default_rng(3)
    limits = np.iinfo(dtype)
    for n in (1, 2, 3, 24, 25, 64, 191, 193, 256, 1000, 5000, 40_000):
        yield random.integers(limits.min, limits.max, n, dtype, endpoint=True)
        yield random.integers(-3, 3, n).astype(dtype)
        yield np.full(n, random.choice([limits.min, limits.max, 0]), dtype)
        ends = np.array([limits.min, limits.max, limits.max - 1, 0], dtype)
        yield random.choice(ends, n)
        yield np.sort(random.normal(size=n) * 20).astype(dtype)


def called(library, function, line, *arguments):
    ffi = library.ffi
    passed = [ffi.from_buffer(a) if isinstance(a, np.ndarray) else a for a in arguments]
    pointers = [ffi.cast("void *", p) if isinstance(p, ffi.CData) else p for p in passed]
    run = library.function(f"{function}{8 * line.itemsize}")
    run(ffi.cast("void *", ffi.from_buffer(line)), line.size, *pointers)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("beside", [False, True])
def test_ranks(library, width, beside):
    for line in lines_of(np.dtype(f"int{width}")):
        n, kept, ordered = line.size, line.copy(), np.sort(line)
        ranks = np.unique(np.clip([(n - 1) // 2, n // 2, n // 2 + 1, 0, 1, n - 1, n // 5], 0, n - 1))[::1]
        ranks = np.concatenate([ranks, ranks[::-1]]).astype(np.int64)
        spare = np.empty(n, line.dtype) if beside else library.ffi.NULL
        keys, places = np.empty(ranks.size, line.dtype), np.empty(ranks.size, np.int64)
        called(library, "select", line, ranks, ranks.size, keys, spare)
        called(library, "places", line, ranks, ranks.size, places, spare)
        np.testing.assert_array_equal(keys, ordered[ranks])
        np.testing.assert_array_equal(places, np.argsort(line, kind="stable")[ranks])
        np.testing.assert_array_equal(line, kept)


@pytest.mark.parametrize("width", WIDTHS)
def test_sorts(library, width):
    for line in lines_of(np.dtype(f"int{width}")):
        keys, places = np.empty(line.size, line.dtype), np.empty(line.size, np.int64)
        called(library, "sort", line, keys, np.empty_like(keys))
        called(library, "order", line, places, np.empty_like(places))
        np.testing.assert_array_equal(keys, np.sort(line))
        np.testing.assert_array_equal(places, np.argsort(line, kind="stable"))


def test_an_empty_line_has_the_largest_key(library):
    line, ranks, key = np.empty(0, np.int32), np.zeros(1, np.int64), np.zeros(1, np.int32)
    called(library, "select", line, ranks, 1, key, library.ffi.NULL)
    assert key[0] == np.iinfo(np.int32).max
