// Attention of a decoder's rows over cached keys and values; see CacheAttention.java. A row sees the
// first length[row] tokens of its path, of them the last `window`. Positions are computed in parts of
// 128, always cut at the same places.
#include "common.cuh"

constexpr int PART = 128, MOST_HEADS = 4, MOST_DIM = 256;
constexpr int AHEAD = 8;   // keys or values that a thread waits for at once; 16 times as many are a part

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
__device__ void scores(int n, int count, int kvHeads, int dim, const int* slot, const float* queries,
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
    if (h < count) {
      float own = 0;   // of the eight keys, one for each lane
#pragma unroll
      for (int a = 0; a < AHEAD; a++) {
        for (int w = 4; w; w >>= 1) dot[a][h] += __shfl_xor_sync(FULL, dot[a][h], w);
        if (lane == a) own = dot[a][h];
      }
      if (key + lane * 16 < n) weights[h * PART + key + lane * 16] = own;
    }
}

// Where sums of values stand, [group of keys][head][eight][chunk]: groups are eight numbers apart, so
// that a warp's fall into different banks
__device__ inline int place_of_sum(int keyGroup, int head, int chunks, int column) {
  return keyGroup * (MOST_HEADS * chunks * 8 + 8) + (head * 8 + column % 8) * chunks + column / 8;
}
// Values by weight: a thread has eight columns and every keyGroups-th key
template <bool WHOLE, class T>
__device__ void weighted(int n, int count, int kvHeads, int dim, const int* slot, const float* weights,
                         const T* values, float* sums) {
  int chunks = (dim + 7) / 8, keyGroups = 128 / chunks;
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
    if (h < count)
#pragma unroll
      for (int j = 0; j < 8; j++) sums[place_of_sum(keyGroup, h, chunks, d + j)] = o[h][j];
}

// The parts of a row from `first` on, [count][parts][dim + 2], into out [count][dim]; sizes [count][2]
// is shared
template <class T>
__device__ void merge(int count, int dim, int parts, int first, int last, const float* partial, float* sizes, T* out) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, pitch = dim + 2;
  if (warp < count) {   // a warp for each head
    const float* own = partial + (size_t)warp * parts * pitch;
    float most = NEGATIVE_INFINITY, sum = 0;
    for (int p = first + lane; p <= last; p += 32) most = fmaxf(most, own[p * pitch]);
    most = warp_max(most);
    for (int p = first + lane; p <= last; p += 32) sum += expf(own[p * pitch] - most) * own[p * pitch + 1];
    sum = warp_sum(sum);
    if (lane == 0) {
      sizes[2 * warp] = most;
      sizes[2 * warp + 1] = sum;
    }
  }
  __syncthreads();
  for (int i = threadIdx.x; i < count * dim; i += 128) {
    int h = i / dim, d = i % dim;
    const float* own = partial + (size_t)h * parts * pitch;
    float value = 0;
#pragma unroll 8
    for (int p = first; p <= last; p++) value += expf(own[p * pitch] - sizes[2 * h]) * own[p * pitch + 2 + d];
    store(&out[i], value / sizes[2 * h + 1]);
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
  SHARED(float, sums, 128 * 40);   // see place_of_sum
  SHARED(float, sizes, MOST_HEADS * 2);   // [head]: greatest score, sum of weights
  SHARED(int, others, 1);
  let_next_begin();
  size_t row = blockIdx.x;
  int group = heads / kvHeads, groups = (group + together - 1) / together;
  int kvHead = blockIdx.y / groups, firstOfGroup = blockIdx.y % groups * together;
  int head0 = kvHead * group + firstOfGroup, count = min(together, group - firstOfGroup);
  int seen = length[row], firstPart = first_seen(seen, window) / PART, lastPart = (seen - 1) / PART;
  int from = max((int)blockIdx.z * PART, first_seen(seen, window));
  int to = min((int)(blockIdx.z + 1) * PART, seen);
  // What a row sees is written by the host, by no kernel. Most keys and values are there already, and
  // what is not yet written is not read here, only brought nearer.
  int firstRun = starts[path[row]], endRun = starts[path[row] + 1];
  int i = from + threadIdx.x;   // a thread for each position
  if (i < to) {
    int low = firstRun, high = endRun - 1;   // the run that holds position i
    while (low < high) {
      int middle = (low + high) / 2;
      if (ends[middle] > i) high = middle; else low = middle + 1;
    }
    int own = slots[low] + i - (low == firstRun ? 0 : ends[low - 1]);
    slot[i - from] = own;
    for (int d = 0; d < dim; d += 128 / sizeof(T)) {
      prefetch(keys + ((size_t)own * kvHeads + kvHead) * dim + d);
      prefetch(values + ((size_t)own * kvHeads + kvHead) * dim + d);
    }
  }
  wait_for_previous();
  if (from >= to) return;   // the whole block
  for (int i = threadIdx.x; i < count * dim; i += 128)
    queries[i / dim * MOST_DIM + i % dim] = load(&q[(row * heads + head0) * dim + i]) * scale;
  __syncthreads();
  int n = to - from, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  if (dim % 8 == 0)
    scores<true>(n, count, kvHeads, dim, slot, queries, keys + kvHead * dim, weights);
  else
    scores<false>(n, count, kvHeads, dim, slot, queries, keys + kvHead * dim, weights);
  __syncthreads();
  if (warp < count) {   // a warp for each head
    float* own = weights + warp * PART;
    float most = NEGATIVE_INFINITY, sum = 0;
    for (int i = lane; i < n; i += 32) {
      if (cap != 0) own[i] = cap * tanhf(own[i] / cap);
      most = fmaxf(most, own[i]);
    }
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
  int chunks = (dim + 7) / 8, keyGroups = 128 / chunks;
  bool only = firstPart == lastPart;
  float* parts = partial + (row * heads + head0) * gridDim.z * (dim + 2);
  T* result = out + (row * heads + head0) * dim;
  for (int i = threadIdx.x; i < count * dim; i += 128) {
    int h = i / dim, column = i % dim;
    float sum = 0;
    for (int g = 0; g < keyGroups; g++) sum += sums[place_of_sum(g, h, chunks, column)];
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
  __syncthreads();
  int* counter = finished + row * gridDim.y + blockIdx.y;
  if (threadIdx.x == 0) {
    __threadfence();   // what the block wrote is there for the one that counts up last,
    others[0] = atomicAdd(counter, 1);
    __threadfence();   // and for that one what all others wrote
  }
  __syncthreads();
  if (others[0] < lastPart - firstPart) return;
  merge(count, dim, gridDim.z, firstPart, lastPart, parts, sizes, result);
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
