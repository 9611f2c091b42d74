// SPDX-License-Identifier: 0BSD
// Keys of floats: integers that are ordered as the floats are.

// ---- keys: integers in the order of floats, -0 as 0, NaN behind infinity and before the largest integer

UR_INLINE int32_t ur_order_key_f32(float a) {
  const float b = a + 0.0f;
  const int32_t bits = (int32_t)ur_bits_f32(b);
  return b != b ? INT32_C(0x7fc00000) : bits ^ ((bits >> 31) & INT32_MAX);
}

UR_INLINE int64_t ur_order_key_f64(double a) {
  const double b = a + 0.0;
  const int64_t bits = (int64_t)ur_bits_f64(b);
  return b != b ? INT64_C(0x7ff8000000000000) : bits ^ ((bits >> 63) & INT64_MAX);
}

UR_INLINE float ur_order_value_f32(int32_t key) { return ur_float_f32((uint32_t)(key ^ ((key >> 31) & INT32_MAX))); }

UR_INLINE double ur_order_value_f64(int64_t key) { return ur_float_f64((uint64_t)(key ^ ((key >> 63) & INT64_MAX))); }
