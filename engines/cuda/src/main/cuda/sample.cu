// Drawing tokens; see SamplingKernels.java. The host's sampler (TokenDistribution) is followed
// sum by sum in float64, without fused operations, so that a uniform number selects the same token.
#include "candidates.cuh"

constexpr int AT_ONCE = 8;   // blocks of ids for each block of threads
constexpr double NOTHING = 1e-290;

// logits [.][vocabulary], rows and mask [draws], allowed [masks][⌈vocabulary/32⌉], partial
// [draws][chunks][2], ids [draws][chunks]; a block for each chunk of 2048 ids and draw
KERNEL(sample_maxima, 256, (int vocabulary, const float* logits, const int* rows, const int* mask,
                            const int* allowed, float* partial, int* ids)) {
  SHARED(float, all, 256);
  SHARED(float, best, 256);
  SHARED(int, who, 256);
  size_t draw = blockIdx.y;
  Row r = {vocabulary, logits + (size_t)rows[draw] * vocabulary, allowed + (size_t)mask[draw] * ((vocabulary + 31) / 32)};
  int end = min(vocabulary, (int)(blockIdx.x + 1) * AT_ONCE * BLOCK);
  float most = NEGATIVE_INFINITY, mostAllowed = NEGATIVE_INFINITY;
  int id = -1;
  for (int i = blockIdx.x * AT_ONCE * BLOCK + threadIdx.x; i < end; i += 256) {
    float logit = r.logits[i];
    most = fmaxf(most, logit);
    if (logit > mostAllowed && r.may(i)) {
      mostAllowed = logit;
      id = i;
    }
  }
  all[threadIdx.x] = most;
  best[threadIdx.x] = mostAllowed;
  who[threadIdx.x] = id;
  for (int half = 128; half; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      int i = threadIdx.x, j = i + half;
      all[i] = fmaxf(all[i], all[j]);
      if (best[j] > best[i] || (best[j] == best[i] && (unsigned)who[j] < (unsigned)who[i])) {
        best[i] = best[j];
        who[i] = who[j];
      }
    }
  }
  if (threadIdx.x == 0) {
    size_t at = draw * gridDim.x + blockIdx.x;
    partial[2 * at] = all[0];
    partial[2 * at + 1] = best[0];
    ids[at] = who[0];
  }
}

// sums [draws][3][blocks]: of the model's distribution, of its distances by weight, and of the sampled
// one. Weights are computed by all threads, summed up by one for each block of ids, in order.
KERNEL(sample_sums, 256, (int vocabulary, const float* logits, const int* rows, const double* temperature,
                          const int* mask, const int* allowed, const double* powers, const float* partial, const int* ids,
                          double* sums)) {
  SHARED(double, tile, 3 * AT_ONCE * 33);   // [kind and block][id], of 32 ids of each block
  SHARED(int, whole, AT_ONCE);
  size_t draw = blockIdx.y;
  int blocks = (vocabulary + BLOCK - 1) / BLOCK, block0 = blockIdx.x * AT_ONCE;
  Row r = {vocabulary, logits + (size_t)rows[draw] * vocabulary, allowed + (size_t)mask[draw] * ((vocabulary + 31) / 32),
           powers, temperature[draw]};
  r.maxima(gridDim.x, partial + draw * gridDim.x * 2, ids + draw * gridDim.x);
  float least = r.maxLogit + NEGLIGIBLE;
  float sampledLeast = (float)add(r.likeliestLogit, mul(NEGLIGIBLE, r.temperature));
  if (threadIdx.x < AT_ONCE) whole[threadIdx.x] = block0 + threadIdx.x < blocks && r.whole(block0 + threadIdx.x);
  double sum = 0;
  int kind = threadIdx.x / AT_ONCE, own = threadIdx.x % AT_ONCE;
  for (int first = 0; first < BLOCK; first += 32) {
    __syncthreads();
    for (int i = threadIdx.x; i < AT_ONCE * 32; i += 256) {
      int block = i / 32, id = (block0 + block) * BLOCK + first + i % 32;
      double w = 0, wd = 0, s = 0;
      if (id < vocabulary) {
        float logit = r.logits[id];
        double distance = sub(logit < least ? least : logit, r.maxLogit);
        w = exponential(distance, powers);
        wd = mul(w, distance);
        if (r.temperature != 0) {
          if (whole[block])
            s = exponential(
                __ddiv_rn(sub(logit < sampledLeast ? sampledLeast : logit, r.likeliestLogit), r.temperature), powers);
          else
            s = r.weight(id);
        }
      }
      tile[block * 33 + i % 32] = w;
      tile[(AT_ONCE + block) * 33 + i % 32] = wd;
      tile[(2 * AT_ONCE + block) * 33 + i % 32] = s;
    }
    __syncthreads();
    if (kind < 3) {
#pragma unroll
      for (int i = 0; i < 32; i++) sum = add(sum, tile[threadIdx.x * 33 + i]);
    }
  }
  if (kind < 3 && block0 + own < blocks) sums[(draw * 3 + kind) * blocks + block0 + own] = sum;
}

// Σ in order of 256 numbers at a time, value(i) for i < n; the result is thread 0's
template <class F> __device__ double ordered_sum(int n, double* tile, F value) {
  double sum = 0;
  for (int first = 0; first < n; first += 256) {
    __syncthreads();
    int i = first + threadIdx.x;
    tile[threadIdx.x] = i < n ? value(i) : 0;
    __syncthreads();
    if (threadIdx.x == 0)
      for (int j = 0; j < min(256, n - first); j++) sum = add(sum, tile[j]);
  }
  return sum;
}
// Three of these side by side for numbers [3][n], each thread has all three; tile [3][256], room [3]
__device__ inline void ordered_sums(int n, const double* numbers, double* tile, double* room, double sums[3]) {
  double sum = 0;
  int kind = threadIdx.x / 32;
  for (int first = 0; first < n; first += 256) {
    __syncthreads();
    int i = first + threadIdx.x;
    for (int k = 0; k < 3; k++) tile[k * 256 + threadIdx.x] = i < n ? numbers[k * n + i] : 0;
    __syncthreads();
    if (threadIdx.x % 32 == 0 && kind < 3) {
      int end = min(256, n - first);
#pragma unroll 8
      for (int j = 0; j < end; j++) sum = add(sum, tile[kind * 256 + j]);
    }
  }
  if (threadIdx.x % 32 == 0 && kind < 3) room[kind] = sum;
  __syncthreads();
  for (int k = 0; k < 3; k++) sums[k] = room[k];
}
// Takes eight numbers, 0 or more, from `left` in order, if it stays 0 or more; a short chain for all
// but the eight in which it does not
__device__ inline bool take_eight(const double* some, double* left) {
  double rest = *left;
#pragma unroll
  for (int i = 0; i < 8; i++) rest = sub(rest, some[i]);
  bool stays = rest >= 0;
  if (stays) *left = rest;
  return stays;
}
// The block of ids that `left` of the sum of sums [n] falls into, of which what is before is taken;
// thread 0's, tile [256]
__device__ inline int block_of(int n, const double* sums, double* tile, double* left) {
  int block = 0;
  bool found = false;
  for (int first = 0; first < n; first += 256) {
    __syncthreads();
    tile[threadIdx.x] = first + threadIdx.x < n ? sums[first + threadIdx.x] : 0;
    __syncthreads();
    if (threadIdx.x == 0)
      for (int j = 0; j < 256 && !found; j += 8) {
        double some[8];
#pragma unroll
        for (int i = 0; i < 8; i++) some[i] = tile[j + i] > NOTHING ? tile[j + i] : 0;
        if (take_eight(some, left)) {
#pragma unroll
          for (int i = 0; i < 8; i++)
            if (some[i] > 0) block = first + j + i;
          continue;
        }
#pragma unroll
        for (int i = 0; i < 8; i++)
          if (!found && some[i] > 0) {
            block = first + j + i;
            if (*left < some[i])
              found = true;
            else
              *left = sub(*left, some[i]);
          }
      }
  }
  return block;
}
// rows, temperature, topK, topP, minP, mask, uniform [draws]; drawn [4][most]: token, its
// log-probability as drawn and under the model, entropy; candidates [draws][vocabulary]; sorted [draws][size], null when no draw has topP < 1. A
// block for each draw.
KERNEL(sample_draw, 256, (int vocabulary, int size, const float* logits, const int* rows,
                          const double* temperature,
                          const int* topK, const double* topP, const double* minP, const int* mask,
                          const int* allowed, const double* uniform, const double* powers,
                          const float* partial, const int* partialIds, const double* sums, int* candidates,
                          unsigned long long* sorted, int most, double* drawn)) {
  SHARED(double, tile, 3 * 256);
  SHARED(double, totals, 3);
  SHARED(double, limit, 1);
  SHARED(unsigned long long, near, NEAR);
  SHARED(int, histogram, 256);
  SHARED(int, room, 8);
  SHARED(int, result, 1);
  size_t draw = blockIdx.x;
  int blocks = (vocabulary + BLOCK - 1) / BLOCK, chunks = (blocks + AT_ONCE - 1) / AT_ONCE;
  Row r = {vocabulary, logits + (size_t)rows[draw] * vocabulary, allowed + (size_t)mask[draw] * ((vocabulary + 31) / 32),
           powers, temperature[draw]};
  r.maxima(chunks, partial + draw * chunks * 2, partialIds + draw * chunks);
  const double* own = sums + draw * 3 * blocks;
  const double* sampled = own + 2 * blocks;
  double sum[3];
  ordered_sums(blocks, own, tile, totals, sum);
  double modelTotal = sum[0], expected = sum[1];
  // NaN, or nothing finite to sample
  if (!(modelTotal < 1e300) || r.likeliest < 0 || !(fabsf(r.likeliestLogit) < 3.4e38f)) {
    if (threadIdx.x == 0) {
      drawn[draw] = -1;
      for (int i = 1; i < 4; i++) drawn[i * most + draw] = __longlong_as_double(0x7ff8000000000000ll);
    }
    return;
  }
  double p = topP[draw], least = minP[draw], total = 1;
  int k = topK[draw];
  bool truncated = k > 0 || p < 1 || least > 0;
  if (r.temperature == 0) {
    if (threadIdx.x == 0) result[0] = r.likeliest;
  } else {
    if (!truncated || (p < 1 && k == 0)) total = sum[2];
    if (!truncated) {
      double left = mul(uniform[draw], total);
      int block = block_of(blocks, sampled, tile, &left);
      if (threadIdx.x == 0) result[0] = block;
      __syncthreads();
      int first = result[0] * BLOCK;
      __syncthreads();
      tile[threadIdx.x] = first + threadIdx.x < vocabulary ? r.weight(first + threadIdx.x) : 0;
      __syncthreads();
      if (threadIdx.x == 0) {
        int last = r.likeliest;
        for (int i = 0; i < BLOCK && left >= 0; i += 8) {
          bool stays = take_eight(tile + i, &left);
#pragma unroll
          for (int j = 0; j < 8; j++)
            if (tile[i + j] > 0 && left >= 0) {
              last = first + i + j;
              if (!stays) left = sub(left, tile[i + j]);
            }
        }
        result[0] = last;
      }
    } else {
      Candidates c = {0, candidates + draw * vocabulary, sorted + draw * size};
      if (k > 0) {
        keep_likeliest(r, k, c, histogram, room);
      } else {
        if (threadIdx.x == 0) limit[0] = mul(r.temperature, log(p < 1 ? __ddiv_rn(mul(1 - p, total), vocabulary) : least));
        __syncthreads();
        double distance = limit[0];
        collect(vocabulary, c, room,
                [=](int id) { return sub(r.logits[id], r.likeliestLogit) >= distance && r.may(id); });
      }
      unsigned long long cut = 0;   // the least likely that is kept
      if (p < 1) {
        const unsigned long long* order = sort(r, c, near);
        auto weight = [=](int i) { return r.weight((int)(0xffffffffu - (unsigned)order[i])); };
        double all = k > 0 ? ordered_sum(c.count, tile, weight) : total;
        if (threadIdx.x == 0) limit[0] = mul(p, all);
        double sum = 0;
        if (threadIdx.x == 0) result[0] = c.count - 1;
        for (int first = 0; first < c.count; first += 256) {
          __syncthreads();
          int i = first + threadIdx.x;
          tile[threadIdx.x] = i < c.count ? weight(i) : 0;
          __syncthreads();
          if (threadIdx.x == 0 && result[0] == c.count - 1)
            for (int j = 0; j < min(256, c.count - first); j++) {
              sum = add(sum, tile[j]);
              if (sum >= limit[0]) {
                result[0] = first + j;
                break;
              }
            }
        }
        __syncthreads();
        cut = order[result[0]];
        __syncthreads();
      }
      // What is left of the candidates, in order of ids, written over them from the front
      int count = c.count;
      c.count = 0;
      for (int first = 0; first < count; first += 256) {
        int kept, i = first + threadIdx.x, id = i < count ? c.ids[i] : 0;
        double weight = i < count ? r.weight(id) : 0;
        bool keep = weight >= least && weight > 0 &&
                    ((unsigned long long)r.key(id) << 32 | (0xffffffffu - id)) >= cut;
        int at = before(keep, room, &kept);
        if (keep) c.ids[c.count + at] = id;
        c.count += kept;
      }
      __syncthreads();
      const int* ids = c.ids;
      auto weight = [=](int i) { return r.weight(ids[i]); };
      total = ordered_sum(c.count, tile, weight);
      double left = mul(uniform[draw], total);
      int last = c.count - 1;
      bool done = false;
      for (int first = 0; first < c.count; first += 256) {
        __syncthreads();
        int i = first + threadIdx.x;
        tile[threadIdx.x] = i < c.count ? weight(i) : 0;
        __syncthreads();
        if (threadIdx.x == 0 && !done)
          for (int j = 0; j < min(256, c.count - 1 - first); j++) {
            if (left < tile[j]) {
              last = first + j;
              done = true;
              break;
            }
            left = sub(left, tile[j]);
          }
      }
      if (threadIdx.x == 0) result[0] = ids[last];
    }
  }
  if (threadIdx.x == 0) {
    int token = result[0];
    double logTotal = log(modelTotal);
    drawn[draw] = token;
    drawn[most + draw] = r.temperature == 0
        ? 0
        : sub(__ddiv_rn(sub(r.logits[token], r.likeliestLogit), r.temperature), log(total));
    drawn[2 * most + draw] = sub(sub(r.logits[token], r.maxLogit), logTotal);
    double entropy = sub(logTotal, __ddiv_rn(expected, modelTotal));
    drawn[3 * most + draw] = entropy < 0 ? 0 : entropy;
  }
}
