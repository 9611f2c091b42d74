# SPDX-License-Identifier: Apache-2.0
"""Every number of the generated code: the Plan, how it is chosen, and whether it is legal."""
