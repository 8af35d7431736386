// A decoder's step in bf16, bound by reading weights: products of few rows, with what stands beside
// them in a block of the model; see StepKernels.java. Launches overlap: the first weights are on their
// way while the kernel before ends.
#include "activation.cuh"

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
template <bool WIDE, int MATRICES, int WARPS, class X>
__device__ void few_sums(int m, int n, int k, int n0, const X& x, const bf16* const* w,
                         float (*sums)[4][4], float* square) {
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
    for (int i = 0; i < 4; i++)
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

// Matrices w [n][k] times rows of x, [m ≤ 32][k]: a block for every 16 rows of each w, as the rows of
// mma's first factor; rows of x are the columns of the second. Warps share k by chunks of 32. Within
// a chunk the order of k is free as long as both factors have the same: a lane takes eight
// neighbours, for coalesced reads of 16 bytes. done(row of x, row of w, sums, sum of squares).
template <int MATRICES, int WARPS, class X, class Done>
__device__ void few_rows(int m, int n, int k, int n0, const X& x, const bf16* const* w, Done done) {
  constexpr int PITCH = 20;   // of 16 rows of w: a warp's numbers fall into different banks
  SHARED(float, room, WARPS * MATRICES * 32 * PITCH);   // [warp][matrix][row of x][row of w]
  SHARED(float, squares, WARPS * 32);                // [warp][row of x]
  let_next_begin();
  float sums[MATRICES][4][4] = {};   // [matrix][eight rows of x][numbers of mma's result]
  float square[4] = {};              // [eight rows of x]
  bool wide = k % 8 == 0 && x.aligned();
#pragma unroll
  for (int s = 0; s < MATRICES; s++) wide = wide && (size_t)w[s] % 16 == 0;
  if (wide)
    few_sums<true, MATRICES, WARPS>(m, n, k, n0, x, w, sums, square);
  else
    few_sums<false, MATRICES, WARPS>(m, n, k, n0, x, w, sums, square);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, g = lane / 4, t = lane % 4;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    if (i * 8 >= m) break;
#pragma unroll
    for (int s = 0; s < MATRICES; s++)
#pragma unroll
      for (int e = 0; e < 4; e++)
        room[((warp * MATRICES + s) * 32 + i * 8 + 2 * t + e % 2) * PITCH + g + e / 2 * 8] = sums[s][i][e];
    for (int lanes = 1; lanes < 4; lanes *= 2) square[i] += __shfl_xor_sync(FULL, square[i], lanes);
    if (t == 0) squares[warp * 32 + i * 8 + g] = square[i];
  }
  __syncthreads();
  for (int i = threadIdx.x; i < 16 * m; i += WARPS * 32) {
    int r = i % 16, row = i / 16;
    if (n0 + r >= n) continue;
    float sum[MATRICES] = {}, size = 0;
    for (int part = 0; part < WARPS; part++) {
#pragma unroll
      for (int s = 0; s < MATRICES; s++) sum[s] += room[((part * MATRICES + s) * 32 + row) * PITCH + r];
      size += squares[part * 32 + row];
    }
    done(row, n0 + r, sum, size);
  }
}

// x [m][k], w [n][k], y [m][n]; with long rows more warps, so that more of them is on its way at once
#define ROWS(s, WARPS, Y)                                                                         \
  KERNEL(rows_##s, WARPS * 32, (int m, int n, int k, const bf16* x, const bf16* w, Y* y,          \
                                float alpha, int add)) {                                          \
    few_rows<1, WARPS>(m, n, k, blockIdx.x * 16, Given{x, k}, &w,                                 \
                       [=](int row, int column, const float* sum, float) {                        \
                         Y* to = &y[(size_t)row * n + column];                                    \
                         store(to, alpha * sum[0] + (add ? load(to) : 0));                        \
                       });                                                                        \
  }
ROWS(bf, 8, float)
ROWS(b, 8, bf16)
ROWS(bf_long, 16, float)
ROWS(b_long, 16, bf16)

// Queries, keys and values: x [m][k], norm [k]; w0 to w2 [n0 to n2][k], b0 to b2 [n0 to n2] or null,
// y0 to y2 [m][n0 to n2]
KERNEL(project, 256, (int m, int k, const float* x, const float* norm, float plus, float eps,
                      int n0, const bf16* w0, const float* b0, bf16* y0,
                      int n1, const bf16* w1, const float* b1, bf16* y1,
                      int n2, const bf16* w2, const float* b2, bf16* y2)) {
  int block = blockIdx.x, blocks0 = (n0 + 15) / 16, blocks1 = (n1 + 15) / 16;
  int n = n0;
  const bf16* w = w0;
  const float* bias = b0;
  bf16* y = y0;
  if (block >= blocks0 + blocks1) {
    block -= blocks0 + blocks1;
    n = n2, w = w2, bias = b2, y = y2;
  } else if (block >= blocks0) {
    block -= blocks0;
    n = n1, w = w1, bias = b1, y = y1;
  }
  few_rows<1, 8>(m, n, k, block * 16, Normed{x, norm, plus, k}, &w,
                 [=](int row, int column, const float* sum, float squares) {
                   store(&y[(size_t)row * n + column],
                         sum[0] / sqrtf(squares / k + eps) + (bias ? bias[column] : 0));
                 });
}

// Gated activations: x [m][k], norm [k], gate and up [n][k], y [m][n]
#define GATED(name, F)                                                                            \
  KERNEL(gated_##name, 256, (int m, int n, int k, const float* x, const float* norm, float plus,  \
                             float eps, const bf16* gate, const bf16* up, bf16* y)) {             \
    const bf16* w[2] = {gate, up};                                                                \
    few_rows<2, 8>(m, n, k, blockIdx.x * 16, Normed{x, norm, plus, k}, w,                         \
                   [=](int row, int column, const float* sum, float squares) {                    \
                     float inv = 1 / sqrtf(squares / k + eps);                                    \
                     store(&y[(size_t)row * n + column], F::value(sum[0] * inv) * (sum[1] * inv)); \
                   });                                                                            \
  }
GATED(silu, Silu)
GATED(gelu, Gelu)

// --- between products and attention ---------------------------------------------------------------

// What a row's queries, keys and values undergo before attention: norms of heads and rotary
// embedding; queries grow, keys and values go into the cache. A warp for each head of a row.
// positions, slots [rows]; growth [rows] or null; queryNorm, keyNorm [dim] or null; cosines, sines
// [positions][half]; q [rows][heads][dim]; k, v [rows][kvHeads][dim]; keys, values [slots][kvHeads][dim]
KERNEL(place, 256, (int rows, int heads, int kvHeads, int dim, int half, const float* queryNorm,
                    const float* keyNorm, float plus, float eps, const int* positions,
                    const float* cosines, const float* sines, const float* growth, const int* slots,
                    bf16* q, const bf16* k, const bf16* v, bf16* keys, bf16* values)) {
  let_next_begin();
  int each = heads + 2 * kvHeads, warp = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
  bool there = warp < rows * each;
  size_t row = there ? warp / each : 0;
  int head = warp % each;
  bool query = head < heads;
  // The host writes these, no kernel does.
  size_t cached = query ? 0 : ((size_t)slots[row] * kvHeads + (head - heads) % kvHeads) * dim;
  size_t angle = (size_t)positions[row] * half;
  wait_for_previous();
  if (!there) return;
  if (head >= heads + kvHeads) {
    const bf16* from = v + (row * kvHeads + head - heads - kvHeads) * dim;
    for (int i = lane; i < dim; i += 32) values[cached + i] = from[i];
    return;
  }
  const bf16* from = query ? q + (row * heads + head) * dim : k + (row * kvHeads + head - heads) * dim;
  bf16* to = query ? q + (row * heads + head) * dim : keys + cached;
  const float* norm = query ? queryNorm : keyNorm;
  float factor = query && growth ? growth[row] : 1;
  float inv = 1;
  if (norm) {
    float square = 0;
    for (int i = lane; i < dim; i += 32) square += load(&from[i]) * load(&from[i]);
    inv = 1 / sqrtf(warp_sum(square) / dim + eps);
  }
  auto normed = [=](int i) { return norm ? load(&from[i]) * inv * (plus + norm[i]) : load(&from[i]); };
  for (int i = lane; i < half; i += 32) {   // no other lane reads or writes i and i + half
    float c = cosines[angle + i], s = sines[angle + i], first = normed(i), second = normed(i + half);
    store(&to[i], factor * (first * c - second * s));
    store(&to[i + half], factor * (second * c + first * s));
  }
  for (int i = 2 * half + lane; i < dim; i += 32) store(&to[i], factor * normed(i));
}
