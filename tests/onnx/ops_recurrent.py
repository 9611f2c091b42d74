# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells: RNN, GRU, LSTM, in both directions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from node_cases import Node
from notation_builder import Builder, SkippedError, Value, dtype_text
from ops_pointwise import activation

DEFAULTS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def recurrent(b: Builder, node: Node) -> list[Value]:
    """States by direction, in the order of their steps; results in the order of the input."""
    x, w, r = node.inputs[:3]
    lengths = node.input(4)
    by_batch, direction = node.get("layout", 0), node.get("direction", "forward")
    steps, batch = (x.shape[1], x.shape[0]) if by_batch else x.shape[:2]
    if node.get("clip") is not None or node.get("input_forget", 0):
        raise SkippedError("clipped cells")
    if lengths is not None and (np.asarray(lengths.data) != steps).any():
        raise SkippedError("sequences of different lengths in recurrent cells")
    many, hidden = w.shape[0], r.shape[2]
    states = [_direction(b, node, k, reverse=direction == "reverse" or k == 1) for k in range(many)]
    results = []
    shape = [batch, steps, many, hidden] if by_batch else [steps, many, batch, hidden]
    axes = b.axes(shape)
    n, t, k, i = axes if by_batch else (axes[2], axes[0], axes[1], axes[3])
    expr = ""
    for number, (h, _) in reversed(list(enumerate(states))):
        backwards = direction == "reverse" or number == 1
        read = f"{h}[{f'{steps - 1} - {t}' if backwards else t}, {n}, {i}]"
        expr = read if not expr else f"where({k} == {number}, {read}, {expr})"
    results.append(b.define(axes, expr, x.dtype))
    for which in (0, 1) if node.op == "LSTM" else (0,):
        axes = b.axes([batch, many, hidden] if by_batch else [many, batch, hidden])
        n, k = (axes[0], axes[1]) if by_batch else (axes[1], axes[0])
        expr = ""
        for number, found in reversed(list(enumerate(states))):
            read = f"{found[which]}[{steps - 1}, {n}, {axes[2]}]"
            expr = read if not expr else f"where({k} == {number}, {read}, {expr})"
        results.append(b.define(axes, expr, x.dtype))
    return results[: max(1, node.outputs)]


def _direction(b: Builder, node: Node, k: int, *, reverse: bool) -> tuple[str, str]:
    """The names of the hidden state and, for LSTM, of the cell, over (step, batch, element)."""
    x, w, r = node.inputs[:3]
    bias, first, cell, peep = node.input(3), node.input(5), node.input(6), node.input(7)
    by_batch, hidden, one = node.get("layout", 0), r.shape[2], dtype_text(x.dtype)
    steps, batch = (x.shape[1], x.shape[0]) if by_batch else x.shape[:2]
    axes = b.axes([steps, batch, hidden])
    t, n, i = axes
    at = f"{steps - 1} - {t}" if reverse else t
    h, c = b.fresh(), b.fresh()

    def initial(state: str, given: Value | None) -> None:
        place = [n, k, i] if by_batch else [k, n, i]
        b.line(f"{state}[-1, {n}, {i}]", b.at(given, place) if given is not None else f"cast(0, {one})")

    def row(gate: int) -> str:
        return f"{gate * hidden} + {i}"

    def from_input(gate: int) -> str:
        (e,) = b.axes([x.shape[2]])
        element = b.at(x, [n, at, e] if by_batch else [at, n, e])
        return f"sum[{e}]({element}*{b.at(w, [k, row(gate), e])})"

    def from_state(gate: int, made: Callable[[str], str] | None = None) -> str:
        (e,) = b.axes([hidden])
        own = f"{h}[{t} - 1, {n}, {e}]"
        return f"sum[{e}]({made(e) if made else own}*{b.at(r, [k, row(gate), e])})"

    def offset(gate: int, recurrent: int) -> str:
        if bias is None:
            return "0"
        return b.at(bias, [k, row(gate + recurrent * GATES[node.op])])

    def gate(name: int, function: str, more: str = "0") -> str:
        found = b.fresh()
        total = f"{from_input(name)} + {from_state(name)} + {offset(name, 0)} + {offset(name, 1)} + {more}"
        summed = b.fresh()
        b.line(f"{summed}[{t}, {n}, {i}]", total)
        b.line(f"{found}[{t}, {n}, {i}]", function.format(f"{summed}[{t}, {n}, {i}]"))
        return found

    functions = _functions(node, k)
    initial(h, first)
    here, before = f"[{t}, {n}, {i}]", f"[{t} - 1, {n}, {i}]"
    match node.op:
        case "RNN":
            b.line(h + here, gate(0, functions[0]) + here)
        case "GRU":
            z, reset = gate(0, functions[0]), gate(1, functions[0])
            summed = b.fresh()
            if node.get("linear_before_reset", 0):
                own = f"{reset}{here}*({from_state(2)} + {offset(2, 1)})"
            else:
                own = f"{from_state(2, lambda e: f'{reset}[{t}, {n}, {e}]*{h}[{t} - 1, {n}, {e}]')} + {offset(2, 1)}"
            b.line(summed + here, f"{from_input(2)} + {own} + {offset(2, 0)}")
            new = functions[1].format(summed + here)
            b.line(h + here, f"(1 - {z}{here})*{new} + {z}{here}*{h}{before}")
        case _:
            initial(c, cell)
            p = [f"{b.at(peep, [k, row(g)])}*" if peep is not None else "0*" for g in range(3)]
            enter = gate(0, functions[0], f"{p[0]}{c}{before}")
            forget = gate(2, functions[0], f"{p[2]}{c}{before}")
            new = gate(3, functions[1])
            b.line(c + here, f"{forget}{here}*{c}{before} + {enter}{here}*{new}{here}")
            leave = gate(1, functions[0], f"{p[1]}{c}{here}")
            b.line(h + here, f"{leave}{here}*{functions[2].format(c + here)}")
    return h, c


def _functions(node: Node, k: int) -> list[str]:
    """The activations of one direction as formulas."""
    count = len(DEFAULTS[node.op])
    names = (node.get("activations") or DEFAULTS[node.op] * 2)[count * k : count * (k + 1)]
    names = [name.decode() if isinstance(name, bytes) else name for name in names]
    alphas, betas = node.get("activation_alpha") or [], node.get("activation_beta") or []
    found = []
    for d, name in enumerate(names):
        place = count * k + d
        alpha = alphas[place] if place < len(alphas) else None
        beta = betas[place] if place < len(betas) else None
        found.append(activation(name, alpha, beta))
    return found


HANDLERS = dict.fromkeys(("RNN", "GRU", "LSTM"), recurrent)
