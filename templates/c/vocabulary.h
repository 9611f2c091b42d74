// SPDX-License-Identifier: 0BSD
// The words of generated C: plain C11 that is C++17 too, for gcc and clang, with OpenMP and without.
// A source holds the head and those functions that it uses.

#ifdef __FAST_MATH__
#error "-ffast-math changes what NaN, infinities and rounding mean here: leave it out"
#endif

#if defined(__clang__) && defined(__has_warning)
#if __has_warning("-Wbitwise-instead-of-logical")
#pragma clang diagnostic ignored "-Wbitwise-instead-of-logical"  // `&` of truths has no branch, and so vectorises
#endif
#endif

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef __clang__  // a loop that calls libm stays scalar: no news worth a warning
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 8
#pragma GCC optimize("no-loop-unroll-and-jam")  // it takes a vector loop apart that stands in a loop over terms
#endif

#define UR_TEXT(...) #__VA_ARGS__
#ifdef _OPENMP
#define UR_OMP(...) _Pragma(UR_TEXT(omp __VA_ARGS__))
#define UR_SIMD _Pragma("omp simd")
#elif defined(__clang__)
#define UR_OMP(...)
#define UR_SIMD _Pragma("clang loop vectorize(assume_safety)")
#else
#define UR_OMP(...)
#define UR_SIMD _Pragma("GCC ivdep")
#endif
#ifdef __clang__
#define UR_UNROLL _Pragma("clang loop unroll(full)")
#else
#define UR_UNROLL _Pragma("GCC unroll 64")
#endif
#define UR_RESTRICT __restrict
#define UR_FETCH(at) __builtin_prefetch(at)
#define UR_INLINE static inline __attribute__((always_inline, unused))
#define UR_APART static __attribute__((noinline, unused))

// ---- the call: workers and workspace

UR_INLINE int64_t ur_worker(void) {
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

UR_INLINE int64_t ur_chunks(int64_t tasks, int workers) {  // some for each worker, since tasks may differ in length
  const int64_t most = workers > 1 ? (int64_t)workers * 8 : 1;
  return tasks < most ? tasks : most;
}

UR_INLINE int64_t ur_begin(int64_t tasks, int64_t chunk, int64_t chunks) {  // where a chunk of the tasks begins
  const int64_t size = tasks / chunks, rest = tasks % chunks;
  return size * chunk + (chunk < rest ? chunk : rest);
}

UR_INLINE size_t ur_bytes(size_t size, int64_t count) {  // saturates, and so does what is made of it
  const size_t n = count > 0 ? (size_t)count : 0;
  return size != 0 && n > SIZE_MAX / 2 / size ? SIZE_MAX / 2 : n * size;
}

UR_INLINE size_t ur_after(size_t at, size_t bytes) {  // the next multiple of 64 behind a buffer
  return at + bytes < at || at + bytes > SIZE_MAX / 2 - 63 ? SIZE_MAX / 2 : (at + bytes + 63) / 64 * 64;
}

UR_INLINE int64_t ur_times(int64_t a, int64_t b) {  // a size; saturates
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? ((a < 0) != (b < 0) ? INT64_MIN : INT64_MAX) : product;
}

UR_INLINE int64_t ur_plus(int64_t a, int64_t b) {  // a size; saturates
  int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : INT64_MAX) : sum;
}

// ---- integers: they wrap; division floors, by 0 it gives 0; shifts too far give 0, or -1 from a negative to the right

UR_INLINE int32_t ur_add_i32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

UR_INLINE int64_t ur_add_i64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }

UR_INLINE int32_t ur_subtract_i32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a - (uint32_t)b); }

UR_INLINE int64_t ur_subtract_i64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

UR_INLINE int32_t ur_multiply_i32(int32_t a, int32_t b) { return (int32_t)((uint32_t)a * (uint32_t)b); }

UR_INLINE int64_t ur_multiply_i64(int64_t a, int64_t b) { return (int64_t)((uint64_t)a * (uint64_t)b); }

UR_INLINE int32_t ur_square_i32(int32_t a) { return ur_multiply_i32(a, a); }

UR_INLINE int64_t ur_square_i64(int64_t a) { return ur_multiply_i64(a, a); }

UR_INLINE int32_t ur_negative_i32(int32_t a) { return (int32_t)(0u - (uint32_t)a); }

UR_INLINE int64_t ur_negative_i64(int64_t a) { return (int64_t)(UINT64_C(0) - (uint64_t)a); }

UR_INLINE int32_t ur_abs_i32(int32_t a) { return a < 0 ? ur_negative_i32(a) : a; }

UR_INLINE int64_t ur_abs_i64(int64_t a) { return a < 0 ? ur_negative_i64(a) : a; }

UR_INLINE int32_t ur_floor_divide_i32(int32_t a, int32_t b) {
  const int32_t d = ((b == 0) | (b == -1)) ? 1 : b, q = a / d - ((a % d != 0) & ((a < 0) != (d < 0)));
  return b == 0 ? 0 : b == -1 ? ur_negative_i32(a) : q;
}

UR_INLINE int64_t ur_floor_divide_i64(int64_t a, int64_t b) {
  const int64_t d = ((b == 0) | (b == -1)) ? 1 : b, q = a / d - ((a % d != 0) & ((a < 0) != (d < 0)));
  return b == 0 ? 0 : b == -1 ? ur_negative_i64(a) : q;
}

UR_INLINE int32_t ur_remainder_i32(int32_t a, int32_t b) {
  const int32_t d = ((b == 0) | (b == -1)) ? 1 : b, r = a % d;
  return ((r != 0) & ((r < 0) != (d < 0))) ? r + d : r;
}

UR_INLINE int64_t ur_remainder_i64(int64_t a, int64_t b) {
  const int64_t d = ((b == 0) | (b == -1)) ? 1 : b, r = a % d;
  return ((r != 0) & ((r < 0) != (d < 0))) ? r + d : r;
}

UR_INLINE int32_t ur_reciprocal_i32(int32_t a) { return ((a == 1) | (a == -1)) ? a : 0; }

UR_INLINE int64_t ur_reciprocal_i64(int64_t a) { return ((a == 1) | (a == -1)) ? a : 0; }

UR_INLINE int32_t ur_left_shift_i32(int32_t a, int32_t n) {
  return (uint32_t)n < 32 ? (int32_t)((uint32_t)a << ((uint32_t)n & 31)) : 0;
}

UR_INLINE int64_t ur_left_shift_i64(int64_t a, int64_t n) {
  return (uint64_t)n < 64 ? (int64_t)((uint64_t)a << ((uint64_t)n & 63)) : 0;
}

UR_INLINE int32_t ur_right_shift_i32(int32_t a, int32_t n) { return a >> ((uint32_t)n < 32 ? n : 31); }

UR_INLINE int64_t ur_right_shift_i64(int64_t a, int64_t n) { return a >> ((uint64_t)n < 64 ? n : 63); }

UR_INLINE int32_t ur_power_i32(int32_t a, int32_t n) {  // n >= 0
  int32_t r = 1;
  for (; n > 0; n >>= 1, a = ur_multiply_i32(a, a)) r = n & 1 ? ur_multiply_i32(r, a) : r;
  return r;
}

UR_INLINE int64_t ur_power_i64(int64_t a, int64_t n) {  // n >= 0
  int64_t r = 1;
  for (; n > 0; n >>= 1, a = ur_multiply_i64(a, a)) r = n & 1 ? ur_multiply_i64(r, a) : r;
  return r;
}

UR_INLINE int32_t ur_sign_i32(int32_t a) { return (a > 0) - (a < 0); }

UR_INLINE int64_t ur_sign_i64(int64_t a) { return (a > 0) - (a < 0); }

UR_INLINE int32_t ur_maximum_i32(int32_t a, int32_t b) { return a > b ? a : b; }

UR_INLINE int64_t ur_maximum_i64(int64_t a, int64_t b) { return a > b ? a : b; }

UR_INLINE int32_t ur_minimum_i32(int32_t a, int32_t b) { return a < b ? a : b; }

UR_INLINE int64_t ur_minimum_i64(int64_t a, int64_t b) { return a < b ? a : b; }

// ---- floats: maximum and minimum give NaN if there is one, fmax and fmin the other argument

UR_INLINE float ur_maximum_f32(float a, float b) {  // one instruction, and one for NaN in a
  const float m = a > b ? a : b;
  return a != a ? a : m;
}

UR_INLINE double ur_maximum_f64(double a, double b) {  // one instruction, and one for NaN in a
  const double m = a > b ? a : b;
  return a != a ? a : m;
}

UR_INLINE float ur_minimum_f32(float a, float b) {  // one instruction, and one for NaN in a
  const float m = a < b ? a : b;
  return a != a ? a : m;
}

UR_INLINE double ur_minimum_f64(double a, double b) {  // one instruction, and one for NaN in a
  const double m = a < b ? a : b;
  return a != a ? a : m;
}

UR_INLINE float ur_fmax_f32(float a, float b) { return ((a > b) | (b != b)) ? a : b; }

UR_INLINE double ur_fmax_f64(double a, double b) { return ((a > b) | (b != b)) ? a : b; }

UR_INLINE float ur_fmin_f32(float a, float b) { return ((a < b) | (b != b)) ? a : b; }

UR_INLINE double ur_fmin_f64(double a, double b) { return ((a < b) | (b != b)) ? a : b; }

UR_INLINE float ur_square_f32(float a) { return a * a; }

UR_INLINE double ur_square_f64(double a) { return a * a; }

UR_INLINE float ur_sign_f32(float a) { return a != a ? a : a > 0.0f ? 1.0f : a < 0.0f ? -1.0f : 0.0f; }

UR_INLINE double ur_sign_f64(double a) { return a != a ? a : a > 0.0 ? 1.0 : a < 0.0 ? -1.0 : 0.0; }

UR_INLINE bool ur_isnan_f32(float a) { return a != a; }

UR_INLINE bool ur_isnan_f64(double a) { return a != a; }

UR_INLINE bool ur_isinf_f32(float a) { return fabsf(a) > FLT_MAX; }

UR_INLINE bool ur_isinf_f64(double a) { return fabs(a) > DBL_MAX; }

UR_INLINE bool ur_isfinite_f32(float a) { return fabsf(a) <= FLT_MAX; }

UR_INLINE bool ur_isfinite_f64(double a) { return fabs(a) <= DBL_MAX; }

// ---- floats to integers: towards zero, to the nearest limit, NaN to 0

UR_INLINE int32_t ur_i32_from_f32(float a) {
  const int32_t inside = (int32_t)(((a > -2147483648.0f) & (a < 2147483648.0f)) ? a : 0.0f);
  return a >= 2147483648.0f ? INT32_MAX : a <= -2147483648.0f ? INT32_MIN : inside;
}

UR_INLINE int32_t ur_i32_from_f64(double a) {
  const int32_t inside = (int32_t)(((a > -2147483648.0) & (a < 2147483648.0)) ? a : 0.0);
  return a >= 2147483648.0 ? INT32_MAX : a <= -2147483648.0 ? INT32_MIN : inside;
}

UR_INLINE int64_t ur_i64_from_f32(float a) {
  const int64_t inside = (int64_t)(((a > -9223372036854775808.0f) & (a < 9223372036854775808.0f)) ? a : 0.0f);
  return a >= 9223372036854775808.0f ? INT64_MAX : a <= -9223372036854775808.0f ? INT64_MIN : inside;
}

UR_INLINE int64_t ur_i64_from_f64(double a) {
  const int64_t inside = (int64_t)(((a > -9223372036854775808.0) & (a < 9223372036854775808.0)) ? a : 0.0);
  return a >= 9223372036854775808.0 ? INT64_MAX : a <= -9223372036854775808.0 ? INT64_MIN : inside;
}

// ---- elements at addresses that are no multiple of their size

UR_INLINE int32_t ur_load_i32(const unsigned char *at) { int32_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE int64_t ur_load_i64(const unsigned char *at) { int64_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE float ur_load_f32(const unsigned char *at) { float a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE double ur_load_f64(const unsigned char *at) { double a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE void ur_store_i32(unsigned char *at, int32_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_i64(unsigned char *at, int64_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_f32(unsigned char *at, float a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_f64(unsigned char *at, double a) { memcpy(at, &a, sizeof a); }
