# SPDX-License-Identifier: Apache-2.0
"""What one traced op has said so far. There is at most one recorder at work in a thread; ops that are called nest."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from unrut.errors import AxisError, NameClashError, NotationError, Place
from unrut.language.later import refuse_changes_in_place, refuse_later_features
from unrut.language.notation import Assignment, GivenAxis, Name, Term
from unrut.program.nodes import Role
from unrut.spans import Span


def place(span: Span | None, note: str = "") -> list[Place]:
    """The places of an error, none where the source is unknown."""
    return [Place(span=span, note=note)] if span is not None else []


def shown(name: str) -> str:
    """A tensor's name as its author wrote it: while tracing, those of called ops bear a longer one."""
    return name.rsplit(".", maxsplit=1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """A tensor that was declared with extents: it begins as `init` everywhere."""

    extents: tuple[Term, ...]
    init: Term
    span: Span | None


@dataclass(slots=True, eq=False)
class Recorder:
    """The statements, tensors and hand-given ranges of one op while its function runs.

    `statements` define tensors, `starts` give places before their ranges, `additions` add to tensors, each with the number
    of statements before.
    """

    op: str
    parameters: tuple[str, ...]
    scalars: tuple[str, ...] = ()
    given: dict[str, GivenAxis] = field(default_factory=dict)
    declared: dict[str, Span | None] = field(default_factory=dict)
    shaped: dict[str, Shaped] = field(default_factory=dict)
    statements: dict[str, Assignment] = field(default_factory=dict)
    starts: list[Assignment] = field(default_factory=list)
    additions: list[tuple[int, Assignment]] = field(default_factory=list)
    called: int = 0  # ops called so far, to tell their tensors apart

    def give(self, axis: GivenAxis) -> None:
        """Note a range that was given by hand."""
        before = self.given.setdefault(axis.name, axis)
        if before != axis:
            raise AxisError(
                f"axis `{axis.name}` is given two ranges",
                places=[*place(before.span), *place(axis.span)],
                remedy="another name for one of them",
            )

    def declare(self, name: str, span: Span | None) -> None:
        """Note a tensor of the op."""
        if name in self.parameters or name in self.declared:
            what = "is a parameter already" if name in self.parameters else "is declared twice"
            raise NameClashError(
                f"tensor `{name}` {what}",
                places=[*place(self.declared.get(name), "first here"), *place(span)],
                remedy="another name",
            )
        self.declared[name] = span

    def define(self, statement: Assignment) -> None:
        """Note the statement that defines a tensor."""
        name = statement.target
        if name in self.parameters:
            raise NameClashError(
                f"`{name}` is a parameter: it can't be assigned to",
                places=place(statement.span),
                remedy=f'a tensor of its own: {_other(name)} = ur.tensor("{_other(name)}")',
            )
        if statement.starts:
            self.starts.append(statement)
            return
        refuse_changes_in_place(statement)
        refuse_later_features(statement)
        if any(
            isinstance(s, Name) and s.name in self.given and self.given[s.name].bounds for s in statement.subscripts
        ):
            covers = statement.role is Role.defines
            statement = replace(statement, role=Role.covers) if covers else statement
        if statement.role is not Role.defines:
            self.additions.append((len(self.statements), statement))
            return
        if name in self.shaped:
            raise NameClashError(
                f"tensor `{shown(name)}` is declared with a shape, so it has its values already",
                places=[*place(self.shaped[name].span, "first here"), *place(statement.span, "again here")],
                remedy=f"{shown(name)}[...] += ..., or a declaration without shape=",
            )
        if name in self.statements:
            raise NameClashError(
                f"tensor `{shown(name)}` is defined twice",
                places=[*place(self.statements[name].span, "first here"), *place(statement.span, "again here")],
                remedy="one statement, with ur.where(condition, a, b) if it has cases, or two tensors",
            )
        self.statements[name] = statement

    def in_order(self) -> list[Assignment]:
        """All statements in the order in which they were said."""
        found: list[Assignment] = []
        additions = list(self.additions)
        for number, statement in enumerate(self.statements.values()):
            while additions and additions[0][0] <= number:
                found.append(additions.pop(0)[1])
            found.append(statement)
        return [*found, *self.starts, *(statement for _, statement in additions)]


def _other(name: str) -> str:
    return "Y" if name != "Y" else "Z"


_current: ContextVar[Recorder | None] = ContextVar("unrut_recorder", default=None)


def current() -> Recorder | None:
    """The recorder at work, or None outside of ops."""
    return _current.get()


def needed(what: str, span: Span | None) -> Recorder:
    """The recorder at work; a NotationError if there is none."""
    found = _current.get()
    if found is None:
        raise NotationError(f"{what} belongs inside an op", places=place(span), remedy="a function under @ur.op")
    return found


class Recording:
    """`with Recording(recorder): ...` puts a recorder to work."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __enter__(self) -> Recorder:
        self.token = _current.set(self.recorder)
        return self.recorder

    def __exit__(self, *_: object) -> None:
        _current.reset(self.token)
