// Ids that are left when some are cut off: collected, selected and sorted by a block of 256 threads.
#pragma once
#include "distribution.cuh"

constexpr int NEAR = 4096;   // candidates that are sorted in shared memory

// For a thread the number of threads before it whose flag is set; all of them in `total`. `room` is
// shared, [8].
__device__ inline int before(bool flag, int* room, int* total) {
  unsigned ballot = __ballot_sync(FULL, flag);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  __syncthreads();
  if (lane == 0) room[warp] = __popc(ballot);
  __syncthreads();
  int sum = 0, at = 0;
  for (int i = 0; i < 8; i++) {
    if (i == warp) at = sum;
    sum += room[i];
  }
  *total = sum;
  return at + __popc(ballot & ((1u << lane) - 1));
}

struct Candidates {
  int count;
  int* ids;                      // [vocabulary], rising
  unsigned long long* sorted;    // room for a power of two
};

// Keeps ids for which keep(id) holds; ids beyond `vocabulary` are asked for too
template <class F> __device__ void collect(int n, Candidates& c, int* room, F keep) {
  c.count = 0;
  for (int first = 0; first < n; first += 256) {
    int total, id = first + threadIdx.x;
    bool kept = id < n && keep(id);
    int at = before(kept, room, &total);
    if (kept) c.ids[c.count + at] = id;
    c.count += total;
  }
  __syncthreads();
}

// The k likeliest of the allowed ids, of equally likely ones the lower
__device__ inline void keep_likeliest(const Row& r, int k, Candidates& c, int* histogram, int* room) {
  unsigned prefix = 0, known = 0;   // the key of the k-th, from its highest digit on
  int left = k;
  for (int shift = 24; shift >= 0; shift -= 8) {
    __syncthreads();
    histogram[threadIdx.x] = 0;
    __syncthreads();
    for (int id = threadIdx.x; id < r.vocabulary; id += 256) {
      unsigned key = r.key(id);
      if (r.may(id) && (key & known) == prefix) atomicAdd(&histogram[key >> shift & 255], 1);
    }
    __syncthreads();
    int digit = 255;
    while (digit > 0 && histogram[digit] < left) left -= histogram[digit--];
    prefix |= (unsigned)digit << shift;
    known |= 255u << shift;
  }
  // `left` of those with the very key
  c.count = 0;
  int equals = 0;
  for (int first = 0; first < r.vocabulary; first += 256) {
    int total, id = first + threadIdx.x;
    bool there = id < r.vocabulary && r.may(id);
    unsigned key = there ? r.key(id) : 0;
    bool equal = there && key == prefix;
    int rank = equals + before(equal, room, &total);
    equals += total;
    bool kept = there && (key > prefix || (equal && rank < left));
    int at = before(kept, room, &total);
    if (kept) c.ids[c.count + at] = id;
    c.count += total;
  }
  __syncthreads();
}

// Candidates likeliest first: bitonic, in shared memory [NEAR] or, if they are more, in c.sorted; where
// they are
__device__ inline unsigned long long* sort(const Row& r, Candidates& c, unsigned long long* near) {
  int size = 1;
  while (size < c.count) size *= 2;
  unsigned long long* sorted = size <= NEAR ? near : c.sorted;
  for (int i = threadIdx.x; i < size; i += 256)
    sorted[i] = i < c.count ? (unsigned long long)r.key(c.ids[i]) << 32 | (0xffffffffu - c.ids[i]) : 0;
  for (int width = 2; width <= size; width *= 2)
    for (int step = width / 2; step; step /= 2) {
      __syncthreads();
      for (int i = threadIdx.x; i < size / 2; i += 256) {
        int a = i / step * 2 * step + i % step, b = a + step;
        unsigned long long x = sorted[a], y = sorted[b];
        if ((x < y) == ((a & width) == 0)) {
          sorted[a] = y;
          sorted[b] = x;
        }
      }
    }
  __syncthreads();
  return sorted;
}
