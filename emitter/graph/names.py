# SPDX-License-Identifier: Apache-2.0
"""Fresh names that read like what they stand for."""

from __future__ import annotations

from dataclasses import dataclass

from unrut.program.fold_nodes import Fold
from unrut.program.nodes import Program, Reduce
from unrut.program.walk import subexpressions


@dataclass(slots=True)
class Names:
    """Names in use. C is not consulted here: a stem is a user's identifier, and what is added keeps it one."""

    taken: set[str]

    def fresh(self, stem: str) -> str:
        """The stem, or the stem with the smallest number from 2 on that is free."""
        name, number = stem, 2
        while name in self.taken:
            name, number = f"{stem}{number}", number + 1
        self.taken.add(name)
        return name


def taken_by(program: Program) -> set[str]:
    """Every name that a program uses."""
    tensors = {o.name for o in program.operands} | {s.target for s in program.statements}
    axes = {axis.name for s in program.statements for axis in s.axes}
    parts = (part for s in program.statements for expr in s.expressions() for part in subexpressions(expr))
    axes |= {axis.name for part in parts if isinstance(part, Reduce | Fold) for axis in part.axes}
    return tensors | axes | set(program.scalars) | set(program.sizes) | {program.name}
