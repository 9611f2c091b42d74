# SPDX-License-Identifier: Apache-2.0
"""The typed Program and its tools: the lowest room, which imports nothing of ours but spans and errors."""
