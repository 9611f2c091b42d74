// SPDX-License-Identifier: 0BSD
// Division of floats with a remainder, as Python and NumPy have it. That of f32 is exact and has no branches or calls: in f64
// the quotient is taken off a part at a time, the largest multiples of the divisor first.

// ---- division with a remainder: the sign is that of the divisor

// r less a multiple of m = y * scale, at most half of m: exact, as the quotient and so the product have few enough bits
UR_INLINE double ur_fmod_step_f64(double r, double y, double inverse, double scale, double unscale) {
  const double m = y * scale, n = (r * (inverse * unscale) + 6755399441055744.0) - 6755399441055744.0;
#if defined(FP_FAST_FMA) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return fma(-n, m, r);
#else
  return r - n * m;
#endif
}

// fmodf without branches or calls: the largest multiples of b first, 46 bits of the quotient at a time, or 28 without fma
UR_INLINE float ur_fmod_f32(float a, float b) {
  const double x = fabs((double)a), y = fabs((double)b), inverse = 1.0 / y;
  double r = x;
#if defined(FP_FAST_FMA) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  r = ur_fmod_step_f64(r, y, inverse, 0x1p230, 0x1p-230);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p184, 0x1p-184);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p138, 0x1p-138);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p92, 0x1p-92);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p46, 0x1p-46);
#else
  r = ur_fmod_step_f64(r, y, inverse, 0x1p252, 0x1p-252);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p224, 0x1p-224);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p196, 0x1p-196);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p168, 0x1p-168);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p140, 0x1p-140);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p112, 0x1p-112);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p84, 0x1p-84);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p56, 0x1p-56);
  r = ur_fmod_step_f64(r, y, inverse, 0x1p28, 0x1p-28);
#endif
  r = ur_fmod_step_f64(r, y, inverse, 1.0, 1.0);
  r = r < 0.0 ? r + y : r;
  const float found = fabsf(b) > FLT_MAX ? a : copysignf((float)r, a);
  return ((b == 0.0f) | (fabsf(a) > FLT_MAX) | (a != a) | (b != b)) ? NAN : found;
}

UR_INLINE float ur_remainder_f32(float a, float b) {  // the sign of b
  const float r = ur_fmod_f32(a, b);
  return r == 0.0f ? copysignf(0.0f, b) : copysignf(1.0f, r) != copysignf(1.0f, b) ? r + b : r;
}

UR_INLINE double ur_remainder_f64(double a, double b) {  // the sign of b
  const double r = fmod(a, b);
  return r == 0.0 ? copysign(0.0, b) : (r < 0.0) != (b < 0.0) ? r + b : r;
}

UR_INLINE float ur_floor_divide_f32(float a, float b) {  // from the remainder, so that q * b + r is a
  const float r = ur_fmod_f32(a, b), below = copysignf(1.0f, r) != copysignf(1.0f, b) ? 1.0f : 0.0f;
  const float q = (a - r) / b - (r != 0.0f ? below : 0.0f);
  const float whole = floorf(q) + (q - floorf(q) > 0.5f ? 1.0f : 0.0f);
  return b == 0.0f ? a / b : q == 0.0f ? copysignf(0.0f, a / b) : whole;
}

UR_INLINE double ur_floor_divide_f64(double a, double b) {  // from the remainder, so that q * b + r is a
  const double r = fmod(a, b), q = (a - r) / b - (((r != 0.0) & ((r < 0.0) != (b < 0.0))) ? 1.0 : 0.0);
  const double whole = floor(q) + (q - floor(q) > 0.5 ? 1.0 : 0.0);
  return b == 0.0 ? a / b : q == 0.0 ? copysign(0.0, a / b) : whole;
}
