// AdamW and norms of gradients.
#include "common.cuh"

// values, gradient, first, second [n]; copy [n] or null
KERNEL(adam_w, 256, (long long n, float gradientScale, float keep, float beta1, float new1, float beta2,
                     float new2, float epsilon, float stepSize, float rootCorrection, float* values,
                     const float* gradient, float* first, float* second, bf16* copy)) {
  size_t i = (size_t)blockIdx.x * 256 + threadIdx.x;
  if (i >= n) return;
  float g = gradient[i] * gradientScale;
  float m = beta1 * first[i] + new1 * g;
  float v = beta2 * second[i] + new2 * g * g;
  first[i] = m;
  second[i] = v;
  float value = values[i] * keep - stepSize * m / (sqrtf(v) * rootCorrection + epsilon);
  values[i] = value;
  if (copy) store(&copy[i], value);
}

// x [n], sums [⌈n / 16384⌉]: a block for each
KERNEL(squares, 256, (long long n, const float* x, double* sums)) {
  SHARED(double, room, 8);
  size_t end = min((long long)(blockIdx.x + 1) << 14, n);
  double sum = 0;
  for (size_t i = ((size_t)blockIdx.x << 14) + threadIdx.x; i < end; i += 256) sum += (double)x[i] * x[i];
  sum = block_sum(sum, room);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
