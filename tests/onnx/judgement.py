# SPDX-License-Identifier: Apache-2.0
"""One case run: through the reference, and through C where asked for; judged by the bound that the reference derives."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np
from node_cases import collected, operator
from notation_builder import SkippedError
from translation import Translation, translate

import unrut as ur
from unrut.reference import evaluate_with_bounds

PASSED, SHAPE_ONLY, NOT_JUDGED = "passed", "shape only", "not judged"
NOT_COMPARABLE, SKIPPED, FAILED = "not comparable", "skipped", "failed"

OTHER_ALGORITHM = ("test_dft_inverse", "test_dft_inverse_opset19")
"""Their results come from a fast transform in single precision, whose error goes with the whole line: where all terms of an
element are 0 it gives 1e-7. No bound that follows from the sum itself allows that. C is judged all the same."""

WRITTEN = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-4, "test_gridsample_bicubic": 1e-4}
"""Results that stand in the test as decimal numbers, of fewer digits than the bound needs; and a unit of their last digit,
which is allowed. (0.28404 stands there as 0.2841: half a unit would not do.)"""


@dataclass(frozen=True)
class Outcome:
    """What became of a case, and why. `judged` elements of `elements` have a finite bound: anything is right at the others.
    `folded` are operators of constants alone that the translation left to the onnx package, `read` those of them whose
    elements the text reads."""

    name: str
    operator: str
    status: str
    reason: str = ""
    elements: int = 0
    judged: int = 0
    folded: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What is wrong with onnx's results and with those of C, or nothing; how many elements there are, and how many of them
    have a finite bound."""

    onnx: str
    c: str
    elements: int
    judged: int


def run_case(name: str, *, in_c: bool) -> Outcome:
    """A case by name. Failures are outcomes too."""
    case = collected()[name]
    op = operator(case)
    try:
        with np.errstate(all="ignore"):
            found = translate(case)
            verdict = judge(found, in_c=in_c, digit=WRITTEN.get(name, 0.0))
    except SkippedError as reason:
        return Outcome(name, op, SKIPPED, str(reason))
    except Exception:
        return Outcome(name, op, FAILED, traceback.format_exc(limit=-2))
    status, reason = status_of(name, verdict)
    return Outcome(name, op, status, reason, verdict.elements, verdict.judged, found.folded, found.read)


def status_of(name: str, verdict: Verdict) -> tuple[str, str]:
    """A case passes only where something was judged."""
    if name in OTHER_ALGORITHM and not verdict.c:
        return (NOT_COMPARABLE, verdict.onnx) if verdict.onnx else (FAILED, "within the bound: it can be compared")
    if verdict.onnx or verdict.c:
        return FAILED, verdict.onnx or verdict.c
    if not verdict.elements:
        return SHAPE_ONLY, ""
    return (PASSED if verdict.judged else NOT_JUDGED), ""


def judge(found: Translation, *, in_c: bool, digit: float = 0.0) -> Verdict:
    """onnx's results, and those of C, held against the bounds; `digit` is allowed to onnx besides."""
    parsed = ur.parse(found.text)
    bound = parsed.bind(*found.operands) if found.operands else parsed.bind()
    operands = dict(zip((o.name for o in bound.program.operands), found.operands, strict=True))
    known = evaluate_with_bounds(bound.program, operands)
    results = [known[name] for name in bound.program.results]
    computed = bound(*found.operands) if in_c else ()
    computed = computed if isinstance(computed, tuple) else (computed,)
    dtypes = [bound.program.dtype_of(name).numpy for name in bound.program.results]
    faults = [
        f"{dtype}, onnx has {wanted.dtype}" if dtype != wanted.dtype else difference(result, wanted, "onnx", digit)
        for dtype, result, wanted in zip(dtypes, results, found.wanted, strict=True)
    ]
    return Verdict(
        onnx=first_of(faults),
        c=first_of([difference(result, got, "C") for result, got in zip(results, computed, strict=in_c)]),
        elements=sum(r.value.size for r in results),
        judged=sum(int(np.isfinite(r.bound).sum()) for r in results),
    )


def first_of(faults: list[str]) -> str:
    """The first fault, with the result that has it."""
    return next((f"result {k}: {fault}" for k, fault in enumerate(faults) if fault), "")


def difference(result: Any, wanted: Any, what: str, digit: float = 0.0) -> str:
    """Where a result is outside its bound, or nothing."""
    if result.value.shape != wanted.shape:
        return f"shape {result.value.shape}, {what} has {wanted.shape}"
    right = result.accepts(wanted)
    if digit:
        right |= np.abs(result.value - wanted) <= digit
    if right.all():
        return ""
    place = tuple(int(p) for p in np.argwhere(~right)[0])
    return (
        f"{np.count_nonzero(~right)} of {right.size} elements, at {list(place)}: {result.value[place].item()!r}, {what} has "
        f"{wanted[place].item()!r}, bound {result.bound[place]:.3g}"
    )
