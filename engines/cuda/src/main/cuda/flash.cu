// Attention over trees in bf16 by tensor cores, forward and backward; shapes and sight are those of
// tree.cu, tiles of 32 queries by 32 keys. Heads that share a key head are computed together, up to
// four. Weights and their derivatives are rounded to bf16 between two products (Dao 2023).
#include "attention.cuh"

constexpr int SLOTS = 4;

// 32 rows of one head from row0 on into to [32][DIM + 8], asynchronously; zeros beyond
template <int DIM>
__device__ void take(const bf16* x, int row0, int rows, int stride, int dim, bf16* to) {
  if (dim % 8 == 0 && (size_t)x % 16 == 0) {
    for (int i = threadIdx.x; i < ROWS * DIM / 8; i += blockDim.x) {
      int r = i / (DIM / 8), d = i % (DIM / 8) * 8;
      bool there = row0 + r < rows && d < dim;
      cp_async<16>(to + r * (DIM + 8) + d, there ? x + (size_t)(row0 + r) * stride + d : x, there ? 16 : 0);
    }
  } else {
    for (int i = threadIdx.x; i < ROWS * DIM; i += blockDim.x) {
      int r = i / DIM, d = i % DIM;
      to[r * (DIM + 8) + d].bits = row0 + r < rows && d < dim ? x[(size_t)(row0 + r) * stride + d].bits : 0;
    }
  }
}
// 16 rows from row0 on as first factors of mma, from global memory
template <int DIM>
__device__ void take(const bf16* x, int row0, int rows, int stride, int dim, unsigned to[DIM / 16][4]) {
  int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
#pragma unroll
  for (int k = 0; k < DIM / 16; k++)
#pragma unroll
    for (int i = 0; i < 4; i++) {
      int r = row0 + g + i % 2 * 8, d = k * 16 + i / 2 * 8 + 2 * t;
      const bf16* at = x + (size_t)r * stride + d;
      unsigned low = r < rows && d < dim ? at[0].bits : 0, high = r < rows && d + 1 < dim ? at[1].bits : 0;
      to[k][i] = low | high << 16;
    }
}
// s [16 × 32] += x·yᵀ: y are 32 rows in shared memory
template <int DIM> __device__ void multiply(const unsigned x[DIM / 16][4], const bf16* y, float s[4][4]) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int k = 0; k < DIM / 16; k++)
#pragma unroll
    for (int j = 0; j < 4; j += 2) {
      unsigned both[4];
      ldmatrix4(both, y + (j * 8 + lane / 16 * 8 + lane % 8) * (DIM + 8) + k * 16 + lane / 8 % 2 * 8);
      mma_bf16(s[j], x[k], both);
      mma_bf16(s[j + 1], x[k], both + 2);
    }
}
// The same with the 16 rows of x in shared memory
template <int DIM> __device__ void multiply(const bf16* x, const bf16* y, float s[4][4]) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int k = 0; k < DIM / 16; k++) {
    unsigned a[4];
    ldmatrix4(a, x + lane % 16 * (DIM + 8) + k * 16 + lane / 16 * 8);
#pragma unroll
    for (int j = 0; j < 4; j += 2) {
      unsigned both[4];
      ldmatrix4(both, y + (j * 8 + lane / 16 * 8 + lane % 8) * (DIM + 8) + k * 16 + lane / 8 % 2 * 8);
      mma_bf16(s[j], a, both);
      mma_bf16(s[j + 1], a, both + 2);
    }
  }
}
// o [16 × DIM] += w·y with w [16 × 32] as mma leaves it
template <int DIM> __device__ void weigh(const float w[4][4], const bf16* y, float o[DIM / 8][4]) {
  int lane = threadIdx.x % 32;
#pragma unroll
  for (int k = 0; k < 2; k++) {
    unsigned a[4] = {pack(w[2 * k][0], w[2 * k][1]), pack(w[2 * k][2], w[2 * k][3]),
                     pack(w[2 * k + 1][0], w[2 * k + 1][1]), pack(w[2 * k + 1][2], w[2 * k + 1][3])};
#pragma unroll
    for (int j = 0; j < DIM / 8; j += 2) {
      unsigned both[4];
      ldmatrix4_trans(both, y + (k * 16 + lane / 8 % 2 * 8 + lane % 8) * (DIM + 8) + j * 8 + lane / 16 * 8);
      mma_bf16(o[j], a, both);
      mma_bf16(o[j + 1], a, both + 2);
    }
  }
}

// Products become scores
__device__ inline void scores(float scale, float cap, float s[4][4]) {
#pragma unroll
  for (int i = 0; i < 16; i++) s[i / 4][i % 4] *= scale;
  if (cap == 0) return;
#pragma unroll
  for (int i = 0; i < 16; i++) s[i / 4][i % 4] = capped(s[i / 4][i % 4], cap);
}
// and dp, derivatives by probabilities, ones by products but for the probability and the scale
template <class Shift>
__device__ inline void scores(float scale, float cap, float s[4][4], float dp[4][4], Shift shift) {
#pragma unroll
  for (int i = 0; i < 16; i++) {
    s[i / 4][i % 4] *= scale;
    dp[i / 4][i % 4] -= shift(i / 4, i % 4);
  }
  if (cap == 0) return;
#pragma unroll
  for (int i = 0; i < 16; i++) {
    dp[i / 4][i % 4] *= cap_slope(s[i / 4][i % 4], cap);
    s[i / 4][i % 4] = capped(s[i / 4][i % 4], cap);
  }
}

// --- forward --------------------------------------------------------------------------------------

// A block for each tile of queries and up to four heads that share a key head; a warp has 16 queries
// of one head.
template <int DIM>
__device__ void forward(int heads, int kvHeads, int dim, float scale, float cap, Sight sight,
                        const int* starts, const int* tiles, int together, const bf16* q, const bf16* k,
                        const bf16* v, bf16* out, Normalizer* normalizers) {
  constexpr int TILE = ROWS * (DIM + 8);
  DYNAMIC_SHARED(bf16, room);
  bf16* ks = room;              // [2][TILE]
  bf16* vs = room + 2 * TILE;   // [2][TILE]
  int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t4 = threadIdx.x % 4;
  int group = heads / kvHeads, groups = (group + together - 1) / together, kvHead = blockIdx.y / groups;
  int inGroup = blockIdx.y % groups * together + warp / 2;
  int head = kvHead * group + min(inGroup, group - 1);   // beyond the group: the last once more, unused
  int tile = gridDim.x - 1 - blockIdx.x;   // the last see most, so they begin first
  int row0 = tile * ROWS + warp % 2 * 16;
  const bf16* kh = k + kvHead * dim;
  const bf16* vh = v + kvHead * dim;
  unsigned x[DIM / 16][4];
  take<DIM>(q + head * dim, row0, sight.rows, heads * dim, dim, x);
  float most[2] = {NEGATIVE_INFINITY, NEGATIVE_INFINITY}, sum[2] = {};
  float o[DIM / 8][4] = {};
  int from = starts[tile], to = starts[tile + 1];
  take<DIM>(kh, tiles[from] * ROWS, sight.rows, kvHeads * dim, dim, ks);
  take<DIM>(vh, tiles[from] * ROWS, sight.rows, kvHeads * dim, dim, vs);
  cp_commit();
  for (int i = from; i < to; i++) {
    int odd = (i - from) % 2, k0 = tiles[i] * ROWS;
    if (i + 1 < to) {
      take<DIM>(kh, tiles[i + 1] * ROWS, sight.rows, kvHeads * dim, dim, ks + (odd ^ 1) * TILE);
      take<DIM>(vh, tiles[i + 1] * ROWS, sight.rows, kvHeads * dim, dim, vs + (odd ^ 1) * TILE);
    }
    cp_commit();
    unsigned seen = seen_of_square<false>(sight, row0, k0);
    cp_wait<1>();
    __syncthreads();
    float s[4][4] = {};
    multiply<DIM>(x, ks + odd * TILE, s);
    float now[2] = {most[0], most[1]};
    scores(scale, cap, s);
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        if (!(seen >> (4 * j + e) & 1)) s[j][e] = NEGATIVE_INFINITY;
        now[e / 2] = fmaxf(now[e / 2], s[j][e]);
      }
#pragma unroll
    for (int h = 0; h < 2; h++) {
      now[h] = quad_max(now[h]);
      float shrink = now[h] == NEGATIVE_INFINITY ? 1 : expf(most[h] - now[h]);
      most[h] = now[h];
      sum[h] *= shrink;
#pragma unroll
      for (int j = 0; j < DIM / 8; j++) o[j][2 * h] *= shrink, o[j][2 * h + 1] *= shrink;
    }
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        s[j][e] = s[j][e] == NEGATIVE_INFINITY ? 0 : expf(s[j][e] - now[e / 2]);
        sum[e / 2] += s[j][e];
      }
    weigh<DIM>(s, vs + odd * TILE, o);
    __syncthreads();
  }
  for (int h = 0; h < 2; h++) {
    sum[h] = quad_sum(sum[h]);
    int row = row0 + g + h * 8;
    if (row >= sight.rows || inGroup >= group) continue;
    size_t at = (size_t)row * heads + head;
    if (t4 == 0) normalizers[at] = {most[h], 1 / sum[h]};
  }
#pragma unroll
  for (int j = 0; j < DIM / 8; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int row = row0 + g + e / 2 * 8, d = j * 8 + 2 * t4 + e % 2;
      if (row < sight.rows && inGroup < group && d < dim)
        store(&out[((size_t)row * heads + head) * dim + d], o[j][e] / sum[e / 2]);
    }
}

// --- backward -------------------------------------------------------------------------------------

// dq, by the same blocks and warps
template <int DIM>
__device__ void back_queries(int heads, int kvHeads, int dim, float scale, float cap, Sight sight,
                             const int* starts, const int* tiles, int together, const bf16* q, const bf16* k,
                             const bf16* v, const Normalizer* normalizers, const bf16* dOut,
                             const float* delta, bf16* dq) {
  constexpr int TILE = ROWS * (DIM + 8);
  DYNAMIC_SHARED(bf16, room);
  bf16* ks = room;              // [2][TILE]
  bf16* vs = room + 2 * TILE;   // [2][TILE]
  int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t4 = threadIdx.x % 4;
  int group = heads / kvHeads, groups = (group + together - 1) / together, kvHead = blockIdx.y / groups;
  int inGroup = blockIdx.y % groups * together + warp / 2;
  int head = kvHead * group + min(inGroup, group - 1);
  int tile = gridDim.x - 1 - blockIdx.x;   // the last see most, so they begin first
  int row0 = tile * ROWS + warp % 2 * 16;
  const bf16* kh = k + kvHead * dim;
  const bf16* vh = v + kvHead * dim;
  unsigned x[DIM / 16][4], dx[DIM / 16][4];
  take<DIM>(q + head * dim, row0, sight.rows, heads * dim, dim, x);
  take<DIM>(dOut + head * dim, row0, sight.rows, heads * dim, dim, dx);
  Normalizer normalizer[2] = {};
  float shift[2];
  for (int h = 0; h < 2; h++) {
    int row = row0 + g + h * 8;
    if (row < sight.rows) normalizer[h] = normalizers[(size_t)row * heads + head];
    shift[h] = row < sight.rows ? delta[(size_t)row * heads + head] : 0;
  }
  float sums[DIM / 8][4] = {};
  int from = starts[tile], to = starts[tile + 1];
  take<DIM>(kh, tiles[from] * ROWS, sight.rows, kvHeads * dim, dim, ks);
  take<DIM>(vh, tiles[from] * ROWS, sight.rows, kvHeads * dim, dim, vs);
  cp_commit();
  for (int i = from; i < to; i++) {
    int odd = (i - from) % 2, k0 = tiles[i] * ROWS;
    if (i + 1 < to) {
      take<DIM>(kh, tiles[i + 1] * ROWS, sight.rows, kvHeads * dim, dim, ks + (odd ^ 1) * TILE);
      take<DIM>(vh, tiles[i + 1] * ROWS, sight.rows, kvHeads * dim, dim, vs + (odd ^ 1) * TILE);
    }
    cp_commit();
    unsigned seen = seen_of_square<false>(sight, row0, k0);
    cp_wait<1>();
    __syncthreads();
    float s[4][4] = {}, dp[4][4] = {};
    multiply<DIM>(x, ks + odd * TILE, s);
    multiply<DIM>(dx, vs + odd * TILE, dp);
    scores(scale, cap, s, dp, [=](int, int e) { return shift[e / 2]; });
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        float p = seen >> (4 * j + e) & 1 ? probability(s[j][e], normalizer[e / 2]) : 0;
        s[j][e] = p * dp[j][e] * scale;
      }
    weigh<DIM>(s, ks + odd * TILE, sums);
    __syncthreads();
  }
#pragma unroll
  for (int j = 0; j < DIM / 8; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int row = row0 + g + e / 2 * 8, d = j * 8 + 2 * t4 + e % 2;
      if (row < sight.rows && inGroup < group && d < dim)
        store(&dq[((size_t)row * heads + head) * dim + d], sums[j][e]);
    }
}

// dk and dv: a block for each tile of keys and key head. Pairs of a tile of queries and a head are
// dealt to four slots of two warps, of which each has 16 keys; slots are summed up in order. Heads up to
// 64 wide are copied ahead, for wider ones shared memory does not suffice everywhere.
template <int DIM>
__device__ void back_keys(int heads, int kvHeads, int dim, float scale, float cap, Sight sight,
                          const int* starts, const int* tiles, const bf16* q, const bf16* k, const bf16* v,
                          const Normalizer* normalizers, const bf16* dOut, const float* delta, bf16* dk,
                          bf16* dv) {
  constexpr int TILE = ROWS * (DIM + 8);
  DYNAMIC_SHARED(bf16, room);
  constexpr bool AHEAD = DIM <= 64;
  bf16* ks = room;
  bf16* vs = room + TILE;
  bf16* both[2] = {room + 2 * TILE, room + (2 + (AHEAD ? 2 * SLOTS : 0)) * TILE};   // q [SLOTS][TILE], and dOut
  int warp = threadIdx.x / 32, g = threadIdx.x % 32 / 4, t4 = threadIdx.x % 4, slot = warp / 2;
  int kvHead = blockIdx.y, group = heads / kvHeads, k0 = blockIdx.x * ROWS, own = warp % 2 * 16;
  take<DIM>(k + kvHead * dim, k0, sight.rows, kvHeads * dim, dim, ks);
  take<DIM>(v + kvHead * dim, k0, sight.rows, kvHeads * dim, dim, vs);
  float keySums[DIM / 8][4] = {}, valueSums[DIM / 8][4] = {};
  int from = starts[blockIdx.x], pairs = (starts[blockIdx.x + 1] - from) * group;
  auto copy = [=](int first, bf16* to) {
    for (int i = 0; i < SLOTS; i++)
      if (first + i < pairs) {
        int head = kvHead * group + (first + i) % group, q0 = tiles[from + (first + i) / group] * ROWS;
        take<DIM>(q + head * dim, q0, sight.rows, heads * dim, dim, to + i * TILE);
        take<DIM>(dOut + head * dim, q0, sight.rows, heads * dim, dim, to + (SLOTS + i) * TILE);
      }
    cp_commit();
  };
  if (AHEAD) copy(0, both[0]);
  for (int first = 0, odd = 0; first < pairs; first += SLOTS, odd ^= 1) {
    const bf16* qs = both[odd];
    const bf16* os = qs + SLOTS * TILE;
    copy(AHEAD ? first + SLOTS : first, both[AHEAD ? odd ^ 1 : 0]);
    cp_wait<AHEAD ? 1 : 0>();
    __syncthreads();
    if (first + slot < pairs) {   // a whole warp
      int head = kvHead * group + (first + slot) % group, q0 = tiles[from + (first + slot) / group] * ROWS;
      float s[4][4] = {}, dp[4][4] = {};
      multiply<DIM>(ks + own * (DIM + 8), qs + slot * TILE, s);
      multiply<DIM>(vs + own * (DIM + 8), os + slot * TILE, dp);
      unsigned seen = seen_of_square<true>(sight, k0 + own, q0);
      Normalizer normalizer[8];   // of the eight rows of queries that a thread has
      float shift[8];
#pragma unroll
      for (int i = 0; i < 8; i++) {
        size_t at = (size_t)min(q0 + i / 2 * 8 + 2 * t4 + i % 2, sight.rows - 1) * heads + head;
        normalizer[i] = normalizers[at];
        shift[i] = delta[at];
      }
      scores(scale, cap, s, dp, [=](int j, int e) { return shift[2 * j + e % 2]; });
#pragma unroll
      for (int j = 0; j < 4; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          float p = seen >> (4 * j + e) & 1 ? probability(s[j][e], normalizer[2 * j + e % 2]) : 0;
          s[j][e] = p;
          dp[j][e] = seen >> (4 * j + e) & 1 ? p * dp[j][e] * scale : 0;
        }
      weigh<DIM>(s, os + slot * TILE, valueSums);
      weigh<DIM>(dp, qs + slot * TILE, keySums);
    }
    __syncthreads();
  }
  float* sums = (float*)both[0];   // [SLOTS][32][DIM]: in the place of queries and gradients
#pragma unroll
  for (int values = 0; values < 2; values++) {
    __syncthreads();
#pragma unroll
    for (int j = 0; j < DIM / 8; j++)
#pragma unroll
      for (int e = 0; e < 4; e++)
        sums[(slot * ROWS + own + g + e / 2 * 8) * DIM + j * 8 + 2 * t4 + e % 2] = values ? valueSums[j][e] : keySums[j][e];
    __syncthreads();
    for (int i = threadIdx.x; i < ROWS * DIM; i += 256) {
      int row = k0 + i / DIM, d = i % DIM;
      float sum = 0;
      for (int other = 0; other < SLOTS; other++) sum += sums[other * ROWS * DIM + i];
      if (row < sight.rows && d < dim) store(&(values ? dv : dk)[((size_t)row * kvHeads + kvHead) * dim + d], sum);
    }
  }
}

#define FORWARD(DIM)                                                                              \
  KERNEL(flash_forward_##DIM, 256, (SHAPE, int together, const bf16* q, const bf16* k,            \
                                    const bf16* v, bf16* out, Normalizer* normalizers)) {         \
    forward<DIM>(PASS, together, q, k, v, out, normalizers);                                      \
  }
#define BACKWARD(DIM)                                                                             \
  KERNEL(flash_back_queries_##DIM, 256, (SHAPE, int together, const bf16* q, const bf16* k,       \
                                         const bf16* v, const Normalizer* normalizers, const bf16* dOut,\
                                         const float* delta, bf16* dq)) {                         \
    back_queries<DIM>(PASS, together, q, k, v, normalizers, dOut, delta, dq);                     \
  }                                                                                               \
  KERNEL(flash_back_keys_##DIM, 256, (SHAPE, const bf16* q, const bf16* k, const bf16* v,         \
                                      const Normalizer* normalizers, const bf16* dOut,            \
                                      const float* delta, bf16* dk, bf16* dv)) {                  \
    back_keys<DIM>(PASS, q, k, v, normalizers, dOut, delta, dk, dv);                              \
  }
FORWARD(64)
FORWARD(128)
FORWARD(256)
BACKWARD(64)
BACKWARD(128)
