# SPDX-License-Identifier: Apache-2.0
"""The parameters of an op's function: which are tensors, which are fixed when it is traced, which are run-time scalars.

Positional parameters are tensors. Keyword-only ones are judged by their default and value: a float makes a run-time scalar
(an int given for a float is one too); bool, int, str, None, dtypes and tuples of these are fixed; `static(x)` fixes a float.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrut.errors import BindError, NameClashError, NotationError, UnrutError, raise_all
from unrut.language.names import name_fault
from unrut.language.operators import Expression
from unrut.language.origin import caller_span, definition_span
from unrut.language.recorder import place
from unrut.program.types import DType
from unrut.spans import Span

WIDEST_OPTION = 1000
"""Bits of an integer option: within the range of floats, and Python still writes it out."""


class static:  # noqa: N801
    """Fixes a float for tracing: `op(x, tau=ur.static(0.5))` compiles 0.5 into the kernel."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"static({self.value!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What a function takes: names of tensors, and keyword-only parameters with their defaults."""

    name: str
    tensors: tuple[str, ...]
    options: Mapping[str, Any]
    span: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Keyword-only parameters, sorted into fixed values and scalars (numbers; while an op is traced, expressions)."""

    fixed: Mapping[str, Any]
    scalars: Mapping[str, Any]

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal traces. `repr` tells 1, 1.0 and True apart."""
        return (*((name, repr(value)) for name, value in sorted(self.fixed.items())), *sorted(self.scalars))


def face_of(function: Callable[..., Any]) -> Face:
    """Read a function's parameters. Raises NotationError, NameClashError."""
    name = getattr(function, "__name__", "op")
    code = getattr(function, "__code__", None)
    span = definition_span(code.co_filename, code.co_firstlineno, name) if code is not None else None
    errors: list[UnrutError] = [e for e in [name_fault(name, "op", span)] if e is not None]
    tensors: list[str] = []
    options: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        match parameter.kind:
            case inspect.Parameter.KEYWORD_ONLY:
                options[parameter.name] = parameter.default
                errors += [call_word(parameter.name, span)] if parameter.name in CALL_WORDS else []
            case inspect.Parameter.VAR_POSITIONAL | inspect.Parameter.VAR_KEYWORD:
                message = f"op `{name}` has a variable parameter `{parameter.name}`"
                errors.append(NotationError(message, places=place(span), remedy="a name for each tensor and option"))
            case _:
                tensors.append(parameter.name)
                fault = name_fault(parameter.name, "parameter", span)
                errors += [fault] if fault is not None else []
                if parameter.default is not inspect.Parameter.empty:
                    message = f"parameter `{parameter.name}` is a tensor and can't have a default"
                    remedy = f"`*,` before it, if it is an option: def {name}(..., *, {parameter.name}={parameter.default!r})"
                    errors.append(NotationError(message, places=place(span), remedy=remedy))
    if errors:
        raise_all(errors)
    return Face(name=name, tensors=tuple(tensors), options=options, span=span)


CALL_WORDS = ("out", "threads")


def call_word(name: str, span: Span | None) -> NameClashError:
    """The error for an option that could not be told from what every call takes."""
    message = f"`{name}` can't be the name of an option: `{name}=` has a meaning in every call of an op"
    return NameClashError(message, places=place(span), remedy=f"another name, such as `{name}_`")


def sort_options(face: Face, given: Mapping[str, Any]) -> Options:
    """Fill in the defaults and tell scalars from fixed values. Raises BindError."""
    errors: list[UnrutError] = []
    unknown = [name for name in given if name not in face.options]
    if unknown:
        errors.append(unknown_options(face, unknown))
    fixed: dict[str, Any] = {}
    scalars: dict[str, Any] = {}
    for name, default in face.options.items():
        value = given.get(name, default)
        if value is inspect.Parameter.empty:
            message = f"`{face.name}` needs `{name}=`"
            errors.append(BindError(message, places=place(face.span), remedy=f"{face.name}(..., {name}=...)"))
        elif isinstance(value, static):
            fixed[name] = _plain(value.value)
        elif isinstance(value, Expression):
            scalars[name] = value
        elif _is_float(value) or (_is_float(default) and _is_integer(value)):
            scalars[name] = float(value)
        elif _is_fixed(value):
            fixed[name] = _plain(value)
        else:
            errors.append(unusable_option(face, name, value))
    errors += [fault for name in scalars if (fault := name_fault(name, "scalar", face.span)) is not None]
    if errors:
        raise_all(errors)
    return Options(fixed=fixed, scalars=scalars)


def unknown_options(face: Face, unknown: list[str]) -> BindError:
    """The error for names that are no options of an op."""
    tensors = ", ".join(face.tensors) or "none"
    options = ", ".join(f"{name}=" for name in face.options) or "none"
    message = f"`{face.name}` has no parameter `{unknown[0]}`; it has the tensors {tensors} and the options {options}"
    if unknown[0] in face.tensors:
        message = f"`{unknown[0]}` is a tensor of `{face.name}`, given by name while one before it is missing"
    call = ", ".join([*face.tensors, *(f"{name}=..." for name in face.options)])
    return BindError(message, places=place(caller_span()), remedy=f"{face.name}({call})")


def unusable_option(face: Face, name: str, value: object) -> BindError:
    """The error for a value that an option can't have."""
    if isinstance(value, np.ndarray):
        remedy = f"a positional parameter: def {face.name}({', '.join([*face.tensors, name])})"
        message = f"`{name}` of `{face.name}` is given an array, but options are numbers"
    elif isinstance(value, int):
        remedy = f"an integer of at most {WIDEST_OPTION} bits"
        message = f"`{name}` of `{face.name}` is an integer of {value.bit_length()} bits"
    else:
        remedy = "an int, bool, str, dtype, tuple of these, or float"
        message = f"`{name}` of `{face.name}` can't be a {type(value).__name__}"
    return BindError(message, places=place(caller_span()), remedy=remedy)


def _is_float(value: object) -> bool:
    return isinstance(value, float | np.floating)


def _is_integer(value: object) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and value.bit_length() <= WIDEST_OPTION
    return isinstance(value, np.integer)


def _is_fixed(value: object) -> bool:
    if isinstance(value, tuple):
        return all(_is_fixed(part) or (_is_float(part) and math.isfinite(part)) for part in value)
    if isinstance(value, type):
        return issubclass(value, np.generic | bool | int | float | complex)
    if isinstance(value, complex | np.complexfloating):
        return bool(np.isfinite(value))
    return _is_integer(value) or isinstance(value, bool | str | np.bool_ | np.dtype | DType | None)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    return value.item() if isinstance(value, np.generic) else value
