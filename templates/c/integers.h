// SPDX-License-Identifier: 0BSD
// Integers other than i32 and i64: what depends on their width. They wrap; division by 0 gives 0, shifts too far give 0, or -1
// from a negative number to the right. What is not here for 8 and 16 bits is computed in i32, and its low bits are kept.

// ---- integers of 8 and 16 bits, and unsigned ones

UR_INLINE int8_t ur_maximum_i8(int8_t a, int8_t b) { return a > b ? a : b; }

UR_INLINE int16_t ur_maximum_i16(int16_t a, int16_t b) { return a > b ? a : b; }

UR_INLINE uint8_t ur_maximum_u8(uint8_t a, uint8_t b) { return a > b ? a : b; }

UR_INLINE uint16_t ur_maximum_u16(uint16_t a, uint16_t b) { return a > b ? a : b; }

UR_INLINE uint32_t ur_maximum_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }

UR_INLINE uint64_t ur_maximum_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

UR_INLINE int8_t ur_minimum_i8(int8_t a, int8_t b) { return a < b ? a : b; }

UR_INLINE int16_t ur_minimum_i16(int16_t a, int16_t b) { return a < b ? a : b; }

UR_INLINE uint8_t ur_minimum_u8(uint8_t a, uint8_t b) { return a < b ? a : b; }

UR_INLINE uint16_t ur_minimum_u16(uint16_t a, uint16_t b) { return a < b ? a : b; }

UR_INLINE uint32_t ur_minimum_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }

UR_INLINE uint64_t ur_minimum_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

UR_INLINE int8_t ur_left_shift_i8(int8_t a, int8_t n) { return (int8_t)((uint8_t)n < 8 ? (uint32_t)a << (n & 7) : 0u); }

UR_INLINE int16_t ur_left_shift_i16(int16_t a, int16_t n) { return (int16_t)((uint16_t)n < 16 ? (uint32_t)a << (n & 15) : 0u); }

UR_INLINE uint8_t ur_left_shift_u8(uint8_t a, uint8_t n) { return (uint8_t)(n < 8 ? (uint32_t)a << (n & 7) : 0u); }

UR_INLINE uint16_t ur_left_shift_u16(uint16_t a, uint16_t n) { return (uint16_t)(n < 16 ? (uint32_t)a << (n & 15) : 0u); }

UR_INLINE uint32_t ur_left_shift_u32(uint32_t a, uint32_t n) { return n < 32 ? a << (n & 31) : 0; }

UR_INLINE uint64_t ur_left_shift_u64(uint64_t a, uint64_t n) { return n < 64 ? a << (n & 63) : 0; }

UR_INLINE int8_t ur_right_shift_i8(int8_t a, int8_t n) { return (int8_t)(a >> ((uint8_t)n < 8 ? n : 7)); }

UR_INLINE int16_t ur_right_shift_i16(int16_t a, int16_t n) { return (int16_t)(a >> ((uint16_t)n < 16 ? n : 15)); }

UR_INLINE uint8_t ur_right_shift_u8(uint8_t a, uint8_t n) { return (uint8_t)(n < 8 ? a >> (n & 7) : 0); }

UR_INLINE uint16_t ur_right_shift_u16(uint16_t a, uint16_t n) { return (uint16_t)(n < 16 ? a >> (n & 15) : 0); }

UR_INLINE uint32_t ur_right_shift_u32(uint32_t a, uint32_t n) { return n < 32 ? a >> (n & 31) : 0; }

UR_INLINE uint64_t ur_right_shift_u64(uint64_t a, uint64_t n) { return n < 64 ? a >> (n & 63) : 0; }

UR_INLINE uint32_t ur_square_u32(uint32_t a) { return a * a; }

UR_INLINE uint32_t ur_floor_divide_u32(uint32_t a, uint32_t b) { return b == 0 ? 0 : a / b; }

UR_INLINE uint32_t ur_remainder_u32(uint32_t a, uint32_t b) { return b == 0 ? 0 : a % b; }

UR_INLINE uint32_t ur_reciprocal_u32(uint32_t a) { return a == 1; }

UR_INLINE uint32_t ur_sign_u32(uint32_t a) { return a != 0; }

UR_INLINE uint32_t ur_power_u32(uint32_t a, uint32_t n) {
  uint32_t r = 1;
  for (; n > 0; n >>= 1, a *= a) r *= n & 1 ? a : 1;
  return r;
}

UR_INLINE uint64_t ur_square_u64(uint64_t a) { return a * a; }

UR_INLINE uint64_t ur_floor_divide_u64(uint64_t a, uint64_t b) { return b == 0 ? 0 : a / b; }

UR_INLINE uint64_t ur_remainder_u64(uint64_t a, uint64_t b) { return b == 0 ? 0 : a % b; }

UR_INLINE uint64_t ur_reciprocal_u64(uint64_t a) { return a == 1; }

UR_INLINE uint64_t ur_sign_u64(uint64_t a) { return a != 0; }

UR_INLINE uint64_t ur_power_u64(uint64_t a, uint64_t n) {
  uint64_t r = 1;
  for (; n > 0; n >>= 1, a *= a) r *= n & 1 ? a : 1;
  return r;
}

UR_INLINE int ur_order_i64_u64(int64_t a, uint64_t b) {  // -1, 0 or 1 as a is below, equal to or above b
  return a < 0 ? -1 : ((uint64_t)a > b) - ((uint64_t)a < b);
}

// ---- their elements at addresses that are no multiple of their size

UR_INLINE int8_t ur_load_i8(const unsigned char *at) { int8_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE int16_t ur_load_i16(const unsigned char *at) { int16_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE uint8_t ur_load_u8(const unsigned char *at) { uint8_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE uint16_t ur_load_u16(const unsigned char *at) { uint16_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE uint32_t ur_load_u32(const unsigned char *at) { uint32_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE uint64_t ur_load_u64(const unsigned char *at) { uint64_t a; memcpy(&a, at, sizeof a); return a; }

UR_INLINE void ur_store_i8(unsigned char *at, int8_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_i16(unsigned char *at, int16_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_u8(unsigned char *at, uint8_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_u16(unsigned char *at, uint16_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_u32(unsigned char *at, uint32_t a) { memcpy(at, &a, sizeof a); }

UR_INLINE void ur_store_u64(unsigned char *at, uint64_t a) { memcpy(at, &a, sizeof a); }
