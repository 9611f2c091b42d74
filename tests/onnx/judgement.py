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

PASSED, SKIPPED, FAILED = "passed", "skipped", "failed"

OTHER_ALGORITHM = ("test_dft_inverse", "test_dft_inverse_opset19")
"""Their results come from a fast transform in single precision, whose error goes with the whole line: where all terms of an
element are 0 it gives 1e-7. No bound that follows from the sum itself allows that."""


@dataclass(frozen=True)
class Outcome:
    """What became of a case, and why. `judged` elements of `elements` have a finite bound: anything is right at the others."""

    name: str
    operator: str
    status: str
    reason: str = ""
    elements: int = 0
    judged: int = 0


def run_case(name: str, *, in_c: bool) -> Outcome:
    """A case by name. Failures are outcomes too."""
    case = collected()[name]
    op = operator(case)
    if name in OTHER_ALGORITHM:
        return Outcome(name, op, SKIPPED, "results of a fast transform, with the error of the whole line")
    try:
        with np.errstate(all="ignore"):
            found = translate(case)
            fault, elements, judged = judge(found, in_c=in_c)
    except SkippedError as reason:
        return Outcome(name, op, SKIPPED, str(reason))
    except Exception:
        return Outcome(name, op, FAILED, traceback.format_exc(limit=-2))
    return Outcome(name, op, FAILED if fault else PASSED, fault, elements, judged)


def judge(found: Translation, *, in_c: bool) -> tuple[str, int, int]:
    """What is wrong, or nothing; how many elements there are, and how many of them have a finite bound."""
    parsed = ur.parse(found.text)
    bound = parsed.bind(*found.operands) if found.operands else parsed.bind()
    operands = dict(zip((o.name for o in bound.program.operands), found.operands, strict=True))
    known = evaluate_with_bounds(bound.program, operands)
    results = [known[name] for name in bound.program.results]
    sizes = sum(r.value.size for r in results), sum(int(np.isfinite(r.bound).sum()) for r in results)
    for k, (result, wanted) in enumerate(zip(results, found.wanted, strict=True)):
        dtype = bound.program.dtype_of(bound.program.results[k]).numpy
        if dtype != wanted.dtype:
            return f"result {k} is {dtype}, not {wanted.dtype}", *sizes
        fault = difference(result, wanted, "onnx")
        if fault:
            return f"result {k}: {fault}", *sizes
    computed = bound(*found.operands) if in_c else ()
    for k, got in enumerate(computed if isinstance(computed, tuple) else (computed,)):
        fault = difference(results[k], got, "C")
        if fault:
            return f"result {k}: {fault}", *sizes
    return "", *sizes


def difference(result: Any, wanted: Any, what: str) -> str:
    if result.value.shape != wanted.shape:
        return f"shape {result.value.shape}, {what} has {wanted.shape}"
    right = result.accepts(wanted)
    if what == "onnx" and wanted.dtype.kind == "f":
        right |= np.abs(result.value - wanted) <= written_digits(wanted)
    if right.all():
        return ""
    place = tuple(int(p) for p in np.argwhere(~right)[0])
    return (
        f"{np.count_nonzero(~right)} of {right.size} elements, at {list(place)}: {result.value[place]!r}, {what} has "
        f"{wanted[place]!r}, bound {result.bound[place]:.3g}"
    )


def written_digits(wanted: Any) -> float:
    """A unit of the last digit where the tests have their results as decimal numbers, of three digits or more behind
    the point; 0 where they were computed."""
    if wanted.dtype.kind != "f" or not np.isfinite(wanted).all():
        return 0.0
    wide = wanted.astype(np.float64)
    fits = [d for d in range(6) if np.allclose(wide, np.round(wide, d), rtol=2.0**-22, atol=0)]
    return 10.0 ** -fits[0] if fits and fits[0] >= 3 else 0.0
