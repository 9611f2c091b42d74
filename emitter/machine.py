# SPDX-License-Identifier: Apache-2.0
"""What a schedule has to know of a machine, as plain data: a plan chosen for a described machine is the same anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from unrut.emitter.build.cpu import Cpu, read_cpu


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Sizes in bytes. `vector` is the width of one vector, `registers` how many of them there are."""

    name: str
    vector: int
    registers: int
    l1: int
    l2: int
    cores: int
    l3: int = 32 << 20

    def lanes(self, size: int) -> int:
        """How many elements of `size` bytes fit into a vector."""
        return max(1, self.vector // size)

    def __str__(self) -> str:
        return f"{self.name}, vectors of {self.vector} bytes, L1 {self.l1}, L2 {self.l2}, {self.cores} cores"


AVX512 = Machine(name="avx512", vector=64, registers=32, l1=32 << 10, l2=1 << 20, cores=2)
AVX2 = Machine(name="avx2", vector=32, registers=16, l1=32 << 10, l2=512 << 10, cores=2)
BASELINE = Machine(name="baseline", vector=16, registers=16, l1=32 << 10, l2=256 << 10, cores=2)
NEON = Machine(name="neon", vector=16, registers=32, l1=64 << 10, l2=512 << 10, cores=2)


def described(cpu: Cpu) -> Machine:
    """The description that a processor's features and caches give; what it does not tell is taken from its class."""
    features = set(cpu.features)
    like = AVX512 if "avx512f" in features else AVX2 if "avx2" in features else BASELINE
    if cpu.architecture.lower() in ("aarch64", "arm64"):
        like = NEON
    return replace(like, l1=cpu.l1 or like.l1, l2=cpu.l2 or like.l2, l3=cpu.l3 or like.l3, cores=max(cpu.cores, 1))


@cache
def this_machine() -> Machine:
    """The machine that this runs on."""
    return described(read_cpu())
