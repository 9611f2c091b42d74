/* SPDX-License-Identifier: Apache-2.0 */
/* The third part of naive.c: another semiring, a matrix and a vector, rows that data choose. */
#include <math.h>
#include <stdint.h>

typedef const float *restrict in;
typedef const int64_t *restrict places;
typedef float *restrict out;
typedef const int *sizes;

/* s: m n p */
void naive_max_plus(in A, in B, out C, sizes s) {
#pragma omp parallel for
  for (int i = 0; i < s[0]; i++) {
    for (int j = 0; j < s[1]; j++) C[(long)i * s[1] + j] = -INFINITY;
    for (int k = 0; k < s[2]; k++)
      for (int j = 0; j < s[1]; j++) {
        const float sum = A[(long)i * s[2] + k] + B[(long)k * s[1] + j];
        C[(long)i * s[1] + j] = C[(long)i * s[1] + j] > sum ? C[(long)i * s[1] + j] : sum;
      }
  }
}

/* s: m n */
void naive_matrix_vector(in A, in x, out y, sizes s) {
#pragma omp parallel for
  for (int i = 0; i < s[0]; i++) {
    float sum = 0;
    for (int j = 0; j < s[1]; j++) sum += A[(long)i * s[1] + j] * x[j];
    y[i] = sum;
  }
}

/* s: segments width */
void naive_segment_sum(in X, places p, out Y, sizes s) {
#pragma omp parallel for
  for (int i = 0; i < s[0]; i++) {
    for (int f = 0; f < s[1]; f++) Y[(long)i * s[1] + f] = 0;
    for (long e = p[i]; e < p[i + 1]; e++)
      for (int f = 0; f < s[1]; f++) Y[(long)i * s[1] + f] += X[e * s[1] + f];
  }
}

void naive_embedding_bag(in E, places w, places p, out Y, sizes s) {
#pragma omp parallel for
  for (int i = 0; i < s[0]; i++) {
    for (int f = 0; f < s[1]; f++) Y[(long)i * s[1] + f] = 0;
    for (long e = p[i]; e < p[i + 1]; e++)
      for (int f = 0; f < s[1]; f++) Y[(long)i * s[1] + f] += E[w[e] * s[1] + f];
  }
}

void naive_spmm(in v, places c, places p, in B, out Y, sizes s) {
#pragma omp parallel for
  for (int i = 0; i < s[0]; i++) {
    for (int f = 0; f < s[1]; f++) Y[(long)i * s[1] + f] = 0;
    for (long e = p[i]; e < p[i + 1]; e++)
      for (int f = 0; f < s[1]; f++) Y[(long)i * s[1] + f] += v[e] * B[c[e] * s[1] + f];
  }
}
