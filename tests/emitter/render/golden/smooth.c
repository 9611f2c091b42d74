#ifdef __cplusplus
extern "C" {
#endif
size_t smooth_workspace(int64_t h, int64_t w, int threads);
int smooth(int64_t h, int64_t w, const float *X, const int64_t X_strides[2], float *S, const int64_t S_strides[2],
    float *m, double tau, void *workspace, int threads);
#ifdef __cplusplus
}
#endif

typedef struct {  // what is known at run time only: sizes, strides, scalars
  int64_t h;
  int64_t w;
  int64_t X[2];
  int64_t S[2];
  double tau;
} smooth_run;

// Where elements lie.
UR_INLINE int64_t at_X(const smooth_run run, int64_t y, int64_t i1) { return y * run.X[0] + i1 * run.X[1]; }
UR_INLINE int64_t at_S(const smooth_run run, int64_t y, int64_t x) { return y * run.S[0] + x; }

// S[y, x] = tau * sum[d](X.outside(0)[y, x + d - 1])
static void smooth_rows(int64_t begin, int64_t end, const smooth_run run, const float *UR_RESTRICT X,
    float *UR_RESTRICT S, float *UR_RESTRICT peak, float *UR_RESTRICT row) {
  for (int64_t task = begin; task < end; task++) {
    const int64_t y = task;
    for (int64_t x = 0; x < run.w; x++) {
      float acc = 0.0f;
      for (int64_t d = 0; d < 3; d++)
        acc += ((x + d - 1 >= 0) & (x + d - 1 < run.w)) ? X[at_X(run, y, x + d - 1)] : 0.0f;
      row[x] = acc;
    }
    peak[y] = -INFINITY;
    for (int64_t x = 0; x < run.w; x++)
      peak[y] = ur_maximum_f32(peak[y], row[x]);
    UR_SIMD
    for (int64_t x = 0; x < run.w; x++)
      S[at_S(run, y, x)] = row[x] * (float)run.tau;
  }
}

// m = max[y, x](...)
static void smooth_top(const smooth_run run, float *UR_RESTRICT m, const float *UR_RESTRICT peak) {
  float top = -INFINITY;
  for (int64_t y = 0; y < run.h; y++)
    top = ur_maximum_f32(top, peak[y]);
  m[0] = top;
}

typedef struct {  // where buffers lie in the workspace, in bytes: the shared ones, then each worker's own
  size_t peak, row, shared, own;
} smooth_parts;

static smooth_parts smooth_lay_out(int64_t h, int64_t w) {
  smooth_parts parts;
  size_t top = 0;
  parts.peak = top;
  top = ur_after(top, ur_bytes(sizeof(float), h));
  parts.shared = top;
  top = 0;
  parts.row = top;
  top = ur_after(top, ur_bytes(sizeof(float), w));
  parts.own = top;
  return parts;
}

size_t smooth_workspace(int64_t h, int64_t w, int threads) {
  const smooth_parts parts = smooth_lay_out(h, w);
  return ur_after(parts.shared, ur_bytes(parts.own, threads > 1 ? threads : 1));
}

int smooth(int64_t h, int64_t w, const float *X, const int64_t X_strides[2], float *S, const int64_t S_strides[2],
    float *m, double tau, void *workspace, int threads) {
  if (h < 0 || h > 1099511627776) return 3;  // 0 <= h <= 2^40
  if (w < 0 || w > 1099511627776) return 3;  // 0 <= w <= 2^40
  if (w < 2) return 1;  // 2 <= w: max of a row
  if ((uintptr_t)workspace % 64 != 0) return 2;  // the workspace is 64-byte aligned
  const smooth_run run = {h, w, {X_strides[0], X_strides[1]}, {S_strides[0], S_strides[1]}, tau};
  const smooth_parts parts = smooth_lay_out(h, w);
  unsigned char *const base = (unsigned char *)workspace;
  float *const peak = (float *)(void *)(base + parts.peak);  // f32[h]
  const int workers = threads > 1 ? threads : 1;
  {
    const int64_t tasks = h, chunks = ur_chunks(tasks, workers);
    UR_OMP(parallel for num_threads(workers) schedule(dynamic) if (chunks > 1))
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      unsigned char *const own = base + parts.shared + (size_t)ur_worker() * parts.own;
      smooth_rows(ur_begin(tasks, chunk, chunks), ur_begin(tasks, chunk + 1, chunks), run, X, S, peak,
          (float *)(void *)(own + parts.row));
    }
  }
  smooth_top(run, m, peak);
  return 0;
}
