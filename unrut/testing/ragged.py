# SPDX-License-Identifier: Apache-2.0
"""Random ranges by data: bounds over axes in scope, the operands that they are read from, and offsets in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from unrut.testing.drafts import Draft, Scope, Tensor

Array = np.ndarray[Any, Any]


def give_range(draft: Draft, scopes: list[Scope], axes: list[str]) -> None:
    """Let one of the axes of a reduction run over a range by data, owned by axes in scope or before it."""
    number = draft.pick(range(len(axes)))
    around = [axis for scope in scopes for axis in scope.axes] + axes[:number]
    owners = list(dict.fromkeys(draft.pick(around) for _ in range(draft.pick((1, 1, 2))))) if around else []
    name = f"P{len(draft.operands)}"
    form = draft.pick(("rows", "rows", "rows", "tail", "head", "window"))
    whole = [draft.extents[axis] for axis in owners] or [1]
    dimensions = (*whole[:-1], whole[-1] + 1) if form in ("rows", "window") else tuple(whole)
    draft.operands[name] = Tensor(dtype=draft.pick(("i32", "i64")), kind="offsets", dimensions=dimensions)
    draft.offsets[name] = draft.extents[axes[number]]
    *outer, last = owners or ["0"]
    here = f"{name}[{', '.join([*outer, last])}]"
    there = f"{name}[{', '.join([*outer, f'{last} + 1' if owners else '1'])}]"
    draft.ranges[axes[number]] = {
        "rows": f"{here} .. {there}",
        "tail": f"{here} ..",
        "head": f".. {here}",
        "window": f"maximum({here} - 1, 0) .. {there}",
    }[form]


def offsets(
    random: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any], extent: int, *, invalid: bool = False
) -> Array:
    """Offsets in order along the last dimension, from 0 to `extent`; now and then all the same, so that ranges are empty.

    With `invalid`, one in two has offsets that fall, lie outside by a little, or at the ends of their dtype.
    """
    found = np.sort(random.integers(0, extent + 1, shape), axis=-1)
    if random.random() < 0.1 and found.size:
        found[...] = found.ravel()[0]
    found = found.astype(dtype)
    if invalid and found.size and random.random() < 0.5:
        ends = np.iinfo(dtype)
        place = random.integers(found.size)
        found.ravel()[place] = random.choice([-1, -3, extent + 1, extent + 5, 0, extent, ends.min, ends.max])
    return found


def give_rows(draft: Draft, axis: str) -> str:
    """Let an axis of a left side run over rows by data; the axis that owns them, which is a new one."""
    owner = draft.new_axis(zero=False)
    name = f"P{len(draft.operands)}"
    dimensions = (draft.extents[owner] + 1,)
    draft.operands[name] = Tensor(dtype=draft.pick(("i32", "i64")), kind="offsets", dimensions=dimensions)
    draft.offsets[name] = draft.extents[axis]
    draft.ranges[axis] = f"{name}[{owner}] .. {name}[{owner} + 1]"
    return owner
