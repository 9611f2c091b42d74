# SPDX-License-Identifier: Apache-2.0
"""Seconds of one elementary function on numbers that lie in a near cache: the fastest of the project's own, libmvec's
and PyTorch's. Floors "with special functions" are reckoned with these."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.machine.build import loaded, text_file
from bench.machine.clock import best

Array = np.ndarray[Any, Any]
COUNT = 1 << 16
NAMES = {
    "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "erf": "erf",
    "cbrt": "cbrt", "power": "pow", "arctan2": "atan2", "hypot": "hypot",
}  # fmt: skip
"""The notation's names of elementary functions, and C's."""
COMMON = ("exp", "log", "tanh", "erf", "log1p", "sin", "cos")
"""Those that the workloads use."""
TYPES = {"f32": (np.float32, "float", "f"), "f64": (np.float64, "double", "")}


def _arguments(name: str, dtype: Any) -> tuple[Array, ...]:
    random = np.random.default_rng(3)
    low = {"log": 0.01, "log2": 0.01, "log10": 0.01, "arccosh": 1.0, "power": 0.1}.get(name, -0.9)
    count = 2 if name in ("power", "arctan2", "hypot") else 1
    return tuple(random.uniform(low, low + 1.8, COUNT).astype(dtype) for _ in range(count))


def _libmvec(name: str, dtype: str) -> Callable[[tuple[Array, ...], Array], Callable[[], object]]:
    _, kind, suffix = TYPES[dtype]
    two = name in ("power", "arctan2", "hypot")
    # The last bits of libmvec are not ours: four ulps. What counts here is the time.
    text = (
        f"#include <math.h>\nvoid f(const {kind} *restrict x, const {kind} *restrict z, {kind} *restrict y, long n)\n"
        f"{{ for (long i = 0; i < n; i++) y[i] = {NAMES[name]}{suffix}(x[i]{', z[i]' if two else ''}); }}\n"
    )
    file = text_file(f"mvec_{name}_{dtype}.c", text)
    library = loaded(f"mvec_{name}_{dtype}", [file], ("-O3", "-march=native", "-ffast-math", "-fno-builtin-fma"))
    library.f.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_long]

    def bound(arguments: tuple[Array, ...], out: Array) -> Callable[[], object]:
        places = (arguments[0].ctypes.data, arguments[-1].ctypes.data, out.ctypes.data)
        return lambda: (library.f(*places, COUNT), arguments, out)

    return bound


def _ours(name: str, dtype: str) -> Callable[[tuple[Array, ...], Array], Callable[[], object]]:
    import unrut as ur

    two = name in ("power", "arctan2", "hypot")
    call = "x[i] ** z[i]" if name == "power" else f"{name}(x[i]{', z[i]' if two else ''})"
    text = f"op(x: {dtype}[{COUNT}]{f', z: {dtype}[{COUNT}]' if two else ''}) -> y\ny[i] = {call}\n"
    kernel = ur.parse(text).bind(*[ur.spec(f"{dtype}[{COUNT}]")] * (1 + two)).compile("c")
    return lambda arguments, out: lambda: kernel(*arguments, out=out, threads=1)


def _torch(name: str, dtype: str) -> Callable[[tuple[Array, ...], Array], Callable[[], object]]:
    import torch

    function = getattr(torch, {"power": "pow"}.get(name, name))

    def bound(arguments: tuple[Array, ...], out: Array) -> Callable[[], object]:
        tensors = [torch.from_numpy(a) for a in arguments]
        result = torch.from_numpy(out)
        return lambda: function(*tensors, out=result)

    return bound


MAKERS = {"ours": _ours, "libmvec": _libmvec, "PyTorch": _torch}


def special_rates(names: tuple[str, ...], dtypes: tuple[str, ...] = ("f32", "f64")) -> Iterator[tuple[str, str, float]]:
    """For each function and dtype: `exp_f32`, whose is the fastest, seconds of one element on one thread."""
    for dtype in dtypes:
        for name in names:
            kind = TYPES[dtype][0]
            arguments, out = _arguments(name, kind), np.empty(COUNT, kind)
            found: dict[str, float] = {}
            for maker, make in MAKERS.items():
                try:
                    found[maker] = best(make(name, dtype)(arguments, out), cpu=True, seconds=0.01) / COUNT
                except (ImportError, AttributeError):
                    continue  # PyTorch is not installed, or has no such function
            maker = min(found, key=found.__getitem__)
            yield f"{name}_{dtype}", maker, found[maker]
