// SPDX-License-Identifier: 0BSD
// Elementary functions without branches or calls, so that loops over them vectorise. Largest errors: see ACCURACY in
// emitter/render/accuracy.py. Every special value is as in C99, annex F. x = n log 2 + r with |r| <= log(2)/2, and
// x = 2^n m with m in [sqrt(1/2), sqrt(2)): Muller, Elementary Functions, 2016, chapter 11. The polynomials are
// truncated Chebyshev series of what they stand for.

// ---- elementary functions, without branches or calls

UR_INLINE uint32_t ur_bits_f32(float a) { uint32_t bits; memcpy(&bits, &a, sizeof bits); return bits; }

UR_INLINE uint64_t ur_bits_f64(double a) { uint64_t bits; memcpy(&bits, &a, sizeof bits); return bits; }

UR_INLINE float ur_float_f32(uint32_t bits) { float a; memcpy(&a, &bits, sizeof a); return a; }

UR_INLINE double ur_float_f64(uint64_t bits) { double a; memcpy(&a, &bits, sizeof a); return a; }

UR_INLINE bool ur_signbit_f32(float a) { return ur_bits_f32(a) >> 31 != 0; }

UR_INLINE bool ur_signbit_f64(double a) { return ur_bits_f64(a) >> 63 != 0; }

// (exp(r) - 1 - r) / r^2
UR_INLINE float ur_exp_tail_f32(float r) {
  return ((((1.9899392e-4f * r + 1.3933734e-3f) * r + 8.333298e-3f) * r + 4.1666463e-2f) * r + 0.16666667f) * r + 0.5f;
}

UR_INLINE double ur_exp_tail_f64(double r) {
  const double high = (((2.0917579446785515e-9 * r + 2.5105234394626487e-8) * r + 2.7557264328102163e-7) * r
                       + 2.7557255362150058e-6) * r + 2.4801587335081363e-5;
  const double low = (((high * r + 1.9841269874851396e-4) * r + 1.3888888888880697e-3) * r + 8.333333333326124e-3) * r;
  return ((low + 4.166666666666667e-2) * r + 0.1666666666666667) * r + 0.5;
}

UR_INLINE float ur_exp_f32(float x) {
  const float c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  const float t = c * 1.44269504f + 12582912.0f, n = t - 12582912.0f;  // 1.5 * 2^23: n is c / log(2), rounded
  const float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
  const uint32_t m = ur_bits_f32(t) - UINT32_C(0x4b400000), half = (uint32_t)((int32_t)m >> 1);
  const float up = ur_float_f32((half + 127) << 23), rest = ur_float_f32((m - half + 127) << 23);
  return (ur_exp_tail_f32(r) * r * r + r + 1.0f) * up * rest;  // by 2^n in two steps, the second of which may round
}

UR_INLINE double ur_exp_f64(double x) {
  const double c = x < -746.0 ? -746.0 : x > 710.0 ? 710.0 : x;
  const double t = c * 1.4426950408889634 + 6755399441055744.0, n = t - 6755399441055744.0;  // 1.5 * 2^52
  const double r = (c - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
  const uint64_t m = ur_bits_f64(t) - UINT64_C(0x4338000000000000), half = (m + 4096) / 2 - 2048;
  const double up = ur_float_f64((half + 1023) << 52), rest = ur_float_f64((m - half + 1023) << 52);
  return (ur_exp_tail_f64(r) * r * r + r + 1.0) * up * rest;
}

UR_INLINE float ur_expm1_f32(float x) {
  const float c = x < -18.0f ? -18.0f : x > 89.0f ? 89.0f : x;
  const float t = c * 1.44269504f + 12582912.0f, n = t - 12582912.0f;
  const float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
  const uint32_t m = ur_bits_f32(t) - UINT32_C(0x4b400000), half = (uint32_t)((int32_t)m >> 1);
  const float up = ur_float_f32((half + 127) << 23), rest = ur_float_f32((m - half + 127) << 23);
  const float one = ur_float_f32((half - m + 127) << 23);  // 1 / rest
  const float y = ((ur_exp_tail_f32(r) * r * r + r) * up + (up - one)) * rest;
  return x == 0.0f ? x : y;
}

UR_INLINE double ur_expm1_f64(double x) {
  const double c = x < -38.0 ? -38.0 : x > 710.0 ? 710.0 : x;
  const double t = c * 1.4426950408889634 + 6755399441055744.0, n = t - 6755399441055744.0;
  const double r = (c - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
  const uint64_t m = ur_bits_f64(t) - UINT64_C(0x4338000000000000), half = (m + 4096) / 2 - 2048;
  const double up = ur_float_f64((half + 1023) << 52), rest = ur_float_f64((m - half + 1023) << 52);
  const double one = ur_float_f64((half - m + 1023) << 52);
  const double y = ((ur_exp_tail_f64(r) * r * r + r) * up + (up - one)) * rest;
  return x == 0.0 ? x : y;
}

// log(x) + k log(2) for normal x: log(m) + (n + k) log(2) with log(m) = 2 atanh(s), s = f / (2 + f), f = m - 1,
// which is f - f^2/2 + s (f^2/2 + s^2 (2/3 + 2/5 s^2 + ...))
UR_INLINE float ur_log_normal_f32(float x, float k) {
  const uint32_t bits = ur_bits_f32(x), e = (uint32_t)((int32_t)(bits - UINT32_C(0x3f3504f3)) >> 23);
  const float n = (float)(int32_t)e + k, f = ur_float_f32(bits - (e << 23)) - 1.0f;
  const float s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
  const float p = (((0.23332517f * z + 0.28550738f) * z + 0.40000123f) * z + 0.6666667f) * z;
  return n * 0.69313812256f - ((h - (s * (h + p) + n * 9.0580006145e-6f)) - f);
}

UR_INLINE double ur_log_normal_f64(double x, double k) {
  const uint64_t bits = ur_bits_f64(x);
  const uint64_t e = (((bits - UINT64_C(0x3fe6a09e667f3bcd)) >> 52) ^ 2048) - 2048;  // a signed shift, spelled unsigned
  const double n = ur_float_f64(e + UINT64_C(0x4338000000000000)) - 6755399441055744.0 + k;
  const double f = ur_float_f64(bits - (e << 52)) - 1.0, s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
  const double q = ((0.14618429504442834 * z + 0.1533155678884569) * z + 0.18182894250627016) * z + 0.22222211061646327;
  const double p = (((q * z + 0.2857142862644512) * z + 0.39999999999898406) * z + 0.666666666666667) * z;
  return n * 0.6931471803691238 - ((h - (s * (h + p) + n * 1.9082149292705877e-10)) - f);
}

UR_INLINE float ur_log_f32(float x) {
  const bool small = x < FLT_MIN;
  const float y = ur_log_normal_f32(small ? x * 8388608.0f : x, small ? -23.0f : 0.0f);
  return x > 0.0f ? (x > FLT_MAX ? x : y) : x == 0.0f ? -INFINITY : x != x ? x : NAN;
}

UR_INLINE double ur_log_f64(double x) {
  const bool small = x < DBL_MIN;
  const double y = ur_log_normal_f64(small ? x * 4503599627370496.0 : x, small ? -52.0 : 0.0);
  return x > 0.0 ? (x > DBL_MAX ? x : y) : x == 0.0 ? (double)-INFINITY : x != x ? x : (double)NAN;
}

// log(u) with u = 1 + x rounded, and what the rounding took from x
UR_INLINE float ur_log1p_f32(float x) {
  const float u = 1.0f + x, lost = (u - 1.0f) - x, y = ur_log_f32(u) - lost / u;
  return ((x == 0.0f) | (x > FLT_MAX)) ? x : u == 0.0f ? -INFINITY : y;
}

UR_INLINE double ur_log1p_f64(double x) {
  const double u = 1.0 + x, lost = (u - 1.0) - x, y = ur_log_f64(u) - lost / u;
  return ((x == 0.0) | (x > DBL_MAX)) ? x : u == 0.0 ? (double)-INFINITY : y;
}

UR_INLINE float ur_tanh_f32(float x) {
  const float e = ur_expm1_f32(-2.0f * fabsf(x));
  return copysignf(e / (2.0f + e), x);
}

UR_INLINE double ur_tanh_f64(double x) {
  const double e = ur_expm1_f64(-2.0 * fabs(x));
  return copysign(e / (2.0 + e), x);
}

UR_INLINE float ur_logaddexp_f32(float a, float b) {  // high + log(1 + exp(low - high)), log as in log1p
  const float high = ((a > b) | (a != a)) ? a : b, x = ur_exp_f32(-fabsf(a - b)), u = 1.0f + x;
  const float y = ur_log_normal_f32(u, 0.0f) - ((u - 1.0f) - x) / u;
  return a == b ? a + 0.6931472f : high + y;  // both may be the same infinity
}

UR_INLINE double ur_logaddexp_f64(double a, double b) {  // high + log(1 + exp(low - high)), log as in log1p
  const double high = ((a > b) | (a != a)) ? a : b, x = ur_exp_f64(-fabs(a - b)), u = 1.0 + x;
  const double y = ur_log_normal_f64(u, 0.0) - ((u - 1.0) - x) / u;
  return a == b ? a + 0.6931471805599453 : high + y;  // both may be the same infinity
}
