# SPDX-License-Identifier: Apache-2.0
"""Axes that statements share: along these a program can be evaluated block by block, so that no intermediate stands
whole.

An intermediate T shares an axis of its consumers if every statement that reads T shares it, under the name a there, and
each of their reads of T has the bare subscript a at one and the same dimension of T, and none stands in a softmax along
a, which needs the whole line. Then the block [p, q) of all consumers needs the block [p, q) of T and nothing else of it.
Results that nobody reads share the axes of their names.
Tensors that are computed step by step, or begin before their range, share none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from unrut.program.nodes import Along, Axis, AxisValue, Program, Role, Statement
from unrut.program.walk import in_order, reads, subexpressions
from unrut.reference.recurrences import held_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """One shared axis: its name and extent in the results, and the dimension that it is in each statement that shares
    it.
    """

    axis: Axis
    dimension: Mapping[str, int]


def shared_axes(program: Program) -> tuple[Sharing, ...]:
    """Every axis of the results, with the statements that share it; those that share none are evaluated whole,
    before.
    """
    ends = [s for s in program.defining() if not _readers(program, s)]
    axes = dict.fromkeys(axis for s in ends for axis in s.axes)
    return tuple(Sharing(axis=axis, dimension=_spread(program, axis)) for axis in axes)


def _readers(program: Program, statement: Statement) -> list[Statement]:
    return [
        s for s in program.statements if any(r.tensor == statement.target for e in s.expressions() for r in reads(e))
    ]


def _spread(program: Program, axis: Axis) -> dict[str, int]:
    """From the results back to what they read."""
    dimension: dict[str, int] = {}
    whole = held_whole(program)
    for statement in reversed(in_order(program)):
        if statement.role is not Role.defines or statement.target in whole:
            continue
        readers = _readers(program, statement)
        if not readers:
            found = {d for d, own in enumerate(statement.axes) if own == axis}
        else:
            found = set(range(len(statement.axes)))
            for reader in readers:
                found &= _bare_dimensions(statement, reader, dimension.get(reader.target))
        if found:
            dimension[statement.target] = min(found)
    return dimension


def _bare_dimensions(statement: Statement, reader: Statement, shared: int | None) -> set[int]:
    """The dimensions of a statement's target at which all reads of one reader have its shared axis bare."""
    if shared is None:
        return set()
    axis = reader.axes[shared]
    found = {d for d, own in enumerate(statement.axes) if own.extent == axis.extent}
    for line in (part for part in subexpressions(reader.body) if isinstance(part, Along)):
        if line.axis.name == axis.name and any(read.tensor == statement.target for read in reads(line.body)):
            return set()
    for read in reads(reader.body):
        if read.tensor == statement.target:
            found &= {d for d, s in enumerate(read.subscripts) if isinstance(s, AxisValue) and s.axis == axis.name}
    return found
