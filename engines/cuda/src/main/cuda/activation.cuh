// Activations of gated feed-forward layers.
#pragma once
#include "common.cuh"

// f(g) and f'(g)
struct Silu {
  __device__ static float value(float g) { return g / (1 + expf(-g)); }
  __device__ static float slope(float g) {
    float sigmoid = 1 / (1 + expf(-g));
    return sigmoid * (1 + g * (1 - sigmoid));
  }
};
// The tanh form, as g·σ(v), v = 2√(2/π)·(g + 0.044715·g³)
struct Gelu {
  __device__ static float sigmoid(float g) {
    return 1 / (1 + expf(-g * (1.5957691216057308f + 0.07135481282f * g * g)));
  }
  __device__ static float value(float g) { return g * sigmoid(g); }
  __device__ static float slope(float g) {
    float s = sigmoid(g);
    return s + g * s * (1 - s) * (1.5957691216057308f + 3 * 0.07135481282f * g * g);
  }
};
