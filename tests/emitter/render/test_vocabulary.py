# SPDX-License-Identifier: Apache-2.0
"""Every scalar function and cast, for every dtype, in C against NumPy: special values in every argument position."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import numpy as np
import pytest

from unrut.emitter.nest import Kernel, Loop, LoopKind, Nest, Space, Store, TaskAxis
from unrut.emitter.render.accuracy import ACCURACY
from unrut.emitter.render.dialect import C
from unrut.emitter.render.vocabulary import needed
from unrut.program.functions import COMPARISONS, FUNCTIONS, PREDICATES
from unrut.program.types import DType

pytestmark = pytest.mark.compiler
REAL = [dtype for dtype in DType if not dtype.is_complex]  # complex numbers are pairs here

WIDER = {DType.f32: np.float64, DType.f64: np.longdouble}
EXACT = {
    "add", "subtract", "multiply", "divide", "negative", "abs", "sqrt", "square", "reciprocal", "floor", "ceil",
    "trunc", "rint", "sign", "maximum", "minimum", "fmax", "fmin", "copysign", "remainder", "floor_divide",
}  # fmt: skip
EITHER_ZERO = {"maximum", "minimum", "fmax", "fmin"}  # of -0 and +0


def specials(dtype: DType) -> np.ndarray:
    """Values at which functions go wrong, and some ordinary ones."""
    if dtype is DType.bool:
        return np.array([False, True])
    if dtype.is_integer:
        low, high = dtype.limits
        bits = dtype.size * 8
        numbers = [0, 1, -1, 2, -2, 3, -3, 7, -7, 10, 100, -100, bits - 1, bits, bits + 1, -bits, high, high - 1]
        inside = [n % 2**bits if low == 0 else n for n in numbers]
        return np.array([*inside, low, low + 1, high // 2, high // 2 + 1], dtype.numpy)
    if dtype.is_half:
        return np.arange(2**16, dtype=np.uint16).view(dtype.numpy)
    info = np.finfo(dtype.numpy)
    numbers = [0.0, 1.0, 0.5, 1.5, 2.5, 2.0, 3.0, 7.0, 0.1, 10.0, 88.0, 89.0, 104.0, 709.0, 710.0, 745.0, 1e-3, 1e-10]
    numbers += [math.pi, 0.3465735, 0.70710677, 1.4142135, 4.5, 1e10, float(info.eps), float(info.max) / 3]
    edges = [info.max, info.tiny, info.smallest_subnormal, info.tiny / 4, np.nextafter(dtype.numpy.type(1), 2)]
    some = np.array([*numbers, *map(float, edges), np.inf], dtype.numpy)
    return np.concatenate([some, -some, np.array([np.nan], dtype.numpy)])


def many(dtype: DType, count: int = 20_000) -> np.ndarray:
    """Ordinary numbers of every magnitude: random bit patterns beside uniform ones."""
    random = np.random.default_rng(1)
    unsigned = np.uint32 if dtype is DType.f32 else np.uint64
    bits = random.integers(0, np.iinfo(unsigned).max, count, unsigned, endpoint=True).view(dtype.numpy)
    spread = [random.uniform(-w, w, count) for w in (1, 4, 100, 800)]
    return np.concatenate([bits, *(s.astype(dtype.numpy) for s in spread)])


def functions_of(dtype: DType) -> list[str]:
    return [name for name in FUNCTIONS if (name, dtype) in C.functions]


def result_of(name: str, dtype: DType) -> DType:
    return DType.bool if name in COMPARISONS | PREDICATES else dtype


def nest_of(make, dtype: DType, kind: LoopKind) -> Nest:
    """One result for each function: `r_exp[i] = exp(a[i])`, `r_add[i] = a[i] + b[i]`."""
    i, n = make.axis("i"), make.size("n")
    a, b = make.read("a", i, dtype=dtype), make.read("b", i, dtype=dtype)
    buffers = [make.buffer(name, dtype, ("n",), Space.operand) for name in "ab"]
    kernels = []
    for name in functions_of(dtype):
        out = result_of(name, dtype)
        value = make.call(name, *(a, b)[: FUNCTIONS[name].arity], dtype=out)
        store = Store(buffer=f"r_{name}", subscripts=(i,), value=value)
        loop = Loop(axis="i", start=make.number(0), stop=n, body=(store,), kind=kind)
        kernels.append(Kernel(name=name, tasks=(), body=(loop,)))
        buffers.append(make.buffer(f"r_{name}", out, ("n",), Space.result))
    nest = Nest(name="all", sizes=("n",), scalars=(), buffers=tuple(buffers), kernels=tuple(kernels))
    assert kernels
    return nest


def wanted(name: str, dtype: DType, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NumPy's answer, in the wider type for what is not exact; unrut's own rules where NumPy's are the processor's."""
    arguments = (a, b)[: FUNCTIONS[name].arity]
    bits = dtype.size * 8
    with np.errstate(all="ignore"):
        if dtype.is_integer:
            match name:
                case "floor_divide" | "remainder":
                    return np.where(b == 0, 0, getattr(np, name)(a, np.where(b == 0, 1, b)))
                case "left_shift" | "right_shift":
                    inside = (b >= 0) & (b < bits)
                    shifted = getattr(np, name)(a, np.where(inside, b, 0))
                    return np.where(inside, shifted, 0 if name == "left_shift" else np.where(a < 0, -1, 0))
                case "reciprocal":
                    return np.where(np.abs(a) == 1, a, 0)
                case "power":
                    powers = [pow(int(x), max(int(y), 0) % 4096, 2**bits) for x, y in zip(a, b, strict=True)]
                    return np.array(powers, np.uint64).astype(f"uint{bits}").view(dtype.numpy)
        if name == "erf":
            return np.array([math.erf(x) for x in a.astype(np.float64)])
        if dtype.is_float and name not in EXACT | COMPARISONS | PREDICATES:
            arguments = tuple(x.astype(WIDER[dtype]) for x in arguments)
        return getattr(np, name)(*arguments)


def ulps(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Distance in units in the last place of the exact value; infinite where one is NaN or infinite and the other is not."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(found.dtype)
        same = (found == rounded) | (np.isnan(found) & np.isnan(rounded))
        unit = np.maximum(np.spacing(np.abs(rounded)), np.finfo(found.dtype).smallest_subnormal)
        unit = np.where(np.isfinite(unit), unit, np.finfo(found.dtype).max * np.finfo(found.dtype).eps)
        apart = np.abs(found.astype(exact.dtype) - exact) / unit
        near_overflow = np.isinf(found) != np.isinf(rounded)
        apart = np.where(near_overflow & (np.sign(found) == np.sign(rounded)), _overflow(found, exact), apart)
    return np.where(same, 0, np.where(np.isnan(apart), np.inf, apart))


def _overflow(found: np.ndarray, exact: np.ndarray) -> np.ndarray:
    limit = np.finfo(found.dtype).max * (1 - 4 * np.finfo(found.dtype).eps)
    return np.where(np.abs(exact) >= limit, 1.0, np.inf)


@pytest.mark.parametrize("kind", [LoopKind.serial, LoopKind.vector])
@pytest.mark.parametrize("dtype", [dtype for dtype in REAL if not dtype.is_half])  # nothing is computed in these
def test_special_values_in_every_position(make, compiled, dtype, kind):
    nest = nest_of(make, dtype, kind)
    kernel = compiled(nest, threads=1)
    values = specials(dtype)
    a, b = (x.ravel().copy() for x in np.meshgrid(values, values, indexing="ij"))
    if dtype is DType.f32 or dtype is DType.f64:
        more = many(dtype, 2000)
        a, b = np.concatenate([a, more]), np.concatenate([b, more[::-1]])
    results = dict(zip(functions_of(dtype), kernel(a, b), strict=True))
    faults = []
    for name, found in results.items():
        exact = wanted(name, dtype, a, b)
        if name == "power" and dtype.is_integer:
            found, exact = found[(b >= 0) & (b < 4096)], exact[(b >= 0) & (b < 4096)]
        if not dtype.is_float or found.dtype == np.bool_:
            wrong = found != exact
        elif name in EXACT:
            wrong = ~((found == exact) | (np.isnan(found) & np.isnan(exact)))
            if name not in EITHER_ZERO:
                wrong |= (np.signbit(found) != np.signbit(exact)) & ~np.isnan(exact)
        elif name == "logaddexp":
            wrong = ~_close_sum(found, exact, a, b)
        else:
            limit = ACCURACY[name, dtype] + 0.01  # the wider type's own rounding
            wrong = ulps(found, exact) > limit
        k = int(np.argmax(wrong))
        if wrong.any():
            faults.append(f"{name}({a[k]!r}, {b[k]!r}) gave {found[k]!r}, not {exact[k]!r}")
    assert not faults, "\n".join(faults)


def _close_sum(found: np.ndarray, exact: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Near a zero of logaddexp its larger argument cancels, so the error is measured in units of that one."""
    with np.errstate(all="ignore"):
        unit = np.spacing(np.maximum(np.maximum(np.abs(a), np.abs(b)), np.abs(exact).astype(a.dtype)))
        apart = np.abs(found - exact) <= 4 * unit
    return apart | (ulps(found, exact) <= 4)


@pytest.mark.parametrize("dtype", [DType.f32, DType.f64])
def test_signed_zeros_and_subnormals_survive(make, compiled, dtype):
    kernel = compiled(nest_of(make, dtype, LoopKind.vector), threads=1)
    tiny = np.finfo(dtype.numpy).smallest_subnormal
    zeros = np.array([0.0, -0.0, tiny, -tiny], dtype.numpy)
    results = dict(zip(functions_of(dtype), kernel(zeros, zeros[::-1].copy()), strict=True))
    for name in ("expm1", "log1p", "tanh", "sin", "sqrt", "arctan", "trunc", "rint"):
        with np.errstate(all="ignore"):
            exact = getattr(np, name)(zeros)
        assert np.array_equal(np.signbit(results[name]), np.signbit(exact)), name
        assert np.array_equal(results[name] == 0, exact == 0), name


@pytest.mark.parametrize("kind", [LoopKind.serial, LoopKind.vector])
@pytest.mark.parametrize("dtype", [DType.f32, DType.f64])
def test_limits_are_exact(make, compiled, dtype, kind):
    """At 0, 1 and infinities, where NumPy's answers are exact numbers, so are ours."""
    kernel = compiled(nest_of(make, dtype, kind), threads=1)
    points = np.array([0.0, -0.0, 1.0, np.inf, -np.inf, np.nan, 100000.0, -100000.0], dtype.numpy)
    results = dict(zip(functions_of(dtype), kernel(points, points), strict=True))
    for name in "exp exp2 expm1 log log2 log10 log1p tanh sqrt cbrt erf".split():
        exact = wanted(name, dtype, points, points)
        known = np.isnan(exact) | np.isinf(exact) | (exact == np.rint(exact))
        assert np.array_equal(results[name][known], exact[known].astype(dtype.numpy), equal_nan=True), name


@pytest.mark.parametrize("source", REAL)
def test_casts(make, compiled, source):
    """Every dtype from every dtype: truncation, saturation, NaN to 0, integers wrap, anything but 0 is True."""
    i = make.axis("i")
    buffers = [make.buffer("a", source, ("n",), Space.operand)]
    body = []
    for target in REAL:
        buffers.append(make.buffer(f"r_{target.name}", target, ("n",), Space.result))
        value = make.cast(make.read("a", i, dtype=source), target)
        body.append(Store(buffer=f"r_{target.name}", subscripts=(i,), value=value))
    loop = Loop(axis="i", start=make.number(0), stop=make.size("n"), body=tuple(body), kind=LoopKind.vector)
    kernels = (Kernel(name="casts", tasks=(), body=(loop,)),)
    kernel = compiled(Nest(name="casts", sizes=("n",), scalars=(), buffers=tuple(buffers), kernels=kernels))
    a = specials(source)
    if source.is_float and not source.is_half:
        edges = [float(e) for dtype in DType if dtype.is_integer for e in dtype.limits]
        edges += [
            255.5,
            256.0,
            127.5,
            -128.5,
            -129.0,
            65519.0,
            65520.0,
            -65520.0,
            1 + 2.0**-11,
            1 + 2.0**-8,
            1 + 2.0**-11 + 2.0**-23,
        ]
        edges += [
            2.0**-24,
            2.0**-25,
            1.5 * 2.0**-25,
            2.0**-14 - 2.0**-25,
            2.0**-14 - 2.0**-26,
            2.0**31,
            2.0**31 - 1,
            -(2.0**31),
            -(2.0**31) - 1,
            2.0**63,
            -(2.0**63),
            0.99,
            -0.99,
            2147483520.0,
        ]
        a = np.concatenate([a, np.array(edges, source.numpy), np.nextafter(np.array(edges, source.numpy), 0)])
        a = np.concatenate([a, many(source, 5000)])
    for target, found in zip(REAL, kernel(a), strict=True):
        wanted = cast(a, target)
        same = (found == wanted) | ((found != found) & (wanted != wanted))
        k = int(np.argmin(same))
        assert same.all(), (source, target, a[k], found[k], wanted[k])


def cast(a: np.ndarray, target: DType) -> np.ndarray:
    a = a.astype(np.float32) if a.dtype.name == "bfloat16" else a
    if target.is_half:
        with np.errstate(all="ignore"):
            return np.array([rounded(x, target) for x in a.tolist()]).astype(target.numpy)
    if target.is_integer and np.issubdtype(a.dtype, np.floating):
        low, high = target.limits
        whole = [0 if np.isnan(x) else high if x == np.inf else low if x == -np.inf else int(x) for x in a.tolist()]
        return np.array([min(max(x, low), high) for x in whole], target.numpy)
    with np.errstate(all="ignore"):
        return a.astype(target.numpy)


def rounded(x: float | int | bool, dtype: DType) -> float:
    """The nearest number of a dtype, by fractions."""
    digits, least, _ = dtype.binary_format
    if isinstance(x, float) and not math.isfinite(x):
        return x
    exact = abs(Fraction(x))
    place = least if exact == 0 else max(exact.numerator.bit_length() - exact.denominator.bit_length() - digits, least)
    while exact >= Fraction(2) ** (place + digits):
        place += 1
    near = round(exact / Fraction(2) ** place) * Fraction(2) ** place  # ties to even
    size = math.inf if near > dtype.largest else float(near)
    return -size if x < 0 else size


def test_shared_work_is_split_evenly(make, compiled):
    """More tasks than threads, fewer, and none: each is done once."""
    i = make.axis("i")
    buffers = (make.buffer("a", DType.i64, ("n",), Space.operand), make.buffer("r", DType.i64, ("n",), Space.result))
    value = make.call("add", make.read("a", i, dtype=DType.i64), make.number(1))
    body = (Store(buffer="r", subscripts=(i,), value=value),)
    kernels = (Kernel(name="up", tasks=(TaskAxis(axis="i", stop=make.size("n")),), body=body),)
    kernel = compiled(Nest(name="up", sizes=("n",), scalars=(), buffers=buffers, kernels=kernels))
    for n in (0, 1, 2, 3, 7, 8, 9, 16, 17, 1000):
        for threads in (1, 2, 3, 5):
            assert np.array_equal(kernel(np.arange(n), threads=threads), np.arange(1, n + 1))


@pytest.mark.parametrize("dtype", [DType.f32, DType.f64])
def test_circles_of_every_size(make, compiled, dtype):
    """Near multiples of pi/2, where all leading digits cancel, up to the largest number."""
    kernel = compiled(nest_of(make, dtype, LoopKind.vector), threads=1)
    random = np.random.default_rng(3)
    kind = dtype.numpy.type
    turns = np.concatenate([np.arange(1, 4000), random.integers(1, 2**52, 4000), 2.0 ** np.arange(0, 100)])
    near = (turns.astype(np.longdouble) * np.longdouble(math.pi) / 2).astype(kind)
    hard = [6381956970095103.0 * 2.0**797, 5.319372648326541e255, 16367173.0 * 2.0**72] if dtype is DType.f64 else []
    hard += [float(kind(16367173.0 * 2.0**72)), 1.0471975511965976e15]
    sized = (random.uniform(1, 2, 4000) * 2.0 ** random.integers(-10, np.finfo(kind).maxexp, 4000)).astype(kind)
    x = np.concatenate([near, np.array(hard, kind), sized])
    x = np.concatenate([x, np.nextafter(x, kind(0)), -x])
    results = dict(zip(functions_of(dtype), kernel(x, x), strict=True))
    for name in ("sin", "cos", "tan"):
        far = ulps(results[name], getattr(np, name)(x.astype(WIDER[dtype])))
        k = int(np.argmax(far))
        assert far[k] <= ACCURACY[name, dtype] + 0.02, (name, x[k], results[name][k], far[k])


@pytest.mark.parametrize("dtype", [DType.f32, DType.f64])
def test_nothing_elementary_comes_from_the_c_library(dtype):
    """What is left are operations that compilers have instructions for, and the remainder of a division."""
    inline = {"sqrt", "floor", "ceil", "trunc", "rint", "copysign", "fabs", "fmod"}
    for name in functions_of(dtype):
        called = set(re.findall(r"(\w+)\(", C.functions[name, dtype].pattern))
        assert all(word.startswith("ur_") or word.removesuffix("f") in inline for word in called), name
    text = needed("\n".join(C.functions[name, dtype].pattern for name in functions_of(dtype)), C)
    text = re.sub(r"//.*", "", text)
    libm = set(
        re.findall(
            r"\b(a?(?:sin|cos|tan)h?f?|atan2f?|exp2?f?|expm1f?|log(?:2|10|1p)?f?|powf?|erff?|cbrtf?|hypotf?)\(", text
        )
    )
    assert not libm
