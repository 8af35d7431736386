// Matrix products in bf16 for compute capability 9.0, sums in float32: what tensor.cu computes, by
// wgmma. Operands are "k last" or "k first" as there, and both lie in shared memory as they do in the
// matrix: the hardware transposes. Rows of both must be multiples of 16 bytes and begin at such.
#include "wgmma.cuh"

// A block computes 128×256 of c, each of its two warpgroups 64×256; tiles of 64 along k, copied two
// ahead into four stages. Every number of c is summed up over k in the same order.
constexpr int ROWS = 128, COLUMNS = 256, DEEP = 64, STAGES = 4;
constexpr int A_BYTES = ROWS * LINE, STAGE = A_BYTES + COLUMNS * LINE;
constexpr int BLOCK = DEEP * LINE;   // bytes of 64 rows, with k last and with k first

// LENGTH rows from r0 and 64 of k from k0; zeros beyond the matrix. Eight threads copy a line.
template <bool K_LAST, int LENGTH>
__device__ inline void copy_lines(const bf16* x, int rows, int k, int r0, int k0, char* to) {
  int first = threadIdx.x / 8, piece = threadIdx.x % 8;
#pragma unroll
  for (int i = 0; i < LENGTH; i += 32) {
    int line = i + first;
    int r = r0 + (K_LAST ? line : line / DEEP * 64 + piece * 8), kk = k0 + (K_LAST ? piece * 8 : line % DEEP);
    bool there = r < rows && kk < k;
    const bf16* from = x + (K_LAST ? (size_t)r * k + kk : (size_t)kk * rows + r);
    cp_async<16>(to + line * LINE + (piece ^ line % 8) * 16, there ? from : x, there ? 16 : 0);
  }
}

// c[0], c[1] as floats, or c[0] alone
__device__ inline void load2(const float* c, float v[2]) {
  struct __align__(8) Two { float v[2]; } two = *(const Two*)c;
  v[0] = two.v[0], v[1] = two.v[1];
}
__device__ inline void load2(const bf16* c, float v[2]) {
  unsigned both = *(const unsigned*)c;
  v[0] = __uint_as_float(both << 16), v[1] = __uint_as_float(both & 0xffff0000u);
}
__device__ inline void store2(float* c, float u, float v) {
  struct __align__(8) Two { float v[2]; };
  *(Two*)c = Two{{u, v}};
}
__device__ inline void store2(bf16* c, float u, float v) { *(unsigned*)c = pack(u, v); }

// The sums of a thread, rows `row` and `row + 8`, columns from `column` on by eights
template <class C>
__device__ inline void put(int m, int n, int row, int column, const float (&sums)[128], C* c, float alpha, int add) {
  bool pairs = n % 2 == 0 && (size_t)c % (2 * sizeof(C)) == 0;
#pragma unroll
  for (int part = 0; part < 128; part += 32) {   // at once, so that reads wait for each other no longer than they must
    float before[32] = {};
    if (add) {
#pragma unroll
      for (int e = part; e < part + 32; e += 2) {
        int r = row + e / 2 % 2 * 8, s = column + e / 4 * 8;
        const C* from = &c[(size_t)r * n + s];
        if (r < m && s < n) {
          if (pairs) {
            load2(from, before + e - part);
          } else {
            before[e - part] = load(from);
            if (s + 1 < n) before[e - part + 1] = load(from + 1);
          }
        }
      }
    }
#pragma unroll
    for (int e = part; e < part + 32; e += 2) {
      int r = row + e / 2 % 2 * 8, s = column + e / 4 * 8;
      C* to = &c[(size_t)r * n + s];
      float u = alpha * sums[e] + before[e - part], v = alpha * sums[e + 1] + before[e - part + 1];
      if (r < m && s < n) {
        if (pairs) {
          store2(to, u, v);
        } else {
          store(to, u);
          if (s + 1 < n) store(to + 1, v);
        }
      }
    }
  }
}

template <bool A_K_LAST, bool B_K_LAST, class C>
__device__ void wide_product(int m, int n, int k, const bf16* a, const bf16* b, C* c, float alpha, int add) {
  DYNAMIC_SHARED(char, room);
  // [STAGES][a: ROWS, then b: COLUMNS][LINE]; where shared memory begins is known to 16 bytes only.
  char* stages = room + (LINES8 - shared_address(room) % LINES8) % LINES8;
  // Blocks that run at once shall share rows and columns: bands of eight rows of tiles.
  int width = (n + COLUMNS - 1) / COLUMNS, height = (m + ROWS - 1) / ROWS;
  int band = blockIdx.x / (8 * width), inBand = blockIdx.x % (8 * width), bandRows = min(8, height - band * 8);
  int m0 = (band * 8 + inBand % bandRows) * ROWS, n0 = inBand / bandRows * COLUMNS;
  int group = __shfl_sync(FULL, (int)threadIdx.x / 128, 0);   // that all threads of a warp have one is for the compiler to see
  int steps = (k + DEEP - 1) / DEEP;
  auto copy = [&](int step) {
    if (step < steps) {
      char* to = stages + step % STAGES * STAGE;
      copy_lines<A_K_LAST, ROWS>(a, m, k, m0, step * DEEP, to);
      copy_lines<B_K_LAST, COLUMNS>(b, n, k, n0, step * DEEP, to + A_BYTES);
    }
    cp_commit();
  };
  float sums[128] = {};
  copy(0);
  copy(1);
  // While the products of a step run, its threads see to the next but one. One barrier in a step is
  // enough. Before it every thread has waited for its copies of this step's tile and made them visible
  // to wgmma, so behind it the tile is whole. And it has waited, in the step before, for the products of
  // two steps ago, so behind it their stage is free, and this step's copies go there.
  for (int step = 0; step < steps; step++) {
    cp_wait<1>();
    fence_async();
    __syncthreads();
    unsigned stage = shared_address(stages) + step % STAGES * STAGE;
    unsigned long long at = wgmma_operand(stage + group * BLOCK, A_K_LAST ? 16 : BLOCK);
    unsigned long long bt = wgmma_operand(stage + A_BYTES, B_K_LAST ? 16 : BLOCK);
    wgmma_fence();
#pragma unroll
    for (int kk = 0; kk < DEEP; kk += 16) {
      wgmma_bf16<A_K_LAST, B_K_LAST>(sums, at, bt);
      at = wgmma_next<A_K_LAST>(at), bt = wgmma_next<B_K_LAST>(bt);
    }
    wgmma_commit();
    copy(step + 2);
    wgmma_wait<1>();
  }
  wgmma_wait<0>();
  wgmma_sums(sums);
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  put(m, n, m0 + warp * 16 + lane / 4, n0 + lane % 4 * 2, sums, c, alpha, add);
}
#define WIDE_PRODUCT(name, A, B, C)                                                               \
  KERNEL(name, 256, (int m, int n, int k, const bf16* a, const bf16* b, C* c, float alpha,        \
                     int add)) {                                                                  \
    wide_product<A, B>(m, n, k, a, b, c, alpha, add);                                             \
  }
#define WIDE_PRODUCTS(s, C)                                                                       \
  WIDE_PRODUCT(nt_##s, true, true, C)                                                             \
  WIDE_PRODUCT(nn_##s, true, false, C)                                                            \
  WIDE_PRODUCT(tn_##s, false, false, C)
WIDE_PRODUCTS(bf_wgmma, float)
WIDE_PRODUCTS(b_wgmma, bf16)
