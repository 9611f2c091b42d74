/* SPDX-License-Identifier: Apache-2.0 */
/* Loops that do nothing but one thing, as fast as the machine can. The caller takes the time.

   Arithmetic: CHAINS independent vectors, so that neither latency nor loads count; the empty asm keeps the compiler from
   folding steps. Each call does `n * CHAINS` vector operations (the mixtures: of each kind n * CHAINS / 2). */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#define BYTES 64
#define CHAINS 16
#define KEEP(x) __asm__ volatile("" : "+v"(x))
#define STREAM(p, x) _mm512_stream_ps((float *)(p), (__m512)(x))
#elif defined(__AVX__)
#include <immintrin.h>
#define BYTES 32
#define CHAINS 10
#define KEEP(x) __asm__ volatile("" : "+x"(x))
#define STREAM(p, x) _mm256_stream_ps((float *)(p), (__m256)(x))
#elif defined(__x86_64__)
#include <immintrin.h>
#define BYTES 16
#define CHAINS 10
#define KEEP(x) __asm__ volatile("" : "+x"(x))
#define STREAM(p, x) _mm_stream_ps((float *)(p), (__m128)(x))
#else
#define BYTES 16
#define CHAINS 16
#define KEEP(x) __asm__ volatile("" : "+w"(x))
#define STREAM(p, x) (*(bytes *)(p) = (x))
#endif
#define UNROLL _Pragma("GCC unroll 16")
typedef float bytes __attribute__((vector_size(BYTES), may_alias));
const int vector_bytes = BYTES, chains = CHAINS;

#define LANES(T) ((int)(BYTES / sizeof(T)))
#define CHAIN(name, T, START, STEP)                                                    \
  double name(long n) {                                                                \
    typedef T vec __attribute__((vector_size(BYTES)));                                 \
    volatile T one = (T)(START);                                                       \
    vec a[CHAINS], b = {0}, c = {0};                                                   \
    b += one, c += one;                                                                \
    UNROLL for (int i = 0; i < CHAINS; i++) a[i] = b + (T)i;                           \
    for (long k = 0; k < n; k++) UNROLL for (int i = 0; i < CHAINS; i++) { STEP; KEEP(a[i]); } \
    double s = (double)c[0];                                                           \
    UNROLL for (int i = 0; i < CHAINS; i++) s += (double)a[i][0];                      \
    return s;                                                                          \
  }
#define EACH(T, EXPR) for (int l = 0; l < LANES(T); l++) EXPR
#if defined(__AVX__) /* gcc has no vector ?: in C and splits a loop over lanes of floats */
#define GREATER_float(x, y) __asm__ volatile("vmaxps %1, %0, %0" : "+v"(x) : "v"(y))
#define GREATER_double(x, y) __asm__ volatile("vmaxpd %1, %0, %0" : "+v"(x) : "v"(y))
#define GREATER_int32_t(x, y) __asm__ volatile("vpmaxsd %1, %0, %0" : "+v"(x) : "v"(y))
#else
#define GREATER_float(x, y) EACH(float, x[l] = x[l] > y[l] ? x[l] : y[l])
#define GREATER_double(x, y) EACH(double, x[l] = x[l] > y[l] ? x[l] : y[l])
#define GREATER_int32_t(x, y) EACH(int32_t, x[l] = x[l] > y[l] ? x[l] : y[l])
#endif
#define GREATER(T, x, y) GREATER_##T(x, y)

CHAIN(fma_f32, float, 0.999, a[i] = a[i] * b + c)
CHAIN(fma_f64, double, 0.999, a[i] = a[i] * b + c)
CHAIN(add_f32, float, 0.999, a[i] += c)
CHAIN(add_f64, double, 0.999, a[i] += c)
CHAIN(add_i32, int32_t, 3, a[i] += c)
CHAIN(mul_i16, int16_t, 3, a[i] *= c)
CHAIN(mul_i32, int32_t, 3, a[i] *= c)
CHAIN(mul_i64, int64_t, 3, a[i] *= c)
CHAIN(max_f32, float, 0.999, GREATER(float, a[i], c))
CHAIN(max_f64, double, 0.999, GREATER(double, a[i], c))
CHAIN(max_i32, int32_t, 3, GREATER(int32_t, a[i], c))
CHAIN(divide_f32, float, 0.999, a[i] = a[i] / c)
CHAIN(divide_f64, double, 0.999, a[i] = a[i] / c)
CHAIN(sqrt_f32, float, 0.999, EACH(float, a[i][l] = __builtin_sqrtf(a[i][l])))
CHAIN(sqrt_f64, double, 0.999, EACH(double, a[i][l] = __builtin_sqrt(a[i][l])))
typedef int32_t places_of_lanes __attribute__((vector_size(BYTES)));
static places_of_lanes order; /* all zero, which the compiler does not know: the function that fills it is external */
void set_order(void) { EACH(int32_t, order[l] = (l * 5 + 3) % LANES(int32_t)); }
CHAIN(shuffle_f32, float, 0.999, a[i] = __builtin_shuffle(a[i], order))
CHAIN(fma_add_f32, float, 0.999, if (i % 2) a[i] += c; else a[i] = a[i] * b + c)
CHAIN(fma_max_f32, float, 0.999, if (i % 2) GREATER(float, a[i], c); else a[i] = a[i] * b + c)
CHAIN(add_max_f32, float, 0.999, if (i % 2) a[i] += c; else GREATER(float, a[i], c))
CHAIN(fma_add_max_f32, float, 0.999, if (i % 3 == 0) a[i] += c; else if (i % 3 == 1) GREATER(float, a[i], c); else a[i] = a[i] * b + c)

/* One chain: n steps, each waiting for the one before. */
double latency_f32(long n) {
  volatile float one = 0.999f;
  float a = one, b = one, c = one;
  for (long k = 0; k < n; k++) {
    a = a * b + c;
    __asm__ volatile("" : "+x"(a));
  }
  return a;
}

#define SCALAR_DIVISION(name, T)                   \
  double name(long n) {                            \
    volatile T seven = 7;                          \
    T d = seven, a = 1000003, s = 0;               \
    for (long k = 0; k < n; k++) {                 \
      T q = (T)(a + k) / d;                        \
      __asm__ volatile("" : "+r"(q));              \
      s += q;                                      \
    }                                              \
    return (double)s;                              \
  }
SCALAR_DIVISION(divide_i32, int32_t)
SCALAR_DIVISION(divide_i64, int64_t)

/* Memory: 8 vectors a step; `size` is a multiple of 8 * BYTES. */
#define LOAD(q) { bytes v = *(const bytes *)(q); KEEP(v); }
void read_all(const char *p, char *unused, long size, long n) {
  (void)unused;
  for (; n > 0; n--)
    for (const char *q = p; q < p + size; q += 8 * BYTES) UNROLL for (int i = 0; i < 8; i++) LOAD(q + i * BYTES)
}
#define WRITER(name, STORE)                                                                         \
  void name(const char *from, char *p, long size, long n) {                                         \
    bytes v = *(const bytes *)from;                                                                 \
    KEEP(v);                                                                                        \
    for (; n > 0; n--) {                                                                            \
      for (char *q = p; q < p + size; q += 8 * BYTES) UNROLL for (int i = 0; i < 8; i++) STORE;     \
      __asm__ volatile("" ::: "memory");                                                            \
    }                                                                                               \
  }
WRITER(write_plain, *(bytes *)(q + i * BYTES) = v)
WRITER(write_streaming, STREAM(q + i * BYTES, v))
#define COPIER(name, STORE)                                                                         \
  void name(const char *from, char *p, long size, long n) {                                         \
    for (; n > 0; n--) {                                                                            \
      for (long o = 0; o < size; o += 8 * BYTES) UNROLL for (int i = 0; i < 8; i++) {               \
          bytes v = *(const bytes *)(from + o + i * BYTES);                                         \
          STORE;                                                                                    \
        }                                                                                           \
      __asm__ volatile("" ::: "memory");                                                            \
    }                                                                                               \
  }
COPIER(copy_plain, *(bytes *)(p + o + i * BYTES) = v)
COPIER(copy_streaming, STREAM(p + o + i * BYTES, v))

/* The sums of rows at given places, `ahead` rows fetched beforehand: what no reader of these rows can do without. */
void gather_rows(const char *table, long row, const int64_t *places, long n, long ahead) {
  for (long k = 0; k < n; k++) {
    if (ahead > 0 && k + ahead < n)
      for (long o = 0; o < row; o += 64) __builtin_prefetch(table + places[k + ahead] * row + o);
    const char *q = table + places[k] * row;
    long o = 0;
    for (; o + BYTES <= row; o += BYTES) LOAD(q + o)
    for (; o < row; o++) {
      char v = q[o];
      __asm__ volatile("" ::"r"(v));
    }
  }
}

double fork_join(long n, int threads) {
  double s = 0;
  for (long k = 0; k < n; k++) {
#pragma omp parallel num_threads(threads)
    __asm__ volatile("" ::: "memory");
    s += 1;
  }
  return s;
}

/* `size` bytes at a multiple of 2 MiB, on huge pages where the system gives them, or on none. Never given back. */
char *pages(long size, int huge) {
  const long step = 1L << 21;
  char *p = mmap(NULL, (size_t)(size + step), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return NULL;
  char *q = p + (step - (long)((uintptr_t)p % (uintptr_t)step)) % step;
#if defined(MADV_HUGEPAGE) && defined(MADV_NOHUGEPAGE)
  (void)madvise(q, (size_t)size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#else
  (void)huge;
#endif
  for (long o = 0; o < size; o += 4096) q[o] = 1;
  return q;
}
