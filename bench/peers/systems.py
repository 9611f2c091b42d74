# SPDX-License-Identifier: Apache-2.0
"""The systems: how each takes operands, prepares a function, and gives results back as NumPy arrays."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench.workloads.workload import Array, Workload

SYSTEMS = ("numpy", "torch", "compile", "autotune", "jax", "numba", "naive", "naive 1 thread")
"""`compile` and `autotune`: torch.compile, plain and max-autotune."""
MODULES = {
    **dict.fromkeys(("torch", "compile", "autotune"), "torch_peers"),
    "naive": "naive",
    "naive 1 thread": "naive",
}
NEEDS = {"torch": "torch", "compile": "torch", "autotune": "torch", "jax": "jax", "numba": "numba"}


def installed(system: str) -> bool:
    """Whether the package that a system needs is there."""
    return importlib.util.find_spec(NEEDS.get(system, "numpy")) is not None


class Peer:
    """One function of a system for one workload: `prepare` makes it ready and gives its results, `call` is what is timed."""

    def __init__(self, system: str, function: Callable[..., Any], name: str) -> None:
        self.system, self.function, self.name = system, function, name
        self.call: Callable[[], Any] = lambda: None

    def prepare(self, arrays: tuple[Array, ...], parameters: dict[str, Any]) -> tuple[Array, ...]:
        """Compile and call once."""
        match self.system:
            case "torch" | "compile" | "autotune":
                self.call = self._torch(arrays, parameters)
            case "jax":
                self.call = self._jax(arrays, parameters)
            case _:
                self.call = lambda: self.function(*arrays, **parameters)
        return tuple(map(_array, results_of(self.call())))

    def _torch(self, arrays: tuple[Array, ...], parameters: dict[str, Any]) -> Callable[[], Any]:
        import torch

        tensors = [torch.from_numpy(a) for a in arrays]

        def plain(*operands: Any) -> Any:
            return self.function(*operands, **parameters)

        if self.system == "torch":
            chosen: Callable[..., Any] = plain
        else:
            torch._dynamo.reset()
            mode = "max-autotune-no-cudagraphs" if self.system == "autotune" else "default"
            chosen = torch.compile(plain, mode=mode, dynamic=False)

        def call() -> Any:
            with torch.inference_mode():
                return chosen(*tensors)

        return call

    def _jax(self, arrays: tuple[Array, ...], parameters: dict[str, Any]) -> Callable[[], Any]:
        import jax

        operands = [jax.device_put(a) for a in arrays]
        compiled = jax.jit(lambda *xs: self.function(*xs, **parameters))
        return lambda: jax.block_until_ready(compiled(*operands))


def results_of(found: Any) -> tuple[Any, ...]:
    """One result or several, as a tuple."""
    return found if isinstance(found, tuple) else tuple(found) if isinstance(found, list) else (found,)


def _array(result: Any) -> Array:
    import numpy as np

    return np.asarray(result)


def peers_of(system: str, workload: Workload) -> Iterator[Peer]:
    """What a system has for a workload."""
    module = importlib.import_module(f"bench.peers.{MODULES.get(system, system + '_peers')}")
    for number, function in enumerate(module.PEERS.get(workload.kind, ())):
        yield Peer(system, function, f"{workload.kind} {number + 1}")


def import_seconds(system: str) -> float:
    """Seconds of importing a system's package, once for a process."""
    began = time.perf_counter()
    if system in NEEDS:
        importlib.import_module(NEEDS[system])
    return time.perf_counter() - began


def use_threads(system: str, threads: int) -> None:
    """Tell a system how many threads it has; those that read the environment were started with it."""
    if system in ("torch", "compile", "autotune"):
        import torch

        torch.set_num_threads(threads)
    if system == "numba":
        import numba

        numba.set_num_threads(threads)
