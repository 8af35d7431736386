// Attention over trees in float32, forward and backward, in tiles of 32 queries by 32 keys; and the
// backward pass of the widest heads in bf16. Shapes and sight: attention.cuh.
#include "attention.cuh"

constexpr int PART = 64, PITCH = PART + 1, SQUARE = ROWS + 1;

// Columns d0.. of 32 rows of one head from row0 on, into to [32][PITCH]; zeros beyond
template <class T>
__device__ void take(const T* x, int row0, int rows, int stride, int dim, int d0, float* to) {
  constexpr int STEP = 128 / PART, AT_ONCE = 8;   // rows
  int d = threadIdx.x % PART;
#pragma unroll 1
  for (int first = threadIdx.x / PART; first < ROWS; first += STEP * AT_ONCE) {
    float v[AT_ONCE];
#pragma unroll
    for (int j = 0; j < AT_ONCE; j++) {
      int r = row0 + first + j * STEP;
      v[j] = r < rows && d0 + d < dim ? load(&x[(size_t)r * stride + d0 + d]) : 0;
    }
#pragma unroll
    for (int j = 0; j < AT_ONCE; j++) to[(first + j * STEP) * PITCH + d] = v[j];
  }
}
// A thread has row threadIdx / 4 and columns threadIdx % 4 + 4·i of a square: s += x·yᵀ
__device__ inline void multiply(const float* x, const float* y, float s[8]) {
  int r = threadIdx.x / 4, c = threadIdx.x % 4;
#pragma unroll 4
  for (int d = 0; d < PART; d++) {
    float v = x[r * PITCH + d];
#pragma unroll
    for (int i = 0; i < 8; i++) s[i] += v * y[(c + 4 * i) * PITCH + d];
  }
}
// What a thread sees of its row of a square, a bit for each of its columns, all read at once
__device__ inline unsigned seen_of_row(const Sight& sight, int row, int k0) {
  int keys[8], ends[8], last = sight.rows - 1;
  unsigned seen = 0;
#pragma unroll
  for (int i = 0; i < 8; i++) keys[i] = k0 + threadIdx.x % 4 + 4 * i;
#pragma unroll
  for (int i = 0; i < 8; i++) ends[i] = sight.ends[min(keys[i], last)];   // at most the rows
#pragma unroll
  for (int i = 0; i < 8; i++) seen |= (unsigned)(keys[i] <= row && row < ends[i]) << i;
  if (sight.window) {
    int own = sight.positions[min(row, last)], positions[8];
#pragma unroll
    for (int i = 0; i < 8; i++) positions[i] = sight.positions[min(keys[i], last)];
#pragma unroll
    for (int i = 0; i < 8; i++)
      if (own - positions[i] >= sight.window) seen &= ~(1u << i);
  }
  return seen;
}
// --- forward --------------------------------------------------------------------------------------

// A block for each tile of queries and head
template <class T, int PARTS>
__device__ void forward(int heads, int kvHeads, int dim, float scale, float cap, Sight sight,
                        const int* starts, const int* tiles, const T* q, const T* k, const T* v, T* out,
                        Normalizer* normalizers) {
  SHARED(float, qs, ROWS * PITCH);
  SHARED(float, ks, ROWS * PITCH);    // keys, then values
  SHARED(float, ps, ROWS * SQUARE);   // weights
  int head = blockIdx.y, kvHead = head / (heads / kvHeads), q0 = blockIdx.x * ROWS;
  int r = threadIdx.x / 4, c = threadIdx.x % 4, row = q0 + r;
  const T* qh = q + head * dim;
  const T* kh = k + kvHead * dim;
  const T* vh = v + kvHead * dim;
  float most = NEGATIVE_INFINITY, sum = 0;
  float o[PARTS][PART / 4] = {};   // columns c + 4·i of each part
  for (int t = starts[blockIdx.x]; t < starts[blockIdx.x + 1]; t++) {
    int k0 = tiles[t] * ROWS;
    float s[8] = {};
    for (int d0 = 0; d0 < dim; d0 += PART) {
      __syncthreads();
      take(qh, q0, sight.rows, heads * dim, dim, d0, qs);
      take(kh, k0, sight.rows, kvHeads * dim, dim, d0, ks);
      __syncthreads();
      multiply(qs, ks, s);
    }
    unsigned seen = seen_of_row(sight, row, k0);
    float now = most;
    for (int i = 0; i < 8; i++) {
      s[i] = seen >> i & 1 ? capped(s[i] * scale, cap) : NEGATIVE_INFINITY;
      now = fmaxf(now, s[i]);
    }
    now = quad_max(now);
    float shrink = now == NEGATIVE_INFINITY ? 1 : expf(most - now), more = 0;
    for (int i = 0; i < 8; i++) {
      float p = s[i] == NEGATIVE_INFINITY ? 0 : expf(s[i] - now);
      more += p;
      ps[r * SQUARE + c + 4 * i] = p;
    }
    sum = sum * shrink + quad_sum(more);
    most = now;
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
      if (part * PART >= dim) break;
      __syncthreads();
      take(vh, k0, sight.rows, kvHeads * dim, dim, part * PART, ks);
      __syncthreads();
#pragma unroll
      for (int i = 0; i < PART / 4; i++) o[part][i] *= shrink;
#pragma unroll 2
      for (int j = 0; j < ROWS; j++) {
        float p = ps[r * SQUARE + j];
#pragma unroll
        for (int i = 0; i < PART / 4; i++) o[part][i] += p * ks[j * PITCH + c + 4 * i];
      }
    }
  }
  if (row >= sight.rows) return;
  size_t at = (size_t)row * heads + head;
#pragma unroll
  for (int part = 0; part < PARTS; part++)
#pragma unroll
    for (int i = 0; i < PART / 4; i++) {
      int d = part * PART + c + 4 * i;
      if (d < dim) store(&out[at * dim + d], o[part][i] / sum);
    }
  if (c == 0) normalizers[at] = {most, 1 / sum};
}

// --- backward -------------------------------------------------------------------------------------

// delta = Σ out∘dOut, a warp for each of the rows·heads
template <class T> __device__ void row_delta(long long pairs, int dim, const T* out, const T* dOut, float* delta) {
  size_t pair = (size_t)blockIdx.x * 4 + threadIdx.x / 32;
  if (pair >= pairs) return;
  float sum = 0;
  for (int d = threadIdx.x % 32; d < dim; d += 32) sum += load(&out[pair * dim + d]) * load(&dOut[pair * dim + d]);
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) delta[pair] = sum;
}

// Weights p and derivatives of products ds of a square, for the numbers that a thread has
template <class T>
__device__ void derive(int heads, int kvHeads, int dim, float scale, float cap, const Sight& sight, int head,
                       int q0, int k0, const T* q, const T* k, const T* v, const Normalizer* normalizers,
                       const T* dOut, const float* delta, float* qs, float* ks, float* os, float* vs,
                       float p[8], float ds[8]) {
  int kvHead = head / (heads / kvHeads), row = q0 + threadIdx.x / 4;
  float s[8] = {}, dp[8] = {};
  for (int d0 = 0; d0 < dim; d0 += PART) {
    __syncthreads();
    take(q + head * dim, q0, sight.rows, heads * dim, dim, d0, qs);
    take(k + kvHead * dim, k0, sight.rows, kvHeads * dim, dim, d0, ks);
    take(dOut + head * dim, q0, sight.rows, heads * dim, dim, d0, os);
    take(v + kvHead * dim, k0, sight.rows, kvHeads * dim, dim, d0, vs);
    __syncthreads();
    multiply(qs, ks, s);
    multiply(os, vs, dp);
  }
  unsigned seen = seen_of_row(sight, row, k0);
  size_t at = (size_t)min(row, sight.rows - 1) * heads + head;
  Normalizer normalizer = normalizers[at];
  float shift = delta[at];
  for (int i = 0; i < 8; i++) {
    bool own = seen >> i & 1;
    p[i] = own ? probability(capped(s[i] * scale, cap), normalizer) : 0;
    ds[i] = own ? p[i] * (dp[i] - shift) * cap_slope(s[i] * scale, cap) * scale : 0;
  }
}

// dq: a block for each tile of queries and head
template <class T, int PARTS>
__device__ void back_queries(int heads, int kvHeads, int dim, float scale, float cap, Sight sight,
                             const int* starts, const int* tiles, const T* q, const T* k, const T* v,
                             const Normalizer* normalizers, const T* dOut, const float* delta, T* dq) {
  SHARED(float, qs, ROWS * PITCH);
  SHARED(float, ks, ROWS * PITCH);
  SHARED(float, os, ROWS * PITCH);
  SHARED(float, vs, ROWS * PITCH);
  SHARED(float, dss, ROWS * SQUARE);
  int head = blockIdx.y, kvHead = head / (heads / kvHeads), q0 = blockIdx.x * ROWS;
  int r = threadIdx.x / 4, c = threadIdx.x % 4, row = q0 + r;
  float sums[PARTS][PART / 4] = {};
  for (int t = starts[blockIdx.x]; t < starts[blockIdx.x + 1]; t++) {
    int k0 = tiles[t] * ROWS;
    float p[8], ds[8];
    derive(heads, kvHeads, dim, scale, cap, sight, head, q0, k0, q, k, v, normalizers, dOut, delta, qs, ks, os, vs,
           p, ds);
    for (int i = 0; i < 8; i++) dss[r * SQUARE + c + 4 * i] = ds[i];
#pragma unroll
    for (int part = 0; part < PARTS; part++) {
      if (part * PART >= dim) break;
      __syncthreads();
      take(k + kvHead * dim, k0, sight.rows, kvHeads * dim, dim, part * PART, ks);
      __syncthreads();
#pragma unroll 2
      for (int j = 0; j < ROWS; j++) {
        float w = dss[r * SQUARE + j];
#pragma unroll
        for (int i = 0; i < PART / 4; i++) sums[part][i] += w * ks[j * PITCH + c + 4 * i];
      }
    }
  }
  if (row >= sight.rows) return;
#pragma unroll
  for (int part = 0; part < PARTS; part++)
#pragma unroll
    for (int i = 0; i < PART / 4; i++) {
      int d = part * PART + c + 4 * i;
      if (d < dim) store(&dq[((size_t)row * heads + head) * dim + d], sums[part][i]);
    }
}

// dk and dv: a block for each tile of keys and key head; a thread has key threadIdx / 4
template <class T, int PARTS>
__device__ void back_keys(int heads, int kvHeads, int dim, float scale, float cap, Sight sight,
                          const int* starts, const int* tiles, const T* q, const T* k, const T* v,
                          const Normalizer* normalizers, const T* dOut, const float* delta, T* dk, T* dv) {
  SHARED(float, qs, ROWS * PITCH);
  SHARED(float, ks, ROWS * PITCH);
  SHARED(float, os, ROWS * PITCH);
  SHARED(float, vs, ROWS * PITCH);
  SHARED(float, pss, ROWS * SQUARE);
  SHARED(float, dss, ROWS * SQUARE);
  int kvHead = blockIdx.y, group = heads / kvHeads, k0 = blockIdx.x * ROWS;
  int r = threadIdx.x / 4, c = threadIdx.x % 4, row = k0 + r;
  float keySums[PARTS][PART / 4] = {}, valueSums[PARTS][PART / 4] = {};
  for (int t = starts[blockIdx.x]; t < starts[blockIdx.x + 1]; t++)
    for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
      int q0 = tiles[t] * ROWS;
      float p[8], ds[8];
      derive(heads, kvHeads, dim, scale, cap, sight, head, q0, k0, q, k, v, normalizers, dOut, delta, qs, ks, os, vs,
             p, ds);
      for (int i = 0; i < 8; i++) {
        pss[r * SQUARE + c + 4 * i] = p[i];
        dss[r * SQUARE + c + 4 * i] = ds[i];
      }
#pragma unroll
      for (int part = 0; part < PARTS; part++) {
        if (part * PART >= dim) break;
        __syncthreads();
        if (dim > PART) {   // else they are still there
          take(q + head * dim, q0, sight.rows, heads * dim, dim, part * PART, qs);
          take(dOut + head * dim, q0, sight.rows, heads * dim, dim, part * PART, os);
          __syncthreads();
        }
#pragma unroll 2
        for (int j = 0; j < ROWS; j++) {
          float x = dss[j * SQUARE + r], y = pss[j * SQUARE + r];
#pragma unroll
          for (int i = 0; i < PART / 4; i++) {
            keySums[part][i] += x * qs[j * PITCH + c + 4 * i];
            valueSums[part][i] += y * os[j * PITCH + c + 4 * i];
          }
        }
      }
    }
  if (row >= sight.rows) return;
#pragma unroll
  for (int part = 0; part < PARTS; part++)
#pragma unroll
    for (int i = 0; i < PART / 4; i++) {
      int d = part * PART + c + 4 * i;
      size_t at = ((size_t)row * kvHeads + kvHead) * dim + d;
      if (d < dim) {
        store(&dk[at], keySums[part][i]);
        store(&dv[at], valueSums[part][i]);
      }
    }
}

#define FORWARD(s, T, PARTS)                                                                      \
  KERNEL(tree_forward_##s, 128, (SHAPE, const T* q, const T* k, const T* v, T* out,               \
                                 Normalizer* normalizers)) {                                      \
    forward<T, PARTS>(PASS, q, k, v, out, normalizers);                                           \
  }
#define BACKWARD(s, T, PARTS)                                                                     \
  KERNEL(tree_back_queries_##s, 128, (SHAPE, const T* q, const T* k, const T* v,                  \
                                      const Normalizer* normalizers, const T* dOut, const float* delta,\
                                      T* dq)) {                                                   \
    back_queries<T, PARTS>(PASS, q, k, v, normalizers, dOut, delta, dq);                          \
  }                                                                                               \
  KERNEL(tree_back_keys_##s, 128, (SHAPE, const T* q, const T* k, const T* v,                     \
                                   const Normalizer* normalizers, const T* dOut, const float* delta,\
                                   T* dk, T* dv)) {                                               \
    back_keys<T, PARTS>(PASS, q, k, v, normalizers, dOut, delta, dk, dv);                         \
  }
FORWARD(f64, float, 1)
FORWARD(f128, float, 2)
FORWARD(f256, float, 4)
BACKWARD(f64, float, 1)
BACKWARD(f128, float, 2)
BACKWARD(f256, float, 4)
BACKWARD(b256, bf16, 4)
KERNEL(tree_delta_f, 128, (long long pairs, int dim, const float* out, const float* dOut, float* delta)) {
  row_delta(pairs, dim, out, dOut, delta);
}
KERNEL(tree_delta_b, 128, (long long pairs, int dim, const bf16* out, const bf16* dOut, float* delta)) {
  row_delta(pairs, dim, out, dOut, delta);
}
