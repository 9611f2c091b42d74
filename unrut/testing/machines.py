# SPDX-License-Identifier: Apache-2.0
"""Machines to plan random programs for: this one, and some so small that small programs are scheduled as large ones are.

What is planned for a machine runs on any: vectors, caches and registers decide how loops are cut, nothing else.
"""

from __future__ import annotations

from unrut.emitter.machine import AVX2, AVX512, Machine, this_machine

TINY = Machine(name="tiny", vector=16, registers=16, l1=128, l2=512, cores=2)
"""An L2 of a hundred numbers: tensors of any size are stored or copied in parts, tiles are cut, sums are split."""

NARROW = Machine(name="narrow", vector=8, registers=8, l1=1 << 10, l2=4 << 10, cores=8)
"""Two lanes and hardly a register, for many cores: every loop has a tail, every axis is worth a task."""

MACHINES = (this_machine(), AVX2, AVX512, TINY, NARROW)
