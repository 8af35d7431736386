// The next-token distribution of one row of logits, in the arithmetic of the host's sampler
// (TokenDistribution): float64 without fused operations, and the same exponential function.
#pragma once
#include "common.cuh"

constexpr int BLOCK = 256;         // ids whose probabilities are summed up together
constexpr float NEGLIGIBLE = -690; // logits this far below the largest count as impossible

__device__ inline double mul(double a, double b) { return __dmul_rn(a, b); }
__device__ inline double add(double a, double b) { return __dadd_rn(a, b); }
__device__ inline double sub(double a, double b) { return __dadd_rn(a, -b); }

// Its Exponential, bit for bit; powers [128] are 2^(i/128)
__device__ inline double exponential(double x, const double* powers) {
  double shifted = add(mul(x, 128 / 0.693147180559945309417), 0x1.8p52);
  int k = (int)__double_as_longlong(shifted);
  double steps = sub(shifted, 0x1.8p52);
  double r = sub(sub(x, mul(steps, 0x1.62e42fefap-8)), mul(steps, 0x1.cf79abc9e3b3ap-47));
  double power = __longlong_as_double(__double_as_longlong(powers[k & 127]) + ((long long)(k >> 7) << 52));
  double inner = add(0.5, mul(r, add(1.0 / 6, mul(r, add(1.0 / 24, mul(r, 1.0 / 120))))));
  return add(power, mul(power, add(r, mul(mul(r, r), inner))));
}

// What a row is drawn by, and what is known of it
struct Row {
  int vocabulary;
  const float* logits;       // [vocabulary]
  const int* allowed;        // bits
  const double* powers;      // [128]
  double temperature;
  float maxLogit;            // of all ids
  float likeliestLogit;      // of the allowed ones
  int likeliest;

  __device__ bool may(int id) const { return allowed[id / 32] >> (id % 32) & 1; }
  __device__ bool whole(int block) const {
    int end = min(vocabulary, (block + 1) * BLOCK);
    for (int id = block * BLOCK; id < end; id += 32) {
      int bits = end - id < 32 ? (1 << (end - id)) - 1 : -1;
      if ((allowed[id / 32] & bits) != bits) return false;
    }
    return true;
  }
  // Unnormalised probability; 1 for the likeliest id, 0 for forbidden ones
  __device__ double weight(int id) const {
    double distance = __ddiv_rn(sub(logits[id], likeliestLogit), temperature);
    return may(id) && distance > NEGLIGIBLE ? exponential(distance, powers) : 0;
  }
  // Greater for a likelier id; 0 for −0
  __device__ unsigned key(int id) const {
    unsigned bits = __float_as_uint(logits[id] + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  }
  // From the maxima of chunks, [chunks][2] and [chunks]
  __device__ void maxima(int chunks, const float* partial, const int* ids) {
    maxLogit = likeliestLogit = NEGATIVE_INFINITY;
    int best = -1;
#pragma unroll 8
    for (int i = 0; i < chunks; i++) {
      maxLogit = fmaxf(maxLogit, partial[2 * i]);
      if (partial[2 * i + 1] > likeliestLogit) {
        likeliestLogit = partial[2 * i + 1];
        best = i;
      }
    }
    likeliest = best < 0 ? -1 : ids[best];
  }
};
