# SPDX-License-Identifier: Apache-2.0
"""Routing by agreement: believe a parent whose votes agree, send a child to the parents that it agrees with."""

from __future__ import annotations

import unrut as ur
from unrut.ops.options import at_least


@ur.op
def dynamic_routing(U, W, *, iters=3):
    """Dynamic routing between capsules whose poses are vectors; a vector's length says how present its entity is.

        u^[j|i] = W_ij u_i                                       equation (2)
        iters times:  c_i = softmax(b_i)                         equation (3); b = 0 at first, so c = 1/parents
                      s_j = sum_i c_ij u^[j|i]                   equation (2)
                      v_j = |s_j|^2 / (1 + |s_j|^2) s_j / |s_j|  equation (1), squash
                      b_ij = b_ij + u^[j|i] . v_j                procedure 1, line 7

    Squash is written s_j |s_j| / (1 + |s_j|^2), so that s_j = 0 gives 0.
    Shapes: U (n, children, k), W (children, parents, k, d); v (n, parents, d). No children give zeros.
    Dtypes: f32, f64. Rounding: u^, b, c, s, v are rounded each. |s_j|^2 beyond the dtype's range gives NaN.
    Parameters: `iters`, at least 1.
    Source: Sabour, Frosst, Hinton, Dynamic Routing Between Capsules (arXiv 1710.09829), section 2.
    """
    at_least(1, iters=iters)
    n, i, j, k, d, e = ur.axes("n i j k d e")
    u = ur.tensor("u")
    u[n, i, j, d] = ur.sum[k](U[n, i, k] * W[i, j, k, d])
    share, logit = 1 / W.shape[1], 0
    for t in range(iters):
        s, v = ur.tensor(f"s{t}"), ur.tensor(f"v{t}")
        s[n, j, d] = ur.sum[i](share * u[n, i, j, d])
        length2 = ur.sum[e](s[n, j, e] ** 2)
        v[n, j, d] = s[n, j, d] * ur.sqrt(length2) / (1 + length2)
        if t < iters - 1:
            b, c = ur.tensor(f"b{t}"), ur.tensor(f"c{t}")
            b[n, i, j] = logit + ur.sum[d](u[n, i, j, d] * v[n, j, d])
            c[n, i, j] = ur.softmax(b[n, i, j], along=j)
            share, logit = c[n, i, j], b[n, i, j]
    return v


@ur.op
def em_routing(P, A, W, beta_u, beta_a, *, stride=1, iters=3, final_lambda=0.01, eps=1e-4):
    """EM routing of convolutional matrix capsules: each parent is a Gaussian fitted to the votes that fall to it.

        V_ij = M_i W_ij, with h over the elements of a pose            section 2, `caps_votes`
        iters times, R_ij = 1/parents at first:
            R_ij = R_ij a_i                                            M step, line 2
            mu_j^h = sum_i R_ij V_ij^h / sum_i R_ij                    line 3
            var_j^h = sum_i R_ij (V_ij^h - mu_j^h)^2 / sum_i R_ij      line 4; plus eps
            a_j = logistic(lambda (beta_a - sum_h (beta_u + log sigma_j^h) sum_i R_ij))     lines 5 and 6
            R_ij = a_j p_j / sum_j a_j p_j,  p_j = prod_h N(V_ij^h; mu_j^h, var_j^h)        E step, lines 2 and 3

    Per patch: i runs over a parent's window (ky, kx, ci) and R sums to 1 over the parents co of that window.
    lambda is final_lambda (1 - 0.95^(t+1)) in iteration t, the schedule that the authors
    gave on OpenReview (forum HJWLfGWRb).
    Shapes: P (n, ci, h, w, i, k), A (n, ci, h, w), W (co, ci, kh, kw, k, j), beta_u (co), beta_a (co);
    pose (n, y, x, co, i, j), act (n, y, x, co) with y = (h - kh)//stride + 1, x = (w - kw)//stride + 1.
    Dtypes: f32, f64. Rounding: every tensor below is rounded. A window whose activations are all 0 gives NaN.
    Parameters: `iters` (at least 1), `stride`; `final_lambda`, `eps` are run-time scalars.
    Source: Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018), procedure 1.
    """
    at_least(1, iters=iters, stride=stride)
    n, y, x, ci, i, j, k = ur.axes("n y x ci i j k")
    co, ky, kx = ur.axis("co", W.shape[0]), ur.axis("ky", W.shape[2]), ur.axis("kx", W.shape[3])
    V = ur.tensor("V")
    row, column = stride * y + ky, stride * x + kx
    V[n, y, x, ky, kx, ci, co, i, j] = ur.sum[k](P[n, ci, row, column, i, k] * W[co, ci, ky, kx, k, j])
    share = 1 / W.shape[0]
    for t in range(iters):
        R, S, mu, var, z = (ur.tensor(f"{name}{t}") for name in ("R", "S", "mu", "var", "z"))
        R[n, y, x, ky, kx, ci, co] = A[n, ci, row, column] * share
        r, vote = R[n, y, x, ky, kx, ci, co], V[n, y, x, ky, kx, ci, co, i, j]
        m, sigma2 = mu[n, y, x, co, i, j], var[n, y, x, co, i, j]
        S[n, y, x, co] = ur.sum[ky, kx, ci](r)
        mu[n, y, x, co, i, j] = ur.sum[ky, kx, ci](r * vote) / S[n, y, x, co]
        var[n, y, x, co, i, j] = ur.sum[ky, kx, ci](r * (vote - m) ** 2) / S[n, y, x, co] + eps
        cost = ur.sum[i, j](beta_u[co] + 0.5 * ur.log(sigma2)) * S[n, y, x, co]
        z[n, y, x, co] = final_lambda * (1 - 0.95 ** (t + 1)) * (beta_a[co] - cost)
        if t < iters - 1:
            L = ur.tensor(f"L{t}")
            doubt = ur.sum[i, j]((vote - m) ** 2 / sigma2 + ur.log(2 * ur.pi * sigma2))
            L[n, y, x, ky, kx, ci, co] = ur.logsigmoid(z[n, y, x, co]) - 0.5 * doubt
            share = ur.softmax(L[n, y, x, ky, kx, ci, co], along=co)
    act = ur.tensor("act")
    act[n, y, x, co] = ur.sigmoid(z[n, y, x, co])
    return mu, act


@ur.op
def em_routing_overlapping(P, A, W, beta_u, beta_a, *, stride=1, iters=3, final_lambda=0.01, eps=1e-4):
    """EM routing where a child divides itself among all parents that see it, whichever windows they have.

    As `em_routing`, but R sums to 1 over every parent, at every place (y, x), whose window holds the child at (h, w):

        R_ij = a_j p_j / sum_{(y, x, co): (h, w) in window(y, x)} a p       E step, line 3, over Omega_{L+1} of child i
        R_ij = 1 / |{(y, x, co): (h, w) in window(y, x)}|                   at first

    Shapes: P, A, W, beta_u, beta_a, pose and act as in `em_routing`. Dtypes: f32, f64. Rounding: every tensor is rounded.
    Edge cases: a window whose activations are all 0 gives NaN; children that no parent sees take no part.
    Parameters: as `em_routing`.
    Source: Hinton, Sabour, Frosst, Matrix capsules with EM routing (ICLR 2018), section 4 and procedure 1.
    """
    at_least(1, iters=iters, stride=stride)
    n, y, x, ci, i, j, k = ur.axes("n y x ci i j k")
    co, ky, kx = ur.axis("co", W.shape[0]), ur.axis("ky", W.shape[2]), ur.axis("kx", W.shape[3])
    h, w = ur.axis("h", P.shape[2]), ur.axis("w", P.shape[3])
    V, first = ur.tensor("V"), ur.tensor("first")
    row, column, up, left = stride * y + ky, stride * x + kx, (h - ky) // stride, (w - kx) // stride
    V[n, y, x, ky, kx, ci, co, i, j] = ur.sum[k](P[n, ci, row, column, i, k] * W[co, ci, ky, kx, k, j])
    seen = (up >= 0) & (up < V.shape[1]) & (left >= 0) & (left < V.shape[2])
    seen = seen & ((h - ky) % stride == 0) & ((w - kx) % stride == 0)
    first[n, ci, h, w] = A[n, ci, h, w] / (W.shape[0] * ur.count[ky, kx](seen))
    given = first[n, ci, row, column]
    for t in range(iters):
        R = ur.tensor(f"R{t}")
        R[n, y, x, ky, kx, ci, co] = given
        cooling = final_lambda * (1 - 0.95 ** (t + 1))
        mu, z, score = _fitted(t, R, V, (n, y, x, ky, kx, ci, co, i, j), beta_u, beta_a, cooling, eps)
        if t < iters - 1:
            L, Z = ur.tensor(f"L{t}"), ur.tensor(f"Z{t}")
            L[n, y, x, ky, kx, ci, co] = score
            Z[n, ci, h, w] = ur.logsumexp[ky, kx, co](L[n, up, left, ky, kx, ci, co], where=seen)
            given = A[n, ci, row, column] * ur.exp(L[n, y, x, ky, kx, ci, co] - Z[n, ci, row, column])
    act = ur.tensor("act")
    act[n, y, x, co] = ur.sigmoid(z[n, y, x, co])
    return mu, act


def _fitted(t, R, V, axes, beta_u, beta_a, cooling, eps):
    """The M step for all parents: means, logits of activations, and the logarithms of a_j p_j, as an expression."""
    n, y, x, ky, kx, ci, co, i, j = axes
    S, mu, var, z = (ur.tensor(f"{name}{t}") for name in ("S", "mu", "var", "z"))
    r, vote = R[n, y, x, ky, kx, ci, co], V[n, y, x, ky, kx, ci, co, i, j]
    m, sigma2 = mu[n, y, x, co, i, j], var[n, y, x, co, i, j]
    S[n, y, x, co] = ur.sum[ky, kx, ci](r)
    mu[n, y, x, co, i, j] = ur.sum[ky, kx, ci](r * vote) / S[n, y, x, co]
    var[n, y, x, co, i, j] = ur.sum[ky, kx, ci](r * (vote - m) ** 2) / S[n, y, x, co] + eps
    cost = ur.sum[i, j](beta_u[co] + 0.5 * ur.log(sigma2)) * S[n, y, x, co]
    z[n, y, x, co] = cooling * (beta_a[co] - cost)
    doubt = ur.sum[i, j]((vote - m) ** 2 / sigma2 + ur.log(2 * ur.pi * sigma2))
    return mu, z, ur.logsigmoid(z[n, y, x, co]) - 0.5 * doubt
