# SPDX-License-Identifier: Apache-2.0
"""Attention in its variants, rotary embeddings, gated units."""

from __future__ import annotations

import math

import numpy as np
from node_cases import Node
from notation_builder import Builder, SkippedError, Value, dtype_text
from ops_contraction import outside
from ops_layout import joined
from ops_pointwise import number


def heads(b: Builder, x: Value, count: int) -> Value:
    """(batch, place, head and element) as (batch, head, place, element)."""
    each = x.shape[2] // count
    axes = b.axes([x.shape[0], count, x.shape[1], each])
    n, h, s, d = axes
    return b.define(axes, b.at(x, [n, s, f"{each}*{h} + {d}"]), x.dtype)


def merged(b: Builder, x: Value) -> Value:
    """The way back."""
    n, count, s, each = x.shape
    axes = b.axes([n, s, count * each])
    return b.define(axes, b.at(x, [axes[0], f"{axes[2]}//{each}", axes[1], f"{axes[2]}%{each}"]), x.dtype)


def attention(b: Builder, node: Node) -> list[Value | None]:
    """softmax(scale Q K^T + bias) V, with caches, masks, caps and shared heads."""
    q, k, v = node.inputs[:3]
    mask, past_k, past_v, valid = (node.input(i) for i in range(3, 7))
    flat = q.rank == 3
    if flat:
        counts = (node.get("q_num_heads"), node.get("kv_num_heads"), node.get("kv_num_heads"))
        q, k, v = (heads(b, x, n) for x, n in zip((q, k, v), counts, strict=True))
    k = joined(b, [past_k, k], 2) if past_k is not None else k
    v = joined(b, [past_v, v], 2) if past_v is not None else v
    scale = node.get("scale")
    scale = q.dtype.type(math.sqrt(scale if scale is not None else 1 / math.sqrt(q.shape[3])))
    axes = b.axes([q.shape[0], q.shape[1], q.shape[2], k.shape[2]])
    n, h, i, j = axes
    shared = f"{h}//{q.shape[1] // k.shape[1]}" if q.shape[1] != k.shape[1] else h
    (d,) = b.axes([q.shape[3]])
    factor = number(scale)
    term = f"({b.at(q, [n, h, i, d])}*{factor})*({b.at(k, [n, shared, j, d])}*{factor})"
    scores = b.define(axes, f"sum[{d}]({term})", q.dtype)
    if node.get("softcap", 0.0):
        cap = number(node.get("softcap"))
        scores = b.pointwise(scores.shape, f"{cap}*tanh({{0}}/{cap})", q.dtype, scores)
    bias = _bias(b, node, scores, mask, past_k, valid)
    biased = scores if bias is None else b.pointwise(scores.shape, "{0} + {1}", q.dtype, scores, bias)
    weights = _weights(b, node, biased, bias)
    out, (m,) = b.axes([*scores.shape[:3], v.shape[3]]), b.axes([k.shape[2]])
    other = f"{out[1]}//{q.shape[1] // v.shape[1]}" if q.shape[1] != v.shape[1] else out[1]
    y = b.define(out, f"sum[{m}]({b.at(weights, [*out[:3], m])}*{b.at(v, [out[0], other, m, out[3]])})", q.dtype)
    mode = node.get("qk_matmul_output_mode", 0)
    shown = biased if mode == 2 else (weights if mode == 3 else scores)
    return [merged(b, y) if flat else y, k, v, shown][: max(1, node.outputs)]


def _bias(
    b: Builder, node: Node, scores: Value, mask: Value | None, past: Value | None, valid: Value | None
) -> Value | None:
    """What is added to the scores: 0 where a key may be looked at, -inf where not, and the mask's own numbers."""
    axes = b.axes(scores.shape)
    n, _, i, j = axes
    parts = []
    if mask is not None:
        element = b.spread(mask, axes)
        short = mask.shape[-1] < scores.shape[-1]
        if short:
            element = outside(element, "0 > 1" if mask.kind == "b" else "-inf")
        parts.append(f"where({element}, 0, -inf)" if mask.kind == "b" else element)
    first = "0" if past is None else str(past.shape[2])
    if past is None and valid is not None:
        first = f"{b.at(valid, [n])} - {scores.shape[2]}"
    left, right = node.get("left_window_size", -1), node.get("right_window_size", -1)
    if node.get("is_causal", 0):
        parts.append(f"where({j} <= {i} + {first}, 0, -inf)")
    if left >= 0:
        parts.append(f"where({i} + {first} - {j} <= {left}, 0, -inf)")
    if right >= 0:
        parts.append(f"where({j} - {i} - ({first}) <= {right}, 0, -inf)")
    if valid is not None:
        parts.append(f"where({j} < {b.at(valid, [n])}, 0, -inf)")
    return b.define(axes, f"cast({' + '.join(parts)}, {dtype_text(scores.dtype)})", scores.dtype) if parts else None


def _weights(b: Builder, node: Node, scores: Value, bias: Value | None) -> Value:
    """The softmax along keys; rows that may look at nothing are 0."""
    import onnx

    axes = b.axes(scores.shape)
    wide = node.get("softmax_precision")
    element = b.at(scores, axes)
    if wide is not None:
        element = f"cast({element}, {dtype_text(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(wide)))})"
    expr = f"cast(softmax({element}, along={axes[3]}), {dtype_text(scores.dtype)})"
    if bias is not None:
        (m,) = b.axes([scores.shape[3]])
        expr = f"where(max[{m}]({b.at(bias, [*axes[:3], m])}) == -inf, 0, {expr})"
    return b.define(axes, expr, scores.dtype)


def rotary(b: Builder, node: Node) -> list[Value]:
    """Pairs of elements turned by an angle that goes with the place."""
    x, cos, sin, places = node.input(0), node.input(1), node.input(2), node.input(3)
    flat = x.rank == 3
    if flat:
        x = heads(b, x, node.get("num_heads"))
    turned = node.get("rotary_embedding_dim", 0) or x.shape[3]
    half = turned // 2
    axes = b.axes(x.shape)
    n, h, s, d = axes
    row = [b.at(places, [n, s])] if places is not None else [n, s]
    if node.get("interleaved", 0):
        c, t = (b.at(v, [*row, f"minimum({d}//2, {half - 1})"]) for v in (cos, sin))
        one, two = b.at(x, [n, h, s, f"2*({d}//2)"]), b.at(x, [n, h, s, f"2*({d}//2) + 1"])
        expr = f"where({d}%2 == 0, {c}*{one} - {t}*{two}, {t}*{one} + {c}*{two})"
    else:
        c, t = (b.at(v, [*row, d]) for v in (cos, sin))
        c2, t2 = (b.at(v, [*row, f"{d} - {half}"]) for v in (cos, sin))
        real = f"{c}*{b.at(x, axes)} - {t}*{b.at(x, [n, h, s, f'{d} + {half}'])}"
        other = f"{t2}*{b.at(x, [n, h, s, f'{d} - {half}'])} + {c2}*{b.at(x, axes)}"
        expr = f"where({d} < {half}, {real}, where({d} < {turned}, {other}, {b.at(x, axes)}))"
    if node.get("interleaved", 0) and turned < x.shape[3]:
        expr = f"where({d} < {turned}, {expr}, {b.at(x, axes)})"
    y = b.define(axes, expr, x.dtype)
    return [merged(b, y) if flat else y]


def swiglu(b: Builder, node: Node) -> list[Value]:
    x, y = node.inputs
    return [b.pointwise(x.shape, f"{{0}}*(1/(1 + exp(-{number(node.get('alpha', 1.0))}*{{0}})))*{{1}}", x.dtype, x, y)]


def causal_conv(b: Builder, node: Node) -> list[Value]:
    """A depthwise convolution over the past, and the part of the input that the next call needs."""
    x, w, bias, past = (node.input(i) for i in range(4))
    width = w.shape[2]
    n, c, t = axes = b.axes(x.shape)
    (k,) = b.axes([width])
    padded = joined(b, [past, x], 2) if past is not None and width > 1 else None
    at = [n, c, f"{t} + {k}" if padded is not None else f"{t} + {k} - {width - 1}"]
    element = b.at(padded, at) if padded is not None else outside(b.at(x, at), "0")
    expr = f"sum[{k}]({element}*{b.at(w, [c, '0', k])})" + (f" + {b.at(bias, [c])}" if bias is not None else "")
    y = b.define(axes, expr, x.dtype)
    if node.get("activation", "none") != "none":
        y = b.pointwise(x.shape, "{0}*(1/(1 + exp(-{0})))", x.dtype, y)
    state = b.axes([x.shape[0], x.shape[1], width - 1])
    source, start = (padded, x.shape[2]) if padded is not None else (x, x.shape[2] - width + 1)
    last = b.at(source, [state[0], state[1], f"{state[2]} + {start}"])
    if width == 1:
        return [y, b.define(state, f"cast(0, {dtype_text(x.dtype)})", x.dtype)][: node.outputs]
    return [y, b.define(state, last if padded is not None else outside(last, "0"), x.dtype)][: node.outputs]


def linear_attention(b: Builder, node: Node) -> list[Value]:
    """A state of keys by values that decays, is corrected, written and read at every step."""
    query, key, value, past, decay, beta = (node.input(i) for i in range(6))
    count, shared = node.get("q_num_heads"), node.get("kv_num_heads")
    rule = node.get("update_rule", "gated_delta")
    q, k, v = heads(b, query, count), heads(b, key, shared), heads(b, value, shared)
    batch, _, steps, width = k.shape
    t, n, h, d, m = axes = b.axes([steps, batch, shared, width, v.shape[3]])
    one = dtype_text(query.dtype)
    state = b.fresh()
    b.line(f"{state}[-1, {n}, {h}, {d}, {m}]", b.at(past, axes[1:]) if past is not None else f"cast(0, {one})")

    def kept(i: str) -> str:
        before = f"{state}[{t} - 1, {n}, {h}, {i}, {m}]"
        if "gated" not in rule:
            return before
        at = h if decay.shape[2] == shared else f"{width}*{h} + {i}"
        return f"{before}*exp({b.at(decay, [n, t, at])})"

    written = b.at(v, [n, h, t, m])
    if "delta" in rule:
        (e,) = b.axes([width])
        found = b.fresh()
        b.line(f"{found}[{t}, {n}, {h}, {m}]", f"sum[{e}]({kept(e)}*{b.at(k, [n, h, t, e])})")
        strength = b.at(beta, [n, t, h if beta.shape[2] == shared else "0"])
        written = f"{strength}*({written} - {found}[{t}, {n}, {h}, {m}])"
    b.line(f"{state}[{', '.join(axes)}]", f"{kept(d)} + {b.at(k, [n, h, t, d])}*{written}")
    scale = node.get("scale", 0.0) or 1 / math.sqrt(width)
    out, (e,) = b.axes([batch, count, steps, v.shape[3]]), b.axes([width])
    read = f"{state}[{out[2]}, {out[0]}, {out[1]}//{count // shared}, {e}, {out[3]}]"
    y = b.define(out, f"{number(scale)}*sum[{e}]({b.at(q, [out[0], out[1], out[2], e])}*{read})", query.dtype)
    last = b.axes([batch, shared, width, v.shape[3]])
    present = b.define(last, f"{state}[{steps - 1}, {', '.join(last)}]", query.dtype)
    return [merged(b, y), present][: node.outputs]


def flex_attention(b: Builder, node: Node) -> list[Value]:
    if any(name in node.attributes for name in ("score_mod", "prob_mod")):
        raise SkippedError("not translated")
    return [y for y in attention(b, node) if y is not None][:1]


HANDLERS = {
    "Attention": attention,
    "FlexAttention": flex_attention,
    "RotaryEmbedding": rotary,
    "SwiGLU": swiglu,
    "CausalConvWithState": causal_conv,
    "LinearAttention": linear_attention,
}
