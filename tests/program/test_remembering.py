# SPDX-License-Identifier: Apache-2.0
"""What is found out once stays with one node: nothing of it shows in comparisons, copies or other processes."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace

from unrut.program.nodes import AxisValue, Call, Const
from unrut.program.remembering import Remembering, remembered
from unrut.program.types import DType
from unrut.program.walk import free_axes, reads, rebuild, subexpressions

looked_at: list[object] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf(Remembering):
    name: str
    said: str = field(default="", compare=False)


@remembered
def length(leaf: Leaf) -> int:
    looked_at.append(leaf)
    return len(leaf.name)


@remembered
def twice(leaf: Leaf) -> int:
    return 2 * length(leaf)


def test_each_object_is_looked_at_once():
    looked_at.clear()
    a, b = Leaf(name="abc", said="here"), Leaf(name="abc", said="there")
    assert [length(a), twice(a), length(a), length(b), twice(b)] == [3, 6, 3, 3, 6]
    assert looked_at[0] is a
    assert looked_at[1] is b, "equal, and yet another: it was written elsewhere"
    assert len(looked_at) == 2


def test_a_hash_is_that_of_equal_nodes():
    a, b = Leaf(name="abc", said="here"), Leaf(name="abc")
    assert hash(a) == hash(a) == hash(b) == hash(replace(a, said=""))
    assert a == b
    assert hash(replace(a, name="x")) == hash(Leaf(name="x"))


def test_copies_know_nothing():
    looked_at.clear()
    a = Leaf(name="abc")
    length(a)
    hash(a)
    for other in (copy.copy(a), copy.deepcopy(a), replace(a)):
        assert other == a
        assert not hasattr(other, "_answers")
        assert not hasattr(other, "_hash")
        assert length(other) == 3
    assert len(looked_at) == 4


def test_expressions_are_walked_once_and_kept_where_nothing_changes():
    i, one = AxisValue(axis="i"), Const(value=1, dtype=DType.i64)
    total = Call(function="add", arguments=(i, one), dtype=DType.i64)
    assert free_axes(total) is free_axes(total) == frozenset({"i"})
    assert rebuild(total, (i, one)) is total
    assert rebuild(total, (one, i)).arguments == (one, i)
    assert list(subexpressions(total)) == [total, i, one]
    assert list(reads(total)) == []
