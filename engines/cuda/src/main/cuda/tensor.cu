// Matrix products in bf16 by tensor cores, sums in float32. Operands are "k last" or "k first" as in
// products.cu.
#include "common.cuh"

// A block computes 128×COLUMNS of c (128 or, for large products, 256), a warp 64×COLUMNS/4 of them;
// tiles of 32 along k, copied three deep. A tile lies as its matrix does, [.][40] with k last or
// [32][. + 8] with k first: rows of an odd number of 16 bytes, so that the eight of an ldmatrix fall
// into different banks. Every number of c is summed up over k in the same order, whatever COLUMNS.
constexpr int LINES = 128, DEEP = 32, STAGES = 3, PAD = 8;

// LENGTH rows from r0 and 32 of k from k0; zeros beyond the matrix
template <bool K_LAST, int LENGTH>
__device__ void copy_tile(const bf16* x, int rows, int k, int r0, int k0, bool aligned, bf16* to) {
  constexpr int PIECES = LENGTH * DEEP / 8, IN_LINE = (K_LAST ? DEEP : LENGTH) / 8;   // of eight numbers
  constexpr int PITCH = (K_LAST ? DEEP : LENGTH) + PAD;
  if (aligned) {
#pragma unroll
    for (int i = threadIdx.x; i < PIECES; i += 256) {
      int line = i / IN_LINE, part = i % IN_LINE * 8, r = r0 + (K_LAST ? line : part), kk = k0 + (K_LAST ? part : line);
      bool there = r < rows && kk < k;
      const bf16* from = x + (K_LAST ? (size_t)r * k + kk : (size_t)kk * rows + r);
      cp_async<16>(to + line * PITCH + part, there ? from : x, there ? 16 : 0);
    }
  } else {
#pragma unroll 1
    for (int i = threadIdx.x; i < LENGTH * DEEP; i += 256) {
      int line = i / (8 * IN_LINE), part = i % (8 * IN_LINE), r = r0 + (K_LAST ? line : part), kk = k0 + (K_LAST ? part : line);
      bool there = r < rows && kk < k;
      to[line * PITCH + part].bits = there ? x[K_LAST ? (size_t)r * k + kk : (size_t)kk * rows + r].bits : 0;
    }
  }
}

template <bool A_K_LAST, bool B_K_LAST, int COLUMNS, class C>
__device__ void tensor_product(int m, int n, int k, const bf16* a, const bf16* b, C* c, float alpha, int add) {
  constexpr int A_PITCH = (A_K_LAST ? DEEP : LINES) + PAD, B_PITCH = (B_K_LAST ? DEEP : COLUMNS) + PAD;
  constexpr int A_STAGE = LINES * (DEEP + PAD), B_STAGE = COLUMNS * (DEEP + PAD);   // enough for both
  constexpr int TILES = COLUMNS / 32;   // of eight columns, for a warp
  DYNAMIC_SHARED(bf16, tiles);
  bf16* as = tiles;                      // [STAGES][A_STAGE]
  bf16* bs = tiles + STAGES * A_STAGE;   // [STAGES][B_STAGE]
  // Blocks that run at once shall share rows and columns: bands of eight rows of tiles.
  int width = (n + COLUMNS - 1) / COLUMNS, height = (m + LINES - 1) / LINES;
  int band = blockIdx.x / (8 * width), inBand = blockIdx.x % (8 * width), bandRows = min(8, height - band * 8);
  int m0 = (band * 8 + inBand % bandRows) * LINES, n0 = inBand / bandRows * COLUMNS;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int row = warp / 4 * 64, column = warp % 4 * (COLUMNS / 4);
  bool aAligned = (A_K_LAST ? k : m) % 8 == 0 && (size_t)a % 16 == 0;
  bool bAligned = (B_K_LAST ? k : n) % 8 == 0 && (size_t)b % 16 == 0;
  float sums[4][TILES][4] = {};   // [tile of 16 rows][tile of 8 columns][its four numbers]
  int steps = (k + DEEP - 1) / DEEP;
  for (int s = 0; s < STAGES - 1; s++) {
    if (s < steps) {
      copy_tile<A_K_LAST, LINES>(a, m, k, m0, s * DEEP, aAligned, as + s * A_STAGE);
      copy_tile<B_K_LAST, COLUMNS>(b, n, k, n0, s * DEEP, bAligned, bs + s * B_STAGE);
    }
    cp_commit();
  }
  for (int step = 0; step < steps; step++) {
    cp_wait<STAGES - 2>();
    __syncthreads();
    int ahead = step + STAGES - 1, stage = ahead % STAGES;
    if (ahead < steps) {
      copy_tile<A_K_LAST, LINES>(a, m, k, m0, ahead * DEEP, aAligned, as + stage * A_STAGE);
      copy_tile<B_K_LAST, COLUMNS>(b, n, k, n0, ahead * DEEP, bAligned, bs + stage * B_STAGE);
    }
    cp_commit();
    const bf16* at = as + step % STAGES * A_STAGE;
    const bf16* bt = bs + step % STAGES * B_STAGE;
#pragma unroll
    for (int kk = 0; kk < DEEP; kk += 16) {
      unsigned x[4][4], y[TILES][2];
#pragma unroll
      for (int i = 0; i < 4; i++) {
        int r = row + i * 16;
        if (A_K_LAST)
          ldmatrix4(x[i], at + (r + lane % 16) * A_PITCH + kk + lane / 16 * 8);
        else
          ldmatrix4_trans(x[i], at + (kk + lane / 16 * 8 + lane % 8) * A_PITCH + r + lane / 8 % 2 * 8);
      }
#pragma unroll
      for (int j = 0; j < TILES; j += 2) {
        int r = column + j * 8;
        unsigned both[4];
        if (B_K_LAST)
          ldmatrix4(both, bt + (r + lane / 16 * 8 + lane % 8) * B_PITCH + kk + lane / 8 % 2 * 8);
        else
          ldmatrix4_trans(both, bt + (kk + lane / 8 % 2 * 8 + lane % 8) * B_PITCH + r + lane / 16 * 8);
        y[j][0] = both[0], y[j][1] = both[1], y[j + 1][0] = both[2], y[j + 1][1] = both[3];
      }
#pragma unroll
      for (int i = 0; i < 4; i++)
#pragma unroll
        for (int j = 0; j < TILES; j++) mma_bf16(sums[i][j], x[i], y[j]);
    }
  }
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < TILES; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        int r = m0 + row + i * 16 + lane / 4 + e / 2 * 8, s = n0 + column + j * 8 + lane % 4 * 2 + e % 2;
        if (r < m && s < n) {
          C* to = &c[(size_t)r * n + s];
          store(to, alpha * sums[i][j][e] + (add ? load(to) : 0));
        }
      }
}
#define TENSOR_PRODUCT(name, A, B, COLUMNS, C)                                                    \
  KERNEL(name, 256, (int m, int n, int k, const bf16* a, const bf16* b, C* c, float alpha,        \
                     int add)) {                                                                  \
    tensor_product<A, B, COLUMNS>(m, n, k, a, b, c, alpha, add);                                  \
  }
#define TENSOR_PRODUCTS(s, COLUMNS, C)                                                            \
  TENSOR_PRODUCT(nt_##s, true, true, COLUMNS, C)                                                  \
  TENSOR_PRODUCT(nn_##s, true, false, COLUMNS, C)                                                 \
  TENSOR_PRODUCT(tn_##s, false, false, COLUMNS, C)
TENSOR_PRODUCTS(bf, 128, float)
TENSOR_PRODUCTS(bf_wide, 256, float)
TENSOR_PRODUCTS(b, 128, bf16)
TENSOR_PRODUCTS(b_wide, 256, bf16)

// --- few rows -------------------------------------------------------------------------------------

struct __align__(16) Eight { unsigned pairs[4]; };   // numbers of bf16

// x[at .. at + 8), zeros from `end` on
__device__ inline Eight load8(const bf16* x, int at, int end, bool aligned) {
  Eight v = {};
  if (aligned) {
    if (at < end) v = *(const Eight*)(x + at);
  } else {
    for (int j = 0; j < 8; j++)
      if (at + j < end) v.pairs[j / 2] |= (unsigned)x[at + j].bits << (16 * (j % 2));
  }
  return v;
}

// x [m ≤ 32][k], w [n][k], y [m][n]: a block for every 16 rows of w, as the rows of mma's first factor; rows of x are the columns
// of the second. Warps share k by chunks of 32. Within a chunk the order of k is free as long as
// both factors have the same: a lane takes eight neighbours, for coalesced reads of 16 bytes.
template <class Y>
__device__ void few_rows(int m, int n, int k, const bf16* x, const bf16* w, Y* y, float alpha, int add) {
  SHARED(float, room, 8 * 16 * 32);   // [warp][row of w][row of x]
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
  int n0 = blockIdx.x * 16;
  bool aligned = k % 8 == 0 && (size_t)x % 16 == 0 && (size_t)w % 16 == 0;
  const bf16* low = w + (size_t)(n0 + g) * k;
  const bf16* high = w + (size_t)(n0 + g + 8) * k;
  int lowEnd = n0 + g < n ? k : 0, highEnd = n0 + g + 8 < n ? k : 0;
  float sums[4][4] = {};   // [eight rows of x][numbers of mma's result]
#pragma unroll 4
  for (int k0 = warp * 32; k0 < k; k0 += 8 * 32) {
    Eight u = load8(low, k0 + t * 8, lowEnd, aligned), v = load8(high, k0 + t * 8, highEnd, aligned);
    unsigned first[4] = {u.pairs[0], v.pairs[0], u.pairs[1], v.pairs[1]};
    unsigned second[4] = {u.pairs[2], v.pairs[2], u.pairs[3], v.pairs[3]};
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (i * 8 < m) {
        int row = i * 8 + g;
        Eight z = load8(x + (size_t)row * k, k0 + t * 8, row < m ? k : 0, aligned);
        mma_bf16(sums[i], first, z.pairs);
        mma_bf16(sums[i], second, z.pairs + 2);
      }
  }
#pragma unroll
  for (int i = 0; i < 4; i++)
    for (int e = 0; e < 4; e++)
      room[(warp * 16 + g + e / 2 * 8) * 32 + i * 8 + 2 * t + e % 2] = sums[i][e];
  __syncthreads();
  for (int i = threadIdx.x; i < 16 * m; i += 256) {
    int r = i % 16, row = i / 16;
    if (n0 + r >= n) continue;
    float sum = 0;
    for (int part = 0; part < 8; part++) sum += room[(part * 16 + r) * 32 + row];
    Y* to = &y[(size_t)row * n + n0 + r];
    store(to, alpha * sum + (add ? load(to) : 0));
  }
}
KERNEL(rows_bf, 256, (int m, int n, int k, const bf16* x, const bf16* w, float* y, float alpha, int add)) {
  few_rows(m, n, k, x, w, y, alpha, add);
}
KERNEL(rows_b, 256, (int m, int n, int k, const bf16* x, const bf16* w, bf16* y, float alpha, int add)) {
  few_rows(m, n, k, x, w, y, alpha, add);
}
