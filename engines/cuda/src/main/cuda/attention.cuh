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
  __device__ bool sees(int i, int j) const {
    return i < rows && j <= i && i < ends[j] && (window == 0 || positions[i] - positions[j] < window);
  }
};
// Turns scores into probabilities again, exp(score − most)·inverse; their log-sum-exp in one number would
// round the sum to a unit of the score.
struct Normalizer {
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
