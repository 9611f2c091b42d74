# SPDX-License-Identifier: Apache-2.0
"""An independent NumPy formula for each op of `unrut.ops`, in modules of the same names: they test the notation itself.

Written from the papers, not from the notation: other operations (windows as views, `@`, broadcasting), other order, f64
throughout. Arguments are arrays as the op takes them; results are f64 (i64 where all operands are integers).
"""

from __future__ import annotations

from unrut.reference.textbook.attention import attention, causal_attention, window_attention
from unrut.reference.textbook.capsules import caps_votes, conv_caps
from unrut.reference.textbook.convolution import conv2d, depthwise_conv2d, transposed_conv2d
from unrut.reference.textbook.filters import bilateral_filter, dilation
from unrut.reference.textbook.normalization import layer_norm, logsumexp, softmax
from unrut.reference.textbook.paths import dynamic_time_warping, shortest_paths, viterbi
from unrut.reference.textbook.products import batched_matmul, matmul
from unrut.reference.textbook.quantum import matrix_product_overlap, two_qubit_gate
from unrut.reference.textbook.recurrent import gru, lstm, minimal_gated_unit, selective_scan
from unrut.reference.textbook.routing import dynamic_routing, em_routing, em_routing_overlapping
from unrut.reference.textbook.sampling import correlation_volume, grid_sample
from unrut.reference.textbook.selection import median_filter, nearest_neighbours, region_medians
from unrut.reference.textbook.semirings import max_plus, min_plus, or_and
from unrut.reference.textbook.sparse import (
    embedding_bag,
    graph_attention,
    segment_max,
    segment_softmax,
    segment_sum,
    spmm,
)
from unrut.reference.textbook.statistics import histogram, welford_variance

__all__ = [
    "attention",
    "batched_matmul",
    "bilateral_filter",
    "caps_votes",
    "causal_attention",
    "conv2d",
    "conv_caps",
    "correlation_volume",
    "depthwise_conv2d",
    "dilation",
    "dynamic_routing",
    "dynamic_time_warping",
    "em_routing",
    "em_routing_overlapping",
    "embedding_bag",
    "graph_attention",
    "grid_sample",
    "gru",
    "histogram",
    "layer_norm",
    "logsumexp",
    "lstm",
    "matmul",
    "matrix_product_overlap",
    "max_plus",
    "median_filter",
    "min_plus",
    "minimal_gated_unit",
    "nearest_neighbours",
    "or_and",
    "region_medians",
    "segment_max",
    "segment_softmax",
    "segment_sum",
    "selective_scan",
    "shortest_paths",
    "softmax",
    "spmm",
    "transposed_conv2d",
    "two_qubit_gate",
    "viterbi",
    "welford_variance",
    "window_attention",
]
