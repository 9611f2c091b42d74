# SPDX-License-Identifier: Apache-2.0
"""The same workloads as an expert writes them with other systems, in about ten minutes each.

Each module has PEERS: for a kind of workload one function or several, which get the workload's operands and parameters and
give its results. Of several the fastest right one counts.
"""
