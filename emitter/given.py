# SPDX-License-Identifier: Apache-2.0
"""The arguments of a call put into the order of the C function: operands, results, scalars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unrut.emitter.source import Signature
from unrut.errors import BindError, UnrutError, raise_all


def sort(
    signature: Signature, arrays: Sequence[Any], named: Mapping[str, Any], known: Mapping[str, float]
) -> tuple[tuple[Any, ...], list[float]]:
    """Operands in their order, and the scalars in theirs; `known` has those that need not be given. Raises BindError."""
    order = [a.name for a in signature.arguments if not a.written]
    faults: list[UnrutError] = []
    usage = f"{signature.name}({', '.join([*order, *(f'{s}=...' for s in signature.scalars)])})"
    if len(arrays) > len(order):
        faults.append(BindError(f"{len(arrays)} arrays for {len(order)} operands", remedy=usage))
    found = dict(zip(order, arrays, strict=False))
    scalars = dict(known)
    for name, value in named.items():
        if name in signature.scalars:
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                faults.append(BindError(f"`{name}` is a {type(value).__name__}, not a number", remedy=f"{name}=1.0"))
            else:
                scalars[name] = float(value)
        elif name not in order:
            faults.append(BindError(f"there is no operand or scalar `{name}`", remedy=usage))
        elif name in found:
            faults.append(BindError(f"`{name}` is given by position and by name", remedy=usage))
        else:
            found[name] = value
    absent = [n for n in (*order, *signature.scalars) if n not in found and n not in scalars]
    if absent and not faults:
        faults.append(BindError(f"`{'`, `'.join(absent)}` missing", remedy=usage))
    if faults:
        raise_all(faults)
    return tuple(found[n] for n in order), [scalars[n] for n in signature.scalars]


def results(signature: Signature, out: Any) -> tuple[Any, ...]:
    """`out=` as one array for each result. Raises BindError."""
    given = tuple(out) if isinstance(out, tuple | list) else (out,)
    names = [a.name for a in signature.arguments if a.written]
    if len(given) != len(names):
        raise BindError(f"out= has {len(given)} arrays for {len(names)} results", remedy=f"out=({', '.join(names)})")
    return given
