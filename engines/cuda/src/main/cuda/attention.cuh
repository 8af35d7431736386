// What both kinds of attention over trees share: tree.cu and flash.cu. Rows stand in depth-first order,
// in tiles of 32. Shapes: q, out, dOut, dq [rows][heads][dim]; k, v, dk, dv [rows][kvHeads][dim];
// normalizers, delta [rows][heads]; ends, positions [rows]; starts [tiles + 1], tiles [.]: which tiles to
// visit.
#pragma once
#include "common.cuh"

constexpr int ROWS = 32;

// Row i sees row j if j ≤ i < ends[j] and positions[i] − positions[j] < window.
struct Sight {
  int rows, window;
  const int* ends;
  const int* positions;
};
// What a thread sees of the 4×4 numbers that mma leaves it, a bit for each, all read at once: number e of
// tile j is first0 + lane / 4 + e / 2·8 by second0 + j·8 + lane % 4·2 + e % 2, rows by keys or keys by rows.
template <bool KEYS_FIRST> __device__ inline unsigned seen_of_square(const Sight& sight, int first0, int second0) {
  int lane = threadIdx.x % 32, last = sight.rows - 1;
  int first[2], second[8], ends[KEYS_FIRST ? 2 : 8];
#pragma unroll
  for (int i = 0; i < 2; i++) first[i] = first0 + lane / 4 + i * 8;
#pragma unroll
  for (int i = 0; i < 8; i++) second[i] = second0 + i / 2 * 8 + lane % 4 * 2 + i % 2;
#pragma unroll
  for (int i = 0; i < (KEYS_FIRST ? 2 : 8); i++) ends[i] = sight.ends[min(KEYS_FIRST ? first[i] : second[i], last)];
  unsigned seen = 0;
#pragma unroll
  for (int i = 0; i < 16; i++) {
    int a = i % 4 / 2, b = i / 4 * 2 + i % 2;
    int row = KEYS_FIRST ? second[b] : first[a], key = KEYS_FIRST ? first[a] : second[b];
    seen |= (unsigned)(key <= row && row < ends[KEYS_FIRST ? a : b]) << i;   // ends are at most the rows
  }
  if (sight.window) {
    int ofFirst[2], ofSecond[8];
#pragma unroll
    for (int i = 0; i < 2; i++) ofFirst[i] = sight.positions[min(first[i], last)];
#pragma unroll
    for (int i = 0; i < 8; i++) ofSecond[i] = sight.positions[min(second[i], last)];
#pragma unroll
    for (int i = 0; i < 16; i++) {
      int distance = ofFirst[i % 4 / 2] - ofSecond[i / 4 * 2 + i % 2];
      if ((KEYS_FIRST ? -distance : distance) >= sight.window) seen &= ~(1u << i);
    }
  }
  return seen;
}
// Turns scores into probabilities again, exp(score − most)·inverse; their log-sum-exp in one number would
// round the sum to a unit of the score.
struct __align__(8) Normalizer {
  float most, inverse;
};
__device__ inline float probability(float score, Normalizer n) { return expf(score - n.most) * n.inverse; }
__device__ inline float capped(float s, float cap) { return cap == 0 ? s : cap * tanhf(s / cap); }
// Derivative of capped, which keeps its digits where the cap is all but reached
__device__ inline float cap_slope(float s, float cap) {
  if (cap == 0) return 1;
  float e = expf(-2 * fabsf(s / cap));
  return 4 * e / ((e + 1) * (e + 1));
}
__device__ inline float quad_sum(float v) {
  v += __shfl_xor_sync(FULL, v, 1);
  return v + __shfl_xor_sync(FULL, v, 2);
}
__device__ inline float quad_max(float v) {
  v = fmaxf(v, __shfl_xor_sync(FULL, v, 1));
  return fmaxf(v, __shfl_xor_sync(FULL, v, 2));
}

#define SHAPE int rows, int heads, int kvHeads, int dim, float scale, float cap, int window,      \
    const int* ends, const int* positions, const int* starts, const int* tiles
#define PASS heads, kvHeads, dim, scale, cap, {rows, window, ends, positions}, starts, tiles
