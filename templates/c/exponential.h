// SPDX-License-Identifier: 0BSD
// More elementary functions without branches or calls: exponentials and logarithms to the bases 2 and 10, hyperbolic functions
// and their inverses, erf, roots and powers. Largest errors: see ACCURACY in emitter/render/accuracy.py. Every special value is
// as in C99, annex F. The polynomials are minimax ones of what they stand for.

// ---- bases 2 and 10

UR_INLINE float ur_exp2_f32(float x) {
  const float c = x < -151.0f ? -151.0f : x > 129.0f ? 129.0f : x;
  const float t = c + 12582912.0f, r = c - (t - 12582912.0f);
  const uint32_t m = ur_bits_f32(t) - UINT32_C(0x4b400000), half = (uint32_t)((int32_t)m >> 1);
  const float up = ur_float_f32((half + 127) << 23), rest = ur_float_f32((m - half + 127) << 23);
  const float p = ((((1.54764799e-4f * r + 1.34002673e-3f) * r + 9.61800292e-3f) * r + 5.5503279e-2f) * r + 0.240226507f) * r;
  return ((p + 0.693147182f) * r + 1.0f) * up * rest;
}

UR_INLINE double ur_exp2_tail_f64(double r) {  // (2^r - 1) / r - log(2)
  const double high = ((((4.4573902572767017e-10 * r + 7.0738598854279862e-9) * r + 1.0178046425377294e-7) * r
                        + 1.3215434818710557e-6) * r + 1.525273386767547e-5) * r + 1.5403530458075822e-4;
  const double low = (high * r + 1.3333558146378832e-3) * r + 9.6181291075933349e-3;
  return ((low * r + 5.5504108664821743e-2) * r + 0.24022650695910133) * r;
}

UR_INLINE double ur_exp2_f64(double x) {
  const double c = x < -1076.0 ? -1076.0 : x > 1025.0 ? 1025.0 : x;
  const double t = c + 6755399441055744.0, r = c - (t - 6755399441055744.0);
  const uint64_t m = ur_bits_f64(t) - UINT64_C(0x4338000000000000), half = (m + 4096) / 2 - 2048;
  const double up = ur_float_f64((half + 1023) << 52), rest = ur_float_f64((m - half + 1023) << 52);
  return ((ur_exp2_tail_f64(r) + 0.69314718055994531) * r + 1.0) * up * rest;
}

// x = 2^n m: n, and log(m) as a sum of two, the first of few bits
UR_INLINE float ur_log_parts_f32(float x, float *high, float *low) {
  const bool small = x < FLT_MIN;
  const uint32_t bits = ur_bits_f32(small ? x * 8388608.0f : x);
  const uint32_t e = (uint32_t)((int32_t)(bits - UINT32_C(0x3f3504f3)) >> 23);
  const float f = ur_float_f32(bits - (e << 23)) - 1.0f, s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
  const float p = (((0.23332517f * z + 0.28550738f) * z + 0.40000123f) * z + 0.6666667f) * z;
  *high = ur_float_f32(ur_bits_f32(f - h) & UINT32_C(0xfffff000));
  *low = ((f - *high) - h) + s * (h + p);
  return (float)(int32_t)e - (small ? 23.0f : 0.0f);
}

UR_INLINE double ur_log_parts_f64(double x, double *high, double *low) {
  const bool small = x < DBL_MIN;
  const uint64_t bits = ur_bits_f64(small ? x * 4503599627370496.0 : x);
  const uint64_t e = (((bits - UINT64_C(0x3fe6a09e667f3bcd)) >> 52) ^ 2048) - 2048;
  const double f = ur_float_f64(bits - (e << 52)) - 1.0, s = f / (2.0 + f), z = s * s, h = 0.5 * f * f;
  const double q = ((0.14618429504442834 * z + 0.1533155678884569) * z + 0.18182894250627016) * z + 0.22222211061646327;
  const double p = (((q * z + 0.2857142862644512) * z + 0.39999999999898406) * z + 0.666666666666667) * z;
  *high = ur_float_f64(ur_bits_f64(f - h) & UINT64_C(0xffffffff00000000));
  *low = ((f - *high) - h) + s * (h + p);
  return ur_float_f64(e + UINT64_C(0x4338000000000000)) - 6755399441055744.0 - (small ? 52.0 : 0.0);
}

UR_INLINE float ur_log_special_f32(float x, float y) {  // y where x is an ordinary argument of a logarithm
  return x > 0.0f ? (x > FLT_MAX ? x : y) : x == 0.0f ? -INFINITY : x != x ? x : NAN;
}

UR_INLINE double ur_log_special_f64(double x, double y) {
  return x > 0.0 ? (x > DBL_MAX ? x : y) : x == 0.0 ? (double)-INFINITY : x != x ? x : (double)NAN;
}

UR_INLINE float ur_log2_f32(float x) {
  float high, low;
  const float n = ur_log_parts_f32(x, &high, &low), whole = high * 1.44238281f;  // 1 / log(2) of few bits
  const float rest = (low + high) * 3.12228396e-4f + low * 1.44238281f, sum = n + whole;
  return ur_log_special_f32(x, sum + (((n - sum) + whole) + rest));
}

UR_INLINE double ur_log2_f64(double x) {
  double high, low;
  const double n = ur_log_parts_f64(x, &high, &low), whole = high * 1.4426946640014648;
  const double rest = (low + high) * 3.7688749856360991e-7 + low * 1.4426946640014648, sum = n + whole;
  return ur_log_special_f64(x, sum + (((n - sum) + whole) + rest));
}

UR_INLINE float ur_log10_f32(float x) {
  float high, low;
  const float n = ur_log_parts_f32(x, &high, &low), whole = high * 0.434204102f, up = n * 0.301025391f;
  const float rest = (n * 4.60503907e-6f + (low + high) * 9.03803375e-5f) + low * 0.434204102f, sum = up + whole;
  return ur_log_special_f32(x, sum + (((up - sum) + whole) + rest));
}

UR_INLINE double ur_log10_f64(double x) {
  double high, low;
  const double n = ur_log_parts_f64(x, &high, &low), whole = high * 0.43429446220397949, up = n * 0.30102992057800293;
  const double rest = (n * 7.5085978265526235e-8 + (low + high) * 1.9699272335463627e-8) + low * 0.43429446220397949;
  const double sum = up + whole;
  return ur_log_special_f64(x, sum + (((up - sum) + whole) + rest));
}

// ---- hyperbolic functions: with h = exp(|x|) / 2, cosh = h + 1/4h, sinh = h - 1/4h

UR_INLINE float ur_exp_half_f32(float x) {  // exp(x) / 2 for x >= 0, also where exp(x) overflows
  const float c = x > 90.0f ? 90.0f : x;
  const float t = c * 1.44269504f + 12582912.0f, n = t - 12582912.0f;
  const float r = (c - n * 0.693359375f) - n * -2.12194440e-4f;
  const uint32_t m = ur_bits_f32(t) - UINT32_C(0x4b400001), half = (uint32_t)((int32_t)m >> 1);
  const float up = ur_float_f32((half + 127) << 23), rest = ur_float_f32((m - half + 127) << 23);
  return (ur_exp_tail_f32(r) * r * r + r + 1.0f) * up * rest;
}

UR_INLINE double ur_exp_half_f64(double x) {
  const double c = x > 711.0 ? 711.0 : x;
  const double t = c * 1.4426950408889634 + 6755399441055744.0, n = t - 6755399441055744.0;
  const double r = (c - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
  const uint64_t m = ur_bits_f64(t) - UINT64_C(0x4338000000000001), half = (m + 4096) / 2 - 2048;
  const double up = ur_float_f64((half + 1023) << 52), rest = ur_float_f64((m - half + 1023) << 52);
  return (ur_exp_tail_f64(r) * r * r + r + 1.0) * up * rest;
}

UR_INLINE float ur_cosh_f32(float x) {
  const float h = ur_exp_half_f32(fabsf(x));
  return h + 0.25f / h;
}

UR_INLINE double ur_cosh_f64(double x) {
  const double h = ur_exp_half_f64(fabs(x));
  return h + 0.25 / h;
}

UR_INLINE float ur_sinh_f32(float x) {
  const float a = fabsf(x), h = ur_exp_half_f32(a), z = a * a;
  const float near = ((2.03774049e-4f * z + 8.33021104e-3f) * z + 0.166667178f) * z * a + a;
  return copysignf(a < 1.0f ? near : h - 0.25f / h, x);
}

UR_INLINE double ur_sinh_f64(double x) {
  const double a = fabs(x), h = ur_exp_half_f64(a), z = a * a;
  const double p = (((2.8483984686654988e-15 * z + 7.6464763541745167e-13) * z + 1.6059050705976408e-10) * z
                    + 2.5052108345640645e-8) * z + 2.7557319224120245e-6;
  const double near = (((p * z + 1.9841269841269589e-4) * z + 8.3333333333333332e-3) * z + 0.16666666666666666) * z * a + a;
  return copysign(a < 1.0 ? near : h - 0.25 / h, x);
}

// log(1 + a), or log(2 a) where a is so big that 1 and the root beside it play no part
UR_INLINE float ur_log_sum_f32(float a, bool big) {
  const float u = big ? a : 1.0f + a, lost = big ? 0.0f : ((u - 1.0f) - a) / u;
  return ur_log_normal_f32(u, big ? 1.0f : 0.0f) - lost;
}

UR_INLINE double ur_log_sum_f64(double a, bool big) {
  const double u = big ? a : 1.0 + a, lost = big ? 0.0 : ((u - 1.0) - a) / u;
  return ur_log_normal_f64(u, big ? 1.0 : 0.0) - lost;
}

UR_INLINE float ur_arcsinh_f32(float x) {
  const float a = fabsf(x), z = a * a;
  const bool big = a > 4096.0f;
  const float y = ur_log_sum_f32(big ? a : a + z / (1.0f + sqrtf(1.0f + z)), big);
  return copysignf(((a == 0.0f) | !(a <= FLT_MAX)) ? a : y, x);
}

UR_INLINE double ur_arcsinh_f64(double x) {
  const double a = fabs(x), z = a * a;
  const bool big = a > 268435456.0;
  const double y = ur_log_sum_f64(big ? a : a + z / (1.0 + sqrt(1.0 + z)), big);
  return copysign(((a == 0.0) | !(a <= DBL_MAX)) ? a : y, x);
}

UR_INLINE float ur_arccosh_f32(float x) {
  const float a = x - 1.0f;
  const bool big = x > 4096.0f;
  const float y = ur_log_sum_f32(big ? x : a + sqrtf(2.0f * a + a * a), big);
  return x >= 1.0f ? (x > FLT_MAX ? x : y) : x != x ? x : NAN;
}

UR_INLINE double ur_arccosh_f64(double x) {
  const double a = x - 1.0;
  const bool big = x > 268435456.0;
  const double y = ur_log_sum_f64(big ? x : a + sqrt(2.0 * a + a * a), big);
  return x >= 1.0 ? (x > DBL_MAX ? x : y) : x != x ? x : (double)NAN;
}

UR_INLINE float ur_arctanh_f32(float x) {
  const float a = fabsf(x);
  return copysignf(0.5f * ur_log1p_f32(2.0f * a / (1.0f - a)), x);
}

UR_INLINE double ur_arctanh_f64(double x) {
  const double a = fabs(x);
  return copysign(0.5 * ur_log1p_f64(2.0 * a / (1.0 - a)), x);
}

// ---- erf: x + x p(x^2) up to 1, beyond it 1 - exp(q(x)) with q = log(erfc)

UR_INLINE float ur_erf_f32(float x) {
  const float a = fabsf(x), b = a > 4.0f ? 4.0f : a, z = b * b;
  const float p = ((((7.88911275e-5f * z - 8.02083989e-4f) * z + 5.18953521e-3f) * z - 2.68544443e-2f) * z + 0.112836003f) * z;
  const float near = ((p - 0.37612626f) * z + 0.128379166f) * b + b;
  const float q = (((-1.75528894e-5f * b + 3.87209235e-4f) * b - 3.91006144e-3f) * b + 2.4344705e-2f) * b - 0.10694319f;
  const float far = 1.0f - ur_exp_f32(((q * b - 0.634690642f) * b - 1.12878513f) * b + 9.1394777e-6f);
  return copysignf(a < 1.0f ? near : far, x);
}

UR_INLINE double ur_erf_f64(double x) {
  const double a = fabs(x), b = a > 6.0 ? 6.0 : a, z = b * b;
  const double p = ((((((-7.8011827428256812e-10 * z + 1.3722971515330743e-8) * z - 1.6209174424050597e-7) * z
                       + 1.6447517425080417e-6) * z - 1.4924744637389591e-5) * z + 1.2055295318818887e-4) * z
                    - 8.5483259896285742e-4) * z + 5.2239776074217781e-3;
  const double n = (((p * z - 2.6866170643275983e-2) * z + 0.11283791670945252) * z - 0.37612638903183548) * z;
  const double near = (n + 0.12837916709551256) * b + b;
  const double q = ((((((-3.6142887117609876e-16 * b + 2.6922088856385171e-14) * b - 9.4494402835646639e-13) * b
                       + 2.0776383542233245e-11) * b - 3.2081458184328228e-10) * b + 3.6954934264831078e-9) * b
                    - 3.2904050813214162e-8) * b + 2.3126552599514206e-7;
  const double r = ((((((q * b - 1.2962493230812125e-6) * b + 5.7886564166455852e-6) * b - 2.022942018863061e-5) * b
                      + 5.224254836707641e-5) * b - 8.0561546239679767e-5) * b - 3.5664034200525302e-5) * b
                   + 6.3955601611017342e-4;
  const double s = ((((r * b - 1.7789016107357858e-3) * b + 2.9879356854503939e-4) * b + 1.9059759781460038e-2) * b
                    - 0.10273525064399863) * b - 0.63663357588844227;
  const double far = 1.0 - ur_exp_f64((s * b - 1.1283760464376269) * b - 3.2642940390351596e-7);
  return copysign(a < 1.0 ? near : far, x);
}
