#ifdef __cplusplus
extern "C" {
#endif
size_t matmul_workspace(int threads);
int matmul(const float *A, const float *B, float *C, void *workspace, int threads);
#ifdef __cplusplus
}
#endif

// Where elements lie.
UR_INLINE int64_t at_A(int64_t i0, int64_t k) { return i0 * 40 + k; }
UR_INLINE int64_t at_B(int64_t k, int64_t i1) { return k * 32 + i1; }
UR_INLINE int64_t at_C(int64_t i0, int64_t i1) { return i0 * 32 + i1; }

static void matmul_C(int64_t begin, int64_t end, const float *UR_RESTRICT A, const float *UR_RESTRICT B,
    float *UR_RESTRICT C) {
  for (int64_t task = begin; task < end; task++) {
    const int64_t i = task / 2 * 4, j = task % 2 * 16;
    float acc[4][16];
    UR_UNROLL
    for (int64_t row = 0; row < 4; row++) {
      UR_SIMD
      for (int64_t lane = 0; lane < 16; lane++)
        acc[row][lane] = 0.0f;
    }
    for (int64_t k = 0; k < 40; k++) {  // C[i, j] = sum[k](A[i, k] * B[k, j])
      UR_UNROLL
      for (int64_t row = 0; row < 4; row++) {
        UR_SIMD
        for (int64_t lane = 0; lane < 16; lane++)
          acc[row][lane] += A[at_A(i + row, k)] * B[at_B(k, j + lane)];
      }
    }
    UR_UNROLL
    for (int64_t row = 0; row < 4; row++) {
      UR_SIMD
      for (int64_t lane = 0; lane < 16; lane++)
        C[at_C(i + row, j + lane)] = acc[row][lane];
    }
  }
}

size_t matmul_workspace(int threads) {
  (void)threads;
  return 0;
}

int matmul(const float *A, const float *B, float *C, void *workspace, int threads) {
  if ((uintptr_t)workspace % 64 != 0) return 1;  // the workspace is 64-byte aligned
  const int workers = threads > 1 ? threads : 1;
  {
    const int64_t tasks = 4, chunks = ur_chunks(tasks, workers);
    UR_OMP(parallel for num_threads(workers) schedule(dynamic) if (chunks > 1))
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      matmul_C(ur_begin(tasks, chunk, chunks), ur_begin(tasks, chunk + 1, chunks), A, B, C);
    }
  }
  return 0;
}
