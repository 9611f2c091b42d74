# SPDX-License-Identifier: Apache-2.0
"""The meaning of a Program, in plain NumPy: what every kernel is judged by. Knows nothing of how kernels are made."""

from unrut.reference.bounds.evaluation import Bounded, evaluate_with_bounds
from unrut.reference.bounds.ulps import ULPS
from unrut.reference.evaluation import evaluate

__all__ = ["ULPS", "Bounded", "evaluate", "evaluate_with_bounds"]
