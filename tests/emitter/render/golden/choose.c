#ifdef __cplusplus
extern "C" {
#endif
size_t choose_workspace(int64_t n, int threads);
int choose(int64_t n, const uint8_t *mask, const int64_t *a, int64_t *r, uint8_t *flipped, void *workspace,
    int threads);
#ifdef __cplusplus
}
#endif

typedef struct {  // what is known at run time only: sizes, strides, scalars
  int64_t n;
} choose_run;

static void choose_r(int64_t begin, int64_t end, const uint8_t *UR_RESTRICT mask, const int64_t *UR_RESTRICT a,
    int64_t *UR_RESTRICT r, uint8_t *UR_RESTRICT flipped) {
  for (int64_t task = begin; task < end; task++) {
    const int64_t i = task;
    if (mask[i] != 0) {  // r[i] = where(mask[i], a[i] + a[i], a[i]//3)
      r[i] = ur_add_i64(a[i], a[i]);
    } else {
      r[i] = ur_floor_divide_i64(a[i], 3);
    }
    flipped[i] = (uint8_t)(!(mask[i] != 0));
    flipped[i] = (uint8_t)((flipped[i] != 0) & (a[i] > 0));
  }
}

size_t choose_workspace(int64_t n, int threads) {
  (void)n;
  (void)threads;
  return 0;
}

int choose(int64_t n, const uint8_t *mask, const int64_t *a, int64_t *r, uint8_t *flipped, void *workspace,
    int threads) {
  if (n < 0 || n > 1099511627776) return 2;  // 0 <= n <= 2^40
  if ((uintptr_t)workspace % 64 != 0) return 1;  // the workspace is 64-byte aligned
  const choose_run run = {n};
  (void)run;
  const int workers = threads > 1 ? threads : 1;
  {
    const int64_t tasks = n, chunks = ur_chunks(tasks, workers);
    UR_OMP(parallel for num_threads(workers) schedule(dynamic) if (chunks > 1))
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      choose_r(ur_begin(tasks, chunk, chunks), ur_begin(tasks, chunk + 1, chunks), mask, a, r, flipped);
    }
  }
  return 0;
}
