# SPDX-License-Identifier: Apache-2.0
"""Arrays at the door: whatever has elements in memory becomes a NumPy array that shares them, or is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unrut.errors import BindError, NotationError, UnrutError, raise_all
from unrut.language.dtypes import dtype_name
from unrut.language.names import name_fault
from unrut.language.notation import Spec
from unrut.language.signature import LARGEST_EXTENT, parse_spec

Array = npt.NDArray[Any]


def spec(what: str | Sequence[Any], dtype: object = None) -> Spec:
    """What stands in for an array: `ur.spec("f32[8, n]")`, or `ur.spec((8, "n"), np.float32)`; a name is a run-time size.

    Raises NotationError, NameClashError, DTypeError.
    """
    if isinstance(what, str):
        if dtype is not None:
            raise NotationError("the text of a spec has its dtype already", remedy=f'ur.spec("{what}")')
        return parse_spec(what)
    if dtype is None:
        raise NotationError("a spec has a dtype", remedy="ur.spec((8, 32), np.float32)")
    dimensions: list[int | str] = []
    errors: list[UnrutError] = []
    for d in what:
        if isinstance(d, str):
            fault = name_fault(d, "size")
            errors += [fault] if fault is not None else []
            dimensions.append(d)
        elif isinstance(d, int | np.integer) and not isinstance(d, bool) and 0 <= d <= LARGEST_EXTENT:
            dimensions.append(int(d))
        else:
            shown = "a number beyond 2**40" if isinstance(d, int) and abs(d) > LARGEST_EXTENT else repr(d)
            errors.append(NotationError(f"{shown} is no extent", remedy="a number from 0 to 2**40, or a name"))
    if errors:
        raise_all(errors)
    return Spec(dtype=dtype_name(dtype), dimensions=tuple(dimensions))


def spec_of(value: object, name: str) -> Spec:
    """The spec of an argument: itself, read from text, or that of an array. `name` is the parameter's."""
    match value:
        case Spec():
            return value
        case str():
            return parse_spec(value)
        case _:
            return array_spec(as_array(value, name), name)


def array_spec(array: Array, name: str) -> Spec:
    """The spec of an array. Raises DTypeError for dtypes that the language doesn't have."""
    return Spec(dtype=dtype_name(array.dtype, what=f"argument `{name}`"), dimensions=array.shape)


def is_array(value: object) -> bool:
    """Whether an argument has elements; otherwise it is a spec."""
    return not isinstance(value, Spec | str)


def as_array(value: Any, name: str) -> Array:
    """A NumPy array over the elements of `value`, not copied: arrays, `__array_interface__`, buffers, DLPack.

    Numbers, nested lists and what has `__array__` are accepted as `np.asarray` reads them. Raises BindError.
    """
    if isinstance(value, np.ma.MaskedArray):
        raise BindError(f"argument `{name}` has a mask", remedy="an array and a condition of its own, as two tensors")
    if isinstance(value, np.ndarray | np.generic | bool | int | float | complex):
        return np.asarray(value)
    if hasattr(value, "__cuda_array_interface__"):
        raise BindError(f"argument `{name}` lies in the memory of a GPU", remedy="an array in main memory")
    try:
        if hasattr(value, "__array_interface__"):
            return np.asarray(value)
        if _has_buffer(value):
            return np.asarray(memoryview(value))
        if hasattr(value, "__dlpack__"):
            return np.from_dlpack(value)
        if isinstance(value, list | tuple) or hasattr(value, "__array__"):
            return np.asarray(value)
    except (ValueError, TypeError, BufferError, RuntimeError, OverflowError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BindError(f"argument `{name}` can't be read as an array: {reason}", remedy="np.asarray(a)") from error
    raise BindError(
        f"argument `{name}` is a {type(value).__name__}, not an array",
        remedy="a NumPy array, or anything with the buffer protocol, __array_interface__ or DLPack",
    )


def _has_buffer(value: Any) -> bool:
    try:
        memoryview(value).release()
    except (TypeError, BufferError):
        return False
    return True


def take(op: str, names: Sequence[str], given: Sequence[object]) -> dict[str, Array]:
    """The arrays by the names of an op's tensors, not copied. Raises BindError, DTypeError, all faults at once."""
    if len(given) != len(names):
        raise wrong_number(op, names, len(given))
    arrays: dict[str, Array] = {}
    errors: list[UnrutError] = []
    for name, value in zip(names, given, strict=True):
        try:
            if not is_array(value):
                raise BindError(f"argument `{name}` is a spec, here elements are needed", remedy="an array")
            arrays[name] = as_array(value, name)
            array_spec(arrays[name], name)
        except UnrutError as error:
            errors.append(error)
    if errors:
        raise_all(errors)
    return arrays


def take_results(out: Any, names: Sequence[str]) -> Any:
    """`out=` as arrays that share its memory: None, one array, or a tuple with one for each result. Raises BindError."""
    if out is None:
        return None
    several = isinstance(out, tuple | list)
    given = tuple(out) if several else (out,)
    if len(given) != len(names):
        raise BindError(
            f"`out=` has {len(given)} array(s) for {len(names)} result(s)",
            remedy=f"out=({', '.join(names)})" if len(names) > 1 else "out=an array",
        )
    found = []
    for value, name in zip(given, names, strict=True):
        array = (
            None
            if isinstance(value, np.generic | bool | int | float | complex | list | tuple)
            else as_array(value, name)
        )
        if array is None or not (array.flags.writeable or isinstance(value, np.ndarray)):
            raise BindError(f"`out=` for `{name}` can't be written to", remedy="a writable NumPy array")
        found.append(array)
    return tuple(found) if len(names) > 1 else found[0]


def wrong_number(op: str, tensors: Sequence[str], given: int) -> BindError:
    """The error for too many or too few tensors."""
    listed = ", ".join(f"`{name}`" for name in tensors) or "none"
    return BindError(
        f"`{op}` takes {len(tensors)} tensor{'s' if len(tensors) != 1 else ''}, {listed}, and got {given}",
        remedy=f"{op}({', '.join(tensors)})",
    )
