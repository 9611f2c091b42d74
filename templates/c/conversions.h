// SPDX-License-Identifier: 0BSD
// Conversions: floats to integers, and between f32 and floats of 16 bits, which are stored as words and never computed with.
// Without branches, so that loops over them vectorise. What is rounded from f64 goes through f32 "to odd": the neighbour
// whose last bit is set stands for everything between two numbers (Boldo, Melquiond, Emulation of FMA, 2008, theorem 3).

// ---- floats to integers: towards zero, to the nearest limit, NaN to 0

UR_INLINE int8_t ur_i8_from_f32(float a) {
  return (int8_t)(a >= 127.0f ? 127.0f : a <= -128.0f ? -128.0f : a == a ? a : 0.0f);
}

UR_INLINE int16_t ur_i16_from_f32(float a) {
  return (int16_t)(a >= 32767.0f ? 32767.0f : a <= -32768.0f ? -32768.0f : a == a ? a : 0.0f);
}

UR_INLINE uint8_t ur_u8_from_f32(float a) {
  return (uint8_t)(a >= 255.0f ? 255.0f : a > 0.0f ? a : 0.0f);
}

UR_INLINE uint16_t ur_u16_from_f32(float a) {
  return (uint16_t)(a >= 65535.0f ? 65535.0f : a > 0.0f ? a : 0.0f);
}

UR_INLINE uint32_t ur_u32_from_f32(float a) {
  const uint32_t inside = (uint32_t)(((a > 0.0f) & (a < 4294967296.0f)) ? a : 0.0f);
  return a >= 4294967296.0f ? UINT32_MAX : inside;
}

UR_INLINE uint64_t ur_u64_from_f32(float a) {
  const uint64_t inside = (uint64_t)(((a > 0.0f) & (a < 18446744073709551616.0f)) ? a : 0.0f);
  return a >= 18446744073709551616.0f ? UINT64_MAX : inside;
}

UR_INLINE int8_t ur_i8_from_f64(double a) {
  return (int8_t)(a >= 127.0 ? 127.0 : a <= -128.0 ? -128.0 : a == a ? a : 0.0);
}

UR_INLINE int16_t ur_i16_from_f64(double a) {
  return (int16_t)(a >= 32767.0 ? 32767.0 : a <= -32768.0 ? -32768.0 : a == a ? a : 0.0);
}

UR_INLINE uint8_t ur_u8_from_f64(double a) {
  return (uint8_t)(a >= 255.0 ? 255.0 : a > 0.0 ? a : 0.0);
}

UR_INLINE uint16_t ur_u16_from_f64(double a) {
  return (uint16_t)(a >= 65535.0 ? 65535.0 : a > 0.0 ? a : 0.0);
}

UR_INLINE uint32_t ur_u32_from_f64(double a) {
  const uint32_t inside = (uint32_t)(((a > 0.0) & (a < 4294967296.0)) ? a : 0.0);
  return a >= 4294967296.0 ? UINT32_MAX : inside;
}

UR_INLINE uint64_t ur_u64_from_f64(double a) {
  const uint64_t inside = (uint64_t)(((a > 0.0) & (a < 18446744073709551616.0)) ? a : 0.0);
  return a >= 18446744073709551616.0 ? UINT64_MAX : inside;
}

// ---- floats of 16 bits

typedef uint16_t ur_f16;  // the bits of an IEEE 754 binary16

typedef uint16_t ur_bf16;  // the bits of a bfloat16: the upper half of a binary32

UR_INLINE float ur_f32_from_bf16(ur_bf16 a) { return ur_float_f32((uint32_t)a << 16); }

UR_INLINE float ur_f32_from_f16(ur_f16 a) {
  const uint32_t sign = ((uint32_t)a & 0x8000) << 16, m = ((uint32_t)a & 0x7fff) << 13;
  const uint32_t normal = m + (m < UINT32_C(0x0f800000) ? UINT32_C(0x38000000) : UINT32_C(0x70000000));
  const uint32_t small = ur_bits_f32(ur_float_f32(((uint32_t)a & 0x3ff) | UINT32_C(0x3f000000)) - 0.5f);  // m 2^-24
  return ur_float_f32(sign | (m < UINT32_C(0x00800000) ? small : normal));
}

UR_INLINE ur_bf16 ur_bf16_from_f32(float a) {  // to nearest, ties to even
  const uint32_t bits = ur_bits_f32(a), rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return (ur_bf16)(a != a ? (bits >> 16) | 0x40 : rounded);
}

UR_INLINE ur_f16 ur_f16_from_f32(float a) {  // to nearest, ties to even; the last place of 0.5 is 2^-24
  const uint32_t bits = ur_bits_f32(a), sign = (bits >> 16) & 0x8000, m = bits & UINT32_C(0x7fffffff);
  const uint32_t normal = (m - UINT32_C(0x38000000) + 0xfff + ((m >> 13) & 1)) >> 13;
  const uint32_t small = ur_bits_f32(ur_float_f32(m) + 0.5f) - UINT32_C(0x3f000000);
  const uint32_t finite = m < UINT32_C(0x38800000) ? small : normal, large = m > UINT32_C(0x7f800000) ? 0x7e00 : 0x7c00;
  return (ur_f16)(sign | (m < UINT32_C(0x47800000) ? finite : large));
}

UR_INLINE float ur_odd_f32_from_f64(double a) {
  const float f = (float)a;
  const double lost = fabs(a) - fabs((double)f);
  const uint32_t bits = ur_bits_f32(f), even = (bits & 1) ^ 1;
  return ur_float_f32(bits + (lost > 0.0 ? even : lost < 0.0 ? 0u - even : 0u));
}

UR_INLINE double ur_odd_f64_from_i64(int64_t a) {
  const int64_t high = (a >> 11) | ((a & 2047) != 0), end = INT64_C(9007199254740992);  // 2^53
  return ((a <= end) & (a >= -end)) ? (double)a : (double)high * 2048.0;
}

UR_INLINE double ur_odd_f64_from_u64(uint64_t a) {
  const uint64_t high = (a >> 11) | ((a & 2047) != 0);
  return a <= UINT64_C(9007199254740992) ? (double)a : (double)high * 2048.0;
}

UR_INLINE ur_f16 ur_f16_from_f64(double a) { return ur_f16_from_f32(ur_odd_f32_from_f64(a)); }

UR_INLINE ur_bf16 ur_bf16_from_f64(double a) { return ur_bf16_from_f32(ur_odd_f32_from_f64(a)); }

UR_INLINE ur_f16 ur_load_f16(const unsigned char *at) { ur_f16 a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE ur_bf16 ur_load_bf16(const unsigned char *at) { ur_bf16 a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE void ur_store_f16(unsigned char *at, ur_f16 a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_bf16(unsigned char *at, ur_bf16 a) { memcpy(at, &a, sizeof a); }
