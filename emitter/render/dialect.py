# SPDX-License-Identifier: Apache-2.0
"""What a target language calls things: tables, no functions. A renderer asks them and decides nothing else by target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.emitter.render.conversions import conversions
from unrut.emitter.render.integers import LOWEST, SUFFIXES, TYPES, integer_functions, mixed_comparisons
from unrut.emitter.render.spelling import (
    AND,
    ANYTHING,
    COMPARISON,
    EQUALITY,
    OR,
    PRIMARY,
    PRODUCT,
    SAME,
    SUM,
    UNARY,
    XOR,
    Spelling,
    call,
    operator,
    prefix,
)
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The tables of one target. Functions are keyed by name and the dtype of their first argument."""

    types: Mapping[DType, str]
    """What a value is declared as."""
    elements: Mapping[DType, str]
    """What an element in memory is declared as."""
    suffixes: Mapping[DType, str]
    """Suffix of a number, if it has one."""
    infinity: Mapping[DType, str]
    nan: Mapping[DType, str]
    lowest: Mapping[DType, str]
    """The most negative integer, which no literal can spell."""
    functions: Mapping[tuple[str, DType], Spelling]
    mixed: Mapping[tuple[str, DType], Spelling]
    """Comparisons of i64 with u64, by the first of the two."""
    casts: Mapping[tuple[DType, DType], Spelling]
    vocabulary: tuple[str, ...]
    """Headers whose functions a source may use, as template names, in the order in which they are written."""
    by_width: tuple[str, ...]
    """Further headers, written for 32 bits and read for every width of integers."""
    saturating: Mapping[str, Spelling]
    """Arithmetic of sizes that may not fit 64 bits."""
    reserved: frozenset[str]
    """Words that no generated name may be."""
    framed: frozenset[str]
    """Words of the entry function, which nothing may have that it names: buffers, sizes, scalars."""
    taken: frozenset[str]
    """Words that no function may be called: others have them already."""


# NumPy's name: the name in libm, which has the suffix f for f32. Compilers have instructions or short code for all of these.
_LIBM = {**{name: name for name in "sqrt floor ceil trunc rint copysign".split()}, "abs": "fabs"}
MOST_FACTORS = 8  # of a power that is written as a product: its rounding errors stay within what a power may have
_ORDER = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="}
_FINITE = (("isnan", "false"), ("isinf", "false"), ("isfinite", "true"))


def _c_functions() -> dict[tuple[str, DType], Spelling]:
    table: dict[tuple[str, DType], Spelling] = {}
    for dtype in TYPES:
        if dtype.is_half:
            continue
        strict = dtype is DType.bool
        table |= {(name, dtype): operator(symbol, COMPARISON, strict=strict) for name, symbol in _ORDER.items()}
        table["equal", dtype] = operator("==", EQUALITY, strict=strict)
        table["not_equal", dtype] = operator("!=", EQUALITY, strict=strict)
        if not dtype.is_float:
            table |= {(name, dtype): SAME for name in ("floor", "ceil", "trunc")}
            table |= {
                (name, dtype): Spelling(pattern=text, precedence=PRIMARY, inside=(ANYTHING,)) for name, text in _FINITE
            }
        table |= {(name, dtype): spelling for name, spelling in _c_kind(dtype).items()}
    return table | _c_keys()


def _c_kind(dtype: DType) -> dict[str, Spelling]:
    """What depends on the kind of a dtype: logic, integers that wrap, floats."""
    if dtype is DType.bool:
        either, both = operator("|", OR, strict=True), operator("&", AND, strict=True)
        return {
            **dict.fromkeys(("add", "bitwise_or", "maximum", "fmax"), either),
            **dict.fromkeys(("multiply", "bitwise_and", "minimum", "fmin"), both),
            "bitwise_xor": operator("^", XOR, strict=True),
            "invert": prefix("!"),
            "abs": SAME,
        }
    if dtype.is_integer:
        return integer_functions(dtype)
    tail = "f" if dtype is DType.f32 else ""
    two = "floor_divide remainder maximum minimum fmax fmin logaddexp hypot arctan2 power".split()
    one = "square sign isnan isinf isfinite signbit cbrt erf exp exp2 expm1 log log2 log10 log1p sin cos tan".split()
    one += [f"power_{factors}" for factors in range(3, MOST_FACTORS + 1)]
    one += "sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh".split()
    return {
        "add": operator("+", SUM),
        "subtract": operator("-", SUM),
        "multiply": operator("*", PRODUCT),
        "divide": operator("/", PRODUCT),
        "negative": prefix("-"),
        "reciprocal": Spelling(pattern=f"1.0{tail} / {{0}}", precedence=PRODUCT, inside=(UNARY,)),
        **{name: call(libm + tail, 2 if name == "copysign" else 1) for name, libm in _LIBM.items()},
        **{name: call(f"ur_{name}_{dtype.name}", 2) for name in two},
        **{name: call(f"ur_{name}_{dtype.name}") for name in one},
    }


def _c_keys() -> dict[tuple[str, DType], Spelling]:
    """Floats as ordered integers of their width, and back."""
    pairs = ((DType.f32, DType.i32), (DType.f64, DType.i64))
    to = {("order_key", one): call(f"ur_order_key_{one.name}") for one, _ in pairs}
    return to | {("order_value", key): call(f"ur_order_value_{one.name}") for one, key in pairs}


# Keywords of C11 and C++17, macros of the headers that a source includes and of compilers, and words of the frames.
_RESERVED = """
alignas alignof and and_eq asm atomic auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl
concept const const_cast constexpr consteval constinit continue decltype default delete do double dynamic_cast else enum
explicit export extern false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr
operator or or_eq private protected public register reinterpret_cast requires restrict return short signed sizeof static
static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename typeof union
unsigned using virtual void volatile wchar_t while xor xor_eq
NULL EOF NAN INFINITY HUGE_VAL HUGE_VALF errno assert isnan isinf isfinite isnormal signbit fpclassify isgreater isless
isgreaterequal islessequal islessgreater isunordered math_errhandling offsetof size_t ptrdiff_t max_align_t int8_t int16_t
int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t linux unix i386 vax
DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS memcpy memmove memset
run task begin end
acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p log2 logb
modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint llrint round lround
llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma abs
""".split()
_FLOAT_FORMS = [word + tail for word in _RESERVED[_RESERVED.index("acos") :] for tail in "fl"]
_TAKEN = """
main j0 j1 jn y0 y1 yn gamma drem significand scalb finite signgam abort accept access alarm atexit bind calloc clock close
connect div div_t exit fork free getenv index kill labs link listen malloc open pause perror pipe poll printf puts putchar
qsort raise rand random read realloc remove rename rindex select send signal sleep socket sync system time times truncate
usleep wait write
""".split()

C = Dialect(
    types=TYPES,
    elements={**TYPES, DType.bool: "uint8_t"},
    suffixes=SUFFIXES,
    infinity={DType.f32: "INFINITY", DType.f64: "(double)INFINITY"},
    nan={DType.f32: "NAN", DType.f64: "(double)NAN"},
    lowest=LOWEST,
    functions=_c_functions(),
    mixed=mixed_comparisons(),
    casts=conversions(),
    vocabulary=tuple(
        f"c/{name}.h"
        for name in "vocabulary division integers elementary exponential trigonometric powers conversions keys vectors".split()
    ),
    by_width=("c/lines.h", "c/moves.h"),
    saturating={"add": call("ur_plus", 2), "multiply": call("ur_times", 2)},
    reserved=frozenset(_RESERVED) | frozenset(_FLOAT_FORMS),
    framed=frozenset("tasks chunk chunks threads workers workspace base shared own parts top".split()),
    taken=frozenset(_TAKEN),
)
