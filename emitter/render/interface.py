# SPDX-License-Identifier: Apache-2.0
"""The C function that callers see: its parameters, what it checks, and the struct that carries run-time facts inside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import mul

from unrut.emitter.render.dialect import Dialect
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.frames import remark
from unrut.emitter.render.places import Place
from unrut.emitter.render.ranges import LARGEST_SIZE
from unrut.emitter.render.views import CheckView
from unrut.emitter.source import Argument, Signature
from unrut.program.extents import Extent, extent_text, lower_bound
from unrut.program.nodes import Precondition, Relation


def outside(signature: Signature, printer: Printer) -> list[tuple[Argument, Place]]:
    """The arguments beside their places."""
    return [(argument, printer.places[argument.name]) for argument in signature.arguments]


def parameters(signature: Signature, printer: Printer) -> str:
    """Of the entry function."""
    parts = [f"int64_t {printer.names.sizes[size]}" for size in signature.sizes]
    for argument, place in outside(signature, printer):
        kind = element_type(argument, printer.dialect)
        parts.append(f"{kind}*{place.name}" if argument.written else f"const {kind}*{place.name}")
        if argument.layout.takes_strides:
            parts.append(f"const int64_t {place.name}_strides[{_rank(argument)}]")
    parts += [f"double {printer.names.scalars[scalar]}" for scalar in signature.scalars]
    return ", ".join([*parts, "void *workspace", "int threads"])


def handed_on(signature: Signature, printer: Printer) -> str:
    """The same parameters as arguments of a call."""
    parts = [printer.names.sizes[size] for size in signature.sizes]
    for argument, place in outside(signature, printer):
        parts += [place.name, f"{place.name}_strides"] if argument.layout.takes_strides else [place.name]
    return ", ".join([*parts, *(printer.names.scalars[s] for s in signature.scalars), "workspace", "threads"])


def element_type(argument: Argument, dialect: Dialect) -> str:
    """What the pointer points to, with the space before the star."""
    return f"{dialect.elements[argument.dtype] if argument.layout.aligned else 'void'} "


def _rank(argument: Argument) -> int:
    return max(1, len(argument.shape))


def fields(signature: Signature, dense: Sequence[Place], printer: Printer) -> tuple[str, ...]:
    """The fields of the struct of run-time facts: sizes, strides (also of `dense` buffers inside), scalars."""
    found = [f"int64_t {printer.names.sizes[size]}" for size in signature.sizes]
    strided = [place for argument, place in outside(signature, printer) if argument.layout.takes_strides]
    found += [f"int64_t {place.name}[{max(1, len(place.buffer.shape))}]" for place in (*strided, *dense)]
    return (*found, *(f"double {printer.names.scalars[scalar]}" for scalar in signature.scalars))


def run_value(signature: Signature, dense: Sequence[Place], printer: Printer) -> str:
    """The struct's value, in the order of its fields."""
    parts = [printer.names.sizes[size] for size in signature.sizes]
    for argument, place in outside(signature, printer):
        if argument.layout.takes_strides:
            parts.append("{" + ", ".join(f"{place.name}_strides[{d}]" for d in range(_rank(argument))) + "}")
    parts += ["{" + ", ".join(_dense_strides(place, printer)) + "}" for place in dense]
    return ", ".join([*parts, *(printer.names.scalars[scalar] for scalar in signature.scalars)])


def _dense_strides(place: Place, printer: Printer) -> list[str]:
    """Of C order: for each dimension the product of the extents behind it."""
    shape = place.buffer.shape
    return [printer.extent(reduce(mul, shape[d + 1 :], Extent(constant=1))) for d in range(len(shape))]


def checks(signature: Signature, printer: Printer) -> tuple[CheckView, ...]:
    """What the entry function refuses: sizes first, since the other conditions compute with them."""
    found = []
    for size in signature.sizes:
        name = printer.names.sizes[size]
        found.append(
            CheckView(
                condition=f"{name} < 0 || {name} > {LARGEST_SIZE}",
                code=signature.size_code,
                remark=f"0 <= {size} <= 2^{LARGEST_SIZE.bit_length() - 1}",
            )
        )
    for number, condition in enumerate(signature.preconditions, 1):
        found.append(CheckView(condition=_broken(condition, printer), code=number, remark=remark(_said(condition))))
    aligned = "(uintptr_t)workspace % 64 != 0"
    return (
        *found,
        CheckView(condition=aligned, code=signature.workspace_code, remark="the workspace is 64-byte aligned"),
    )


def data_checks(signature: Signature, printer: Printer) -> tuple[CheckView, ...]:
    """What the entry function finds out about the data while it runs."""
    found = []
    for number, check in enumerate(signature.checks):
        place = printer.places[check.buffer]
        found.append(
            CheckView(
                condition=f"{place.element(())} != 0",
                code=signature.check_code(number),
                remark=remark(check.needed),
                name=f"{signature.name}_{place.name}",
            )
        )
    return tuple(found)


def _broken(condition: Precondition, printer: Printer) -> str:
    left, right = printer.extent(condition.left), printer.extent(condition.right)
    if condition.relation is Relation.equal:
        broken = f"{left} != {right}"
    else:
        broken = f"{right} < {left}" if condition.left.is_fixed else f"{left} > {right}"
    needed = [f"{printer.extent(extent)} > 0" for extent in condition.unless_empty if not _positive(extent)]
    return " && ".join([*needed, broken])


def _positive(extent: Extent) -> bool:
    below = lower_bound(extent)
    return below is not None and below > 0


def _said(condition: Precondition) -> str:
    text = f"{extent_text(condition.left)} {condition.relation.value} {extent_text(condition.right)}"
    return f"{text}: {condition.because}" if condition.because else text


def argument_remarks(signature: Signature, dialect: Dialect) -> tuple[str, ...]:
    """One line for each array: `P (read): f32[8, 32], strides 32, 1`."""
    found = []
    for argument in signature.arguments:
        shape = ", ".join(extent_text(e) for e in argument.array_shape)
        strides = ", ".join("given" if s is None else str(s) for s in argument.layout.strides)
        if not argument.layout.aligned:
            strides = "given"
        verb = "written" if argument.written else "read"
        text = f"{argument.name} ({verb}): {argument.array_dtype.name}[{shape}]"
        if argument.layout.pairs:
            text += f" as {dialect.types[argument.dtype]} (re, im) pairs"
        found.append(remark(f"{text}, strides {strides}" if argument.shape else text))
    return tuple(found)
