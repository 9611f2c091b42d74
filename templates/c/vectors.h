// SPDX-License-Identifier: 0BSD
// Vectors of the machine's width: shuffled, and put where they belong.

// ---- vectors that are moved as they are

#if defined(__AVX512F__)
#define UR_VECTOR 64  // bytes
#elif defined(__AVX__)
#define UR_VECTOR 32
#else
#define UR_VECTOR 16
#endif
#if defined(__clang__) || (defined(__GNUC__) && __GNUC__ >= 12)
#define UR_SHUFFLE(type, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define UR_SHUFFLE(type, a, b, ...) __builtin_shuffle(a, b, (type){__VA_ARGS__})
#endif
UR_INLINE bool ur_is_whole(const void *at, int64_t step) {  // whether vectors there, and at steps in bytes from there, are aligned
  return (uintptr_t)at % UR_VECTOR == 0 && step % UR_VECTOR == 0;
}

UR_INLINE void ur_put_vector(void *to, const void *from, bool past) {  // past the caches: aligned, and an `ur_fence` has to follow
#if defined(__clang__)
  typedef float vector __attribute__((vector_size(UR_VECTOR), may_alias));
  if (past) {
    vector a;
    memcpy(&a, from, sizeof a);
    __builtin_nontemporal_store(a, (vector *)to);
    return;
  }
#elif defined(__AVX512F__)
  typedef float vector __attribute__((vector_size(64)));
  if (past) {
    vector a;
    memcpy(&a, from, sizeof a);
    __builtin_ia32_movntps512((float *)to, a);
    return;
  }
#elif defined(__AVX__)
  typedef float vector __attribute__((vector_size(32)));
  if (past) {
    vector a;
    memcpy(&a, from, sizeof a);
    __builtin_ia32_movntps256((float *)to, a);
    return;
  }
#elif defined(__SSE__)
  typedef float vector __attribute__((vector_size(16)));
  if (past) {
    vector a;
    memcpy(&a, from, sizeof a);
    __builtin_ia32_movntps((float *)to, a);
    return;
  }
#else
  (void)past;
#endif
  memcpy(to, from, UR_VECTOR);
}

UR_INLINE void ur_fence(void) {  // what went past the caches is seen by all before anything that follows
#if defined(__SSE__)
  __builtin_ia32_sfence();
#endif
}
