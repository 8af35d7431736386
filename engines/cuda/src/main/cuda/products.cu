// Matrix products in float32; those of bf16 are in tensor.cu. An operand is "k last" when a row of it runs along k, "k first" when a column
// does; nt, nn and tn say so of a and b: n for rows as they are, t for turned around.
//   nt: a [m][k], b [n][k]     nn: a [m][k], b [k][n]     tn: a [k][m], b [k][n]     c [m][n]
#include "common.cuh"

// A block computes 64×64 of c, a thread 4×4 of them; tiles of 16 along k, copied two deep.
constexpr int TILE = 64, DEPTH = 16, PITCH = TILE + 4;

// 64 rows from r0 and 16 of k from k0 into to [16][PITCH]; zeros beyond the matrix
template <bool K_LAST>
__device__ void copy_tile(const float* x, int rows, int k, int r0, int k0, float* to) {
  int firstK = K_LAST ? threadIdx.x % DEPTH : threadIdx.x / TILE;
  int firstR = K_LAST ? threadIdx.x / DEPTH : threadIdx.x % TILE;
#pragma unroll
  for (int j = 0; j < TILE * DEPTH / 256; j++) {
    int kk = firstK + (K_LAST ? 0 : j * 256 / TILE), r = firstR + (K_LAST ? j * 256 / DEPTH : 0);
    bool there = r0 + r < rows && k0 + kk < k;
    size_t at = K_LAST ? (size_t)(r0 + r) * k + k0 + kk : (size_t)(k0 + kk) * rows + r0 + r;
    cp_async<4>(&to[kk * PITCH + r], there ? x + at : x, there ? 4 : 0);
  }
  cp_commit();
}

template <bool A_K_LAST, bool B_K_LAST>
__device__ void product(int m, int n, int k, const float* a, const float* b, float* c, float alpha, int add) {
  SHARED(float, as, 2 * DEPTH * PITCH);
  SHARED(float, bs, 2 * DEPTH * PITCH);
  int width = (n + TILE - 1) / TILE;
  int m0 = blockIdx.x / width * TILE, n0 = blockIdx.x % width * TILE;
  int row = threadIdx.x / 16 * 4, column = threadIdx.x % 16 * 4;
  float sums[4][4] = {};
  copy_tile<A_K_LAST>(a, m, k, m0, 0, as);
  copy_tile<B_K_LAST>(b, n, k, n0, 0, bs);
  for (int k0 = 0, odd = 0; k0 < k; k0 += DEPTH, odd ^= 1) {
    int next = (odd ^ 1) * DEPTH * PITCH;
    copy_tile<A_K_LAST>(a, m, k, m0, k0 + DEPTH, as + next);   // zeros at the end
    copy_tile<B_K_LAST>(b, n, k, n0, k0 + DEPTH, bs + next);
    cp_wait<2>();
    __syncthreads();
    const float* at = as + odd * DEPTH * PITCH;
    const float* bt = bs + odd * DEPTH * PITCH;
#pragma unroll 4
    for (int kk = 0; kk < DEPTH; kk++) {
      float x[4], y[4];
      for (int i = 0; i < 4; i++) x[i] = at[kk * PITCH + row + i];
      for (int i = 0; i < 4; i++) y[i] = bt[kk * PITCH + column + i];
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) sums[i][j] += x[i] * y[j];
    }
    __syncthreads();
  }
  for (int i = 0; i < 4; i++)
    for (int j = 0; j < 4; j++)
      if (m0 + row + i < m && n0 + column + j < n) {
        float* to = &c[(size_t)(m0 + row + i) * n + n0 + column + j];
        *to = alpha * sums[i][j] + (add ? *to : 0);
      }
}
#define PRODUCT(name, A, B)                                                                       \
  KERNEL(name, 256, (int m, int n, int k, const float* a, const float* b, float* c, float alpha,  \
                     int add)) {                                                                  \
    product<A, B>(m, n, k, a, b, c, alpha, add);                                                  \
  }
PRODUCT(nt_f, true, true)
PRODUCT(nn_f, true, false)
PRODUCT(tn_f, false, false)

// --- few rows -------------------------------------------------------------------------------------

// x [m ≤ 32][k], w [n][k], y [m][n]: a warp for each row of w, eight rows of x at once
KERNEL(rows_f, 256, (int m, int n, int k, const float* x, const float* w, float* y, float alpha, int add)) {
  int column = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (column >= n) return;
  const float* own = w + (size_t)column * k;
  for (int from = 0; from < m; from += 8) {
    float sums[8] = {};
    int count = min(8, m - from);
    for (int i = lane; i < k; i += 32) {
      float v = own[i];
#pragma unroll
      for (int r = 0; r < 8; r++)
        if (r < count) sums[r] += x[(size_t)(from + r) * k + i] * v;
    }
#pragma unroll
    for (int r = 0; r < 8; r++) {
      float sum = warp_sum(sums[r]);
      if (lane == 0 && r < count) {
        float* to = &y[(size_t)(from + r) * n + column];
        *to = alpha * sum + (add ? *to : 0);
      }
    }
  }
}
