# SPDX-License-Identifier: Apache-2.0
"""The two front ends under one face: what an op takes, and its Definition for given options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from unrut.errors import BindError, NotationError
from unrut.language.arguments import (
    CALL_WORDS,
    Face,
    Options,
    call_word,
    face_of,
    sort_options,
    unknown_options,
    unusable_option,
)
from unrut.language.notation import Definition, Parameter
from unrut.language.operators import Expression
from unrut.language.recorder import place
from unrut.language.signature import parse_signature
from unrut.language.trace import trace


class Front(Protocol):
    """Where an op comes from."""

    @property
    def face(self) -> Face:
        """What it takes."""

    def options(self, given: Mapping[str, Any]) -> Options:
        """Options sorted into fixed values and scalars. Raises BindError."""

    def define(self, options: Options) -> Definition:
        """What the op says for these options."""


class Traced:
    """An op that is a Python function."""

    def __init__(self, function: Callable[..., Any], signature: str | None) -> None:
        self.function = function
        self.face = face_of(function)
        self.signature = self._signature(signature)

    def _signature(self, text: str | None) -> tuple[Parameter, ...]:
        face = self.face
        if text is None:
            return tuple(Parameter(name=name, span=face.span) for name in face.tensors)
        parameters, scalars = parse_signature(text, f"<signature of {face.name}>")
        named = tuple(p.name for p in parameters)
        if named != face.tensors or not set(scalars) <= set(face.options):
            raise NotationError(
                f"the signature of `{face.name}` names the tensors {', '.join(named) or 'none'}, "
                f"the function takes {', '.join(face.tensors) or 'none'}",
                places=place(face.span),
                remedy="the same names in the same order",
            )
        return parameters

    def options(self, given: Mapping[str, Any]) -> Options:
        """Options sorted by kind, defaults filled in."""
        return sort_options(self.face, given)

    def define(self, options: Options) -> Definition:
        """The function traced."""
        return trace(self.function, self.face, self.signature, options)


class Written:
    """An op that was read from text. Its options are its scalars; they are needed only where values are computed."""

    def __init__(self, definition: Definition, text: str, file: str) -> None:
        taken = [name for name in definition.scalars if name in CALL_WORDS]
        if taken:
            raise call_word(taken[0], definition.span)
        self.definition = definition
        self.text, self.file = text, file
        self.face = Face(
            name=definition.name,
            tensors=tuple(p.name for p in definition.parameters),
            options=dict.fromkeys(definition.scalars, 0.0),
            span=definition.span,
        )

    def options(self, given: Mapping[str, Any]) -> Options:
        """The scalars that are given."""
        unknown = [name for name in given if name not in self.face.options]
        if unknown:
            raise unknown_options(self.face, unknown)
        for name, value in given.items():
            if not isinstance(value, Expression) and not _is_number(value):
                raise unusable_option(self.face, name, value)
        values = {n: v if isinstance(v, Expression) else float(v) for n, v in given.items()}
        return Options(fixed={}, scalars=values)

    def define(self, options: Options) -> Definition:
        """The text's definition, whatever the options."""
        return self.definition


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
    return not isinstance(value, str | bytes)


def missing_scalars(face: Face, missing: list[str]) -> BindError:
    """The error for scalars without a value."""
    return BindError(
        f"`{face.name}` needs {' and '.join(f'`{name}=`' for name in missing)}",
        places=place(face.span),
        remedy=f"{face.name}({', '.join([*face.tensors, *(f'{name}=0.5' for name in missing)])})",
    )
