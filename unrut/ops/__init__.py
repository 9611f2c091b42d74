# SPDX-License-Identifier: Apache-2.0
"""The op library: each op in a few lines of the notation, beside the formula of its paper.

    products       matmul, batched_matmul
    convolution    conv2d, depthwise_conv2d, transposed_conv2d
    capsules       caps_votes, conv_caps
    routing        dynamic_routing, em_routing, em_routing_overlapping
    normalization  softmax, logsumexp, layer_norm
    attention      attention, causal_attention, window_attention
    filters        bilateral_filter, dilation
    paths          dynamic_time_warping, viterbi, shortest_paths
    quantum        two_qubit_gate, matrix_product_overlap
    recurrent      gru, lstm, minimal_gated_unit, selective_scan
    sampling       grid_sample, correlation_volume
    selection      median_filter, region_medians, nearest_neighbours
    semirings      max_plus, min_plus, or_and
    sparse         spmm, segment_sum, segment_max, segment_softmax, embedding_bag, graph_attention
    statistics     welford_variance, histogram

Common to all: operands are f32 or f64 unless a docstring says otherwise (places and offsets are integers; sums,
products and maxima take integers, too, `quantum` complex numbers), they promote as in NumPy, and
every named intermediate is rounded to its dtype. Extents of 0 give empty or neutral results. How far a kernel may be
from the exact value is derived from the op itself: `unrut.reference.evaluate_with_bounds`. An axis with two extents is
a ShapeError, a dtype without meaning a DTypeError, arrays that do not fit a BindError.
"""

from __future__ import annotations

from unrut.ops.attention import attention, causal_attention, window_attention
from unrut.ops.capsules import caps_votes, conv_caps
from unrut.ops.convolution import conv2d, depthwise_conv2d, transposed_conv2d
from unrut.ops.filters import bilateral_filter, dilation
from unrut.ops.normalization import layer_norm, logsumexp, softmax
from unrut.ops.paths import dynamic_time_warping, shortest_paths, viterbi
from unrut.ops.products import batched_matmul, matmul
from unrut.ops.quantum import matrix_product_overlap, two_qubit_gate
from unrut.ops.recurrent import gru, lstm, minimal_gated_unit, selective_scan
from unrut.ops.routing import dynamic_routing, em_routing, em_routing_overlapping
from unrut.ops.sampling import correlation_volume, grid_sample
from unrut.ops.selection import median_filter, nearest_neighbours, region_medians
from unrut.ops.semirings import max_plus, min_plus, or_and
from unrut.ops.sparse import embedding_bag, graph_attention, segment_max, segment_softmax, segment_sum, spmm
from unrut.ops.statistics import histogram, welford_variance

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
