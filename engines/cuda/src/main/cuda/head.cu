// Statistics of logits in chunks of the vocabulary, and derivatives; see VocabularyHead.java for the
// formulas.
#include "common.cuh"

// What becomes of products with the head: cap·tanh(factor·x/cap)
__device__ inline float shaped(float x, float factor, float cap) {
  x *= factor;
  return cap == 0 ? x : cap * tanhf(x / cap);
}
// Its derivative by x, which keeps its digits where the cap is all but reached
__device__ inline float slope(float x, float factor, float cap) {
  if (cap == 0) return factor;
  float e = expf(-2 * fabsf(x * factor / cap));
  return factor * 4 * e / ((e + 1) * (e + 1));
}

// All of them [rows]
KERNEL(head_reset, 256, (int rows, float* greatest, double* sums, double* moments, float* logprobs)) {
  int row = blockIdx.x * 256 + threadIdx.x;
  if (row >= rows) return;
  greatest[row] = NEGATIVE_INFINITY;
  sums[row] = moments[row] = 0;
  logprobs[row] = 0;
}

// logits [count][columns] are rows first.. and vocabulary entries column.. ; starts [rows + 1],
// targetRows and tokens [targets], the others [rows]. A block for each row.
KERNEL(head_accumulate, 256, (int first, int column, int columns, float factor, float cap, float inverse,
                              const float* logits, const int* starts, const int* targetRows,
                              const int* tokens, float* greatest, double* sums, double* moments,
                              float* logprobs)) {
  SHARED(float, room, 8);
  SHARED(double, wide, 8);
  const float* own = logits + (size_t)blockIdx.x * columns;
  int row = first + blockIdx.x;
  float before = greatest[row], most = before;
  for (int i = threadIdx.x; i < columns; i += 256) most = fmaxf(most, shaped(own[i], factor, cap));
  most = block_max(most, room);
  float sum = 0, moment = 0;
  for (int i = threadIdx.x; i < columns; i += 256) {
    float z = (shaped(own[i], factor, cap) - most) * inverse, e = expf(z);
    sum += e;
    moment += e * z;
  }
  double allSum = block_sum((double)sum, wide), allMoment = block_sum((double)moment, wide);
  if (threadIdx.x == 0) {
    double oldSum = sums[row], oldMoment = moments[row];
    if (oldSum != 0 && most > before) {
      double fall = ((double)before - most) * inverse, shrink = exp(fall);
      oldMoment = shrink * (oldMoment + fall * oldSum);
      oldSum *= shrink;
    }
    sums[row] = oldSum + allSum;
    moments[row] = oldMoment + allMoment;
    greatest[row] = most;
  }
  for (int t = starts[row] + threadIdx.x; t < starts[row + 1]; t += 256) {
    int at = tokens[t] - column;
    if (at >= 0 && at < columns) logprobs[targetRows[t]] = shaped(own[at], factor, cap);
  }
}

// A thread for each row: logits of targets become their log-probabilities
KERNEL(head_finish, 256, (int rows, float inverse, const int* starts, const int* targetRows,
                          const float* greatest, const double* sums, const double* moments,
                          float* logSums, float* entropies, float* logprobs)) {
  int row = blockIdx.x * 256 + threadIdx.x;
  if (row >= rows) return;
  double logSum = log(sums[row]), entropy = logSum - moments[row] / sums[row];
  logSums[row] = logSum;
  entropies[row] = entropy < 0 ? 0 : entropy;   // NaN stays
  for (int t = starts[row]; t < starts[row + 1]; t++) {
    double z = ((double)logprobs[targetRows[t]] - greatest[row]) * inverse - logSum;
    logprobs[targetRows[t]] = z > 0 ? 0 : z;
  }
}

// logits [count][columns] of the rows index[i]; out the same: derivatives by the products
template <class T>
__device__ void derive(int column, int columns, float factor, float cap, float inverse, const int* index,
                       const float* logits, const int* starts, const int* targetRows, const int* tokens,
                       const float* greatest, const float* logSums, const float* entropies,
                       const float* dLogprob, const float* dEntropy, T* out) {
  SHARED(float, room, 8);
  const float* own = logits + (size_t)blockIdx.x * columns;
  T* to = out + (size_t)blockIdx.x * columns;
  int row = index[blockIdx.x], from = starts[row], end = starts[row + 1];
  float sum = 0;
  for (int t = from + threadIdx.x; t < end; t += 256) sum += dLogprob[targetRows[t]];
  sum = block_sum(sum, room);
  float most = greatest[row], logSum = logSums[row], entropy = entropies[row], dH = dEntropy[row];
  for (int i = threadIdx.x; i < columns; i += 256) {
    float logP = (shaped(own[i], factor, cap) - most) * inverse - logSum;
    float d = -expf(logP) * (sum + dH * (logP + entropy)) * inverse;
    for (int t = from; t < end; t++)   // few tokens follow one row
      if (tokens[t] == column + i) d += dLogprob[targetRows[t]] * inverse;
    store(&to[i], d * slope(own[i], factor, cap));
  }
}
#define DERIVE(s, T)                                                                              \
  KERNEL(head_derive_##s, 256,                                                                    \
         (int column, int columns, float factor, float cap, float inverse, const int* index,      \
          const float* logits, const int* starts, const int* targetRows, const int* tokens,       \
          const float* greatest, const float* logSums, const float* entropies,                    \
          const float* dLogprob, const float* dEntropy, T* out)) {                                \
    derive(column, columns, factor, cap, inverse, index, logits, starts, targetRows, tokens,      \
           greatest, logSums, entropies, dLogprob, dEntropy, out);                                \
  }
DERIVE(f, float)
DERIVE(b, bf16)

// logits [n]
KERNEL(head_shape, 256, (long long n, float factor, float cap, float* logits)) {
  size_t i = (size_t)blockIdx.x * 256 + threadIdx.x;
  if (i < n) logits[i] = shaped(logits[i], factor, cap);
}
