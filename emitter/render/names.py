# SPDX-License-Identifier: Apache-2.0
"""From names of the notation to names of the target: the same wherever that is possible, always safe and distinct."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from unrut.emitter.nest import Declare, Loop, Move, Nest
from unrut.emitter.render.dialect import Dialect
from unrut.emitter.render.walk import everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What everything is called in the source. `buffers` includes registers; `kernels` are in the order of the nest."""

    function: str
    kernels: tuple[str, ...]
    routines: Mapping[str, str]
    buffers: Mapping[str, str]
    axes: Mapping[str, str]
    sizes: Mapping[str, str]
    scalars: Mapping[str, str]


def choose_names(nest: Nest, dialect: Dialect) -> Names:
    """Names of the interface come first, so that nothing inside can change them.

    Axes and registers may share a name with a size or a scalar, which are fields of `run`, and registers with each other.
    """
    function = _fresh(nest.name, dialect.reserved | dialect.taken)
    used = set(dialect.reserved | dialect.framed)
    used |= {function, f"{function}_workspace", f"{function}_run", f"{function}_parts", f"{function}_lay_out"}
    buffers: dict[str, str] = {}
    for buffer in nest.buffers:
        buffers[buffer.name] = _claim(buffer.name, used)
        used.add(f"{buffers[buffer.name]}_strides")
    sizes = {name: _claim(name, used) for name in nest.sizes}
    scalars = {name: _claim(name, used) for name in nest.scalars}
    kernels = tuple(_claim(f"{function}_{kernel.name}", used) for kernel in nest.kernels)
    routines = {r.name: _claim(f"{function}_{r.name}", used) for r in nest.routines}
    used -= {*sizes.values(), *scalars.values(), *dialect.framed} - {*buffers.values(), *dialect.reserved}
    axes: dict[str, str] = {}
    inside = list(everything(nest))
    given = [task.axis for kernel in nest.kernels for task in kernel.tasks]
    given += [axis for routine in nest.routines for axis in routine.values]
    tiles = [axis for node in inside if isinstance(node, Move) for axis, _ in node.axes()]
    for axis in dict.fromkeys([*given, *(node.axis for node in inside if isinstance(node, Loop)), *tiles]):
        axes[axis] = _claim(axis, used)
    for name in dict.fromkeys(node.buffer.name for node in inside if isinstance(node, Declare)):
        buffers[name] = _claim(name, used)
    return Names(
        function=function,
        kernels=kernels,
        routines=routines,
        buffers=buffers,
        axes=axes,
        sizes=sizes,
        scalars=scalars,
    )


def _claim(name: str, used: set[str]) -> str:
    found = _fresh(name, used)
    used.add(found)
    return found


def _fresh(name: str, used: Set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name).rstrip("_")
    if not re.match(r"[A-Za-z]", plain) or re.match(r"(ur|UR|at|omp|INT|UINT|FLT|DBL|LDBL|M|FP)_", plain):
        plain = f"x_{plain.strip('_')}"
    found, number = plain, 1
    while found in used:
        found, number = f"{plain}_{number if number > 1 else ''}", number + 1
    return found
