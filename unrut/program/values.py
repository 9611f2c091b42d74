# SPDX-License-Identifier: Apache-2.0
"""The value of an affine form at one place."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.program.affine import Affine, Floor, Rest
from unrut.program.extents import evaluate


def value_of(form: Affine, axes: Mapping[str, int], sizes: Mapping[str, int] | None = None) -> int:
    """The number that a form is for given axis values and run-time sizes."""
    total = evaluate(form.constant, sizes or {})
    for c, atom in form.terms:
        match atom:
            case str():
                part = axes[atom]
            case Floor(dividend=dividend, divisor=divisor):
                part = value_of(dividend, axes, sizes) // divisor
            case Rest(dividend=dividend, divisor=divisor):
                part = value_of(dividend, axes, sizes) % divisor
        total += c * part
    return total
