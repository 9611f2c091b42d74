# SPDX-License-Identifier: Apache-2.0
"""A nest without routines: what each invocation does stands in its place. For readers of loops; names may repeat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unrut.emitter.lower.renaming import Renaming
from unrut.emitter.nest import Guard, Invoke, Loop, Nest, Node


def inlined(nest: Nest) -> Nest:
    """The same nest, all in its kernels."""
    kernels = tuple(replace(kernel, body=_body(kernel.body, nest)) for kernel in nest.kernels)
    return replace(nest, kernels=kernels, routines=())


def _body(body: tuple[Node, ...], nest: Nest) -> tuple[Node, ...]:
    return tuple(each for node in body for each in _nodes(node, nest))


def _nodes(node: Node, nest: Nest) -> Iterator[Node]:
    match node:
        case Invoke(values=values, targets=targets, sources=sources):
            routine = nest.routine(node.routine)
            own = (*routine.targets, *routine.sources)
            renaming = Renaming(
                axes=dict(zip(routine.values, values, strict=True)),
                buffers={b.name: name for b, name in zip(own, (*targets, *sources), strict=True)},
            )
            yield from _body(renaming.body(routine.body), nest)
        case Loop(body=body):
            yield replace(node, body=_body(body, nest))
        case Guard(body=body, otherwise=otherwise):
            yield replace(node, body=_body(body, nest), otherwise=_body(otherwise, nest))
        case _:
            yield node
