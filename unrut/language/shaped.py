# SPDX-License-Identifier: Apache-2.0
"""Tensors that are declared with a shape, as statements that define them.

out = ur.tensor("out", shape=(n, x.shape[1]), init=0)    is    axis out_0: n     axis out_1: x.shape[1]
                                                               out[out_0, out_1] = 0
"""

from __future__ import annotations

from unrut.language.notation import Assignment, GivenAxis, Name
from unrut.language.recorder import Recorder
from unrut.language.renaming import axis_names


def shaped_statements(recorder: Recorder) -> tuple[Assignment, ...]:
    """The defining statements of tensors with a shape; the ranges of their axes join those that were given by hand."""
    taken = {*recorder.given, *recorder.declared, *recorder.parameters, *recorder.scalars}
    for statement in recorder.in_order():
        taken |= set(axis_names(statement, frozenset()))
    found = []
    for name, shaped in recorder.shaped.items():
        axes = []
        for d, extent in enumerate(shaped.extents):
            axis = f"{name}_{d}"
            while axis in taken:
                axis += "_"
            taken.add(axis)
            recorder.give(GivenAxis(name=axis, extent=extent, span=shaped.span))
            axes.append(Name(name=axis, span=shaped.span))
        found.append(Assignment(target=name, subscripts=tuple(axes), body=shaped.init, span=shaped.span))
    return tuple(found)
