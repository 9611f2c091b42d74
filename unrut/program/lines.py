# SPDX-License-Identifier: Apache-2.0
"""Functions along an axis that keep it."""

from __future__ import annotations

import enum


class AlongKind(enum.Enum):
    """`softmax` of a whole line, and scans: what the places of a line up to each one, itself included, come to."""

    softmax = "softmax"
    cumsum = "cumsum"
    cumprod = "cumprod"
    cummax = "cummax"
    cummin = "cummin"
