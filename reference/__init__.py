# SPDX-License-Identifier: Apache-2.0
"""The meaning of a Program, in plain NumPy: what every kernel is judged by. Knows nothing of how kernels are made."""

from unrut.reference.bounds.evaluation import Bounded, evaluate_with_bounds
from unrut.reference.bounds.ulps import ULPS
from unrut.reference.evaluation import evaluate
from unrut.reference.explain import explain
from unrut.reference.explanation import Explanation

__all__ = ["ULPS", "Bounded", "Explanation", "evaluate", "evaluate_with_bounds", "explain"]
