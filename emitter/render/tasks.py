# SPDX-License-Identifier: Apache-2.0
"""Task axes of a kernel as one range of numbers: how many tasks there are, and the axes of one of them."""

from __future__ import annotations

from collections.abc import Set

from unrut.emitter.nest import Kernel, TaskAxis
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.ranges import interval
from unrut.emitter.render.spelling import PRODUCT
from unrut.program.nodes import Call, Const, Expr
from unrut.program.types import DType


def count(kernel: Kernel, printer: Printer) -> str:
    """The number of tasks, as text."""
    return printer.text(_product([_steps(task) for task in kernel.tasks]))


def decode(kernel: Kernel, printer: Printer, used: Set[str]) -> str:
    """`y = task / 7 % 7, x = task % 7`, for the axes that are used; the last one runs fastest."""
    parts = []
    for number, task in enumerate(kernel.tasks):
        if task.axis in used:
            inner = _product([_steps(t) for t in kernel.tasks[number + 1 :]])
            text = "task" if interval(inner, {}).fixed == 1 else f"task / {printer.text(inner, PRODUCT + 1)}"
            if number > 0:
                text += f" % {printer.text(_steps(task), PRODUCT + 1)}"
            text += f" * {task.step}" if task.step != 1 else ""
            parts.append(f"{printer.names.axes[task.axis]} = {text}")
    return ", ".join(parts)


def _steps(task: TaskAxis) -> Expr:
    """How many values the axis takes: at least 0."""
    up = _call("floor_divide", _call("add", task.stop, _number(task.step - 1)), _number(task.step))
    steps = task.stop if task.step == 1 else up
    return steps if interval(steps, {}).low >= 0 else _call("maximum", steps, _number(0))


def _product(factors: list[Expr]) -> Expr:
    total: Expr = _number(1)
    for factor in factors:
        total = factor if total == _number(1) else _call("multiply", total, factor)
    return total


def _call(function: str, left: Expr, right: Expr) -> Expr:
    return Call(function=function, arguments=(left, right), dtype=DType.i64)


def _number(value: int) -> Const:
    return Const(value=value, dtype=DType.i64)
