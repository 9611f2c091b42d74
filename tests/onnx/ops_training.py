# SPDX-License-Identifier: Apache-2.0
"""Steps of optimizers."""

from __future__ import annotations

from node_cases import Node
from notation_builder import Builder, Value, static
from ops_pointwise import number


def _attribute(node: Node, name: str, default: float) -> str:
    return number(node.get(name, default))


def momentum(b: Builder, node: Node) -> list[Value]:
    rate, step = node.inputs[:2]
    many = (len(node.inputs) - 2) // 3
    alpha, norm = _attribute(node, "alpha", 0), _attribute(node, "norm_coefficient", 0)
    beta = _attribute(node, "beta", 0) if int(static(step)) > 0 else "1"
    found: list[list[Value]] = [[], []]
    for k in range(many):
        x, g, v = (node.inputs[2 + k + part * many] for part in range(3))
        whole = b.pointwise(x.shape, f"{norm}*{{0}} + {{1}}", x.dtype, x, g)
        new = b.pointwise(x.shape, f"{alpha}*{{0}} + {beta}*{{1}}", x.dtype, v, whole)
        moved = "{0} - {1}*{2}" if node.get("mode") == "standard" else f"{{0}} - {{1}}*({{3}} + {alpha}*{{2}})"
        found[0].append(b.pointwise(x.shape, moved, x.dtype, x, rate, new, whole))
        found[1].append(new)
    return [*found[0], *found[1]]


def adagrad(b: Builder, node: Node) -> list[Value]:
    rate, step = node.inputs[:2]
    many = (len(node.inputs) - 2) // 3
    norm, eps = _attribute(node, "norm_coefficient", 0), _attribute(node, "epsilon", 0)
    decayed = f"{{1}}/(1 + {int(static(step))}*{_attribute(node, 'decay_factor', 0)})"
    found: list[list[Value]] = [[], []]
    for k in range(many):
        x, g, h = (node.inputs[2 + k + part * many] for part in range(3))
        whole = b.pointwise(x.shape, f"{norm}*{{0}} + {{1}}", x.dtype, x, g)
        new = b.pointwise(x.shape, "{0} + {1}*{1}", x.dtype, h, whole)
        found[0].append(
            b.pointwise(x.shape, f"{{0}} - {decayed}*{{2}}/(sqrt({{3}}) + {eps})", x.dtype, x, rate, whole, new)
        )
        found[1].append(new)
    return [*found[0], *found[1]]


def adam(b: Builder, node: Node) -> list[Value]:
    rate, step = node.inputs[:2]
    many, t = (len(node.inputs) - 2) // 4, int(static(step))
    alpha, beta = float(node.get("alpha", 0.9)), float(node.get("beta", 0.999))
    norm, after, eps = (
        _attribute(node, a, d) for a, d in (("norm_coefficient", 0), ("norm_coefficient_post", 0), ("epsilon", 0))
    )
    factor = f"*{(1 - beta**t) ** 0.5 / (1 - alpha**t)!r}" if t > 0 else ""
    found: list[list[Value]] = [[], [], []]
    for k in range(many):
        x, g, v, h = (node.inputs[2 + k + part * many] for part in range(4))
        whole = b.pointwise(x.shape, f"{norm}*{{0}} + {{1}}", x.dtype, x, g)
        first = b.pointwise(x.shape, f"{alpha!r}*{{0}} + {1 - alpha!r}*{{1}}", x.dtype, v, whole)
        second = b.pointwise(x.shape, f"{beta!r}*{{0}} + {1 - beta!r}*{{1}}*{{1}}", x.dtype, h, whole)
        moved = f"(1 - {after})*({{0}} - {{1}}{factor}*{{2}}/(sqrt({{3}}) + {eps}))"
        found[0].append(b.pointwise(x.shape, moved, x.dtype, x, rate, first, second))
        found[1].append(first)
        found[2].append(second)
    return [*found[0], *found[1], *found[2]]


HANDLERS = {"Momentum": momentum, "Adagrad": adagrad, "Adam": adam}
