/* SPDX-License-Identifier: Apache-2.0 */
/* The second half of naive.c: routing by EM, rows, attention, filters. */
#include <math.h>
#include <stdlib.h>

typedef const float *restrict in;
typedef float *restrict out;
typedef const int *sizes;

/* s: n ci h w i k co kh kw j stride y x iters */
void naive_em_routing(in P, in A, in W, in beta_u, in beta_a, out pose, out act, sizes s) {
  const int N = s[0], CI = s[1], H = s[2], W_ = s[3], I = s[4], K = s[5], CO = s[6], KH = s[7], KW = s[8], J = s[9], S = s[10],
            Y = s[11], X = s[12], T = s[13], C = KH * KW * CI, IJ = I * J;
  float *V = malloc(sizeof(float) * N * Y * X * C * CO * IJ), *R = malloc(sizeof(float) * N * Y * X * C * CO);
  float *var = malloc(sizeof(float) * N * Y * X * CO * IJ);
#pragma omp parallel for collapse(3)
  for (int n = 0; n < N; n++)
    for (int y = 0; y < Y; y++)
      for (int x = 0; x < X; x++)
        for (int c = 0; c < C; c++)
          for (int co = 0; co < CO; co++)
            for (int i = 0; i < I; i++)
              for (int j = 0; j < J; j++) {
                const int ci = c % CI, kx = c / CI % KW, ky = c / CI / KW;
                float sum = 0;
                for (int k = 0; k < K; k++)
                  sum += P[((((n * CI + ci) * H + S * y + ky) * W_ + S * x + kx) * I + i) * K + k] *
                         W[((((co * CI + ci) * KH + ky) * KW + kx) * K + k) * J + j];
                V[(((((long)n * Y + y) * X + x) * C + c) * CO + co) * IJ + i * J + j] = sum;
              }
  for (long q = 0; q < (long)N * Y * X * C * CO; q++) R[q] = 1.0f / (float)CO;
  for (int t = 0; t < T; t++)
#pragma omp parallel for collapse(3)
    for (int n = 0; n < N; n++)
      for (int y = 0; y < Y; y++)
        for (int x = 0; x < X; x++) {
          const long q = ((long)n * Y + y) * X + x;
          in v = V + q * C * CO * IJ;
          out r = R + q * C * CO;
          for (int c = 0; c < C; c++) {
            const int ci = c % CI, kx = c / CI % KW, ky = c / CI / KW;
            for (int co = 0; co < CO; co++) r[c * CO + co] *= A[((n * CI + ci) * H + S * y + ky) * W_ + S * x + kx];
          }
          float base[256];
          for (int co = 0; co < CO; co++) {
            float sum = 0, cost = 0;
            for (int c = 0; c < C; c++) sum += r[c * CO + co];
            for (int h = 0; h < IJ; h++) {
              float m = 0, m2 = 0;
              for (int c = 0; c < C; c++) m += r[c * CO + co] * v[(c * CO + co) * IJ + h];
              m /= sum;
              for (int c = 0; c < C; c++) m2 += r[c * CO + co] * (v[(c * CO + co) * IJ + h] - m) * (v[(c * CO + co) * IJ + h] - m);
              pose[(q * CO + co) * IJ + h] = m;
              var[(q * CO + co) * IJ + h] = m2 / sum + 1e-4f;
              cost += beta_u[co] + 0.5f * logf(var[(q * CO + co) * IJ + h]);
            }
            const float z = 0.01f * (1 - powf(0.95f, (float)(t + 1))) * (beta_a[co] - cost * sum);
            act[q * CO + co] = 1 / (1 + expf(-z));
            base[co] = -log1pf(expf(-z));
          }
          if (t == T - 1) continue;
          for (int c = 0; c < C; c++) {
            float top = -INFINITY, sum = 0;
            for (int co = 0; co < CO; co++) {
              float logp = 0;
              for (int h = 0; h < IJ; h++) {
                const float d = v[(c * CO + co) * IJ + h] - pose[(q * CO + co) * IJ + h], e = var[(q * CO + co) * IJ + h];
                logp += d * d / e + logf(6.2831853f * e);
              }
              r[c * CO + co] = base[co] - 0.5f * logp;
              top = r[c * CO + co] > top ? r[c * CO + co] : top;
            }
            for (int co = 0; co < CO; co++) sum += r[c * CO + co] = expf(r[c * CO + co] - top);
            for (int co = 0; co < CO; co++) r[c * CO + co] /= sum;
          }
        }
  free(V), free(R), free(var);
}

/* s: n c */
void naive_softmax(in X, out Y, sizes s) {
#pragma omp parallel for
  for (int n = 0; n < s[0]; n++) {
    in x = X + (long)n * s[1];
    out y = Y + (long)n * s[1];
    float top = -INFINITY, sum = 0;
    for (int c = 0; c < s[1]; c++) top = x[c] > top ? x[c] : top;
    for (int c = 0; c < s[1]; c++) sum += y[c] = expf(x[c] - top);
    for (int c = 0; c < s[1]; c++) y[c] /= sum;
  }
}

void naive_logsumexp(in X, out Y, sizes s) {
#pragma omp parallel for
  for (int n = 0; n < s[0]; n++) {
    in x = X + (long)n * s[1];
    float top = -INFINITY, sum = 0;
    for (int c = 0; c < s[1]; c++) top = x[c] > top ? x[c] : top;
    for (int c = 0; c < s[1]; c++) sum += expf(x[c] - top);
    Y[n] = top + logf(sum);
  }
}

void naive_layer_norm(in X, in gain, in bias, out Y, sizes s) {
#pragma omp parallel for
  for (int n = 0; n < s[0]; n++) {
    in x = X + (long)n * s[1];
    float mu = 0, var = 0;
    for (int c = 0; c < s[1]; c++) mu += x[c];
    mu /= (float)s[1];
    for (int c = 0; c < s[1]; c++) var += (x[c] - mu) * (x[c] - mu);
    const float scale = 1 / sqrtf(var / (float)s[1] + 1e-5f);
    for (int c = 0; c < s[1]; c++) Y[(long)n * s[1] + c] = gain[c] * (x[c] - mu) * scale + bias[c];
  }
}

/* s: b h q k d e causal */
void naive_attention(in Q, in K, in V, out O, sizes s) {
  const int B = s[0] * s[1], NQ = s[2], NK = s[3], D = s[4], E = s[5];
  const float scale = 1 / sqrtf((float)D);
#pragma omp parallel for collapse(2)
  for (int b = 0; b < B; b++)
    for (int q = 0; q < NQ; q++) {
      float *S = malloc(sizeof(float) * NK), top = -INFINITY, sum = 0;
      in query = Q + ((long)b * NQ + q) * D;
      out o = O + ((long)b * NQ + q) * E;
      const int end = s[6] ? q + 1 : NK;
      for (int k = 0; k < end; k++) {
        float dot = 0;
        for (int d = 0; d < D; d++) dot += query[d] * K[((long)b * NK + k) * D + d];
        S[k] = dot * scale;
        top = S[k] > top ? S[k] : top;
      }
      for (int k = 0; k < end; k++) sum += S[k] = expf(S[k] - top);
      for (int e = 0; e < E; e++) o[e] = 0;
      for (int k = 0; k < end; k++)
        for (int e = 0; e < E; e++) o[e] += S[k] / sum * V[((long)b * NK + k) * E + e];
      free(S);
    }
}

/* s: n h y x d e u v */
void naive_window_attention(in Q, in K, in V, in B, out O, sizes s) {
  const int NH = s[0] * s[1], Y = s[2], X = s[3], D = s[4], E = s[5], U = s[6], VV = s[7];
  const float scale = 1 / sqrtf((float)D);
#pragma omp parallel for collapse(2)
  for (int g = 0; g < NH; g++)
    for (int y = 0; y < Y; y++)
      for (int x = 0; x < X; x++) {
        const long p = ((long)g * Y + y) * X + x;
        float S[1024], top = -INFINITY, sum = 0;
        for (int u = 0; u < U; u++)
          for (int v = 0; v < VV; v++) {
            const int r = y + u - U / 2, c = x + v - VV / 2;
            float dot = 0;
            if (r < 0 || r >= Y || c < 0 || c >= X) { S[u * VV + v] = -INFINITY; continue; }
            for (int d = 0; d < D; d++) dot += Q[p * D + d] * K[(((long)g * Y + r) * X + c) * D + d];
            S[u * VV + v] = dot * scale + B[((g % s[1]) * U + u) * VV + v];
            top = S[u * VV + v] > top ? S[u * VV + v] : top;
          }
        for (int w = 0; w < U * VV; w++) sum += S[w] = expf(S[w] - top);
        for (int e = 0; e < E; e++) O[p * E + e] = 0;
        for (int u = 0; u < U; u++)
          for (int v = 0; v < VV; v++) {
            const int r = y + u - U / 2, c = x + v - VV / 2;
            if (r < 0 || r >= Y || c < 0 || c >= X) continue;
            for (int e = 0; e < E; e++) O[p * E + e] += S[u * VV + v] / sum * V[(((long)g * Y + r) * X + c) * E + e];
          }
      }
}

static int clamp(int i, int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

/* s: n y x radius; sigma_s 2, sigma_r 0.1 */
void naive_bilateral_filter(in X, out Y, sizes s) {
  const int H = s[1], W = s[2], R = s[3];
#pragma omp parallel for collapse(2)
  for (int n = 0; n < s[0]; n++)
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        in image = X + (long)n * H * W;
        float sum = 0, weight = 0;
        for (int u = -R; u <= R; u++)
          for (int v = -R; v <= R; v++) {
            const float near = image[clamp(y + u, H) * W + clamp(x + v, W)], d = near - image[y * W + x];
            const float w = expf((float)-(u * u + v * v) / 8.0f - d * d / 0.02f);
            sum += w * near;
            weight += w;
          }
        Y[((long)n * H + y) * W + x] = sum / weight;
      }
}

/* s: n y x u v */
void naive_dilation(in X, in B, out Y, sizes s) {
  const int H = s[1], W = s[2], U = s[3], V = s[4];
#pragma omp parallel for collapse(2)
  for (int n = 0; n < s[0]; n++)
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++) {
        float top = -INFINITY;
        for (int u = 0; u < U; u++)
          for (int v = 0; v < V; v++) {
            const int r = y - u + U / 2, c = x - v + V / 2;
            if (r < 0 || r >= H || c < 0 || c >= W) continue;
            const float t = X[((long)n * H + r) * W + c] + B[u * V + v];
            top = t > top ? t : top;
          }
        Y[((long)n * H + y) * W + x] = top;
      }
}
