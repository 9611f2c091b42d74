// SPDX-License-Identifier: 0BSD
// Tiles of elements from place to place. Written for elements of 32 bits: for the other widths read another number in the
// place of each 32. Steps count elements.

// ---- moves: tiles of elements from place to place, turned in registers, past the caches

#if UR_VECTOR * 8 / 32 == 16
#define UR_LOW_32 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UR_HIGH_32 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define UR_ROUNDS_32 4
#elif UR_VECTOR * 8 / 32 == 8
#define UR_LOW_32 0, 8, 1, 9, 2, 10, 3, 11
#define UR_HIGH_32 4, 12, 5, 13, 6, 14, 7, 15
#define UR_ROUNDS_32 3
#elif UR_VECTOR * 8 / 32 == 4
#define UR_LOW_32 0, 4, 1, 5
#define UR_HIGH_32 2, 6, 3, 7
#define UR_ROUNDS_32 2
#elif UR_VECTOR * 8 / 32 == 2
#define UR_LOW_32 0, 2
#define UR_HIGH_32 1, 3
#define UR_ROUNDS_32 1
#endif
#ifdef UR_ROUNDS_32
UR_INLINE void ur_square_turned_32(unsigned char *to, int64_t to_step, const unsigned char *from, int64_t from_step, bool past) {
  typedef uint32_t vector __attribute__((vector_size(UR_VECTOR)));
  enum { n = UR_VECTOR / sizeof(uint32_t) };
  vector rows[n], mixed[n];
  UR_UNROLL
  for (int i = 0; i < n; i++) {
    const unsigned char *const row = from + i * from_step * (int64_t)sizeof(uint32_t);
    memcpy(&rows[i], row, sizeof(vector));
    __builtin_prefetch(row + 512);  // far rows are no stream that processors foresee; beyond an array it does nothing
  }
  UR_UNROLL
  for (int round = 0; round < UR_ROUNDS_32; round++) {  // rows that are half of all apart come side by side, element by element
    UR_UNROLL
    for (int i = 0; i < n / 2; i++) {
      mixed[2 * i] = UR_SHUFFLE(vector, rows[i], rows[i + n / 2], UR_LOW_32);
      mixed[2 * i + 1] = UR_SHUFFLE(vector, rows[i], rows[i + n / 2], UR_HIGH_32);
    }
    UR_UNROLL
    for (int i = 0; i < n; i++) rows[i] = mixed[i];
  }
  UR_UNROLL
  for (int i = 0; i < n; i++) ur_put_vector(to + i * to_step * (int64_t)sizeof(uint32_t), &rows[i], past);
}
#endif

UR_APART void ur_turn_32(void *to, int64_t to_along, const void *from, int64_t from_across, int64_t rows, int64_t columns, bool past) {
  const int64_t size = (int64_t)sizeof(uint32_t);  // to[across + along * to_along] = from[across * from_across + along]
  unsigned char *const target = (unsigned char *)to;
  const unsigned char *const source = (const unsigned char *)from;
  int64_t whole_rows = 0, whole_columns = 0;
#ifdef UR_ROUNDS_32
  const int64_t n = UR_VECTOR / size;
  whole_rows = rows - rows % n;
  whole_columns = columns - columns % n;
  past = past && ur_is_whole(to, to_along * size);
  for (int64_t q = 0; q < whole_columns; q += n)
    for (int64_t p = 0; p < whole_rows; p += n)
      ur_square_turned_32(target + (p + q * to_along) * size, to_along, source + (p * from_across + q) * size, from_across, past);
#else
  (void)past;
#endif
  for (int64_t q = 0; q < columns; q++)
    for (int64_t p = q < whole_columns ? whole_rows : 0; p < rows; p++)
      memcpy(target + (p + q * to_along) * size, source + (p * from_across + q) * size, sizeof(uint32_t));
}

UR_INLINE void ur_move_32(void *to, int64_t to_across, int64_t to_along, const void *from, int64_t from_across, int64_t from_along, int64_t rows, int64_t columns, bool past) {
  const int64_t size = (int64_t)sizeof(uint32_t), n = UR_VECTOR / size;
  unsigned char *const target = (unsigned char *)to;
  const unsigned char *const source = (const unsigned char *)from;
  if (to_across == 1 && from_along == 1 && rows > 1) {
    ur_turn_32(to, to_along, from, from_across, rows, columns, past);
    return;
  }
  const bool lines = to_along == 1 && from_along == 1;
  const int64_t whole = lines && past && ur_is_whole(to, rows > 1 ? to_across * size : 0) ? columns - columns % n : 0;
  for (int64_t p = 0; p < rows; p++) {
    for (int64_t q = 0; q < whole; q += n)
      ur_put_vector(target + (p * to_across + q) * size, source + (p * from_across + q) * size, true);
    if (lines)
      memcpy(target + (p * to_across + whole) * size, source + (p * from_across + whole) * size, (size_t)((columns - whole) * size));
    else
      for (int64_t q = 0; q < columns; q++)
        memcpy(target + (p * to_across + q * to_along) * size, source + (p * from_across + q * from_along) * size, sizeof(uint32_t));
  }
}
