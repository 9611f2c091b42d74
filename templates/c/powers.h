// SPDX-License-Identifier: 0BSD
// Roots and powers without branches or calls. Largest errors: see ACCURACY in emitter/render/accuracy.py. Every special value
// is as in C99, annex F. The polynomials are minimax ones of what they stand for.

// ---- roots

UR_INLINE float ur_cbrt_f32(float x) {  // from 1 / cbrt(|x|), a third of the exponent and three steps of Newton's
  const float given = fabsf(x);
  const bool small = given < FLT_MIN, big = given > 1.329228e36f;  // 2^120
  const float a = small ? given * 16777216.0f : big ? given * 5.9604645e-8f : given;
  float r = ur_float_f32(UINT32_C(0x54a21d2a) - ur_bits_f32(a) / 3u);
  r = r * (1.33333333f - (a * r) * r * r * 0.333333333f);
  r = r * (1.33333333f - (a * r) * r * r * 0.333333333f);
  r = r * (1.33333333f - (a * r) * r * r * 0.333333333f);
  const float y = a * r * r, better = y - (y * y * y - a) * (r * r * 0.333333333f);
  const float found = better * (small ? 3.90625e-3f : big ? 256.0f : 1.0f);
  return ((x == 0.0f) | !(given <= FLT_MAX)) ? x : copysignf(found, x);
}

UR_INLINE double ur_cbrt_f64(double x) {
  const double given = fabs(x), third = 0.33333333333333331, four = 1.3333333333333333;
  const bool small = given < DBL_MIN, big = given > 1.0715086071862673e301;  // 2^1000
  const double a = small ? given * 18014398509481984.0 : big ? given * 5.5511151231257827e-17 : given;
  const uint64_t upper = ur_bits_f64(a) >> 32;
  double r = ur_float_f64(UINT64_C(0x553ef0ff289dd796) - (((upper * UINT64_C(0x55555556)) >> 32) << 32));
  r = r * (four - (a * r) * r * r * third);
  r = r * (four - (a * r) * r * r * third);
  r = r * (four - (a * r) * r * r * third);
  r = r * (four - (a * r) * r * r * third);
  const double y = a * r * r, better = y - (y * y * y - a) * (r * r * third);
  const double found = better * (small ? 3.814697265625e-6 : big ? 262144.0 : 1.0);
  return ((x == 0.0) | !(given <= DBL_MAX)) ? x : copysign(found, x);
}

UR_INLINE float ur_hypot_f32(float a, float b) {  // scaled where squares leave the range
  const float x = fabsf(a), y = fabsf(b), m = x > y ? x : y;
  const bool big = m > 1.1529215e18f, small = m < 9.09494702e-13f;  // 2^60, 2^-40
  const float scale = big ? 8.47032947e-22f : small ? 1.2676506e30f : 1.0f;  // 2^-70, 2^100
  const float back = big ? 1.18059162e21f : small ? 7.88860905e-31f : 1.0f, u = x * scale, v = y * scale;
  return ((x > FLT_MAX) | (y > FLT_MAX)) ? INFINITY : sqrtf(u * u + v * v) * back;
}

UR_INLINE double ur_hypot_f64(double a, double b) {
  const double x = fabs(a), y = fabs(b), m = x > y ? x : y;
  const bool big = m > 3.273390607896142e150, small = m < 3.8725919148493183e-121;  // 2^500, 2^-400
  const double scale = big ? 2.409919865102884e-181 : small ? 5.260135901548374e210 : 1.0;  // 2^-600, 2^700
  const double back = big ? 4.149515568880993e180 : small ? 1.90109156629516e-211 : 1.0, u = x * scale, v = y * scale;
  return ((x > DBL_MAX) | (y > DBL_MAX)) ? (double)INFINITY : sqrt(u * u + v * v) * back;
}

// ---- powers with whole exponents, as products

UR_INLINE float ur_power_3_f32(float a) { return a * a * a; }

UR_INLINE double ur_power_3_f64(double a) { return a * a * a; }

UR_INLINE float ur_power_4_f32(float a) { const float b = a * a; return b * b; }

UR_INLINE double ur_power_4_f64(double a) { const double b = a * a; return b * b; }

UR_INLINE float ur_power_5_f32(float a) { const float b = a * a; return b * b * a; }

UR_INLINE double ur_power_5_f64(double a) { const double b = a * a; return b * b * a; }

UR_INLINE float ur_power_6_f32(float a) { const float b = a * a * a; return b * b; }

UR_INLINE double ur_power_6_f64(double a) { const double b = a * a * a; return b * b; }

UR_INLINE float ur_power_7_f32(float a) { const float b = a * a * a; return b * b * a; }

UR_INLINE double ur_power_7_f64(double a) { const double b = a * a * a; return b * b * a; }

UR_INLINE float ur_power_8_f32(float a) { const float b = a * a, c = b * b; return c * c; }

UR_INLINE double ur_power_8_f64(double a) { const double b = a * a, c = b * b; return c * c; }

// ---- powers: 2^(y log2|x|), and the sign of odd powers

UR_INLINE float ur_power_f32(float x, float y) {  // in f64, so rounded once
  const double a = fabs((double)x);
  const uint64_t bits = ur_bits_f64(a), e = (((bits - UINT64_C(0x3fe6a09e667f3bcd)) >> 52) ^ 2048) - 2048;
  const double n = ur_float_f64(e + UINT64_C(0x4338000000000000)) - 6755399441055744.0;
  const double f = ur_float_f64(bits - (e << 52)) - 1.0, s = f / (2.0 + f), z = s * s;
  const double g = ((((0.28290109208869102 * z + 0.31990563537391614) * z + 0.4122092537784724) * z + 0.57707794235222287) * z
                    + 0.9617966941133792) * z + 2.8853900817778499;
  const double log2 = a == 0.0 ? (double)-INFINITY : a > DBL_MAX ? a : n + s * g;
  const double p = a == 1.0 ? 0.0 : (double)y * log2, c = p < -160.0 ? -160.0 : p > 130.0 ? 130.0 : p;
  const double t = c + 6755399441055744.0, r = c - (t - 6755399441055744.0);
  const double up = ur_float_f64((ur_bits_f64(t) - UINT64_C(0x4338000000000000) + 1023) << 52);
  const double q = ((((1.5345789023112974e-4 * r + 1.3399930860573837e-3) * r + 9.6184890475631574e-3) * r
                     + 5.5503287783850101e-2) * r + 0.24022646889789742) * r;
  const float size = (float)(((q + 0.69314720573620581) * r + 1.000000000554256) * up);
  const float magnitude = p == 0.0 ? 1.0f : size;
  const bool whole = rintf(y) == y, odd = whole & (rintf(0.5f * y) != 0.5f * y);
  const float found = (ur_signbit_f32(x) & odd) ? -magnitude : magnitude;
  const bool none = (x != x) | (y != y) | ((x < 0.0f) & (a <= DBL_MAX) & !whole);
  return ((y == 0.0f) | (x == 1.0f)) ? 1.0f : none ? NAN : found;
}

// log2 as a sum of two, with s + s_low = f / (2 + f): 2 s + 2/3 s^3 in twice the digits, the rest in once
UR_INLINE double ur_power_f64(double x, double y) {
  const double given = fabs(x), a = given < DBL_MIN ? given * 4503599627370496.0 : given;
  const uint64_t bits = ur_bits_f64(a), e = (((bits - UINT64_C(0x3fe6a09e667f3bcd)) >> 52) ^ 2048) - 2048;
  const double n = ur_float_f64(e + UINT64_C(0x4338000000000000)) - 6755399441055744.0 - (given < DBL_MIN ? 52.0 : 0.0);
  const double m = ur_float_f64(bits - (e << 52)), f = m - 1.0, d = m + 1.0, d_low = m - (d - 1.0), s = f / d, sd = s * d;
  const double s_low = (((f - sd) - ur_product_rest_f64(s, d, sd)) - s * d_low) / d;
  const double z = s * s, z_low = ur_product_rest_f64(s, s, z) + 2.0 * s * s_low, u = s * z;
  const double u_low = ur_product_rest_f64(s, z, u) + (s * z_low + s_low * z), v = u * 0.66666666666666663;
  const double v_low = ur_product_rest_f64(u, 0.66666666666666663, v)
                       + (u * 3.7007434154171883e-17 + u_low * 0.66666666666666663);
  const double tail = (((((0.12913855248441136 * z + 0.13285936442817603) * z + 0.15385575490126677) * z
                         + 0.18181808237030062) * z + 0.22222222271173736) * z + 0.28571428571338331) * z + 0.40000000000000024;
  const double two = 2.0 * s + v, more = ((2.0 * s - two) + v) + (2.0 * s_low + (v_low + u * z * tail));
  const double l = two + more, l_low = (two - l) + more;
  const double g = l * 1.4426950408889634;
  const double g_low = ur_product_rest_f64(l, 1.4426950408889634, g) + (l * 2.0355273740931033e-17 + l_low * 1.4426950408889634);
  const double log2 = n + g, low = ((n - log2) + g) + g_low;
  const bool plain = (given > 0.0) & (given <= DBL_MAX);
  const double p = given == 1.0 ? 0.0 : y * (plain ? log2 : given == 0.0 ? (double)-INFINITY : given);
  const double c = p < -1100.0 ? -1100.0 : p > 1100.0 ? 1100.0 : p;
  const double t = c + 6755399441055744.0, w = t - 6755399441055744.0;
  const double p_low = c == p ? ur_product_rest_f64(y, log2, p) + y * low : 0.0, r = (c - w) + (plain ? p_low : 0.0);
  const uint64_t k = ur_bits_f64(t) - UINT64_C(0x4338000000000000), half = (k + 4096) / 2 - 2048;
  const double up = ur_float_f64((half + 1023) << 52), rest = ur_float_f64((k - half + 1023) << 52);
  const double size = ((ur_exp2_tail_f64(r) + 0.69314718055994531) * r + 1.0) * up * rest;
  const double magnitude = p == 0.0 ? 1.0 : size;
  const bool whole = rint(y) == y, odd = whole & (rint(0.5 * y) != 0.5 * y);
  const double found = (ur_signbit_f64(x) & odd) ? -magnitude : magnitude;
  const bool none = (x != x) | (y != y) | ((x < 0.0) & (given <= DBL_MAX) & !whole);
  return ((y == 0.0) | (x == 1.0)) ? 1.0 : none ? (double)NAN : found;
}
