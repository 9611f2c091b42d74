# SPDX-License-Identifier: Apache-2.0
"""Operators that move elements and compute nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from node_cases import Node
from notation_builder import Builder, Value, dtype_text, flat_places, row_major, static

MODES = {"edge": "edge", "reflect": "reflect", "wrap": "wrap"}


def placed(b: Builder, x: Value, shape: Sequence[int]) -> list[Value]:
    """The elements in another shape, row-major order kept."""
    axes = b.axes(shape)
    if x.size == 0:
        return [b.define(axes, f"cast(0, {dtype_text(x.dtype)})", x.dtype)]
    return [b.define(axes, b.at(x, flat_places(row_major(axes, shape), x.shape)), x.dtype)]


def reshape(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    asked = static(node.inputs[1]).tolist() if len(node.inputs) > 1 else list(node.get("shape"))
    shape = [x.shape[d] if n == 0 and not node.get("allowzero", 0) else n for d, n in enumerate(asked)]
    rest = math.prod(n for n in shape if n != -1)
    return placed(b, x, [x.size // max(1, rest) if n == -1 else n for n in shape])


def flatten(b: Builder, node: Node) -> list[Value]:
    x, axis = node.inputs[0], node.get("axis", 1)
    axis += x.rank if axis < 0 else 0
    return placed(b, x, [math.prod(x.shape[:axis]), math.prod(x.shape[axis:])])


def squeeze(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    given = node.get("axes") if len(node.inputs) < 2 or node.inputs[1] is None else static(node.inputs[1]).tolist()
    gone = [a % x.rank for a in given] if given is not None else [d for d, n in enumerate(x.shape) if n == 1]
    return placed(b, x, [n for d, n in enumerate(x.shape) if d not in gone])


def unsqueeze(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    given = node.get("axes") if len(node.inputs) < 2 else static(node.inputs[1]).tolist()
    rank = x.rank + len(given)
    new, old = {a % rank for a in given}, iter(x.shape)
    return placed(b, x, [1 if d in new else next(old) for d in range(rank)])


def transpose(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    order = node.get("perm") or list(reversed(range(x.rank)))
    axes = b.axes([x.shape[d] for d in order])
    return [b.define(axes, b.at(x, [axes[order.index(d)] for d in range(x.rank)]), x.dtype)]


def concat(b: Builder, node: Node) -> list[Value]:
    """Pieces one after the other along an axis: a `where` for each joint, so that no read leaves its piece."""
    values = node.inputs
    axis = node.get("axis", 0) % values[0].rank
    return [joined(b, values, axis)]


def joined(b: Builder, values: Sequence[Value], axis: int) -> Value:
    """Tensors one after the other along an axis."""
    values = [v for v in values if v.shape[axis]] or list(values[:1])
    shape = list(values[0].shape)
    shape[axis] = sum(v.shape[axis] for v in values)
    axes, start, parts = b.axes(shape), 0, []
    for value in values:
        at = axes[axis] if not start else f"{axes[axis]} - {start}"
        parts.append((start, b.at(value, [*axes[:axis], at, *axes[axis + 1 :]])))
        start += value.shape[axis]
    expr = parts[-1][1]
    for (_, piece), (end, _) in reversed(list(pairwise(parts))):
        expr = f"where({axes[axis]} < {end}, {piece}, {expr})"
    return b.define(axes, expr, values[0].dtype)


def split(b: Builder, node: Node) -> list[Value]:
    x, axis = node.inputs[0], node.get("axis", 0) % node.inputs[0].rank
    sizes = node.get("split") or (static(node.inputs[1]).tolist() if node.input(1) is not None else None)
    if sizes is None:
        count = node.get("num_outputs", node.outputs)
        each = -(-x.shape[axis] // count)
        sizes = [min(each, x.shape[axis] - k * each) for k in range(count)]
    found, start = [], 0
    for size in sizes:
        axes = b.axes([*x.shape[:axis], size, *x.shape[axis + 1 :]])
        found.append(b.define(axes, b.at(x, [*axes[:axis], f"{axes[axis]} + {start}", *axes[axis + 1 :]]), x.dtype))
        start += size
    return found


def cut(b: Builder, node: Node) -> list[Value]:
    """Slice: starts, ends, steps of some axes."""
    x = node.inputs[0]
    if len(node.inputs) > 1:
        given = [static(v).tolist() if v is not None else None for v in (*node.inputs[1:], None, None)][:4]
    else:
        given = [node.get("starts"), node.get("ends"), node.get("axes"), None]
    starts, ends, axes, steps = given
    spans = [range(n) for n in x.shape]
    for k, a in enumerate(axes if axes is not None else range(len(starts))):
        n, step = x.shape[a], steps[k] if steps is not None else 1
        spans[a % x.rank] = range(
            *slice(
                starts[k], ends[k] if abs(ends[k]) < 2**40 else (None if (ends[k] > 0) == (step > 0) else -n - 1), step
            ).indices(n)
        )
    out = b.axes([len(s) for s in spans])
    subscripts = [
        f"{s.step}*{a} + {s.start}" if s.step != 1 else f"{a} + {s.start}" for a, s in zip(out, spans, strict=True)
    ]
    return [b.define(out, b.at(x, subscripts), x.dtype)]


def expand(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    shape = np.broadcast_shapes(x.shape, tuple(static(node.inputs[1]).tolist()))
    return [b.pointwise(shape, "{0}", x.dtype, x)]


def tile(b: Builder, node: Node) -> list[Value]:
    x, repeats = node.inputs[0], static(node.inputs[1]).tolist()
    axes = b.axes([n * r for n, r in zip(x.shape, repeats, strict=True)])
    return [b.define(axes, b.at(x, [f"{a}%{n}" for a, n in zip(axes, x.shape, strict=True)]), x.dtype)]


def pad(b: Builder, node: Node) -> list[Value]:
    """Negative pads cut."""
    x, mode = node.inputs[0], node.get("mode", "constant")
    pads = static(node.inputs[1]).tolist() if len(node.inputs) > 1 else list(node.get("pads"))
    given = static(node.inputs[3]).tolist() if node.input(3) is not None else range(x.rank)
    low, high = [0] * x.rank, [0] * x.rank
    for k, a in enumerate(given):
        low[a % x.rank], high[a % x.rank] = pads[k], pads[k + len(pads) // 2]
    axes = b.axes([n + p + q for n, p, q in zip(x.shape, low, high, strict=True)])
    value = node.input(2)
    filler = b.at(value, ["0"] * value.rank) if value is not None else _zero(x)
    policy = filler if mode == "constant" else f'"{MODES[mode]}"'
    at = [f"{a} - {p}" for a, p in zip(axes, low, strict=True)]
    return [b.define(axes, b.at(x, at).replace("[", f".outside({policy})[", 1), x.dtype)]


def _zero(x: Value) -> str:
    return "0 > 1" if x.kind == "b" else "0"


def center_crop_pad(b: Builder, node: Node) -> list[Value]:
    x, asked = node.inputs[0], static(node.inputs[1]).tolist()
    shape = list(x.shape)
    for k, a in enumerate(node.get("axes") or range(x.rank)):
        shape[a] = asked[k]
    axes = b.axes(shape)
    at = []
    for a, n, m in zip(axes, x.shape, shape, strict=True):
        start = (n - m) // 2 if m <= n else -((m - n) // 2)
        at.append(f"{a} + {start}")
    return [b.define(axes, b.at(x, at).replace("[", f".outside({_zero(x)})[", 1), x.dtype)]


def depth_to_space(b: Builder, node: Node) -> list[Value]:
    x, k = node.inputs[0], node.get("blocksize")
    n, c, h, w = x.shape
    axes = b.axes([n, c // k**2, h * k, w * k])
    i, o, y, z = axes
    depth = f"{o} + {c // k**2}*({k}*({y}%{k}) + {z}%{k})"
    if node.get("mode", "DCR") == "CRD":
        depth = f"{k**2}*{o} + {k}*({y}%{k}) + {z}%{k}"
    return [b.define(axes, b.at(x, [i, depth, f"{y}//{k}", f"{z}//{k}"]), x.dtype)]


def space_to_depth(b: Builder, node: Node) -> list[Value]:
    x, k = node.inputs[0], node.get("blocksize")
    n, c, h, w = x.shape
    axes = b.axes([n, c * k**2, h // k, w // k])
    i, o, y, z = axes
    source, inner = f"{o}%{c}", f"{o}//{c}"
    if node.get("mode", "DCR") == "CRD":
        source, inner = f"{o}//{k**2}", f"({o}%{k**2})"
    at = [i, source, f"{k}*{y} + ({inner})//{k}", f"{k}*{z} + ({inner})%{k}"]
    return [b.define(axes, b.at(x, at), x.dtype)]


def trilu(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    k = int(static(node.inputs[1])) if node.input(1) is not None else 0
    axes = b.axes(x.shape)
    if x.size == 0:
        return placed(b, x, x.shape)
    kept = f"{axes[-1]} {'>=' if node.get('upper', 1) else '<='} {axes[-2]} + {k}"
    return [b.define(axes, f"where({kept}, {b.at(x, axes)}, {_zero(x)})", x.dtype)]


def shape(b: Builder, node: Node) -> list[Value]:
    """The extents of a tensor, as numbers that the program knows."""
    x = node.inputs[0]
    which = list(range(x.rank))[node.get("start", 0) : node.get("end")]
    axes = b.axes([len(which)])
    expr = "0"
    for place, d in reversed(list(enumerate(which))):
        expr = f"where({axes[0]} == {place}, {b.name(x)}.shape[{d}], {expr})"
    return [b.define(axes, f"cast({expr}, i64)", np.int64)]


def size(b: Builder, node: Node) -> list[Value]:
    x = node.inputs[0]
    return [b.define([], "*".join(f"{b.name(x)}.shape[{d}]" for d in range(x.rank)) or "1", np.int64)]


HANDLERS = {
    "Reshape": reshape,
    "Flatten": flatten,
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": transpose,
    "Concat": concat,
    "Split": split,
    "Slice": cut,
    "Expand": expand,
    "Tile": tile,
    "Pad": pad,
    "CenterCropPad": center_crop_pad,
    "DepthToSpace": depth_to_space,
    "SpaceToDepth": space_to_depth,
    "Trilu": trilu,
    "Shape": shape,
    "Size": size,
}
