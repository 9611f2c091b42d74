# SPDX-License-Identifier: Apache-2.0
"""The passes of a kernel whose shared axes, blocks and lanes are known."""

from __future__ import annotations

from collections.abc import Mapping

from unrut.emitter.graph.computation import Computation
from unrut.emitter.schedule.entries import Choice, Planner
from unrut.emitter.schedule.groups import Group
from unrut.emitter.schedule.passes import Classes, Frame, Pass, passes
from unrut.emitter.schedule.sharing import Member, Sharing


def together(
    planner: Planner,
    sharing: Sharing,
    group: Group,
    blocks: Mapping[Member, int],
    common: Member | None,
    own: Mapping[str, Choice],
) -> tuple[tuple[Computation, ...], dict[str, Pass]]:
    """The members in an order in which passes are neighbours, and the pass of each that is in one."""
    taken: dict[str, dict[str, int]] = {}
    lanes = {member.name: own[member.name].axis for member in group.members}
    for member in group.members:
        axes = {name: sharing.axis_of(member, name) for name in group.shared}
        taken[member.name] = {axis: blocks.get(name, 1) for name, axis in axes.items() if axis is not None}
        if common is not None:
            lanes[member.name] = sharing.axis_of(member, common) or ""
    frame = Frame(
        graph=planner.graph,
        members={member.name: member for member in group.members},
        machine=planner.machine,
        taken=taken,
        lanes=lanes,
        classes=Classes(group.members),
    )
    return passes(frame, group.members)
