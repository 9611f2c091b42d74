# SPDX-License-Identifier: Apache-2.0
"""Nest -> Source: spellings, never loops, order, storage or barriers."""

from unrut.emitter.render.render import render

__all__ = ["render"]
