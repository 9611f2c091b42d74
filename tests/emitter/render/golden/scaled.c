#ifdef __cplusplus
extern "C" {
#endif
size_t scaled_workspace(int threads);
int scaled(const void *X, const int64_t X_strides[2], float *Y, const int64_t Y_strides[2], void *workspace,
    int threads);
#ifdef __cplusplus
}
#endif

typedef struct {  // what is known at run time only: sizes, strides, scalars
  int64_t X[2];
  int64_t Y[2];
} scaled_run;

// Where elements lie.
UR_INLINE int64_t at_X(const scaled_run run, int64_t i, int64_t j) { return i * run.X[0] + j * run.X[1]; }
UR_INLINE int64_t at_Y(const scaled_run run, int64_t i, int64_t j) { return i * run.Y[0] + j; }

static void scaled_Y(int64_t begin, int64_t end, const scaled_run run, const unsigned char *UR_RESTRICT X,
    float *UR_RESTRICT Y) {
  for (int64_t task = begin; task < end; task++) {
    const int64_t i = task;
    for (int64_t j = 0; j < 5; j++) {
      Y[at_Y(run, i, j)] = ur_load_f32(X + at_X(run, i, j));
      Y[at_Y(run, i, j)] += ur_load_f32(X + at_X(run, i, j));
    }
  }
}

size_t scaled_workspace(int threads) {
  (void)threads;
  return 0;
}

int scaled(const void *X, const int64_t X_strides[2], float *Y, const int64_t Y_strides[2], void *workspace,
    int threads) {
  if ((uintptr_t)workspace % 64 != 0) return 1;  // the workspace is 64-byte aligned
  const scaled_run run = {{X_strides[0], X_strides[1]}, {Y_strides[0], Y_strides[1]}};
  const int workers = threads > 1 ? threads : 1;
  {
    const int64_t tasks = 3, chunks = ur_chunks(tasks, workers);
    UR_OMP(parallel for num_threads(workers) schedule(dynamic) if (chunks > 1))
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      scaled_Y(ur_begin(tasks, chunk, chunks), ur_begin(tasks, chunk + 1, chunks), run, (const unsigned char *)X, Y);
    }
  }
  return 0;
}
