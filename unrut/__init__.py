# SPDX-License-Identifier: Apache-2.0
"""Tensor ops in index notation: one readable reference, C that others can build, tests that hold the two together."""
