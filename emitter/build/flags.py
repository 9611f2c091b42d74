# SPDX-License-Identifier: Apache-2.0
"""Compiler flags as data, each with its reason.

`-ffast-math` and `-Ofast` are nowhere: they change NaN, infinities and the subnormals of the process that loads the
result.
"""

from __future__ import annotations

SEMANTICS = (
    "-std=c11",
    "-O3",  # at -O2, gcc before 13 leaves plain maps scalar
    "-fno-math-errno",  # sqrtf without a branch; errno is read by nobody
    "-fno-trapping-math",  # conditional arithmetic may be vectorised; values stay as they are
    "-ffp-contract=fast",  # named, because -std=c11 alone turns contraction off in gcc and not in clang
)

SHARED = ("-fPIC", "-shared")

# libm comes after the source file: linkers that drop unneeded libraries read from left to right.
LIBRARIES = ("-lm",)

# Spellings of "this very processor", best first. Sources say themselves how wide vectors are and what is unrolled. So x86
# compilers are told to use whole registers (for many processors they prefer half of them), and are not asked to tune: one
# that is older than the processor takes it for another one (gcc 12 takes Zen 5 for Zen 3: a contraction 1.15 times as slow).
# Old compilers for Arm know only the third, some targets none.
NATIVE: tuple[tuple[str, ...], ...] = (
    ("-march=native", "-mtune=generic", "-mprefer-vector-width=512"),
    ("-march=native",),
    ("-mcpu=native",),
    (),
)

# Spellings of OpenMP, best first. The empty one is the serial build.
OPENMP: tuple[tuple[str, ...], ...] = (("-fopenmp",), ())

# What to add instead of NATIVE when the result is to run on other processors: target, then level, then flags.
PORTABLE: dict[str, dict[str, tuple[str, ...]]] = {
    "x86_64": {"baseline": (), "avx2": ("-march=x86-64-v3",), "avx512": ("-march=x86-64-v4",)},
    "aarch64": {"baseline": (), "sve": ("-march=armv8-a+sve",)},
}

# Variables by which gcc and clang find other headers, libraries or parts of themselves: they belong to the identity of
# a build as much as its flags do.
ENVIRONMENT = (
    "CPATH",
    "C_INCLUDE_PATH",
    "LIBRARY_PATH",
    "GCC_EXEC_PREFIX",
    "COMPILER_PATH",
    "LD_RUN_PATH",
    "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET",
)
