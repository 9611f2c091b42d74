# SPDX-License-Identifier: Apache-2.0
"""Graph and Plan to Nest: every loop, buffer, store and barrier; then large kernels as several functions."""

from unrut.emitter.lower.lowering import lower
from unrut.emitter.lower.outline import outlined

__all__ = ["lower", "outlined"]
