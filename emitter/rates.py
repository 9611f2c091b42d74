# SPDX-License-Identifier: Apache-2.0
"""How fast a machine is: what turns the planner's vector operations and bytes into seconds. Never part of a plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """`vectors`: multiply-adds of whole vectors per second and core. `memory`: bytes per second that one core moves to and
    from memory, `together`: all of them. `near`: bytes per second and core from the last cache before memory, of which
    there are `cached` bytes. `start`: seconds until a team of threads has begun and ended. `measured`: on this machine, not
    those of its class.
    """

    vectors: float
    memory: float
    together: float
    near: float
    cached: int
    start: float
    measured: bool = False


TYPICAL = Rates(vectors=6e9, memory=15e9, together=25e9, near=40e9, cached=16 << 20, start=3e-6)
