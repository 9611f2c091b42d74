# SPDX-License-Identifier: 0BSD
"""Text that reads as C: frames, one macro for each kind of statement, vocabulary headers. No logic."""
