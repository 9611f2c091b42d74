# SPDX-License-Identifier: Apache-2.0
"""A case as a text in the notation. Attributes and shapes are translated; no element is computed here.

What a graph computes of shapes and constants alone is folded by the `onnx` package itself, as extents may depend on it;
where the text reads it as elements, it computes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import ops_attention
import ops_contraction
import ops_gather
import ops_layout
import ops_pointwise
import ops_quantized
import ops_recurrent
import ops_reduction
import ops_sampling
import ops_scatter
import ops_training
from node_cases import Node, as_array, attributes
from notation_builder import Array, Builder, SkippedError, Value, dtype_text
from onnx import TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

Handler = Callable[[Builder, Node], list[Value]]


FAMILIES = (
    ops_attention,
    ops_contraction,
    ops_gather,
    ops_layout,
    ops_pointwise,
    ops_quantized,
    ops_recurrent,
    ops_reduction,
    ops_sampling,
    ops_scatter,
    ops_training,
)
HANDLERS: dict[str, Handler] = {op: handler for family in FAMILIES for op, handler in family.HANDLERS.items()}

OUT_OF_REACH = {
    "strings": "StringConcat StringSplit StringNormalizer RegexFullMatch LabelEncoder",
    "sequences and optionals": (
        "SequenceMap SequenceInsert SplitToSequence OptionalHasElement OptionalGetElement SequenceEmpty SequenceLength"
    ),
    "a shape that depends on elements": "Compress NonZero Unique NonMaxSuppression",
    "control flow": "If Loop",
    "random numbers": "Bernoulli RandomUniformLike",
    "image files": "ImageDecoder",
    "nothing to compute: a constant": "Constant",
}
SAYABLE = ("control flow",)
UNCOMPUTED = ("Constant", "Shape", "Size")
"""What a graph knows without computing."""
REASONS = {op: reason for reason, ops in OUT_OF_REACH.items() for op in ops.split()}


@dataclass(frozen=True)
class Translation:
    """A text, its operands in order, and what its results must be. `folded`: the operators of constants
    that onnx computed; `read`: those of them whose elements are operands."""

    text: str
    operands: list[Array]
    wanted: list[Array]
    folded: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


def translate(case: Any) -> Translation:
    """The case as a text. Raises SkippedError."""
    graph, (inputs, outputs) = case.model.graph, case.data_sets[0]
    version = max((s.version for s in case.model.opset_import if s.domain in ("", "ai.onnx")), default=1)
    b, known = Builder(), {}
    left: list[tuple[str, list[Value]]] = []
    for proto, given in zip(graph.input, inputs, strict=False):
        array = as_array(given)
        if array is not None:
            if array.dtype.kind in "SUO":
                raise SkippedError("strings")
            known[proto.name] = Value(shape=array.shape, dtype=array.dtype, data=array)
    for proto in graph.initializer:
        known[proto.name] = constant(numpy_helper.to_array(proto))
    single = len(graph.node) == 1
    for proto in graph.node:
        node = Node(
            op=proto.op_type,
            attributes=attributes(proto),
            inputs=[known.get(name) if name else None for name in proto.input],
            outputs=len(proto.output),
            version=version,
            proto=proto,
        )
        missing = [name for name in proto.input if name and name not in known]
        if missing:
            raise SkippedError(REASONS.get(node.op, "sequences and optionals"))
        found = folded(b, node, case) if not single else None
        if found is None:
            try:
                found = handled(b, node)
            except SkippedError as reason:
                # the operator of the graph may be sayable though a node that it is written out in is not
                raise SkippedError("not translated" if not single and str(reason) in SAYABLE else str(reason)) from None
        elif node.op not in UNCOMPUTED:
            left.append((node.op, found))
        known |= {name: value for name, value in zip(proto.output, found, strict=False) if name}
    results = [known[o.name] for o in graph.output]
    if all(value.is_known for value in results):
        raise SkippedError("nothing left to compute: shapes alone")
    named = [value if value.name else b.pointwise(value.shape, "{0}", value.dtype, value) for value in results]
    wanted = [as_array(o) for o in outputs]
    if any(o is None for o in wanted):
        raise SkippedError("sequences and optionals")
    for value in named:
        dtype_text(value.dtype)
    return Translation(
        text=b.text(named),
        operands=list(b.operands.values()),
        wanted=[o for o in wanted if o is not None],
        folded=tuple(op for op, _ in left),
        read=tuple(op for op, found in left if any(b.declared.get(id(value)) in b.operands for value in found)),
    )


def constant(array: Array) -> Value:
    return Value(shape=array.shape, dtype=array.dtype, data=array, is_known=True)


def handled(b: Builder, node: Node) -> list[Value]:
    if node.op in REASONS:
        raise SkippedError(REASONS[node.op])
    if node.op not in HANDLERS:
        raise SkippedError("not translated")
    return HANDLERS[node.op](b, node)


def folded(b: Builder, node: Node, case: Any) -> list[Value] | None:
    """The outputs of a node that are known from shapes and constants alone. Where the text reads their elements, it computes
    them."""
    if node.op == "Constant":
        value = next(iter(node.attributes.values()))
        return [constant(np.asarray(value, np.float32 if isinstance(value, float) else None))]
    if node.op == "Shape":
        shape = node.inputs[0].shape[node.get("start", 0) : node.get("end")]
        return [constant(np.array(shape, np.int64))]
    if node.op == "Size":
        return [constant(np.array(node.inputs[0].size, np.int64))]
    if any(v is not None and not v.is_known for v in node.inputs) or node.op in REASONS:
        return None
    import onnx

    names = [name for name in node.proto.input if name]
    graph = onnx.helper.make_graph(
        [node.proto],
        "shapes",
        [onnx.helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in dict.fromkeys(names)],
        [onnx.helper.make_tensor_value_info(n, TensorProto.UNDEFINED, None) for n in node.proto.output if n],
    )
    model = onnx.helper.make_model(graph, opset_imports=list(case.model.opset_import))
    feeds = {n: v.data for n, v in zip(node.proto.input, node.inputs, strict=True) if v is not None}
    arrays = [np.asarray(o) for o in ReferenceEvaluator(model).run(None, feeds)]
    return [replace(constant(a), written=partial(written, b, node, k, a)) for k, a in enumerate(arrays)]


def written(b: Builder, node: Node, k: int, array: Array) -> Value | None:
    """An output of a node of constants, as the text computes it; None where it can't."""
    before = list(b.lines), dict(b.operands), dict(b.extents), dict(b.declared), list(b.kept)
    try:
        made = handled(b, node)[k]
    except SkippedError:
        b.lines, b.operands, b.extents, b.declared, b.kept = before
        return None
    assert (made.shape, made.dtype) == (array.shape, array.dtype)
    return made if made.name else b.pointwise(made.shape, "{0}", made.dtype, made)
