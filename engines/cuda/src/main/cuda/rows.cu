// What is done to rows between products: forward and backward beside each other. Names end with the
// types of the arrays that may be float32 (f) or bf16 (b).
#include "activation.cuh"

#define TYPES_1(NAME) NAME(f, float) NAME(b, bf16)
#define TYPES_2(NAME) NAME(ff, float, float) NAME(fb, float, bf16) NAME(bf, bf16, float) NAME(bb, bf16, bf16)
// bf16 becomes no float32
#define TYPES_NARROWING(NAME) NAME(ff, float, float) NAME(fb, float, bf16) NAME(bb, bf16, bf16)

// read(i) and then write(i, what it gave) for the block's 1024 of n numbers; a thread waits for its four
// at once
template <class V, class Read, class Write> __device__ void elements(long long n, Read read, Write write) {
  size_t first = (size_t)blockIdx.x * 1024 + threadIdx.x;
  V v[4];
#pragma unroll
  for (int j = 0; j < 4; j++)
    if (first + j * 256 < n) v[j] = read(first + j * 256);
#pragma unroll
  for (int j = 0; j < 4; j++)
    if (first + j * 256 < n) write(first + j * 256, v[j]);
}
struct Two { float a, b; };
struct Three { float a, b, c; };

// --- embedding ------------------------------------------------------------------------------------

// tokens [rows], table [vocabulary][width], y [rows][width]; a block for each row
template <class X, class Y>
__device__ void embed(int width, const int* tokens, const X* table, float scale, Y* y) {
  size_t row = blockIdx.x;
  const X* from = table + (size_t)tokens[row] * width;
  for (int i = threadIdx.x; i < width; i += blockDim.x) store(&y[row * width + i], scale * load(&from[i]));
}
// ids [distinct], starts [distinct + 1], rows [starts[distinct]], dy [.][width], dTable
// [vocabulary][width]; a block for each distinct token, rows in their order
template <class Y>
__device__ void embed_back(int width, const int* ids, const int* starts, const int* rows, float scale,
                           const Y* dy, float* dTable) {
  int from = starts[blockIdx.x], to = starts[blockIdx.x + 1];
  float* row = dTable + (size_t)ids[blockIdx.x] * width;
  for (int i = threadIdx.x; i < width; i += blockDim.x) {
    float sum = 0;
    for (int j = from; j < to; j++) sum += load(&dy[(size_t)rows[j] * width + i]);
    row[i] += scale * sum;
  }
}
#define EMBED(s, X, Y)                                                                            \
  KERNEL(embed_##s, 256, (int width, const int* tokens, const X* table, float scale, Y* y)) {     \
    embed(width, tokens, table, scale, y);                                                        \
  }
TYPES_2(EMBED)
#define EMBED_BACK(s, Y)                                                                          \
  KERNEL(embed_back_##s, 256, (int width, const int* ids, const int* starts, const int* rows,     \
                               float scale, const Y* dy, float* dTable)) {                        \
    embed_back(width, ids, starts, rows, scale, dy, dTable);                                      \
  }
TYPES_1(EMBED_BACK)

// --- root-mean-square norm ------------------------------------------------------------------------

// A row is a team's: a warp of eight in the block, or the block. x, y [rows][width], w [width],
// inverse [rows].
template <bool WIDE, class X, class Y>
__device__ void norm(int rows, int width, const X* x, const float* w, float plus, float eps, Y* y,
                     float* inverse) {
  SHARED(float, room, 8);
  size_t row = WIDE ? blockIdx.x : blockIdx.x * 8 + threadIdx.x / 32;
  int first = WIDE ? threadIdx.x : threadIdx.x % 32, step = WIDE ? 256 : 32;
  float square = 0;
  if (row < rows) {
    for (int i = first; i < width; i += step) {
      float v = load(&x[row * width + i]);
      square += v * v;
    }
  }
  square = WIDE ? block_sum(square, room) : warp_sum(square);
  if (row >= rows) return;
  float inv = 1 / sqrtf(square / width + eps);
  for (int i = first; i < width; i += step)
    store(&y[row * width + i], load(&x[row * width + i]) * inv * (plus + w[i]));
  if (first == 0 && inverse) inverse[row] = inv;
}
// dx (+)= inv·(dy∘w) − x·inv³/width·Σ(dy∘w∘x); dx may be dy unless added to
template <bool WIDE, class X, class Y>
__device__ void norm_back(int rows, int width, const X* x, const float* w, float plus,
                          const float* inverse, const Y* dy, X* dx, int add) {
  SHARED(float, room, 8);
  size_t row = WIDE ? blockIdx.x : blockIdx.x * 8 + threadIdx.x / 32;
  int first = WIDE ? threadIdx.x : threadIdx.x % 32, step = WIDE ? 256 : 32;
  float sum = 0;
  if (row < rows) {
    for (int i = first; i < width; i += step)
      sum += load(&dy[row * width + i]) * (plus + w[i]) * load(&x[row * width + i]);
  }
  sum = WIDE ? block_sum(sum, room) : warp_sum(sum);
  if (row >= rows) return;
  float inv = inverse[row], pull = sum * inv * inv * inv / width;
  for (int i = first; i < width; i += step) {
    size_t at = row * width + i;
    float v = load(&dy[at]) * (plus + w[i]) * inv - load(&x[at]) * pull;
    store(&dx[at], add ? load(&dx[at]) + v : v);
  }
}
#define NORM(s, X, Y)                                                                             \
  KERNEL(norm_##s, 256, (int rows, int width, const X* x, const float* w, float plus, float eps,  \
                         Y* y, float* inverse)) {                                                 \
    norm<false>(rows, width, x, w, plus, eps, y, inverse);                                        \
  }                                                                                               \
  KERNEL(norm_wide_##s, 256, (int rows, int width, const X* x, const float* w, float plus,        \
                              float eps, Y* y, float* inverse)) {                                 \
    norm<true>(rows, width, x, w, plus, eps, y, inverse);                                         \
  }                                                                                               \
  KERNEL(norm_back_##s, 256, (int rows, int width, const X* x, const float* w, float plus,        \
                              const float* inverse, const Y* dy, X* dx, int add)) {               \
    norm_back<false>(rows, width, x, w, plus, inverse, dy, dx, add);                              \
  }                                                                                               \
  KERNEL(norm_back_wide_##s, 256, (int rows, int width, const X* x, const float* w, float plus,   \
                                   const float* inverse, const Y* dy, X* dx, int add)) {          \
    norm_back<true>(rows, width, x, w, plus, inverse, dy, dx, add);                               \
  }
TYPES_NARROWING(NORM)

// --- sums over rows -------------------------------------------------------------------------------

constexpr int COLUMNS = 16;

// A block of 1024 threads sums up 16 columns, 64 rows at once; `value(row, column)` is added over rows
// in a fixed order, for the first 16 threads. Their column may be beyond the width.
template <class F> __device__ float column_sum(int rows, int width, F value) {
  constexpr int PARTS = 1024 / COLUMNS, AHEAD = 8;
  SHARED(float, room, PARTS * (COLUMNS + 1));
  int lane = threadIdx.x % COLUMNS, part = threadIdx.x / COLUMNS;
  int column = blockIdx.x * COLUMNS + lane;
  float sum = 0;
  if (column < width)
    for (int row = part; row < rows; row += PARTS * AHEAD) {
      float v[AHEAD];
#pragma unroll
      for (int j = 0; j < AHEAD; j++) v[j] = value(min(row + j * PARTS, rows - 1), column);   // to wait less often
#pragma unroll
      for (int j = 0; j < AHEAD; j++)
        if (row + j * PARTS < rows) sum += v[j];
    }
  room[part * (COLUMNS + 1) + lane] = sum;
  __syncthreads();
  sum = 0;
  if (part == 0)
    for (int i = 0; i < PARTS; i++) sum += room[i * (COLUMNS + 1) + lane];
  return sum;
}
// x, dy [rows][width], inverse [rows], dw [width]
#define NORM_WEIGHT(s, X, Y)                                                                      \
  KERNEL(norm_weight_##s, 1024, (int rows, int width, const X* x, const float* inverse,           \
                                const Y* dy, float* dw)) {                                        \
    float sum = column_sum(rows, width, [=](size_t row, int i) {                                  \
      return load(&dy[row * width + i]) * load(&x[row * width + i]) * inverse[row];               \
    });                                                                                           \
    int column = blockIdx.x * COLUMNS + threadIdx.x;                                              \
    if (threadIdx.x < COLUMNS && column < width) dw[column] += sum;                               \
  }
TYPES_NARROWING(NORM_WEIGHT)
// y [n / width][width], bias [width]
#define BIAS(s, Y)                                                                                \
  KERNEL(bias_##s, 256, (long long n, int width, const float* bias, Y* y)) {                      \
    elements<float>(                                                                              \
        n, [=](size_t i) { return load(&y[i]) + bias[i % width]; },                               \
        [=](size_t i, float v) { store(&y[i], v); });                                             \
  }                                                                                               \
  KERNEL(bias_back_##s, 1024, (int rows, int width, const Y* dy, float* dBias)) {                 \
    float sum = column_sum(rows, width,                                                           \
                           [=](size_t row, int i) { return load(&dy[row * width + i]); });        \
    int column = blockIdx.x * COLUMNS + threadIdx.x;                                              \
    if (threadIdx.x < COLUMNS && column < width) dBias[column] += sum;                            \
  }
TYPES_1(BIAS)

// --- rotary embedding -----------------------------------------------------------------------------

// x [rows][heads][dim], positions [rows], cosines and sines [positions][half]; a block for each row;
// direction 1 forward, −1 backward
#define ROTATE(s, X)                                                                              \
  KERNEL(rotate_##s, 128, (int heads, int dim, int half, const int* positions,                    \
                           const float* cosines, const float* sines, X* x, float direction)) {    \
    size_t row = blockIdx.x, angle = (size_t)positions[row] * half;                               \
    for (int i = threadIdx.x; i < heads * half; i += blockDim.x) {                                \
      X* at = x + (row * heads + i / half) * dim + i % half;                                      \
      float c = cosines[angle + i % half], s = sines[angle + i % half] * direction;               \
      float first = load(at), second = load(at + half);                                           \
      store(at, first * c - second * s);                                                          \
      store(at + half, second * c + first * s);                                                   \
    }                                                                                             \
  }
TYPES_1(ROTATE)

// --- gated activation -----------------------------------------------------------------------------

// gate, up, dy, y [n]
#define ACTIVATION(name, F, s, T)                                                                 \
  KERNEL(name##_##s, 256, (long long n, const T* gate, const T* up, T* y)) {                      \
    elements<Two>(                                                                                \
        n, [=](size_t i) { return Two{load(&gate[i]), load(&up[i])}; },                           \
        [=](size_t i, Two v) { store(&y[i], F::value(v.a) * v.b); });                             \
  }                                                                                               \
  KERNEL(name##_back_##s, 256, (long long n, T* gate, T* up, const T* dy, T* y)) {                \
    elements<Three>(                                                                              \
        n, [=](size_t i) { return Three{load(&gate[i]), load(&up[i]), load(&dy[i])}; },           \
        [=](size_t i, Three v) {                                                                  \
          float f = F::value(v.a);                                                                \
          store(&y[i], f * v.b);                                                                  \
          store(&up[i], v.c * f);                                                                 \
          store(&gate[i], v.c * v.b * F::slope(v.a));                                             \
        });                                                                                       \
  }
ACTIVATION(silu, Silu, f, float)
ACTIVATION(silu, Silu, b, bf16)
ACTIVATION(gelu, Gelu, f, float)
ACTIVATION(gelu, Gelu, b, bf16)

// --- scales, sums, copies -------------------------------------------------------------------------

// x [n / width][width], factors [n / width]
#define SCALE_ROWS(s, X)                                                                          \
  KERNEL(scale_rows_##s, 256, (long long n, int width, const float* factors, X* x)) {             \
    elements<float>(                                                                              \
        n, [=](size_t i) { return load(&x[i]) * factors[i / width]; },                            \
        [=](size_t i, float v) { store(&x[i], v); });                                             \
  }
TYPES_1(SCALE_ROWS)
// y = a·x + b·y, [n]; y is not read when b is 0
#define COMBINE(s, X, Y)                                                                          \
  KERNEL(combine_##s, 256, (long long n, float a, const X* x, float b, Y* y)) {                   \
    elements<float>(                                                                              \
        n,                                                                                        \
        [=](size_t i) {                                                                           \
          float v = a * load(&x[i]);                                                              \
          return b == 0 ? v : v + b * load(&y[i]);                                                \
        },                                                                                        \
        [=](size_t i, float v) { store(&y[i], v); });                                             \
  }
TYPES_2(COMBINE)
// index [rows]; y[i] = x[index[i]] and y[index[i]] = x[i], rows of width; a block for each
#define GATHER(s, X, Y)                                                                           \
  KERNEL(gather_##s, 256, (int width, const int* index, const X* x, Y* y)) {                      \
    size_t from = (size_t)index[blockIdx.x] * width, to = (size_t)blockIdx.x * width;             \
    for (int i = threadIdx.x; i < width; i += blockDim.x) store(&y[to + i], load(&x[from + i])); \
  }                                                                                               \
  KERNEL(scatter_##s, 256, (int width, const int* index, const X* x, Y* y)) {                     \
    size_t from = (size_t)blockIdx.x * width, to = (size_t)index[blockIdx.x] * width;             \
    for (int i = threadIdx.x; i < width; i += blockDim.x) store(&y[to + i], load(&x[from + i])); \
  }
TYPES_2(GATHER)
