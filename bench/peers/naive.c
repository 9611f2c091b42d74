/* SPDX-License-Identifier: Apache-2.0 */
/* Each op of the library as somebody who knows C writes it down in five minutes: one loop nest a statement, intermediates in
   memory where the formula names them, OpenMP over the outer loops. The peer of the bars, not a straw man: reductions run in
   a local variable, loops are in the order of the arrays. */
#include <math.h>
#include <stdlib.h>

typedef const float *restrict in;
typedef float *restrict out;
typedef const int *sizes;

void naive_matmul(in A, in B, out C, sizes s) {
  const int m = s[0], n = s[1], p = s[2];
#pragma omp parallel for
  for (int i = 0; i < m; i++) {
    for (int j = 0; j < n; j++) C[(long)i * n + j] = 0;
    for (int k = 0; k < p; k++)
      for (int j = 0; j < n; j++) C[(long)i * n + j] += A[(long)i * p + k] * B[(long)k * n + j];
  }
}

void naive_batched_matmul(in A, in B, out C, sizes s) {
  const int b = s[0], m = s[1], n = s[2], p = s[3];
#pragma omp parallel for
  for (int q = 0; q < b; q++) {
    in a = A + (long)q * m * p, w = B + (long)q * p * n;
    out c = C + (long)q * m * n;
    for (int i = 0; i < m; i++)
      for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int k = 0; k < p; k++) sum += a[i * p + k] * w[k * n + j];
        c[i * n + j] = sum;
      }
  }
}

/* s: n c h w o kh kw stride padding y x */
void naive_conv2d(in X, in K, out Y, sizes s) {
  const int N = s[0], C = s[1], H = s[2], W = s[3], O = s[4], KH = s[5], KW = s[6], S = s[7], P = s[8], YH = s[9], XW = s[10];
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; n++)
    for (int o = 0; o < O; o++)
      for (int y = 0; y < YH; y++)
        for (int x = 0; x < XW; x++) {
          float sum = 0;
          for (int c = 0; c < C; c++)
            for (int ky = 0; ky < KH; ky++)
              for (int kx = 0; kx < KW; kx++) {
                const int v = S * y + ky - P, u = S * x + kx - P;
                if (v >= 0 && v < H && u >= 0 && u < W)
                  sum += X[((n * C + c) * H + v) * W + u] * K[((o * C + c) * KH + ky) * KW + kx];
              }
          Y[((n * O + o) * YH + y) * XW + x] = sum;
        }
}

/* s: n c h w kh kw stride padding y x */
void naive_depthwise_conv2d(in X, in K, out Y, sizes s) {
  const int N = s[0], C = s[1], H = s[2], W = s[3], KH = s[4], KW = s[5], S = s[6], P = s[7], YH = s[8], XW = s[9];
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; n++)
    for (int c = 0; c < C; c++)
      for (int y = 0; y < YH; y++)
        for (int x = 0; x < XW; x++) {
          float sum = 0;
          for (int ky = 0; ky < KH; ky++)
            for (int kx = 0; kx < KW; kx++) {
              const int v = S * y + ky - P, u = S * x + kx - P;
              if (v >= 0 && v < H && u >= 0 && u < W)
                sum += X[((n * C + c) * H + v) * W + u] * K[(c * KH + ky) * KW + kx];
            }
          Y[((n * C + c) * YH + y) * XW + x] = sum;
        }
}

/* s: n c h w o kh kw stride padding y x */
void naive_transposed_conv2d(in X, in K, out Y, sizes s) {
  const int N = s[0], C = s[1], H = s[2], W = s[3], O = s[4], KH = s[5], KW = s[6], S = s[7], P = s[8], YH = s[9], XW = s[10];
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; n++)
    for (int o = 0; o < O; o++)
      for (int y = 0; y < YH; y++)
        for (int x = 0; x < XW; x++) {
          float sum = 0;
          for (int c = 0; c < C; c++)
            for (int ky = 0; ky < KH; ky++)
              for (int kx = 0; kx < KW; kx++) {
                const int v = y + P - ky, u = x + P - kx;
                if (v < 0 || u < 0 || v % S || u % S || v / S >= H || u / S >= W) continue;
                sum += X[((n * C + c) * H + v / S) * W + u / S] * K[((c * O + o) * KH + ky) * KW + kx];
              }
          Y[((n * O + o) * YH + y) * XW + x] = sum;
        }
}

/* s: n ci h w i k co kh kw j stride y x */
#define CAPSULE_SIZES                                                                                       \
  const int N = s[0], CI = s[1], H = s[2], W_ = s[3], I = s[4], K = s[5], CO = s[6], KH = s[7], KW = s[8], \
            J = s[9], S = s[10], Y = s[11], X = s[12]
#define POSE(n, ci, y, x, i, k) P[(((((long)(n) * CI + (ci)) * H + (y)) * W_ + (x)) * I + (i)) * K + (k)]
#define WEIGHT(co, ci, ky, kx, k, j) W[(((((co) * CI + (ci)) * KH + (ky)) * KW + (kx)) * K + (k)) * J + (j)]

void naive_conv_caps(in P, in W, out V, sizes s) {
  CAPSULE_SIZES;
#pragma omp parallel for collapse(2)
  for (int n = 0; n < N; n++)
    for (int co = 0; co < CO; co++)
      for (int y = 0; y < Y; y++)
        for (int x = 0; x < X; x++)
          for (int i = 0; i < I; i++)
            for (int j = 0; j < J; j++) {
              float sum = 0;
              for (int ci = 0; ci < CI; ci++)
                for (int ky = 0; ky < KH; ky++)
                  for (int kx = 0; kx < KW; kx++)
                    for (int k = 0; k < K; k++) sum += POSE(n, ci, S * y + ky, S * x + kx, i, k) * WEIGHT(co, ci, ky, kx, k, j);
              V[((((n * CO + co) * Y + y) * X + x) * I + i) * J + j] = sum;
            }
}

void naive_caps_votes(in P, in W, out V, sizes s) {
  CAPSULE_SIZES;
#pragma omp parallel for collapse(3)
  for (int n = 0; n < N; n++)
    for (int y = 0; y < Y; y++)
      for (int x = 0; x < X; x++)
        for (int ky = 0; ky < KH; ky++)
          for (int kx = 0; kx < KW; kx++)
            for (int ci = 0; ci < CI; ci++)
              for (int co = 0; co < CO; co++)
                for (int i = 0; i < I; i++)
                  for (int j = 0; j < J; j++) {
                    float sum = 0;
                    for (int k = 0; k < K; k++) sum += POSE(n, ci, S * y + ky, S * x + kx, i, k) * WEIGHT(co, ci, ky, kx, k, j);
                    V[((((((((long)n * Y + y) * X + x) * KH + ky) * KW + kx) * CI + ci) * CO + co) * I + i) * J + j] = sum;
                  }
}

/* s: n children parents k d iters */
void naive_dynamic_routing(in U, in W, out v, sizes s) {
  const int N = s[0], I = s[1], J = s[2], K = s[3], D = s[4], T = s[5];
  float *u = malloc(sizeof(float) * N * I * J * D), *b = calloc((size_t)N * I * J, sizeof(float));
  float *c = malloc(sizeof(float) * N * I * J);
#pragma omp parallel for
  for (int n = 0; n < N; n++)
    for (int i = 0; i < I; i++)
      for (int j = 0; j < J; j++)
        for (int d = 0; d < D; d++) {
          float sum = 0;
          for (int k = 0; k < K; k++) sum += U[(n * I + i) * K + k] * W[((i * J + j) * K + k) * D + d];
          u[((n * I + i) * J + j) * D + d] = sum;
        }
  for (int t = 0; t < T; t++) {
#pragma omp parallel for
    for (int n = 0; n < N; n++) {
      for (int i = 0; i < I; i++) {
        float *row = b + (n * I + i) * J, *share = c + (n * I + i) * J, top = -INFINITY, sum = 0;
        for (int j = 0; j < J; j++) top = row[j] > top ? row[j] : top;
        for (int j = 0; j < J; j++) sum += share[j] = expf(row[j] - top);
        for (int j = 0; j < J; j++) share[j] /= sum;
      }
      for (int j = 0; j < J; j++) {
        float length2 = 0, S[64];
        for (int d = 0; d < D; d++) {
          float sum = 0;
          for (int i = 0; i < I; i++) sum += c[(n * I + i) * J + j] * u[((n * I + i) * J + j) * D + d];
          S[d] = sum;
          length2 += sum * sum;
        }
        for (int d = 0; d < D; d++) v[(n * J + j) * D + d] = S[d] * sqrtf(length2) / (1 + length2);
      }
      for (int i = 0; i < I; i++)
        for (int j = 0; j < J; j++) {
          float sum = 0;
          for (int d = 0; d < D; d++) sum += u[((n * I + i) * J + j) * D + d] * v[(n * J + j) * D + d];
          b[(n * I + i) * J + j] += sum;
        }
    }
  }
  free(u), free(b), free(c);
}
