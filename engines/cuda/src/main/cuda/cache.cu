// Attention of a decoder's rows over cached keys and values; see CacheAttention.java. A row sees the
// first length[row] tokens of its path, of them the last `window`. Positions are computed in parts of
// 256, always cut at the same places.
#include "common.cuh"

constexpr int PART = 256, MOST_HEADS = 4, MOST_DIM = 256;

__device__ inline int first_seen(int length, int window) { return window && length > window ? length - window : 0; }

// Eight numbers from d on, zeros beyond dim
template <class T> __device__ inline void load8(const T* x, int d, int dim, float v[8]) {
#pragma unroll
  for (int j = 0; j < 8; j++) v[j] = d + j < dim ? load(&x[d + j]) : 0;
}
struct __align__(16) Eight { unsigned pairs[4]; };
__device__ inline void load8(const bf16* x, int d, int dim, float v[8]) {
  if (dim % 8 == 0) {   // rows begin at multiples of 16 bytes
    if (d >= dim) {
      for (int j = 0; j < 8; j++) v[j] = 0;
      return;
    }
    Eight e = *(const Eight*)(x + d);
#pragma unroll
    for (int j = 0; j < 4; j++) {
      v[2 * j] = __uint_as_float(e.pairs[j] << 16);
      v[2 * j + 1] = __uint_as_float(e.pairs[j] & 0xffff0000u);
    }
    return;
  }
  for (int j = 0; j < 8; j++) v[j] = d + j < dim ? load(&x[d + j]) : 0;
}

// path, length [rows]; starts [paths + 1]; slots, ends [runs]; q [rows][heads][dim]; keys, values
// [slots][kvHeads][dim]; partial [rows][heads][parts][dim + 2]: greatest score, sum of weights, and
// values by weight. A block for each row, up to four heads that share a key head, and part.
template <class T>
__device__ void part(int heads, int kvHeads, int dim, int together, float scale, float cap, int window,
                     const int* path, const int* length, const int* starts, const int* slots,
                     const int* ends, const T* q, const T* keys, const T* values, float* partial) {
  SHARED(int, slot, PART);
  SHARED(float, queries, MOST_HEADS * MOST_DIM);
  SHARED(float, weights, MOST_HEADS * PART);
  SHARED(float, sums, 128 * 32);   // [group of keys][head][dim]
  SHARED(float, room, 4);
  size_t row = blockIdx.x;
  int group = heads / kvHeads, groups = (group + together - 1) / together;
  int kvHead = blockIdx.y / groups, firstOfGroup = blockIdx.y % groups * together;
  int head0 = kvHead * group + firstOfGroup, count = min(together, group - firstOfGroup);
  int from = max((int)blockIdx.z * PART, first_seen(length[row], window));
  int to = min((int)(blockIdx.z + 1) * PART, length[row]);
  if (from >= to) return;   // the whole block
  int firstRun = starts[path[row]], endRun = starts[path[row] + 1];
  for (int i = from + threadIdx.x; i < to; i += 128) {
    int low = firstRun, high = endRun - 1;   // the run that holds position i
    while (low < high) {
      int middle = (low + high) / 2;
      if (ends[middle] > i) high = middle; else low = middle + 1;
    }
    slot[i - from] = slots[low] + i - (low == firstRun ? 0 : ends[low - 1]);
  }
  for (int i = threadIdx.x; i < count * dim; i += 128)
    queries[i / dim * MOST_DIM + i % dim] = load(&q[(row * heads + head0) * dim + i]) * scale;
  __syncthreads();
  // Scores: eight lanes for each key, eight numbers of the head at a time each
  int n = to - from, lane = threadIdx.x % 8;
  for (int i0 = 0; i0 < n; i0 += 16) {
    int i = i0 + threadIdx.x / 8;
    const T* key = keys + ((size_t)slot[min(i, n - 1)] * kvHeads + kvHead) * dim;
    float dot[MOST_HEADS] = {};
    for (int d = lane * 8; d < dim; d += 64) {
      float v[8];
      load8(key, d, dim, v);
#pragma unroll
      for (int h = 0; h < MOST_HEADS; h++)
        if (h < count)
#pragma unroll
          for (int j = 0; j < 8; j++)
            if (d + j < dim) dot[h] += queries[h * MOST_DIM + d + j] * v[j];
    }
#pragma unroll
    for (int h = 0; h < MOST_HEADS; h++) {
      for (int w = 4; w; w >>= 1) dot[h] += __shfl_xor_sync(FULL, dot[h], w);
      if (lane == 0 && i < n && h < count) weights[h * PART + i] = cap == 0 ? dot[h] : cap * tanhf(dot[h] / cap);
    }
  }
  __syncthreads();
  for (int h = 0; h < count; h++) {
    float most = NEGATIVE_INFINITY, sum = 0;
    for (int i = threadIdx.x; i < n; i += 128) most = fmaxf(most, weights[h * PART + i]);
    most = block_max(most, room);
    for (int i = threadIdx.x; i < n; i += 128) sum += weights[h * PART + i] = expf(weights[h * PART + i] - most);
    sum = block_sum(sum, room);
    if (threadIdx.x == 0) {
      float* out = partial + ((row * heads + head0 + h) * gridDim.z + blockIdx.z) * (dim + 2);
      out[0] = most;
      out[1] = sum;
    }
  }
  __syncthreads();
  // Values: a thread has eight columns and every keyGroups-th key
  int chunks = (dim + 7) / 8, keyGroups = 128 / chunks;
  int d = threadIdx.x % chunks * 8, keyGroup = threadIdx.x / chunks;
  float o[MOST_HEADS][8] = {};
  if (keyGroup < keyGroups)
    for (int i = keyGroup; i < n; i += keyGroups) {
      float v[8];
      load8(values + ((size_t)slot[i] * kvHeads + kvHead) * dim, d, dim, v);
#pragma unroll
      for (int h = 0; h < MOST_HEADS; h++)
        if (h < count)
#pragma unroll
          for (int j = 0; j < 8; j++) o[h][j] += weights[h * PART + i] * v[j];
    }
  int width = chunks * 8;
  if (keyGroup < keyGroups)
#pragma unroll
    for (int h = 0; h < MOST_HEADS; h++)
#pragma unroll
      for (int j = 0; j < 8; j++) sums[(keyGroup * MOST_HEADS + h) * width + d + j] = o[h][j];
  __syncthreads();
  for (int i = threadIdx.x; i < count * dim; i += 128) {
    int h = i / dim, column = i % dim;
    float sum = 0;
    for (int g = 0; g < keyGroups; g++) sum += sums[(g * MOST_HEADS + h) * width + column];
    partial[((row * heads + head0 + h) * gridDim.z + blockIdx.z) * (dim + 2) + 2 + column] = sum;
  }
}

// out [rows][heads][dim]; a block for each row and head
template <class T>
__device__ void merge(int heads, int dim, int parts, int window, const int* length, const float* partial, T* out) {
  size_t pair = (size_t)blockIdx.x * heads + blockIdx.y;
  const float* own = partial + pair * parts * (dim + 2);
  int last = (length[blockIdx.x] - 1) / PART, first = first_seen(length[blockIdx.x], window) / PART;
  float most = NEGATIVE_INFINITY, sum = 0;
  for (int i = first; i <= last; i++) most = fmaxf(most, own[i * (dim + 2)]);
  for (int i = first; i <= last; i++) sum += expf(own[i * (dim + 2)] - most) * own[i * (dim + 2) + 1];
  for (int d = threadIdx.x; d < dim; d += 128) {
    float value = 0;
    for (int i = first; i <= last; i++) value += expf(own[i * (dim + 2)] - most) * own[i * (dim + 2) + 2 + d];
    store(&out[pair * dim + d], value / sum);
  }
}
#define CACHE(s, T)                                                                               \
  KERNEL(cache_parts_##s, 128,                                                                    \
         (int heads, int kvHeads, int dim, int together, float scale, float cap, int window,      \
          const int* path, const int* length, const int* starts, const int* slots,                \
          const int* ends, const T* q, const T* keys, const T* values, float* partial)) {         \
    part(heads, kvHeads, dim, together, scale, cap, window, path, length, starts, slots, ends, q, \
         keys, values, partial);                                                                  \
  }                                                                                               \
  KERNEL(cache_merge_##s, 128, (int heads, int dim, int parts, int window, const int* length,     \
                                const float* partial, T* out)) {                                  \
    merge(heads, dim, parts, window, length, partial, out);                                       \
  }
CACHE(f, float)
CACHE(b, bf16)
