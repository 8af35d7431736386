// The products of a decoder's step in bf16, with what stands beside them in a block of the model; see
// StepKernels.java. Of few rows they are bound by reading weights. Launches overlap: the first weights are on their
// way while the kernel before ends.
#include "activation.cuh"

// The factor of a norm for a row of width k
__device__ inline float inverse_size(float squares, int k, float eps) { return 1 / sqrtf(squares / k + eps); }

// --- products of few rows -------------------------------------------------------------------------

// Rows as they are, [.][k]
struct Given {
  const bf16* x;
  int k;
  __device__ bool aligned() const { return (size_t)x % 16 == 0; }
  template <bool WIDE> __device__ Eight load(size_t row, int at, int end, float*) const {
    return load8<WIDE>(x + row * k, at, end);
  }
};
// Rows of the residual stream, [.][k], by the norm's weight; the inverse of their size is a factor of
// the product, for which their squares are summed up on the way
struct Normed {
  const float* x;
  const float* norm;   // [k]
  float plus;
  int k;
  struct __align__(16) Four { float v[4]; };
  __device__ bool aligned() const { return (size_t)x % 16 == 0 && (size_t)norm % 16 == 0; }
  template <bool WIDE> __device__ Eight load(size_t row, int at, int end, float* square) const {
    float v[8] = {}, w[8] = {};
#pragma unroll
    for (int j = 0; j < 8; j += WIDE ? 4 : 1)
      if (at + j < end) {
        if (WIDE) {
          *(Four*)(v + j) = read_wide<Four>(x + row * k + at + j);
          *(Four*)(w + j) = read_wide<Four>(norm + at + j);
        } else {
          v[j] = x[row * k + at + j];
          w[j] = norm[at + j];
        }
      }
#pragma unroll
    for (int j = 0; j < 8; j++) {
      *square += v[j] * v[j];
      v[j] *= plus + w[j];
    }
    return {pack(v[0], v[1]), pack(v[2], v[3]), pack(v[4], v[5]), pack(v[6], v[7])};
  }
};

// Sums of a thread over its part of k, and of squares of x; see below. AHEAD pieces of each row are
// waited for at once.
template <bool WIDE, int MATRICES, int WARPS, int EIGHTS, class X>
__device__ void few_sums(int m, int n, int k, int n0, const X& x, const bf16* const* w,
                         float (*sums)[EIGHTS][4], float* square) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  int lowEnd = n0 + g < n ? k : 0, highEnd = n0 + g + 8 < n ? k : 0;
  constexpr int AHEAD = MATRICES == 2 ? 2 : 4;
  bool first = true;
  for (int k0 = warp * 32 + t * 8; k0 - t * 8 < k; k0 += WARPS * 32 * AHEAD) {
    Eight low[AHEAD][MATRICES], high[AHEAD][MATRICES];
#pragma unroll
    for (int a = 0; a < AHEAD; a++)
#pragma unroll
      for (int s = 0; s < MATRICES; s++) {
        low[a][s] = load8<WIDE>(w[s] + (size_t)(n0 + g) * k, k0 + a * WARPS * 32, lowEnd);
        high[a][s] = load8<WIDE>(w[s] + (size_t)(n0 + g + 8) * k, k0 + a * WARPS * 32, highEnd);
      }
    if (first) wait_for_previous();
    first = false;
#pragma unroll
    for (int i = 0; i < EIGHTS; i++)
      if (i * 8 < m) {
        int row = i * 8 + g;
        Eight z[AHEAD];
#pragma unroll
        for (int a = 0; a < AHEAD; a++)
          z[a] = x.template load<WIDE>(row, k0 + a * WARPS * 32, row < m ? k : 0, &square[i]);
#pragma unroll
        for (int a = 0; a < AHEAD; a++)
#pragma unroll
          for (int s = 0; s < MATRICES; s++) {
            const unsigned* l = low[a][s].pairs;
            const unsigned* h = high[a][s].pairs;
            unsigned even[4] = {l[0], h[0], l[1], h[1]}, odd[4] = {l[2], h[2], l[3], h[3]};
            mma_bf16(sums[s][i], even, z[a].pairs);
            mma_bf16(sums[s][i], odd, z[a].pairs + 2);
          }
      }
  }
  if (first) wait_for_previous();   // warps beyond a short row
}

// Matrices w [n][k] times rows of x, [m ≤ 8·EIGHTS][k]: a block for every 16 rows of each w, as the rows of
// mma's first factor; rows of x are the columns of the second. Warps share k by chunks of 32. Within
// a chunk the order of k is free as long as both factors have the same: a lane takes eight
// neighbours, for coalesced reads of 16 bytes. done(row of x, row of w, sums, sum of squares).
template <int MATRICES, int WARPS, int EIGHTS, class X, class Done>
__device__ void few_rows(int m, int n, int k, int n0, const X& x, const bf16* const* w, Done done) {
  constexpr int PITCH = 20;   // of 16 rows of w: a warp's numbers fall into different banks
  SHARED(float, room, WARPS * MATRICES * EIGHTS * 8 * PITCH);   // [warp][matrix][row of x][row of w]
  SHARED(float, squares, WARPS * EIGHTS * 8);        // [warp][row of x]
  let_next_begin();
  float sums[MATRICES][EIGHTS][4] = {};   // [matrix][eight rows of x][numbers of mma's result]
  float square[EIGHTS] = {};              // [eight rows of x]
  bool wide = k % 8 == 0 && x.aligned();
#pragma unroll
  for (int s = 0; s < MATRICES; s++) wide = wide && (size_t)w[s] % 16 == 0;
  if (wide)
    few_sums<true, MATRICES, WARPS, EIGHTS>(m, n, k, n0, x, w, sums, square);
  else
    few_sums<false, MATRICES, WARPS, EIGHTS>(m, n, k, n0, x, w, sums, square);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int i = 0; i < EIGHTS; i++) {
    if (i * 8 >= m) break;
#pragma unroll
    for (int s = 0; s < MATRICES; s++)
#pragma unroll
      for (int e = 0; e < 4; e++)
        room[((warp * MATRICES + s) * EIGHTS * 8 + i * 8 + 2 * t + e % 2) * PITCH + g + e / 2 * 8] = sums[s][i][e];
    for (int lanes = 1; lanes < 4; lanes *= 2) square[i] += __shfl_xor_sync(FULL, square[i], lanes);
    if (t == 0) squares[(warp * EIGHTS + i) * 8 + g] = square[i];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 16 * m; i += WARPS * 32) {
    int r = i % 16, row = i / 16;
    if (n0 + r >= n) continue;
    float sum[MATRICES] = {}, size = 0;
    for (int part = 0; part < WARPS; part++) {
#pragma unroll
      for (int s = 0; s < MATRICES; s++) sum[s] += room[((part * MATRICES + s) * EIGHTS * 8 + row) * PITCH + r];
      size += squares[part * EIGHTS * 8 + row];
    }
    done(row, n0 + r, sum, size);
  }
}

// --- products of more rows ------------------------------------------------------------------------

// Numbers of c are summed up as few_rows does, to the bit: chunks of 32 along k in `CLASSES` (the warps
// there) sums, one after the other here, each chunk by the same two mma of the same lanes. k is a
// multiple of eight, rows begin at multiples of 16 bytes.
constexpr int SIDE = 64, STAGES = 3;   // rows of w and of x that a block computes; chunks that are copied ahead

// 64 rows from r0 and 32 of k from k0, zeros beyond, to [64][32]
__device__ inline void copy_chunk(const bf16* x, int rows, int k, int r0, int k0, bf16* to) {
  int line = threadIdx.x / 4, part = threadIdx.x % 4 * 8, r = r0 + line;
  bool there = r < rows && k0 + part < k;
  cp_async<16>(to + line * 32 + part, there ? x + (size_t)r * k + k0 + part : x, there ? 16 : 0);
}

// Blocks along x before those along w, of which each tile is read from memory once then
template <int MATRICES, int CLASSES, class Done>
__device__ void many_rows(int m, int n, int k, int tile, const bf16* x, const bf16* const* w, Done done) {
  SHARED(Eight, pieces, STAGES * (MATRICES + 1) * SIDE * 4);
  bf16* room = (bf16*)pieces;   // [stage][w and x][row][k]
  constexpr int STAGE = (MATRICES + 1) * SIDE * 32;
  let_next_begin();
  wait_for_previous();
  int across = (m + SIDE - 1) / SIDE, m0 = tile % across * SIDE, n0 = tile / across * SIDE;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  int row = warp / 4 * 32, column = warp % 4 * 16;   // of the warp's 32×16, of w and of x
  int chunks = (k + 31) / 32;
  auto copy = [&](int chunk, int stage) {
    bf16* to = room + stage * STAGE;
    if (chunk < chunks) {
#pragma unroll
      for (int s = 0; s < MATRICES; s++) copy_chunk(w[s], n, k, n0, chunk * 32, to + s * SIDE * 32);
      copy_chunk(x, m, k, m0, chunk * 32, to + MATRICES * SIDE * 32);
    }
    cp_commit();
  };
  // The chunk after one: of the same class, or the first of the next
  auto next = [=](int chunk) {
    if (chunk + CLASSES < chunks) return chunk + CLASSES;
    int first = chunk % CLASSES + 1;
    return chunk < chunks && first < min(CLASSES, chunks) ? first : chunks;
  };
  float total[MATRICES][2][2][4] = {}, sums[MATRICES][2][2][4] = {};   // [matrix][16 of w][8 of x][mma's four]
  int chunk = 0, ahead = next(0);
  copy(0, 0);
  copy(ahead, 1);
  ahead = next(ahead);
  for (int step = 0; chunk < chunks; step++) {
    cp_wait<1>();
    __syncthreads();
    copy(ahead, (step + 2) % STAGES);
    ahead = next(ahead);
    const bf16* own = room + step % STAGES * STAGE + t * 8;
    Eight z[2];
#pragma unroll
    for (int j = 0; j < 2; j++) z[j] = read_wide<Eight>(own + (MATRICES * SIDE + column + j * 8 + g) * 32);
#pragma unroll
    for (int s = 0; s < MATRICES; s++)
#pragma unroll
      for (int i = 0; i < 2; i++) {
        const bf16* from = own + (s * SIDE + row + i * 16 + g) * 32;
        Eight l = read_wide<Eight>(from), h = read_wide<Eight>(from + 8 * 32);
        unsigned even[4] = {l.pairs[0], h.pairs[0], l.pairs[1], h.pairs[1]};
        unsigned odd[4] = {l.pairs[2], h.pairs[2], l.pairs[3], h.pairs[3]};
#pragma unroll
        for (int j = 0; j < 2; j++) {
          mma_bf16(sums[s][i][j], even, z[j].pairs);
          mma_bf16(sums[s][i][j], odd, z[j].pairs + 2);
        }
      }
    if (chunk + CLASSES >= chunks) {   // the last of its class
#pragma unroll
      for (int s = 0; s < MATRICES; s++)
#pragma unroll
        for (int e = 0; e < 16; e++) {
          total[s][e / 8][e / 4 % 2][e % 4] += sums[s][e / 8][e / 4 % 2][e % 4];
          sums[s][e / 8][e / 4 % 2][e % 4] = 0;
        }
    }
    chunk = next(chunk);
  }
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int j = 0; j < 2; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        int r = n0 + row + i * 16 + g + e / 2 * 8, c = m0 + column + j * 8 + 2 * t + e % 2;
        float sum[MATRICES];
#pragma unroll
        for (int s = 0; s < MATRICES; s++) sum[s] = total[s][i][j][e];
        if (r < n && c < m) done(c, r, sum);
      }
}

// x [m][k], norm [k]; z [m][k] by the norm's weight, inverse [m] of the rows' sizes, both as few_rows
// has them: a warp for each row, four lanes for what a warp reads there
KERNEL(normed, 256, (int m, int k, const float* x, const float* norm, float plus, float eps, bf16* z,
                     float* inverse)) {
  let_next_begin();
  wait_for_previous();
  size_t row = blockIdx.x * 8 + threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  if (row >= m) return;
  Normed rows = {x, norm, plus, k};
  float square = 0, size = 0;
  for (int at = lane * 8; at < k; at += 256) *(Eight*)(z + row * k + at) = rows.load<true>(row, at, k, &square);
  for (int lanes = 1; lanes < 4; lanes *= 2) square += __shfl_xor_sync(FULL, square, lanes);
  for (int i = 0; i < 32; i += 4) size += __shfl_sync(FULL, square, i);
  if (lane == 0) inverse[row] = inverse_size(size, k, eps);
}

// --- what becomes of sums -------------------------------------------------------------------------

// y [m][n]
template <class Y> struct Plain {
  int n;
  Y* y;
  float alpha;
  int add;
  __device__ void put(size_t row, int column, const float* sum, float) const {
    Y* to = &y[row * n + column];
    store(to, alpha * sum[0] + (add ? load(to) : 0));
  }
};
// bias [n] or null, y [m][n]
struct Biased {
  int n;
  const float* bias;
  bf16* y;
  __device__ void put(size_t row, int column, const float* sum, float inv) const {
    store(&y[row * n + column], sum[0] * inv + (bias ? bias[column] : 0));
  }
};
// y [m][n]
template <class F> struct Gated {
  int n;
  bf16* y;
  __device__ void put(size_t row, int column, const float* sum, float inv) const {
    store(&y[row * n + column], F::value(sum[0] * inv) * (sum[1] * inv));
  }
};

// x [m][k], w [n][k], y [m][n]; with long rows more warps, so that more of them is on its way at once
#define ROWS(s, WARPS, Y)                                                                         \
  KERNEL(rows_##s, WARPS * 32, (int m, int n, int k, const bf16* x, const bf16* w, Y* y,          \
                                float alpha, int add)) {                                          \
    Plain<Y> to = {n, y, alpha, add};                                                             \
    few_rows<1, WARPS, 4>(m, n, k, blockIdx.x * 16, Given{x, k}, &w,                                 \
                       [=](int row, int column, const float* sum, float) { to.put(row, column, sum, 1); }); \
  }                                                                                               \
  KERNEL(rows_many_##s, 256, (int m, int n, int k, const bf16* x, const bf16* w, Y* y,            \
                              float alpha, int add)) {                                            \
    Plain<Y> to = {n, y, alpha, add};                                                             \
    many_rows<1, WARPS>(m, n, k, blockIdx.x, x, &w,                                               \
                        [=](int row, int column, const float* sum) { to.put(row, column, sum, 1); }); \
  }
ROWS(bf, 8, float)
ROWS(b, 8, bf16)
ROWS(bf_long, 16, float)
ROWS(b_long, 16, bf16)

struct Matrix { int n; const bf16* w; const float* bias; bf16* y; };
// The matrix that a block computes a part of, and which
__device__ inline Matrix choose(int* block, int rows, int across, const Matrix& first, const Matrix& second, const Matrix& third) {
  int before = (first.n + rows - 1) / rows * across, next = (second.n + rows - 1) / rows * across;
  if (*block < before) return first;
  *block -= before;
  if (*block < next) return second;
  *block -= next;
  return third;
}
// Queries, keys and values: x [m][k], norm [k]; w0 to w2 [n0 to n2][k], b0 to b2 [n0 to n2] or null,
// y0 to y2 [m][n0 to n2]
KERNEL(project, 256, (int m, int k, const float* x, const float* norm, float plus, float eps,
                      int n0, const bf16* w0, const float* b0, bf16* y0,
                      int n1, const bf16* w1, const float* b1, bf16* y1,
                      int n2, const bf16* w2, const float* b2, bf16* y2)) {
  int block = blockIdx.x;
  Matrix own = choose(&block, 16, 1, {n0, w0, b0, y0}, {n1, w1, b1, y1}, {n2, w2, b2, y2});
  Biased to = {own.n, own.bias, own.y};
  few_rows<1, 8, 4>(m, own.n, k, block * 16, Normed{x, norm, plus, k}, &own.w,
                 [=](int row, int column, const float* sum, float squares) {
                   to.put(row, column, sum, inverse_size(squares, k, eps));
                 });
}
// The same of rows that `normed` has been applied to
KERNEL(project_many, 256, (int m, int k, const bf16* z, const float* inverse,
                           int n0, const bf16* w0, const float* b0, bf16* y0,
                           int n1, const bf16* w1, const float* b1, bf16* y1,
                           int n2, const bf16* w2, const float* b2, bf16* y2)) {
  int block = blockIdx.x;
  Matrix own = choose(&block, SIDE, (m + SIDE - 1) / SIDE, {n0, w0, b0, y0}, {n1, w1, b1, y1}, {n2, w2, b2, y2});
  Biased to = {own.n, own.bias, own.y};
  many_rows<1, 8>(m, own.n, k, block, z, &own.w,
                  [=](int row, int column, const float* sum) { to.put(row, column, sum, inverse[row]); });
}

// Gated activations: x [m][k], norm [k], gate and up [n][k], y [m][n]. For up to eight rows three blocks
// find room on a multiprocessor, so that all of a middling n run at once; for more two do.
#define GATED_FEW(name, F, EIGHTS, TOGETHER)                                                      \
  KERNEL_TOGETHER(gated_##name, 256, TOGETHER,                                                    \
                  (int m, int n, int k, const float* x, const float* norm, float plus, float eps, \
                   const bf16* gate, const bf16* up, bf16* y)) {                                  \
    const bf16* w[2] = {gate, up};                                                                \
    Gated<F> to = {n, y};                                                                         \
    few_rows<2, 8, EIGHTS>(m, n, k, blockIdx.x * 16, Normed{x, norm, plus, k}, w,                 \
                           [=](int row, int column, const float* sum, float squares) {            \
                             to.put(row, column, sum, inverse_size(squares, k, eps));             \
                           });                                                                    \
  }
#define GATED(name, F)                                                                            \
  GATED_FEW(name, F, 4, 2)                                                                        \
  GATED_FEW(eight_##name, F, 1, 3)                                                                \
  KERNEL(gated_many_##name, 256, (int m, int n, int k, const bf16* z, const float* inverse,       \
                                  const bf16* gate, const bf16* up, bf16* y)) {                   \
    const bf16* w[2] = {gate, up};                                                                \
    Gated<F> to = {n, y};                                                                         \
    many_rows<2, 8>(m, n, k, blockIdx.x, z, w,                                                    \
                    [=](int row, int column, const float* sum) { to.put(row, column, sum, inverse[row]); }); \
  }
GATED(silu, Silu)
GATED(gelu, Gelu)
