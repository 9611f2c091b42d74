# SPDX-License-Identifier: Apache-2.0
"""Nest -> Source: the whole file, its declarations and header, and which line serves which statement."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from unrut.emitter.layout import Layout, contiguous
from unrut.emitter.nest import TEAM, Buffer, Kernel, Move, Nest, Space
from unrut.emitter.render.dialect import C, Dialect
from unrut.emitter.render.expression import Printer
from unrut.emitter.render.fold import fold_remark
from unrut.emitter.render.frames import Line, Lines, folded, frame, macro, remark
from unrut.emitter.render.interface import (
    argument_remarks,
    checks,
    data_checks,
    fields,
    handed_on,
    parameters,
    run_value,
)
from unrut.emitter.render.names import choose_names
from unrut.emitter.render.places import Place, bare_axes, index_view, place_of, places_of
from unrut.emitter.render.ranges import Interval, interval
from unrut.emitter.render.routines import Written, by_address, given_to, pointer, value_ranges
from unrut.emitter.render.statement import Writer
from unrut.emitter.render.tasks import count, decode
from unrut.emitter.render.views import BODY, KernelView, RoutineView, UnitView
from unrut.emitter.render.vocabulary import needed, types_in
from unrut.emitter.render.walk import reached, touched
from unrut.emitter.render.workspace import Workspace, lay_out
from unrut.emitter.source import Argument, Signature, Source
from unrut.program.extents import names as names_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one nest becomes: everything of a source but its vocabulary."""

    unit: UnitView
    functions: Lines
    signature: Signature


def render(nest: Nest, layouts: Mapping[str, Layout] | None = None, *, note: str = "", dialect: Dialect = C) -> Source:
    """The source of a nest. `layouts` of operands and results (C order where there is none) are those it is made for.

    `note` is what the file says about itself in its first comment: program and plan, for instance.
    """
    part = rendered(nest, layouts, note=note, dialect=dialect)
    without = frame("c/unit.c.j2", part.unit, {BODY: part.functions})
    unit = replace(part.unit, vocabulary=needed("\n".join(line.text for line in without), dialect))
    return sourced(part, folded(frame("c/unit.c.j2", unit, {BODY: part.functions})))


def sourced(part: Part, code: Lines) -> Source:
    """Finished code, with the declarations and the header of a part that has its interface."""
    unit = part.unit
    return Source(
        name=unit.name,
        code="".join(line.text + "\n" for line in code),
        declarations="".join(
            [f"{text}\n" for text in unit.types]
            + [
                f"size_t {name}_workspace({unit.workspace_parameters});\nint {name}({unit.parameters});\n"
                for name in (unit.name, *(path.name for path in unit.paths))
            ]
        ),
        header="".join(line.text + "\n" for line in folded(frame("c/header.h.j2", unit))),
        signature=part.signature,
        lines={number: line.note for number, line in enumerate(code, 1) if line.note},
    )


def rendered(
    nest: Nest,
    layouts: Mapping[str, Layout] | None = None,
    *,
    note: str = "",
    dialect: Dialect = C,
    path: str = "",
    target: str = "",
) -> Part:
    """A nest as a part of a source. If that has several, `path` tells this one's names apart, and `target` is the attribute
    of functions that may use its instructions.
    """
    outside = [b for b in nest.buffers if b.space in (Space.operand, Space.result)]
    given = layouts or {}
    layouts = {b.name: given.get(b.name) or contiguous(_known(b)) for b in outside}
    names = choose_names(nest, dialect)
    places = places_of(nest, layouts, names, path)
    signature = Signature(
        name=names.function,
        sizes=nest.sizes,
        arguments=tuple(_argument(b, layouts[b.name]) for b in outside),
        scalars=nest.scalars,
        preconditions=nest.preconditions,
        checks=nest.checks,
    )
    entry = Printer(dialect=dialect, names=names, places=places, axes={}, run="")
    used = frozenset(name for kernel in nest.kernels for name in touched(kernel).used)
    workspace = lay_out([place for name, place in places.items() if name in used], entry)
    routines, texts = _routines(nest, entry, target)
    writer = Writer(printer=replace(entry, run="run."), routines=routines)
    written = [
        _kernel(k, name, nest, writer, workspace, target) for k, name in zip(nest.kernels, names.kernels, strict=True)
    ]
    functions = _apart([*texts, *(lines for _, lines in written)])
    looked = list(zip(nest.checks, data_checks(signature, entry), strict=True))
    views = [
        replace(view, checks=tuple(said for check, said in looked if check.after == k))
        for k, (view, _) in enumerate(written, 1)
    ]
    unit = _unit(nest, signature, entry, workspace, views, functions, note)
    return Part(unit=unit, functions=functions, signature=signature)


def _known(buffer: Buffer) -> tuple[int | None, ...]:
    return tuple(e.value() if e.is_fixed else None for e in buffer.shape)


def _argument(buffer: Buffer, layout: Layout) -> Argument:
    written = buffer.space is Space.result
    return Argument(name=buffer.name, dtype=buffer.dtype, shape=buffer.shape, layout=layout, written=written)


def _routines(nest: Nest, entry: Printer, target: str) -> tuple[dict[str, Written], list[Lines]]:
    """The functions of routines, each after those that it calls."""
    found: dict[str, Written] = {}
    texts: list[Lines] = []
    ranges = value_ranges(nest)
    for routine in nest.routines:
        printer = replace(entry, run="run.", axes=ranges[routine.name])
        for buffer in (*routine.targets, *routine.sources):
            if buffer.space is Space.register:
                name = f"{'*' if by_address(buffer, routine) else ''}{entry.names.buffers[buffer.name]}"
                printer = replace(printer, places={**printer.places, buffer.name: place_of(buffer, name)})
        body = Writer(printer=printer, note=routine.note, routines=found).body(routine.body)
        name = entry.names.routines[routine.name]
        found[routine.name] = Written(routine=routine, name=name, mentioned=_words(body))
        view = RoutineView(
            name=name,
            parameters=", ".join(given_to(found[routine.name], printer)) or "void",
            target=f"{target} " if target else "",
        )
        texts.append((*_said(routine.note), *macro("routine", view, {BODY: body}, note=routine.note)))
    return found, texts


def _said(note: str) -> Lines:
    """What stands above a function: the statements that it serves."""
    return tuple(Line(text=f"// {row}", note=note) for row in fold_remark(remark(note)) if row)


def _words(body: Lines) -> frozenset[str]:
    """The words of a text without its remarks."""
    return frozenset(word for line in body for word in re.findall(r"\w+", line.text.split("//", 1)[0]))


def _kernel(
    kernel: Kernel, name: str, nest: Nest, writer: Writer, workspace: Workspace, target: str
) -> tuple[KernelView, Lines]:
    """A kernel's function. Task axes that nothing uses are not decoded; `run` is passed where it is used."""
    entry = printer = writer.printer
    for task in kernel.tasks:
        high = interval(task.stop, {}).high - 1
        printer = printer.within(task.axis, Interval(low=0, high=max(0, high)))
    body = replace(writer, printer=printer, note=kernel.note).body(kernel.body)
    named = _words(body)
    # Not what the Nest mentions: an axis of one place is 0 wherever it stands.
    decoded = decode(kernel, printer, {task.axis for task in kernel.tasks if printer.names.axes[task.axis] in named})
    words = named | set(re.findall(r"\w+", decoded))
    written = touched(kernel).written
    touching = [b.name for b in nest.buffers if entry.places[b.name].name in words]
    inside = [(entry.places[name], name in written) for name in touching]
    offsets = {part.name: part.offset for part in workspace.own}
    has_run = "run" in words
    passed = ["run"] * has_run
    passed += [_passed(place, written, offsets.get(place.name, ""), entry.dialect) for place, written in inside]
    outside = replace(entry, run="")  # in the entry function, sizes are parameters
    chunk = ["ur_begin(tasks, chunk, chunks)", "ur_begin(tasks, chunk + 1, chunks)"] * bool(kernel.tasks)
    view = KernelView(
        name=name,
        parameters=", ".join(
            ["int64_t begin", "int64_t end"] * bool(kernel.tasks)
            + [f"const {entry.names.function}_run run"] * has_run
            + [f"{pointer(place, written, entry.dialect)}UR_RESTRICT {place.name}" for place, written in inside]
        )
        or "void",
        decode=decoded,
        arguments=", ".join(chunk + passed),
        all=", ".join(["0", "tasks", *passed]),
        tasks=count(kernel, outside),
        alone=f"{outside.extent(kernel.work)} < {TEAM}" if kernel.work is not None else "",
        has_tasks=bool(kernel.tasks),
        has_alone=kernel.work is not None,
        has_decode=bool(decoded),
        has_past=any(isinstance(node, Move) and node.past for node in reached(kernel, nest)),
        has_own=any(place.buffer.space is Space.scratch for place, _ in inside),
        target=f"{target} " if target else "",
    )
    return view, (*_said(kernel.note), *macro("kernel", view, {BODY: body}, note=kernel.note))


def _passed(place: Place, written: bool, offset: str, dialect: Dialect) -> str:
    """What the entry function passes for a buffer."""
    kind = pointer(place, written, dialect)
    if place.buffer.space is Space.scratch:
        return f"({kind})(void *)(own + {offset})"
    return place.name if place.layout.aligned else f"({kind}){place.name}"


def _unit(
    nest: Nest,
    signature: Signature,
    entry: Printer,
    workspace: Workspace,
    kernels: Sequence[KernelView],
    functions: Lines,
    note: str,
) -> UnitView:
    """Everything that the frames say but the vocabulary, which is chosen from all that is written."""
    sizes = [f"int64_t {entry.names.sizes[s]}" for s in signature.sizes]
    inside = [entry.places[b.name].buffer for b in nest.buffers if b.space in (Space.workspace, Space.scratch)]
    counted = frozenset(name for b in inside for e in b.shape for name in names_in(e)) if not workspace.is_fixed else ()
    laid_out = [entry.names.sizes[s] for s in signature.sizes if s in counted]
    code = "\n".join(line.text for line in functions)
    dense = [p for b in inside if (p := entry.places[b.name]).layout.takes_strides and f"{p.index}(" in code]
    struct = fields(signature, dense, entry)
    conditions, named = checks(signature, entry), data_checks(signature, entry)
    outside = [entry.places[b.name].name for b in nest.buffers if b.space in (Space.operand, Space.result)]
    passed = {word for kernel in kernels for word in re.findall(r"\w+", kernel.arguments)}
    bare = bare_axes(nest, entry.names)
    indices = tuple(
        index_view(place, bare, entry.names, entry.dialect)
        for place in entry.places.values()
        if place.has_function and f"{place.index}(" in code
    )
    given = parameters(signature, entry)
    types = types_in(given, entry.dialect)
    return UnitView(
        name=signature.name,
        types=types,
        provenance=tuple(remark(line) for line in note.splitlines()),
        vocabulary="",
        fields=struct,
        run=run_value(signature, dense, entry),
        indices=indices,
        kernels=tuple(kernels),
        shared=workspace.shared,
        own=workspace.own,
        part_names=", ".join([*(part.name for part in (*workspace.shared, *workspace.own)), "shared", "own"]),
        shared_bytes=workspace.shared_bytes,
        own_bytes=workspace.own_bytes,
        workspace=workspace.size,
        checks=conditions,
        codes=(*sorted(conditions, key=lambda c: c.code), *named),
        named=named,
        parameters=given,
        workspace_parameters=", ".join([*sizes, "int threads"]),
        handed_on=handed_on(signature, entry),
        workspace_handed_on=", ".join([*(entry.names.sizes[s] for s in signature.sizes), "threads"]),
        size_parameters=", ".join(f"int64_t {name}" for name in laid_out),
        size_arguments=", ".join(laid_out),
        unused=(
            *(entry.names.sizes[s] for s in signature.sizes if s not in counted),
            *(() if workspace.own else ("threads",)),
        ),
        unread=tuple(name for name in (*outside, *(["run"] if struct else [])) if name not in passed),
        arguments=argument_remarks(signature, entry.dialect),
        has_named=bool(named),
        has_types=bool(types),
        has_run=bool(struct),
        has_indices=bool(indices),
        has_parts=not workspace.is_fixed,
        has_workspace=bool(workspace.shared + workspace.own),
        has_tasks=any(kernel.has_tasks for kernel in kernels),
    )


def _apart(functions: Sequence[Lines]) -> Lines:
    """The functions, with an empty line between each and the next."""
    lines: list[Line] = []
    for function in functions:
        lines += [Line(text=""), *function] if lines else function
    return tuple(lines)
