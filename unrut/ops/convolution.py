# SPDX-License-Identifier: Apache-2.0
"""Convolutions of images (batch, channels, height, width), as networks use the word: nothing is flipped."""

from __future__ import annotations

import unrut as ur
from unrut.ops.options import at_least


@ur.op
def conv2d(X, K, *, stride=1, padding=0):
    """Convolution with stride and zero padding.

        Y[n, o, y, x] = sum_{c, ky, kx} X[n, c, stride y + ky - padding, stride x + kx - padding] K[o, c, ky, kx]

    X counts as 0 outside of itself.
    Shapes: X (n, c, h, w), K (o, c, kh, kw); Y (n, o, (h + 2 padding - kh)//stride + 1, the same of w and kw),
    empty where the filter is larger than the padded image.
    Dtypes: any. Rounding: one sum of c kh kw terms in the accumulator's dtype.
    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (arXiv 1603.07285), section 2.4.
    """
    at_least(1, stride=stride)
    at_least(0, padding=padding)
    n, o, c, ky, kx = ur.axes("n o c ky kx")
    y = ur.axis("y", ur.maximum(0, (X.shape[2] + 2 * padding - K.shape[2]) // stride + 1))
    x = ur.axis("x", ur.maximum(0, (X.shape[3] + 2 * padding - K.shape[3]) // stride + 1))
    Y = ur.tensor("Y")
    Y[n, o, y, x] = ur.sum[c, ky, kx](
        X.outside(0)[n, c, stride * y + ky - padding, stride * x + kx - padding] * K[o, c, ky, kx]
    )
    return Y


@ur.op
def depthwise_conv2d(X, K, *, stride=1, padding=0):
    """Convolution of each channel with a filter of its own.

        Y[n, c, y, x] = sum_{ky, kx} X[n, c, stride y + ky - padding, stride x + kx - padding] K[c, ky, kx]

    X counts as 0 outside of itself.
    Shapes: X (n, c, h, w), K (c, kh, kw); Y (n, c, (h + 2 padding - kh)//stride + 1, the same of w and kw).
    Dtypes: any. Rounding: one sum of kh kw terms in the accumulator's dtype.
    Source: Howard et al., MobileNets (arXiv 1704.04861), section 3.1, equation (3).
    """
    at_least(1, stride=stride)
    at_least(0, padding=padding)
    n, c, ky, kx = ur.axes("n c ky kx")
    y = ur.axis("y", ur.maximum(0, (X.shape[2] + 2 * padding - K.shape[1]) // stride + 1))
    x = ur.axis("x", ur.maximum(0, (X.shape[3] + 2 * padding - K.shape[2]) // stride + 1))
    Y = ur.tensor("Y")
    Y[n, c, y, x] = ur.sum[ky, kx](
        X.outside(0)[n, c, stride * y + ky - padding, stride * x + kx - padding] * K[c, ky, kx]
    )
    return Y


@ur.op
def transposed_conv2d(X, K, *, stride=1, padding=0):
    """The transpose of a strided convolution, seen from the result: only every stride-th place of the filter meets X.

        Y[n, o, y, x] = sum_{c, ky, kx: stride | v, stride | u} X[n, c, v / stride, u / stride] K[c, o, ky, kx]
        with v = y + padding - ky, u = x + padding - kx

    X counts as 0 outside of itself.
    Shapes: X (n, c, h, w), K (c, o, kh, kw); Y (n, o, stride (h - 1) + kh - 2 padding, the same of w and kw).
    Dtypes: any. Rounding: one sum of at most c ceil(kh/stride) ceil(kw/stride) terms in the accumulator's dtype.
    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (arXiv 1603.07285), section 4.
    """
    at_least(1, stride=stride)
    at_least(0, padding=padding)
    n, o, c, ky, kx = ur.axes("n o c ky kx")
    y = ur.axis("y", ur.maximum(0, stride * (X.shape[2] - 1) + K.shape[2] - 2 * padding))
    x = ur.axis("x", ur.maximum(0, stride * (X.shape[3] - 1) + K.shape[3] - 2 * padding))
    v, u = y + padding - ky, x + padding - kx
    Y = ur.tensor("Y")
    Y[n, o, y, x] = ur.sum[c, ky, kx](
        X.outside(0)[n, c, v // stride, u // stride] * K[c, o, ky, kx],
        where=(v % stride == 0) & (u % stride == 0),
    )
    return Y
