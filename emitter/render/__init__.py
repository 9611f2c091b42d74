# SPDX-License-Identifier: Apache-2.0
"""Nest -> Source: spellings, never loops, order, storage or barriers."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter.layout import Layout
from unrut.emitter.nest import Nest
from unrut.emitter.render.dialect import C
from unrut.emitter.render.source import write_source
from unrut.emitter.source import Source


def render(nest: Nest, layouts: Mapping[str, Layout] | None = None, *, note: str) -> Source:
    """The C source of a nest. `layouts` of operands and results (C order where there is none) are those it is compiled for.

    `note` is what the file says about itself in its first comment: program and plan, for instance.
    """
    return write_source(nest, layouts or {}, C, note)
