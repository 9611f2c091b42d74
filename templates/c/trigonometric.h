// SPDX-License-Identifier: 0BSD
// Circular functions and their inverses without branches or calls, so that loops over them vectorise, for arguments of every
// size. Largest errors: see ACCURACY in emitter/render/accuracy.py. Every special value is as in C99, annex F.
// Reduction by parts of pi/2 of few bits, whose products with a whole number are exact: Cody, Waite, Software Manual for the
// Elementary Functions, 1980; by the bits of 2/pi where the argument is large: Payne, Hanek, Radian reduction for
// trigonometric functions, 1983. The polynomials are minimax ones of what they stand for.

// ---- sine, cosine, tangent: x = turns * pi/2 + r with |r| <= pi/4, r as a sum of two

UR_INLINE double ur_whole_f64(uint64_t i) {  // of a signed whole number below 2^51
  return ur_float_f64(i + UINT64_C(0x4338000000000000)) - 6755399441055744.0;
}

UR_INLINE double ur_turns_f64(uint64_t f) {  // a signed number of quarters times 2^62, as turns
  const double high = ur_whole_f64(((f >> 32) ^ UINT64_C(0x80000000)) - UINT64_C(0x80000000));
  return high * 2.3283064365386963e-10 + ur_whole_f64(f & UINT64_C(0xffffffff)) * 5.4210108624275222e-20;  // 2^-32, 2^-64
}

// |x| >= 2^25: x = m * 2^e, and of 2/pi * 2^e those 96 bits that count, from the one of weight 2 on
UR_INLINE float ur_quarter_f32(float x, float *rest, uint32_t *turns) {
  const bool near = fabsf(x) < 33554432.0f;
  const double c = near ? (double)x : 0.0, t = c * 0.63661977236758138 + 6755399441055744.0, n = t - 6755399441055744.0;
  const double close = (c - n * 1.570796325802803) - n * 9.9209357968054043e-10;
  const uint64_t bits = ur_bits_f32(x), given = (bits >> 23) & 255, e = given < 152 ? 152 : given;
  const uint64_t m = (bits & 0x7fffff) | 0x800000, s = (e - 152) & 63, back = 63 - s;
  const bool on = e - 152 > 63;
  const uint64_t u = on ? UINT64_C(0xfc2757d1f534ddc0) : UINT64_C(0xa2f9836e4e441529);
  const uint64_t v = on ? UINT64_C(0xdb6295993c439041) : UINT64_C(0xfc2757d1f534ddc0);
  const uint64_t w = on ? UINT64_C(0xfe5163abdebbc561) : UINT64_C(0xdb6295993c439041);
  const uint64_t a = (u << s) | ((v >> 1) >> back), b = (v << s) | ((w >> 1) >> back);
  const uint64_t sum = m * a + ((m * (b >> 32)) >> 32), k = (sum + (UINT64_C(1) << 61)) >> 62;
  const double far = ur_turns_f64(sum - (k << 62)) * 6.2831853071795862;
  const bool minus = bits >> 31 != 0;
  const double r = near ? close : minus ? -far : far;
  const float high = (float)r;
  *rest = (float)(r - (double)high);
  *turns = (uint32_t)((near ? ur_bits_f64(t) : minus ? 0 - k : k) & 3);
  return high;
}

// a * b - p where p is a * b, rounded
UR_INLINE double ur_product_rest_f64(double a, double b, double p) {
#if defined(FP_FAST_FMA) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return fma(a, b, -p);
#else
  const double ah = ur_float_f64(ur_bits_f64(a) & UINT64_C(0xfffffffff8000000)), al = a - ah;
  const double bh = ur_float_f64(ur_bits_f64(b) & UINT64_C(0xfffffffff8000000)), bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
}

UR_INLINE uint64_t ur_multiply_high_u64(uint64_t a, uint64_t b) {  // the upper half of the product; a is below 2^53
  const uint64_t mask = UINT64_C(0xffffffff), ah = a >> 32, al = a & mask, bh = b >> 32, bl = b & mask;
  const uint64_t low = al * bl, left = ah * bl, right = al * bh;
  return ah * bh + (left >> 32) + (right >> 32) + (((low >> 32) + (left & mask) + (right & mask)) >> 32);
}

// |x| >= 2^20: x = m * 2^e, and of 2/pi * 2^e those 192 bits that count, from the one of weight 2 on
UR_INLINE double ur_quarter_far_f64(double x, double *rest, uint64_t *turns) {
  static const uint64_t bits_of[20] = {
    0, UINT64_C(0xa2f9836e4e441529), UINT64_C(0xfc2757d1f534ddc0), UINT64_C(0xdb6295993c439041),
    UINT64_C(0xfe5163abdebbc561), UINT64_C(0xb7246e3a424dd2e0), UINT64_C(0x06492eea09d1921c),
    UINT64_C(0xfe1deb1cb129a73e), UINT64_C(0xe88235f52ebb4484), UINT64_C(0xe99c7026b45f7e41),
    UINT64_C(0x3991d639835339f4), UINT64_C(0x9c845f8bbdf9283b), UINT64_C(0x1ff897ffde05980f),
    UINT64_C(0xef2f118b5a0a6d1f), UINT64_C(0x6d367ecf27cb09b7), UINT64_C(0x4f463f669e5fea2d),
    UINT64_C(0x7527bac7ebe5f17b), UINT64_C(0x3d0739f78a5292ea), UINT64_C(0x6bfb5fb11f8d5d08),
    UINT64_C(0x56033046fc7b6bab)};
  const uint64_t bits = ur_bits_f64(x), given = (bits >> 52) & 2047, e = given < 1043 ? 1043 : given;
  const uint64_t m = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(0x10000000000000);
  const uint64_t from = e - 1013, j = from >> 6, s = from & 63, back = 63 - s;
  const uint64_t w1 = bits_of[j + 1], w2 = bits_of[j + 2];
  const uint64_t a = (bits_of[j] << s) | ((w1 >> 1) >> back), b = (w1 << s) | ((w2 >> 1) >> back);
  const uint64_t c = (w2 << s) | ((bits_of[j + 3] >> 1) >> back);
  const uint64_t lower = m * b, middle = lower + ur_multiply_high_u64(m, c);
  const uint64_t upper = m * a + ur_multiply_high_u64(m, b) + (middle < lower ? 1u : 0u);
  const uint64_t n = (upper + (UINT64_C(1) << 61)) >> 62, f = upper - (n << 62);  // a signed part of a turn, times 2^62
  const double coarse = ur_whole_f64(((f >> 32) ^ UINT64_C(0x80000000)) - UINT64_C(0x80000000)) * 4294967296.0;
  const double fine = ur_whole_f64(f & UINT64_C(0xffffffff)), sum = coarse + fine;
  const double under = ur_whole_f64(middle >> 32) + ur_whole_f64(middle & UINT64_C(0xffffffff)) * 2.3283064365386963e-10;
  const double tail = ((coarse - sum) + fine) + under * 2.3283064365386963e-10;  // 2^-32
  const double r = sum * 3.4061215800865545e-19;  // pi/2 * 2^-62
  const double low = ur_product_rest_f64(sum, 3.4061215800865545e-19, r)
                     + (sum * 1.3277647201629795e-35 + tail * 3.4061215800865545e-19);
  const bool minus = bits >> 63 != 0;
  *rest = minus ? -low : low;
  *turns = minus ? 0 - n : n;
  return minus ? -r : r;
}

UR_INLINE double ur_quarter_f64(double x, double *rest, uint64_t *turns) {
  const bool near = fabs(x) < 1048576.0;
  const double c = near ? x : 0.0, t = c * 0.63661977236758138 + 6755399441055744.0, n = t - 6755399441055744.0;
  const double a = c - n * 1.5707963267341256, b = n * 6.077100506303966e-11, d = a - b, lost = (a - d) - b;
  const double third = n * 2.0222662487111665e-21, r = d - third;
  const double low = ((d - r) - third) + (lost - n * 8.4784276603688996e-32);
  double far_rest;
  uint64_t far_turns;
  const double far = ur_quarter_far_f64(x, &far_rest, &far_turns);
  *rest = near ? low : far_rest;
  *turns = near ? ur_bits_f64(t) : far_turns;
  return near ? r : far;
}

UR_INLINE float ur_sin_near_f32(float r, float low) {  // of r + low, |r| <= pi/4
  const float z = r * r;
  return r + (((-1.95152505e-4f * z + 8.3321603e-3f) * z - 0.166666552f) * z * r + low);
}

UR_INLINE float ur_cos_near_f32(float r, float low) {
  const float z = r * r, h = 0.5f * z, one = 1.0f - h;
  return one + (((1.0f - one) - h) + (((2.44384519e-5f * z - 1.38873677e-3f) * z + 4.16666456e-2f) * z * z - r * low));
}

UR_INLINE double ur_sin_near_f64(double r, double low) {
  const double z = r * r;
  const double p = (((1.5896212974769325e-10 * z - 2.5050747475061012e-8) * z + 2.7557313619610587e-6) * z
                    - 1.9841269829584646e-4) * z + 8.333333333322113e-3;
  return r + ((p * z - 0.1666666666666663) * z * r + (low - 0.5 * z * low));
}

UR_INLINE double ur_cos_near_f64(double r, double low) {
  const double z = r * r, h = 0.5 * z, one = 1.0 - h;
  const double p = ((((-1.1359658175521189e-11 * z + 2.0875723468760871e-9) * z - 2.7557314353743948e-7) * z
                     + 2.4801587289487023e-5) * z - 1.3888888888874131e-3) * z + 4.1666666666666602e-2;
  return one + (((1.0 - one) - h) + (p * z * z - r * low));
}

UR_INLINE float ur_sin_f32(float x) {
  float low;
  uint32_t turns;
  const float r = ur_quarter_f32(x, &low, &turns), s = ur_sin_near_f32(r, low), c = ur_cos_near_f32(r, low);
  const float y = (turns & 1) != 0 ? c : s;
  return x == 0.0f ? x : fabsf(x) <= FLT_MAX ? ((turns & 2) != 0 ? -y : y) : x - x;
}

UR_INLINE double ur_sin_f64(double x) {
  double low;
  uint64_t turns;
  const double r = ur_quarter_f64(x, &low, &turns), s = ur_sin_near_f64(r, low), c = ur_cos_near_f64(r, low);
  const double y = (turns & 1) != 0 ? c : s;
  return x == 0.0 ? x : fabs(x) <= DBL_MAX ? ((turns & 2) != 0 ? -y : y) : x - x;
}

UR_INLINE float ur_cos_f32(float x) {
  float low;
  uint32_t turns;
  const float r = ur_quarter_f32(x, &low, &turns), s = ur_sin_near_f32(r, low), c = ur_cos_near_f32(r, low);
  const float y = (turns & 1) != 0 ? s : c;
  return fabsf(x) <= FLT_MAX ? (((turns + 1) & 2) != 0 ? -y : y) : x - x;
}

UR_INLINE double ur_cos_f64(double x) {
  double low;
  uint64_t turns;
  const double r = ur_quarter_f64(x, &low, &turns), s = ur_sin_near_f64(r, low), c = ur_cos_near_f64(r, low);
  const double y = (turns & 1) != 0 ? s : c;
  return fabs(x) <= DBL_MAX ? (((turns + 1) & 2) != 0 ? -y : y) : x - x;
}

UR_INLINE float ur_tan_f32(float x) {
  float low;
  uint32_t turns;
  const float r = ur_quarter_f32(x, &low, &turns), s = ur_sin_near_f32(r, low), c = ur_cos_near_f32(r, low);
  const bool odd = (turns & 1) != 0;
  const float y = (odd ? -c : s) / (odd ? s : c);
  return x == 0.0f ? x : fabsf(x) <= FLT_MAX ? y : x - x;
}

UR_INLINE double ur_tan_f64(double x) {
  double low;
  uint64_t turns;
  const double r = ur_quarter_f64(x, &low, &turns), s = ur_sin_near_f64(r, low), c = ur_cos_near_f64(r, low);
  const bool odd = (turns & 1) != 0;
  const double y = (odd ? -c : s) / (odd ? s : c);
  return x == 0.0 ? x : fabs(x) <= DBL_MAX ? y : x - x;
}

// ---- inverse circular functions

UR_INLINE float ur_arcsin_near_f32(float x, float z) {  // z = x^2 <= 1/4
  return (((((4.22306098e-2f * z + 2.41409633e-2f) * z + 4.5478344e-2f) * z + 7.49523267e-2f) * z + 0.166667536f) * z) * x + x;
}

UR_INLINE double ur_arcsin_near_f64(double x, double z) {
  const double high = ((((3.198195376067911e-2 * z - 1.6327103583323212e-2) * z + 1.9594618575113201e-2) * z
                        + 6.503413796120623e-3) * z + 1.2174967832388663e-2) * z + 1.3884346494804798e-2;
  const double middle = ((high * z + 1.7359796036864397e-2) * z + 2.2371751914188557e-2) * z + 3.0381959396152899e-2;
  const double low = ((middle * z + 4.4642856821977099e-2) * z + 7.5000000003447573e-2) * z + 0.16666666666665375;
  return (low * z) * x + x;
}

UR_INLINE float ur_arcsin_f32(float x) {  // asin(x) = pi/2 - 2 asin(sqrt((1 - x) / 2))
  const float a = fabsf(x);
  const bool big = a > 0.5f;
  const float z = big ? 0.5f - 0.5f * a : a * a, y = ur_arcsin_near_f32(big ? sqrtf(z) : a, z);
  return copysignf(big ? 1.57079637f - (2.0f * y + 4.37113883e-8f) : y, x);
}

UR_INLINE double ur_arcsin_f64(double x) {
  const double a = fabs(x);
  const bool big = a > 0.5;
  const double z = big ? 0.5 - 0.5 * a : a * a, y = ur_arcsin_near_f64(big ? sqrt(z) : a, z);
  return copysign(big ? 1.5707963267948966 - (2.0 * y - 6.123233995736766e-17) : y, x);
}

UR_INLINE float ur_arccos_f32(float x) {
  const float a = fabsf(x);
  const bool big = a > 0.5f;
  const float z = big ? 0.5f - 0.5f * a : a * a, y = ur_arcsin_near_f32(big ? sqrtf(z) : a, z);
  const float middle = 1.57079637f - (copysignf(y, x) + 4.37113883e-8f);
  return !big ? middle : x > 0.0f ? 2.0f * y : 3.14159274f - (2.0f * y + 8.74227766e-8f);
}

UR_INLINE double ur_arccos_f64(double x) {
  const double a = fabs(x);
  const bool big = a > 0.5;
  const double z = big ? 0.5 - 0.5 * a : a * a, y = ur_arcsin_near_f64(big ? sqrt(z) : a, z);
  const double middle = 1.5707963267948966 - (copysign(y, x) - 6.123233995736766e-17);
  return !big ? middle : x > 0.0 ? 2.0 * y : 3.1415926535897931 - (2.0 * y - 1.2246467991473532e-16);
}

// atan(y / x) for y, x >= 0, not both 0, of the smaller over the larger, from the one of 0 and pi/4 that is near: |q| <= tan(pi/8)
UR_INLINE float ur_angle_f32(float y, float x) {
  const bool swap = y > x;
  const float big = swap ? y : x, less = swap ? x : y;
  const bool near = less <= 0.414213562f * big;
  const float n = near ? less : less - big, d = near ? big : less + big;
  const float q = n / d, z = q * q;
  const float p = (((8.05784464e-2f * z - 0.138791397f) * z + 0.199778661f) * z - 0.333329529f) * z * q;
  const float r = near ? q + p : 0.785398185f + (q + (p - 2.18556941e-8f));
  return swap ? 1.57079637f - (r + 4.37113883e-8f) : r;
}

UR_INLINE double ur_angle_f64(double y, double x) {
  const bool swap = y > x;
  const double big = swap ? y : x, less = swap ? x : y;
  const bool near = less <= 0.41421356237309503 * big;
  const double n = near ? less : less - big, d = near ? big : less + big;
  const double q = n / d, z = q * q;
  const double high = (((-1.7907472365605193e-2 * z + 3.8065070612264905e-2) * z - 5.0393353040658971e-2) * z
                       + 5.8478983654109286e-2) * z - 6.6631055863620184e-2;
  const double half = (((high * z + 7.6920603729858095e-2) * z - 9.090897767690502e-2) * z + 0.11111110783835004) * z;
  const double p = (((half - 0.14285714280204415) * z + 0.19999999999953666) * z - 0.33333333333333198) * z * q;
  const double r = near ? q + p : 0.78539816339744828 + (q + (p + 3.061616997868383e-17));
  return swap ? 1.5707963267948966 - (r - 6.123233995736766e-17) : r;
}

UR_INLINE float ur_arctan_f32(float x) { return copysignf(ur_angle_f32(fabsf(x), 1.0f), x); }

UR_INLINE double ur_arctan_f64(double x) { return copysign(ur_angle_f64(fabs(x), 1.0), x); }

UR_INLINE float ur_arctan2_f32(float y, float x) {
  const float ay = fabsf(y), ax = fabsf(x);
  const bool both = (ay > FLT_MAX) & (ax > FLT_MAX), none = (ay == 0.0f) & (ax == 0.0f);  // infinities count as equal
  const float scale = ((ay > 8.5070592e37f) | (ax > 8.5070592e37f)) ? 0.25f : 1.0f;  // 2^126: the sum stays finite
  const float r = ur_angle_f32(both ? 1.0f : ay * scale, (both | none) ? 1.0f : ax * scale);
  return copysignf(ur_signbit_f32(x) ? 3.14159274f - (r + 8.74227766e-8f) : r, y);
}

UR_INLINE double ur_arctan2_f64(double y, double x) {
  const double ay = fabs(y), ax = fabs(x);
  const bool both = (ay > DBL_MAX) & (ax > DBL_MAX), none = (ay == 0.0) & (ax == 0.0);
  const double scale = ((ay > 4.49423283715579e307) | (ax > 4.49423283715579e307)) ? 0.25 : 1.0;  // 2^1022
  const double r = ur_angle_f64(both ? 1.0 : ay * scale, (both | none) ? 1.0 : ax * scale);
  return copysign(ur_signbit_f64(x) ? 3.1415926535897931 - (r - 1.2246467991473532e-16) : r, y);
}
