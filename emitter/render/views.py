# SPDX-License-Identifier: Apache-2.0
"""What templates see: text only, with a mark where lines of other nodes go. One view for each macro, of the same name."""

from __future__ import annotations

from dataclasses import dataclass

BODY = "@body@"
"""Stands, alone on its line, where a body goes. No generated text can hold it."""
OTHERWISE = "@otherwise@"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopView:
    axis: str
    start: str
    stop: str
    advance: str
    pragma: str
    """A macro of the vocabulary, on a line of its own, if `has_pragma`."""
    opening: str
    """A brace, if `has_braces`."""
    remark: str
    has_pragma: bool
    has_braces: bool
    body: str = BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardView:
    head: str
    """`if (condition)` with a space behind it, or nothing for a body that always runs."""
    remark: str
    has_otherwise: bool
    body: str = BODY
    otherwise: str = OTHERWISE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclareView:
    """`type name value;`, where `value` is an initial value, extents, or nothing."""

    type: str
    name: str
    value: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    statement: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccumulateView:
    statement: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchView:
    """`UR_FETCH(element)`: `element` is a pointer."""

    element: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveView:
    """`function(target, source, rows, columns, past)`; `target` and `source` are a pointer and its steps across and along."""

    function: str
    target: str
    source: str
    rows: str
    columns: str
    past: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectView:
    """`function(line, ranks, count, target, spare)`; `line` is a pointer and a length."""

    function: str
    line: str
    ranks: str
    count: str
    target: str
    spare: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SortView:
    """`function(line, target, spare)`."""

    function: str
    line: str
    target: str
    spare: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvokeView:
    function: str
    arguments: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutineView:
    name: str
    parameters: str
    target: str
    """An attribute that lets it use more instructions, with a space behind it, or nothing."""
    body: str = BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexView:
    """`name(parameters)` gives `offset`."""

    name: str
    parameters: str
    offset: str
    unused: str
    is_short: bool
    """Whether it fits a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """A condition under which the entry function returns `code`; `remark` is what holds otherwise.

    `name` stands for the code in the header; empty for those that have none.
    """

    condition: str
    code: int
    remark: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelView:
    """One kernel: its function, and how the entry function calls it."""

    name: str
    parameters: str
    decode: str
    """Declares the task axes, from `task`; nothing if no axis is used."""
    arguments: str
    tasks: str
    """How many tasks there are."""
    alone: str
    """The condition under which one worker does them all, or nothing."""
    all: str
    """The arguments for all tasks."""
    has_tasks: bool
    has_alone: bool
    has_decode: bool
    has_own: bool
    """Whether it uses a worker's own part of the workspace."""
    has_past: bool
    """Whether it writes past the caches."""
    target: str
    """An attribute that names instructions which this function may use, with the space behind it, or nothing."""
    checks: tuple[CheckView, ...] = ()
    """What is looked at when it is done."""
    body: str = BODY


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One buffer of the workspace: `count` elements from `offset` on, in bytes."""

    name: str
    type: str
    count: str
    offset: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PathView:
    """The part of a portable source for one set of instructions, and when it may run."""

    name: str
    """Of its entry function."""
    number: int
    condition: str
    """Of the preprocessor: where its text is compiled at all, if `has_condition`."""
    target: str
    """The macro that its functions bear, if `has_target`; what it says, and what gcc is told beside that."""
    features: str
    wide: str
    test: str
    """Whether the processor has the instructions, if `has_test`."""
    body: str
    has_condition: bool
    has_target: bool
    has_test: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitView:
    """A whole source, and its header."""

    name: str
    provenance: tuple[str, ...]
    """Lines of the comment at the top."""
    vocabulary: str
    """The functions that it uses."""
    fields: tuple[str, ...]
    """Of the struct of what is known at run time only."""
    run: str
    """Its value, from the parameters."""
    indices: tuple[IndexView, ...]
    kernels: tuple[KernelView, ...]
    shared: tuple[PartView, ...]
    """Buffers of the workspace that all workers share."""
    own: tuple[PartView, ...]
    """Those that each worker has of its own."""
    part_names: str
    shared_bytes: str
    own_bytes: str
    workspace: str
    """Bytes in all."""
    checks: tuple[CheckView, ...]
    codes: tuple[CheckView, ...]
    """The same, in the order of their codes, and those of data."""
    named: tuple[CheckView, ...]
    """Those that have a name."""
    parameters: str
    workspace_parameters: str
    handed_on: str
    """The parameters as arguments of a call, and those of the workspace's size."""
    workspace_handed_on: str
    size_parameters: str
    size_arguments: str
    unused: tuple[str, ...]
    """Parameters on which the size of the workspace does not depend."""
    unread: tuple[str, ...]
    """What no kernel asks for: operands of which extents alone matter, and the struct, if nothing in it is needed."""
    arguments: tuple[str, ...]
    """What each array is, for the header."""
    types: tuple[str, ...]
    """Definitions of the types of elements that C has not."""
    has_named: bool
    has_types: bool
    has_run: bool
    has_indices: bool
    has_parts: bool
    """Whether places in the workspace depend on sizes."""
    has_workspace: bool
    has_tasks: bool
    paths: tuple[PathView, ...] = ()
    """The parts for sets of instructions, if it has several, `has_paths`."""
    has_paths: bool = False
    plain: str = ""
    """The entry function of the part that runs everywhere."""
    body: str = BODY
