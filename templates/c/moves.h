// SPDX-License-Identifier: 0BSD
// Tiles of elements from place to place. Written for elements of 32 bits: for the other widths read another number in the
// place of each 32. Steps count elements.

// ---- moves: tiles of elements from place to place, turned in registers, past the caches

#if UR_VECTOR * 8 / 32 == 16
#define UR_LOW_32 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UR_HIGH_32 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define UR_EVEN_32 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define UR_ODD_32 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define UR_ROUNDS_32 4
#elif UR_VECTOR * 8 / 32 == 8
#define UR_LOW_32 0, 8, 1, 9, 2, 10, 3, 11
#define UR_HIGH_32 4, 12, 5, 13, 6, 14, 7, 15
#define UR_EVEN_32 0, 2, 4, 6, 8, 10, 12, 14
#define UR_ODD_32 1, 3, 5, 7, 9, 11, 13, 15
#define UR_ROUNDS_32 3
#elif UR_VECTOR * 8 / 32 == 4
#define UR_LOW_32 0, 4, 1, 5
#define UR_HIGH_32 2, 6, 3, 7
#define UR_EVEN_32 0, 2, 4, 6
#define UR_ODD_32 1, 3, 5, 7
#define UR_ROUNDS_32 2
#elif UR_VECTOR * 8 / 32 == 2
#define UR_LOW_32 0, 2
#define UR_HIGH_32 1, 3
#define UR_EVEN_32 0, 2
#define UR_ODD_32 1, 3
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

#ifdef UR_ROUNDS_32
UR_INLINE void ur_paired_32(unsigned char *to, const unsigned char *one, const unsigned char *other, int64_t count, bool past) {
  typedef uint32_t vector __attribute__((vector_size(UR_VECTOR)));
  vector a, b;  // elements of two rows, turn by turn; past the caches: whole vectors
  for (int64_t i = 0; i + UR_VECTOR <= count * (int64_t)sizeof(uint32_t); i += UR_VECTOR) {
    memcpy(&a, one + i, sizeof a);
    memcpy(&b, other + i, sizeof b);
    const vector low = UR_SHUFFLE(vector, a, b, UR_LOW_32), high = UR_SHUFFLE(vector, a, b, UR_HIGH_32);
    ur_put_vector(to + 2 * i, &low, past);
    ur_put_vector(to + 2 * i + UR_VECTOR, &high, past);
  }
}
#endif

#ifdef UR_ROUNDS_32
UR_INLINE void ur_unpaired_32(unsigned char *one, unsigned char *other, const unsigned char *from, int64_t count) {
  typedef uint32_t vector __attribute__((vector_size(UR_VECTOR)));
  vector a, b;  // every second element to each of two rows
  for (int64_t i = 0; i + UR_VECTOR <= count * (int64_t)sizeof(uint32_t); i += UR_VECTOR) {
    memcpy(&a, from + 2 * i, sizeof a);
    __builtin_prefetch(from + 2 * i + 2048);  // beyond an array it does nothing
    __builtin_prefetch(from + 2 * i + 2048 + UR_VECTOR);
    memcpy(&b, from + 2 * i + UR_VECTOR, sizeof b);
    const vector even = UR_SHUFFLE(vector, a, b, UR_EVEN_32), odd = UR_SHUFFLE(vector, a, b, UR_ODD_32);
    memcpy(one + i, &even, sizeof even);
    memcpy(other + i, &odd, sizeof odd);
  }
}
#endif

UR_APART void ur_turn_32(void *to, int64_t to_along, const void *from, int64_t from_across, int64_t rows, int64_t columns, bool past) {
  const int64_t size = (int64_t)sizeof(uint32_t);  // to[across + along * to_along] = from[across * from_across + along]
  unsigned char *const target = (unsigned char *)to;
  const unsigned char *const source = (const unsigned char *)from;
  int64_t whole_rows = 0, whole_columns = 0;
#ifdef UR_ROUNDS_32
  const int64_t n = UR_VECTOR / size;
  const bool paired = rows == 2 && to_along == 2, unpaired = !paired && columns == 2 && from_across == 2;
  whole_rows = paired ? rows : rows - rows % n;
  whole_columns = unpaired ? columns : columns - columns % n;
  if (paired)
    ur_paired_32(target, source, source + from_across * size, whole_columns, past && ur_is_whole(to, 0));
  else if (unpaired)
    ur_unpaired_32(target, target + to_along * size, source, whole_rows);
  past = past && ur_is_whole(to, to_along * size);
  for (int64_t q = 0; q < whole_columns && !paired && !unpaired; q += n)
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
  if (to_along == 1 && from_across == 1 && columns > 1 && rows > 1) {
    ur_turn_32(to, to_across, from, from_along, columns, rows, past);
    return;
  }
  if (to_across == columns && from_across == columns && to_along == 1 && from_along == 1) {  // rows that are one line
    columns *= rows;
    rows = 1;
  }
  const bool lines = to_along == 1 && from_along == 1, stream = lines && past && (uintptr_t)to % sizeof(uint32_t) == 0;
  for (int64_t p = 0; p < rows; p++) {
    unsigned char *const put = target + p * to_across * size;
    const unsigned char *const get = source + p * from_across * size;
    const int64_t before = stream ? (int64_t)(-(uintptr_t)put % UR_VECTOR) / size : 0;  // up to the first whole vector
    const int64_t first = before < columns ? before : columns, whole = stream ? (columns - first) / n * n : 0;
    if (lines) {
      memcpy(put, get, (size_t)(first * size));
      for (int64_t q = first; q < first + whole; q += n) ur_put_vector(put + q * size, get + q * size, true);
      memcpy(put + (first + whole) * size, get + (first + whole) * size, (size_t)((columns - first - whole) * size));
    } else
      for (int64_t q = 0; q < columns; q++)
        memcpy(put + q * to_along * size, get + q * from_along * size, sizeof(uint32_t));
  }
}
