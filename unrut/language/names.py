# SPDX-License-Identifier: Apache-2.0
"""Which identifiers are safe in the notation, in Python and in generated C, C++ and CUDA alike."""

from __future__ import annotations

import keyword
import re

from unrut.errors import NameClashError, Place
from unrut.language.vocabulary import WORDS
from unrut.spans import Span

LONGEST = 63
_SHAPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

_C = (
    "auto break case char const continue default do double else enum extern float for goto if inline int long "
    "register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while "
    "alignas alignof constexpr nullptr static_assert thread_local typeof typeof_unqual noreturn complex imaginary "
    "asm fortran"
).split()
_CPP = (
    "and and_eq bitand bitor bool catch char8_t char16_t char32_t class co_await co_return co_yield compl concept "
    "consteval constinit const_cast decltype delete dynamic_cast explicit export false friend mutable namespace "
    "new noexcept not not_eq operator or or_eq private protected public reflexpr reinterpret_cast requires "
    "static_cast synchronized template this throw true try typeid typename using virtual wchar_t xor xor_eq std"
).split()
_CUDA = ("threadIdx blockIdx blockDim gridDim warpSize dim3 cudaStream_t half tex1D tex2D tex3D surf2Dread").split()
_MACROS = (
    "NULL EOF NAN INFINITY HUGE_VAL HUGE_VALF BUFSIZ RAND_MAX errno stdin stdout stderr assert offsetof unix "
    "linux i386 setjmp va_arg va_start va_end va_copy va_list math_errhandling CHAR_BIT SIZE_MAX EXIT_SUCCESS "
    "EXIT_FAILURE isgreater isgreaterequal isless islessequal islessgreater isunordered isnormal fpclassify "
    "FP_NAN FP_ZERO FP_INFINITE"
).split()
_TYPES = (
    "size_t ssize_t ptrdiff_t intptr_t uintptr_t intmax_t uintmax_t wint_t time_t clock_t max_align_t div_t ldiv_t FILE"
).split()
_TYPE_PATTERN = re.compile(
    r"u?int(_least|_fast)?\d+_t|U?INT(_LEAST|_FAST)?\d+_(MIN|MAX|C)|(CHAR|SCHAR|UCHAR|SHRT|USHRT|INT|UINT|LONG|ULONG|LLONG|"
    r"ULLONG|FLT|DBL|LDBL|PTRDIFF|INTPTR|INTMAX)_[A-Z0-9_]+|M_[A-Z0-9_]+|(u?char|u?short|u?int|u?long|u?longlong|float|"
    r"double)[1-4]|omp_\w+|cuda[A-Z]\w*|ur_\w*"
)
_MATHEMATICS = (
    "acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 "
    "log1p log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint "
    "rint lrint llrint round lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim "
    "fmax fmin fma"
).split()
_LIBRARY = (
    "main abort abs labs llabs exit atexit free malloc calloc realloc aligned_alloc posix_memalign memcpy memmove "
    "memset memcmp strlen strcpy printf fprintf sprintf snprintf puts putchar read write open close getenv system "
    "environ clock_gettime gettimeofday nanosleep sleep usleep sysconf syscall fork wait kill mmap munmap mprotect brk "
    "sbrk getpid errno stdin stdout stderr signal raise time clock rand srand qsort bsearch gamma j0 j1 jn y0 y1 yn index "
    "rindex div ldiv"
).split()
# An exported function of such a name would be found in place of the thread library's or the loader's own.
_RUNTIME = re.compile(
    r"_*(GOMP|GOACC|gomp|kmpc?|ompt|pthread|sem|sched)_\w+|exec[lv]p?e?|dl(open|sym|close|error|addr\w*|vsym|info)"
)

RESERVED = frozenset(
    [*_C, *_CPP, *_CUDA, *_MACROS, *_TYPES, *_MATHEMATICS, *(name + "f" for name in _MATHEMATICS), *keyword.kwlist]
)


def reason_against(name: str, *, of_op: bool = False) -> str:
    """Why a name can't be used, or an empty string. Ops may have words of the notation as names, but no C functions."""
    if not _SHAPE.match(name):
        if name.startswith("_"):
            return "starts with an underscore"
        return "is not made of ASCII letters, digits and underscores, starting with a letter"
    if len(name) > LONGEST:
        return f"has {len(name)} characters, {LONGEST} are allowed"
    if name.startswith("ur_"):
        return "starts with `ur_`, which is kept for generated code"
    if not of_op and name in WORDS:
        return "is a word of the notation"
    if keyword.iskeyword(name):
        return "is a keyword of Python"
    if name in RESERVED or _TYPE_PATTERN.fullmatch(name) or (of_op and (name in _LIBRARY or _RUNTIME.fullmatch(name))):
        return "means something else in C, C++ or CUDA"
    return ""


def name_fault(name: str, what: str, span: Span | None = None) -> NameClashError | None:
    """The error for an unusable name of a tensor, axis, size, scalar or op (`what`), if it is one."""
    reason = reason_against(name, of_op=what == "op")
    if not reason:
        return None
    shown = name if len(name) <= LONGEST else name[:20] + "..."
    return NameClashError(
        f"`{ascii(shown)[1:-1]}` can't be the name of {'an' if what[0] in 'aeiou' else 'a'} {what}: it {reason}",
        places=[Place(span=span)] if span is not None else [],
        remedy=f"another name, such as `{_suggestion(name)}`",
    )


def _suggestion(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "", name).lstrip("_0123456789")[:20].removeprefix("ur_")
    return (plain + "_") if plain and not reason_against(plain + "_") else "x"
