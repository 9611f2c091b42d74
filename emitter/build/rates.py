# SPDX-License-Identifier: Apache-2.0
"""The rates of this machine, measured once by a small C program and kept in the cache of compiled kernels.

Measured: multiply-adds in registers, a sum of two arrays into a third in memory and in the last cache, a parallel region
that does nothing. Each is the best of several short runs, so that other work on the machine matters little.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

from unrut.emitter.build.cache import open_cache
from unrut.emitter.build.cpu import read_cpu
from unrut.emitter.build.process import run
from unrut.emitter.build.search import find_toolchain
from unrut.emitter.build.toolchain import Toolchain
from unrut.emitter.rates import TYPICAL, Rates
from unrut.errors import BuildError

MEASURING = 60.0  # seconds; a loaded machine takes a few
PROGRAM = """\
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

enum { LANES = WIDTH / 4, CHAINS = 10 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Ten chains of multiply-adds hide the latency of each. */
static float multiply_add(long steps, float x, float y)
{
    float a[CHAINS][LANES];
    float sum = 0.0f;
    for (int c = 0; c < CHAINS; ++c)
        for (int l = 0; l < LANES; ++l) a[c][l] = (float)(c + l);
    for (long k = 0; k < steps; ++k) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; ++c) {
#pragma omp simd
            for (int l = 0; l < LANES; ++l) a[c][l] = a[c][l] * x + y;
        }
    }
    for (int c = 0; c < CHAINS; ++c)
        for (int l = 0; l < LANES; ++l) sum += a[c][l];
    return sum;
}

static void add(float *z, const float *x, const float *y, long n, int threads)
{
#pragma omp parallel for simd num_threads(threads)
    for (long i = 0; i < n; ++i) z[i] = x[i] + y[i];
    (void)threads;
}

/* Bytes per second: two arrays read, one written. */
static double moved(float *z, const float *x, const float *y, long n, int threads, int runs)
{
    double best = 0.0;
    for (int r = 0; r < runs; ++r) {
        double began = now();
        add(z, x, y, n, threads);
        double rate = 12.0 * (double)n / (now() - began);
        best = rate > best ? rate : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    const long large = atol(argv[1]), small = atol(argv[2]), steps = 200000;
    const int threads = atoi(argv[3]);
    float *x = malloc((size_t)large * 4), *y = malloc((size_t)large * 4), *z = malloc((size_t)large * 4);
    double vectors = 0.0, start = 1.0;
    volatile float seen;
    if (!x || !y || !z || argc != 4) return 1;
#pragma omp parallel for num_threads(threads)
    for (long i = 0; i < large; ++i) x[i] = y[i] = z[i] = 1.0f;
    for (int r = 0; r < 9; ++r) {
        double began = now();
        seen = multiply_add(steps, 0.999f, 1e-3f + (float)r);
        double rate = (double)steps * CHAINS / (now() - began);
        vectors = rate > vectors ? rate : vectors;
    }
    (void)seen;
    for (int r = 0; r < 200; ++r) {
        double began = now();
#pragma omp parallel num_threads(threads)
        { __asm__ volatile("" ::: "memory"); }
        double taken = now() - began;
        start = taken < start ? taken : start;
    }
    double memory = moved(z, x, y, large, 1, 5), together = moved(z, x, y, large, threads, 5);
    double near = moved(z, x, y, small, 1, 50);
    printf("{\\"vectors\\": %.4g, \\"memory\\": %.4g, \\"together\\": %.4g, \\"near\\": %.4g, \\"start\\": %.4g}\\n",
           vectors, memory, together, near, start);
    return 0;
}
"""


@cache
def measured_rates(vector: int) -> Rates:
    """The rates for vectors of so many bytes; those of a typical machine where there is no compiler. Never raises."""
    try:
        toolchain = find_toolchain()
    except BuildError:
        return TYPICAL
    code = PROGRAM.replace("WIDTH", str(vector))
    said = json.dumps({"code": code, "toolchain": toolchain.identity()}, sort_keys=True)
    key = hashlib.sha256(said.encode()).hexdigest()
    store = open_cache()
    try:
        entry = store.read(key) or store.publish(key, lambda folder: _measure(folder, code, toolchain))
        found = json.loads(entry.notes["rates"])
        return Rates(**found, cached=_cached(), measured=True)
    except (BuildError, OSError, ValueError, KeyError, TypeError):
        return TYPICAL


def _cached() -> int:
    cpu = read_cpu()
    return cpu.l3 or cpu.l2 or TYPICAL.cached


def _measure(folder: Path, code: str, toolchain: Toolchain) -> dict[str, str]:
    """Compile and run the program in an entry's folder. Raises BuildError where that fails."""
    (folder / "rates.c").write_text(code, encoding="utf-8")
    words = (*toolchain.command, *toolchain.flags, *toolchain.openmp, "rates.c", "-o", "rates", "-lm")
    cpu = read_cpu()
    large = max(4 * _cached() // 4, 8 << 20)  # elements of one of three arrays
    arguments = (str(large), str(_cached() // 32), str(cpu.threads))
    for command in (words, (str(folder / "rates"), *arguments)):
        finished = run(command, limit=MEASURING, folder=folder)
        if not finished.ok:
            raise BuildError(f"the rates of this machine can't be measured: {finished.complaint}")
    return {"rates": finished.output.strip()}
