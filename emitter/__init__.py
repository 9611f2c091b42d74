# SPDX-License-Identifier: Apache-2.0
"""From a Program to a compiled kernel: Graph, Plan, Nest, Source, Library, Kernel. Knows nothing of the reference."""
