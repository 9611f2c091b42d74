# SPDX-License-Identifier: Apache-2.0
"""What the machine can do, measured: the rates that floors are reckoned with."""
