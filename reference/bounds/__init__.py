# SPDX-License-Identifier: Apache-2.0
"""Bounds on the rounding errors of any kernel, computed along with the values."""
