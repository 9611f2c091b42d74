# SPDX-License-Identifier: Apache-2.0
"""Writes at computed places, said from the side of what is written: every place looks for what hits it."""

from __future__ import annotations

import numpy as np
from node_cases import Node
from notation_builder import Builder, Value, flat_places, row_major
from ops_gather import wrapped

FOLDS = {
    "add": ("sum", "{0} + {1}"),
    "mul": ("prod", "{0}*{1}"),
    "max": ("max", "maximum({0}, {1})"),
    "min": ("min", "minimum({0}, {1})"),
}


def _folded(kind: str, axes: str, update: str, hit: str, element: str, x: Value) -> str:
    fold, both = FOLDS[kind]
    start = ""
    if fold in ("max", "min"):
        info = (-np.inf, np.inf) if x.kind == "f" else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
        start = f", initial={info[fold == 'min']}"
    return both.format(element, f"{fold}[{axes}]({update}, where={hit}{start})")


def scatter_elements(b: Builder, node: Node) -> list[Value]:
    """Without a reduction the last write counts."""
    x, index, update = node.inputs
    axis, kind = node.get("axis", 0) % x.rank, node.get("reduction", "none")
    axes, (e,) = b.axes(x.shape), b.axes([index.shape[axis]])
    at = [e if d == axis else a for d, a in enumerate(axes)]
    guards = [
        f"({a} < {m})" for d, (a, m) in enumerate(zip(axes, index.shape, strict=True)) if d != axis and m < x.shape[d]
    ]
    hit = " & ".join([*guards, f"({wrapped(b.at(index, at), x.shape[axis])} == {axes[axis]})"])
    if kind != "none":
        return [b.define(axes, _folded(kind, e, b.at(update, at), hit, b.at(x, axes), x), x.dtype)]
    last = b.define(axes, f"max[{e}]({e}, where={hit}, initial=-1)", np.int64)
    out = b.axes(x.shape)
    place = b.at(last, out)
    inside = " & ".join([*(g.replace(a, o) for g, (a, o) in _pairs(guards, axes, out)), f"({place} >= 0)"])
    written = b.at(update, [place if d == axis else a for d, a in enumerate(out)])
    return [b.define(out, f"where({inside}, {written}, {b.at(x, out)})", x.dtype)]


def _pairs(guards: list[str], axes: list[str], out: list[str]) -> list[tuple[str, tuple[str, str]]]:
    return [(g, next((a, o) for a, o in zip(axes, out, strict=True) if f"({a} " in g)) for g in guards]


def scatter_nd(b: Builder, node: Node) -> list[Value]:
    x, index, update = node.inputs
    depth, kind, outer = index.shape[-1], node.get("reduction", "none"), index.shape[:-1]
    axes, inner = b.axes(x.shape), b.axes(outer)
    parts = [f"({wrapped(b.at(index, [*inner, k]), x.shape[k])} == {axes[k]})" for k in range(depth)]
    hit, over = " & ".join(parts), ", ".join(inner)
    if kind != "none":
        return [
            b.define(axes, _folded(kind, over, b.at(update, [*inner, *axes[depth:]]), hit, b.at(x, axes), x), x.dtype)
        ]
    last = b.define(axes, f"max[{over}]({row_major(inner, outer)}, where={hit}, initial=-1)", np.int64)
    out = b.axes(x.shape)
    place = b.at(last, out)
    written = b.at(update, [*flat_places(place, outer), *out[depth:]])
    return [b.define(out, f"where({place} >= 0, {written}, {b.at(x, out)})", x.dtype)]


def tensor_scatter(b: Builder, node: Node) -> list[Value]:
    """An update written into a cache from a place on, for each batch its own."""
    x, update, first = node.input(0), node.input(1), node.input(2)
    axis = node.get("axis", -2) % x.rank
    axes = b.axes(x.shape)
    start = b.at(first, [axes[0]]) if first is not None else "0"
    place = f"{axes[axis]} - {start}"
    if node.get("mode", "linear") == "circular":
        place = f"({place})%{x.shape[axis]}"
    written = b.at(update, [place if d == axis else a for d, a in enumerate(axes)])
    inside = f"({place} >= 0) & ({place} < {update.shape[axis]})"
    return [b.define(axes, f"where({inside}, {written}, {b.at(x, axes)})", x.dtype)]


HANDLERS = {
    "ScatterElements": scatter_elements,
    "Scatter": scatter_elements,
    "ScatterND": scatter_nd,
    "TensorScatter": tensor_scatter,
}
