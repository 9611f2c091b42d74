# SPDX-License-Identifier: Apache-2.0
"""`where(condition, then, otherwise)`: the branch not taken reads nothing and contributes nothing."""

from __future__ import annotations

import numpy as np

from unrut.program.nodes import Where
from unrut.reference.places import Array, Evaluator, Places


def choose(expr: Where, places: Places, value: Evaluator) -> Array:
    """`then` where `condition` holds, `otherwise` elsewhere.

    Each branch is evaluated with only its own places live, so a read that is valid there alone is no error, and the
    selection takes nothing from the other branch: a NaN in it does not show. Where a whole block takes one branch, the
    other one is not evaluated at all.
    """
    condition = value(expr.condition, places)
    if condition.all():
        return value(expr.then, places)
    if not condition.any():
        return value(expr.otherwise, places)
    then = value(expr.then, places.where(condition))
    return np.where(condition, then, value(expr.otherwise, places.where(~condition)))
