// Attention of a decoder's rows over cached keys and values; see CacheAttention.java. A row sees the
// first length[row] tokens of its path, of them the last `window`. Positions are computed in parts of
// 128, always cut at the same places.
#include "common.cuh"

constexpr int PART = 128, MOST_HEADS = 4, MOST_DIM = 256;
constexpr int AHEAD = 8;   // keys or values that a thread waits for at once; 16 threads' keys are a part

__device__ inline int first_seen(int length, int window) { return window && length > window ? length - window : 0; }

// Eight numbers from d on, zeros beyond dim; WHOLE where dim is a multiple of eight
template <bool WHOLE> __device__ inline void load8(const float* x, int d, int dim, float v[8]) {
#pragma unroll
  for (int j = 0; j < 8; j++) v[j] = WHOLE || d + j < dim ? x[d + j] : 0;
}
template <bool WHOLE> __device__ inline void load8(const bf16* x, int d, int dim, float v[8]) {
  Eight e = load8<WHOLE>(x, d, dim);   // rows begin at multiples of 16 bytes then
#pragma unroll
  for (int j = 0; j < 4; j++) {
    v[2 * j] = __uint_as_float(e.pairs[j] << 16);
    v[2 * j + 1] = __uint_as_float(e.pairs[j] & 0xffff0000u);
  }
}

// scores [head][key] of the keys in slots [n], queries [head][MOST_DIM]: eight lanes for each key,
// eight numbers of the head at a time each. A thread reads all it needs of a part at once, so that
// it waits once: beyond the end the last key, in vain.
template <bool WHOLE, class T>
__device__ void scores(int n, int count, int kvHeads, int dim, float cap, const int* slot, const float* queries,
                       const T* keys, float* weights) {
  int lane = threadIdx.x % 8, key = threadIdx.x / 8;
  float dot[AHEAD][MOST_HEADS] = {};
  for (int d = lane * 8; d < dim; d += 64) {
    float v[AHEAD][8];
#pragma unroll
    for (int a = 0; a < AHEAD; a++)
      load8<WHOLE>(keys + (size_t)slot[min(key + a * 16, n - 1)] * kvHeads * dim, d, dim, v[a]);
#pragma unroll
    for (int h = 0; h < MOST_HEADS; h++)
      if (h < count) {
        float q[8];
#pragma unroll
        for (int j = 0; j < 8; j++) q[j] = WHOLE || d + j < dim ? queries[h * MOST_DIM + d + j] : 0;
#pragma unroll
        for (int a = 0; a < AHEAD; a++)
#pragma unroll
          for (int j = 0; j < 8; j++) dot[a][h] += q[j] * v[a][j];
      }
  }
#pragma unroll
  for (int h = 0; h < MOST_HEADS; h++)
    if (h < count)
#pragma unroll
      for (int a = 0; a < AHEAD; a++) {
        for (int w = 4; w; w >>= 1) dot[a][h] += __shfl_xor_sync(FULL, dot[a][h], w);
        int i = key + a * 16;
        if (lane == 0 && i < n) weights[h * PART + i] = cap == 0 ? dot[a][h] : cap * tanhf(dot[a][h] / cap);
      }
}

// Values by weight, sums [group of keys][head][width]: a thread has eight columns and every
// keyGroups-th key
template <bool WHOLE, class T>
__device__ void weighted(int n, int count, int kvHeads, int dim, const int* slot, const float* weights,
                         const T* values, float* sums) {
  int chunks = (dim + 7) / 8, keyGroups = 128 / chunks, width = chunks * 8;
  int d = threadIdx.x % chunks * 8, keyGroup = threadIdx.x / chunks;
  if (keyGroup >= keyGroups) return;
  float o[MOST_HEADS][8] = {};
  for (int i0 = keyGroup; i0 < n; i0 += keyGroups * AHEAD) {
    float v[AHEAD][8];
#pragma unroll
    for (int a = 0; a < AHEAD; a++)
      load8<WHOLE>(values + (size_t)slot[min(i0 + a * keyGroups, n - 1)] * kvHeads * dim, d, dim, v[a]);
#pragma unroll
    for (int a = 0; a < AHEAD; a++)
#pragma unroll
      for (int h = 0; h < MOST_HEADS; h++)
        if (i0 + a * keyGroups < n && h < count)
#pragma unroll
          for (int j = 0; j < 8; j++) o[h][j] += weights[h * PART + i0 + a * keyGroups] * v[a][j];
  }
#pragma unroll
  for (int h = 0; h < MOST_HEADS; h++)
#pragma unroll
    for (int j = 0; j < 8; j++) sums[(keyGroup * MOST_HEADS + h) * width + d + j] = o[h][j];
}

// The parts of a row from `first` on, [count][parts][dim + 2], into out [count][dim]
template <class T>
__device__ void merge(int count, int dim, int parts, int first, int last, const float* partial, T* out) {
  for (int i = threadIdx.x; i < count * dim; i += 128) {
    int h = i / dim, d = i % dim;
    const float* own = partial + (size_t)h * parts * (dim + 2);
    float most = NEGATIVE_INFINITY, sum = 0, value = 0;
    for (int p = first; p <= last; p++) most = fmaxf(most, own[p * (dim + 2)]);
    for (int p = first; p <= last; p++) {
      float factor = expf(own[p * (dim + 2)] - most);
      sum += factor * own[p * (dim + 2) + 1];
      value += factor * own[p * (dim + 2) + 2 + d];
    }
    store(&out[i], value / sum);
  }
}

// path, length [rows]; starts [paths + 1]; slots, ends [runs]; q, out [rows][heads][dim]; keys,
// values [slots][kvHeads][dim]; partial [rows][heads][parts][dim + 2]: greatest score, sum of
// weights, and values by weight; finished [rows][groups of heads], zero before and after. A block
// for each row, up to four heads that share a key head, and part; the last one of a row's to finish
// merges the parts, always in their order.
template <class T>
__device__ void attend(int heads, int kvHeads, int dim, int together, float scale, float cap, int window,
                       const int* path, const int* length, const int* starts, const int* slots,
                       const int* ends, const T* q, const T* keys, const T* values, float* partial,
                       int* finished, T* out) {
  SHARED(int, slot, PART);
  SHARED(float, queries, MOST_HEADS * MOST_DIM);
  SHARED(float, weights, MOST_HEADS * PART);
  SHARED(float, sums, 128 * 32);   // [group of keys][head][dim]
  SHARED(float, sizes, MOST_HEADS * 2);   // [head]: greatest score, sum of weights
  SHARED(int, others, 1);
  let_next_begin();
  wait_for_previous();
  size_t row = blockIdx.x;
  int group = heads / kvHeads, groups = (group + together - 1) / together;
  int kvHead = blockIdx.y / groups, firstOfGroup = blockIdx.y % groups * together;
  int head0 = kvHead * group + firstOfGroup, count = min(together, group - firstOfGroup);
  int seen = length[row], firstPart = first_seen(seen, window) / PART, lastPart = (seen - 1) / PART;
  int from = max((int)blockIdx.z * PART, first_seen(seen, window));
  int to = min((int)(blockIdx.z + 1) * PART, seen);
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
  int n = to - from, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  if (dim % 8 == 0)
    scores<true>(n, count, kvHeads, dim, cap, slot, queries, keys + kvHead * dim, weights);
  else
    scores<false>(n, count, kvHeads, dim, cap, slot, queries, keys + kvHead * dim, weights);
  __syncthreads();
  if (warp < count) {   // a warp for each head
    float* own = weights + warp * PART;
    float most = NEGATIVE_INFINITY, sum = 0;
    for (int i = lane; i < n; i += 32) most = fmaxf(most, own[i]);
    most = warp_max(most);
    for (int i = lane; i < n; i += 32) sum += own[i] = expf(own[i] - most);
    sum = warp_sum(sum);
    if (lane == 0) {
      sizes[2 * warp] = most;
      sizes[2 * warp + 1] = sum;
    }
  }
  __syncthreads();
  if (dim % 8 == 0)
    weighted<true>(n, count, kvHeads, dim, slot, weights, values + kvHead * dim, sums);
  else
    weighted<false>(n, count, kvHeads, dim, slot, weights, values + kvHead * dim, sums);
  __syncthreads();
  int width = (dim + 7) / 8 * 8, keyGroups = 128 / (width / 8);
  bool only = firstPart == lastPart;
  float* parts = partial + (row * heads + head0) * gridDim.z * (dim + 2);
  T* result = out + (row * heads + head0) * dim;
  for (int i = threadIdx.x; i < count * dim; i += 128) {
    int h = i / dim, column = i % dim;
    float sum = 0;
    for (int g = 0; g < keyGroups; g++) sum += sums[(g * MOST_HEADS + h) * width + column];
    if (only) {
      store(&result[i], sum / sizes[2 * h + 1]);
    } else {
      float* own = parts + ((size_t)h * gridDim.z + blockIdx.z) * (dim + 2);
      own[2 + column] = sum;
      if (column < 2) own[column] = sizes[2 * h + column];
    }
  }
  if (only) return;
  if (dim == 1 && threadIdx.x < count)   // has no second column
    parts[((size_t)threadIdx.x * gridDim.z + blockIdx.z) * (dim + 2) + 1] = sizes[2 * threadIdx.x + 1];
  __threadfence();   // what is written above is there for the block that counts up last
  __syncthreads();
  int* counter = finished + row * gridDim.y + blockIdx.y;
  if (threadIdx.x == 0) others[0] = atomicAdd(counter, 1);
  __syncthreads();
  if (others[0] < lastPart - firstPart) return;
  __threadfence();
  merge(count, dim, gridDim.z, firstPart, lastPart, parts, result);
  if (threadIdx.x == 0) *counter = 0;
}
#define ATTEND(s, T)                                                                              \
  KERNEL(attend_##s, 128,                                                                         \
         (int heads, int kvHeads, int dim, int together, float scale, float cap, int window,      \
          const int* path, const int* length, const int* starts, const int* slots,                \
          const int* ends, const T* q, const T* keys, const T* values, float* partial,            \
          int* finished, T* out)) {                                                               \
    attend(heads, kvHeads, dim, together, scale, cap, window, path, length, starts, slots, ends,  \
           q, keys, values, partial, finished, out);                                              \
  }
ATTEND(f, float)
ATTEND(b, bf16)

// --- the way into the cache -----------------------------------------------------------------------

// What a row's queries, keys and values undergo before attention: norms of heads and rotary
// embedding; queries grow, keys and values go into the cache. A warp for each head of a row.
// positions, slots [rows]; growth [rows] or null; queryNorm, keyNorm [dim] or null; cosines, sines
// [positions][half]; q [rows][heads][dim]; k, v [rows][kvHeads][dim]; keys, values [slots][kvHeads][dim]
KERNEL(place, 256, (int rows, int heads, int kvHeads, int dim, int half, const float* queryNorm,
                    const float* keyNorm, float plus, float eps, const int* positions,
                    const float* cosines, const float* sines, const float* growth, const int* slots,
                    bf16* q, const bf16* k, const bf16* v, bf16* keys, bf16* values)) {
  let_next_begin();
  wait_for_previous();
  int each = heads + 2 * kvHeads, warp = blockIdx.x * 8 + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (warp >= rows * each) return;
  size_t row = warp / each;
  int head = warp % each;
  bool query = head < heads;
  size_t cached = query ? 0 : ((size_t)slots[row] * kvHeads + (head - heads) % kvHeads) * dim;
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
  size_t angle = (size_t)positions[row] * half;
  for (int i = lane; i < half; i += 32) {   // no other lane reads or writes i and i + half
    float c = cosines[angle + i], s = sines[angle + i], first = normed(i), second = normed(i + half);
    store(&to[i], factor * (first * c - second * s));
    store(&to[i + half], factor * (second * c + first * s));
  }
  for (int i = 2 * half + lane; i < dim; i += 32) store(&to[i], factor * normed(i));
}
