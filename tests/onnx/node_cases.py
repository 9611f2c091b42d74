# SPDX-License-Identifier: Apache-2.0
"""The node tests of the `onnx` package, as data: graphs, inputs, outputs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper


@dataclass(frozen=True)
class Node:
    """One node: its operator, attributes, inputs (None where left out), how many outputs it has, the version of its set."""

    op: str
    attributes: dict[str, Any]
    inputs: list[Any]
    outputs: int
    version: int
    proto: Any = None

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or its default."""
        return self.attributes.get(name, default)

    def input(self, k: int) -> Any:
        """An input, None where it was left out."""
        return self.inputs[k] if k < len(self.inputs) else None


@cache
def collected() -> dict[str, Any]:
    """Every case by name."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {case.name: case for case in collect_testcases(None)}


def operator(case: Any) -> str:
    """What a case is about: its only operator, or the function that its graph expands."""
    nodes = case.model.graph.node
    return nodes[0].op_type if len(nodes) == 1 else "expanded"


def attributes(node: Any) -> dict[str, Any]:
    """Attributes as Python values; tensors as arrays, graphs as they are."""
    found = {}
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, onnx.TensorProto):
            value = numpy_helper.to_array(value)
        found[attribute.name] = value.decode() if isinstance(value, bytes) else value
    return found


def as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """An input or output as an array; None for what is none: sequences, optionals."""
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return np.asarray(value) if isinstance(value, np.ndarray | np.generic | int | float | bool) else None
