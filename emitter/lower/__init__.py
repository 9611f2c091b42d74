# SPDX-License-Identifier: Apache-2.0
"""Graph and Plan to Nest: every loop, buffer, store and barrier."""

from unrut.emitter.lower.lowering import lower

__all__ = ["lower"]
