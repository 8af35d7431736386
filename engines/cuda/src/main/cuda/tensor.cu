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
