# SPDX-License-Identifier: Apache-2.0
"""Holding kernels against the reference: random programs, exact and bounded comparison, a Nest interpreter."""
