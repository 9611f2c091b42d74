# SPDX-License-Identifier: Apache-2.0
"""Rows of different lengths: sparse matrices in CSR form, segments, bags, neighbourhoods in graphs.

Row i has the places e from offsets[i] to offsets[i + 1], the end excluded. Offsets that fall, or leave what they divide, and
places outside of a table are a RangeError.
"""

from __future__ import annotations

import unrut as ur


@ur.op
def spmm(values, columns, offsets, B):
    """A sparse matrix times a dense one.

        C[i, f] = sum_{e in row i} values[e] B[columns[e], f]

    Shapes: values (e), columns (e), offsets (i + 1), B (k, f); C (i, f). An empty row gives zeros.
    Dtypes: values and B any, columns and offsets integers. Rounding: one sum for each row, of as many terms as it has.
    Source: Saad, Iterative Methods for Sparse Linear Systems, 2nd edition (2003), section 3.4.
    """
    i, f = ur.axes("i f")
    e = ur.axis("e", start=offsets[i], stop=offsets[i + 1])
    C = ur.tensor("C")
    C[i, f] = ur.sum[e](values[e] * B[columns[e], f])
    return C


@ur.op
def segment_sum(X, offsets):
    """The sum of each segment of rows.

        Y[i, f] = sum_{e in segment i} X[e, f]

    Shapes: X (e, f), offsets (i + 1); Y (i, f). An empty segment gives zeros.
    Dtypes: X any, offsets integers. Rounding: one sum for each segment.
    Source: Blelloch, Vector Models for Data-Parallel Computing (1990), chapter 4, with offsets in place of flags.
    """
    i, f = ur.axes("i f")
    e = ur.axis("e", start=offsets[i], stop=offsets[i + 1])
    Y = ur.tensor("Y")
    Y[i, f] = ur.sum[e](X[e, f])
    return Y


@ur.op
def segment_max(X, offsets):
    """The largest value of each segment of rows.

        Y[i, f] = max_{e in segment i} X[e, f]

    Shapes: X (e, f), offsets (i + 1); Y (i, f). An empty segment gives -inf, or the lowest integer; NaN propagates.
    Dtypes: X any, offsets integers. Rounding: none.
    Source: Blelloch, Vector Models for Data-Parallel Computing (1990), chapter 4, with offsets in place of flags.
    """
    i, f = ur.axes("i f")
    e = ur.axis("e", start=offsets[i], stop=offsets[i + 1])
    Y = ur.tensor("Y")
    Y[i, f] = ur.max[e](X[e, f])
    return Y


@ur.op
def segment_softmax(X, offsets):
    """The exponentials of each segment's rows as shares of the segment's sum: softmax over rows of different lengths.

        Y[e, f] = exp(X[e, f]) / sum_{e' in segment of e} exp(X[e', f])

    Shapes: X (e, f), offsets (i + 1); Y (e, f). Rows before the first offset and from the last one on are 0.
    Dtypes: X f32, f64; offsets integers. Rounding: as `softmax`.
    Edge cases: +inf in a segment, or a segment of -inf alone, gives NaN; a single -inf gives 0.
    Source: Bridle, Probabilistic interpretation of feedforward network outputs (1990), within each segment.
    """
    i, f = ur.axes("i f")
    e = ur.axis("e", start=offsets[i], stop=offsets[i + 1])
    Y = ur.tensor("Y")
    Y[e, f] = ur.softmax(X[e, f], along=e)
    return Y


@ur.op
def embedding_bag(E, words, offsets, *, mean=False):
    """The sum, or the mean, of the table's rows that each bag of words names.

        Y[b, d] = sum_{e in bag b} E[words[e], d]                 with `mean` divided by the number of words in the bag

    Shapes: E (v, d), words (e), offsets (b + 1); Y (b, d). An empty bag gives zeros.
    Dtypes: E f32, f64; words and offsets integers. Rounding: one sum for each bag, and a division.
    Source: Joulin, Grave, Bojanowski, Mikolov, Bag of Tricks for Efficient Text Classification (arXiv 1607.01759), section 2.
    """
    b, d = ur.axes("b d")
    e = ur.axis("e", words.shape[0], start=offsets[b], stop=offsets[b + 1])
    Y = ur.tensor("Y")
    total = ur.sum[e](E[words[e], d])
    Y[b, d] = total / ur.maximum(1, ur.sum[e](1)) if mean else total
    return Y


@ur.op
def graph_attention(X, W, own, other, neighbours, offsets, *, slope=0.2):
    """Each node as the mean of its neighbours, weighted by how much it attends to each.

        z_i = W x_i,   s_ij = LeakyReLU(own . z_i + other . z_j),   y_i = sum_{j in N(i)} softmax_j(s_ij) z_j     for each head

    with LeakyReLU(s) = s for s > 0, else slope s.
    Shapes: X (i, k), W (h, k, f), own and other (h, f), neighbours (e), offsets (i + 1); Y (i, h, f). A node without
    neighbours gives zeros: let nodes be their own neighbours where they should take part.
    Dtypes: f32, f64; neighbours and offsets integers. Rounding: Z, the two products and Y are rounded each.
    Parameters: `slope` is a run-time scalar.
    Source: Velickovic et al., Graph Attention Networks (ICLR 2018), equations (1) to (5), before the last nonlinearity.
    """
    i, h, k, f = ur.axes("i h k f")
    e = ur.axis("e", start=offsets[i], stop=offsets[i + 1])
    Z, s, t, Y = ur.tensor("Z"), ur.tensor("s"), ur.tensor("t"), ur.tensor("Y")
    Z[i, h, f] = ur.sum[k](X[i, k] * W[h, k, f])
    s[i, h] = ur.sum[f](own[h, f] * Z[i, h, f])
    t[i, h] = ur.sum[f](other[h, f] * Z[i, h, f])
    score = s[i, h] + t[neighbours[e], h]
    share = ur.softmax(ur.where(score > 0, score, slope * score), along=e)
    Y[i, h, f] = ur.sum[e](share * Z[neighbours[e], h, f])
    return Y
