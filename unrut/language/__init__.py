# SPDX-License-Identifier: Apache-2.0
"""The language: two front ends that give one untyped tree, and the elaboration of that tree into a typed Program.

`trace` (Python functions) and `parse` (text) give a Definition; `elaborate(definition, specs)` gives a Program.
"""
