# SPDX-License-Identifier: Apache-2.0
"""From a Program to a compiled kernel: Graph, Plan, Nest, Source, Library, Kernel. Knows nothing of the reference."""

from unrut.emitter.pipeline import Trace, compile_program, emit

__all__ = ["Trace", "compile_program", "emit"]
