// SPDX-License-Identifier: 0BSD
// Lines of integer keys: select by rank, and sort. Written for keys of 32 bits: for the other widths read another number in
// the place of each 32.

// ---- lines of keys: what has some ranks, by halving the range of keys; all of them in order, byte by byte

UR_INLINE int64_t ur_at_most_i32(const int32_t *line, int64_t n, int32_t limit) {  // how many keys are
  int64_t total = 0;
  for (int64_t begin = 0; begin < n;) {  // in parts that a counter as wide as a key can count
    const int64_t most = sizeof *line == 1 ? 192 : 16384, end = n - begin < most ? n : begin + most;
    uint32_t count = 0;
    for (int64_t i = begin; i < end; i++) count = (uint32_t)(count + (line[i] <= limit));
    total += (int64_t)count;
    begin = end;
  }
  return total;
}

UR_INLINE int32_t ur_least_from_i32(const int32_t *line, int64_t n, int32_t limit) {  // there is a key that is at least the limit
  uint32_t least = UINT32_MAX;
  for (int64_t i = 0; i < n; i++) {
    const uint32_t far = (uint32_t)((uint32_t)line[i] - (uint32_t)limit);  // smaller keys are farthest
    least = far < least ? far : least;
  }
  return (int32_t)((uint32_t)limit + least);
}

UR_INLINE int32_t ur_ranked_i32(const int32_t *line, int64_t n, int64_t rank, int32_t low, int32_t high, int32_t *spare) {
  int64_t below = 0, upto = n;  // keys before low, and keys up to high: the one with this rank is between
  while (low < high) {
    if (upto - below == 1) return ur_least_from_i32(line, n, low);
    const int32_t half = (int32_t)((uint32_t)((uint32_t)high - (uint32_t)low) / 2u), middle = (int32_t)(low + half);
    const int64_t count = ur_at_most_i32(line, n, middle);
    if (count > rank) {
      high = middle;
      upto = count;
    } else {
      low = (int32_t)(middle + 1);
      below = count;
    }
    if (spare != NULL && n > 1024 && upto - below < n / 4) {  // few are left: go on among these alone
      int64_t left = 0;
      for (int64_t i = 0; i < n; i++) {
        const int32_t key = line[i];
        spare[left] = key;
        left += (key >= low) & (key <= high);
      }
      line = spare;
      n = left;
      rank -= below;
      below = 0;
      upto = left;
    }
  }
  return low;
}

UR_INLINE void ur_select_i32(const int32_t *line, int64_t n, const int64_t *ranks, int64_t count, int32_t *target, int32_t *spare) {
  int32_t low = INT32_MAX, high = INT32_MIN;
  for (int64_t i = 0; i < n; i++) {
    low = line[i] < low ? line[i] : low;
    high = line[i] > high ? line[i] : high;
  }
  for (int64_t k = 0; k < count; k++) {
    const int64_t rank = ranks[k], before = k > 0 ? ranks[k - 1] : -2;
    if (n <= 0) target[k] = INT32_MAX;
    else if (rank >= n - 1) target[k] = high;
    else if (rank <= 0) target[k] = low;
    else if (rank == before) target[k] = target[k - 1];
    else if (rank != before + 1) target[k] = ur_ranked_i32(line, n, rank, low, high, spare);
    else if (ur_at_most_i32(line, n, target[k - 1]) > rank) target[k] = target[k - 1];
    else target[k] = ur_least_from_i32(line, n, (int32_t)(target[k - 1] + 1));
  }
}

UR_INLINE void ur_places_i32(const int32_t *line, int64_t n, const int64_t *ranks, int64_t count, int64_t *target, int32_t *spare) {
  for (int64_t k = 0; k < count; k++) {
    int32_t key;
    ur_select_i32(line, n, ranks + k, 1, &key, spare);
    int64_t left = ranks[k] - (key > INT32_MIN ? ur_at_most_i32(line, n, (int32_t)(key - 1)) : 0), place = 0;
    for (int64_t i = 0; i < n && left >= 0; i++) {
      place = line[i] == key ? i : place;
      left -= line[i] == key;
    }
    target[k] = place;
  }
}

UR_INLINE int64_t ur_byte_i32(int32_t key, int shift) {  // of a key, in the order of keys
  return (int64_t)((((uint32_t)key ^ ((uint32_t)1 << (32 - 1))) >> shift) & 255u);
}

UR_INLINE bool ur_starts_i32(int64_t *counts, int64_t n) {  // where each byte's keys begin, from their counts; not of one byte alone
  int64_t start = 0;
  for (int byte = 0; byte < 256; byte++) {
    const int64_t count = counts[byte];
    if (count == n) return false;
    counts[byte] = start;
    start += count;
  }
  return true;
}

UR_INLINE void ur_sort_i32(const int32_t *line, int64_t n, int32_t *target, int32_t *spare) {
  const int32_t *from = line;
  int32_t *to = target;
  if (n <= 24) {
    for (int64_t i = 0, at; i < n; i++) {
      for (at = i; at > 0 && target[at - 1] > line[i]; at--) target[at] = target[at - 1];
      target[at] = line[i];
    }
    return;
  }
  for (int shift = 0; shift < 32; shift += 8) {
    int64_t starts[256] = {0};
    for (int64_t i = 0; i < n; i++) starts[ur_byte_i32(from[i], shift)]++;
    if (!ur_starts_i32(starts, n)) continue;
    for (int64_t i = 0; i < n; i++) to[starts[ur_byte_i32(from[i], shift)]++] = from[i];
    from = to;
    to = to == target ? spare : target;
  }
  if (from != target) memcpy(target, from, (size_t)n * sizeof *target);
}

UR_INLINE void ur_order_i32(const int32_t *line, int64_t n, int64_t *target, int64_t *spare) {
  int64_t *from = target, *to = spare;
  for (int64_t i = 0; i < n; i++) target[i] = i;
  for (int64_t i = 0, at; i < n && n <= 24; i++) {
    for (at = i; at > 0 && line[target[at - 1]] > line[i]; at--) target[at] = target[at - 1];
    target[at] = i;
  }
  for (int shift = 0; shift < 32 && n > 24; shift += 8) {
    int64_t starts[256] = {0};
    for (int64_t i = 0; i < n; i++) starts[ur_byte_i32(line[i], shift)]++;
    if (!ur_starts_i32(starts, n)) continue;
    for (int64_t i = 0; i < n; i++) to[starts[ur_byte_i32(line[from[i]], shift)]++] = from[i];
    from = to;
    to = to == target ? spare : target;
  }
  if (from != target) memcpy(target, from, (size_t)n * sizeof *target);
}
