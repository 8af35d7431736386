// What all kernels share. One source, two compilers: nvcc for the device, g++ with emu.h in front for
// the tests. Kernels use nothing of CUDA's headers beyond the language itself.
#pragma once

#ifndef EMU
#define KERNEL(name, threads, args) extern "C" __global__ void __launch_bounds__(threads) name args
// so many blocks of it are to run on a multiprocessor at once
#define KERNEL_TOGETHER(name, threads, blocks, args) \
  extern "C" __global__ void __launch_bounds__(threads, blocks) name args
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]   // for wide copies and reads
#define DYNAMIC_SHARED(type, name)              \
  extern __shared__ __align__(16) char dynamic[]; \
  type* name = reinterpret_cast<type*>(dynamic)

// D(16×8) += A(16×16)·B(16×8), bf16 in, float32 sums
__device__ inline void mma_bf16(float d[4], const unsigned a[4], const unsigned b[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ inline unsigned shared_address(const void* p) {
  return static_cast<unsigned>(__cvta_generic_to_shared(p));
}
// Four 8×8 matrices of bf16, whose rows are where lanes 8i..8i+7 point
__device__ inline void ldmatrix4(unsigned r[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}
__device__ inline void ldmatrix4_trans(unsigned r[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(shared_address(row)) : "memory");
}
// Copies `read` bytes to shared memory and zeros up to BYTES, asynchronously
template <int BYTES> __device__ inline void cp_async(void* to, const void* from, int read) {
  if (BYTES == 16) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(read) : "memory");
  } else {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)), "l"(from), "r"(read) : "memory");
  }
}
__device__ inline void cp_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int PENDING> __device__ inline void cp_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}
// From compute capability 9.0 on a kernel may be launched so that it begins when all blocks of the one
// before have (Kernel.overlapping). It says that the next one may, and reads or writes nothing that
// earlier kernels write or read until it has waited for them, in every thread.
__device__ inline void let_next_begin() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.launch_dependents;");
#endif
}
__device__ inline void wait_for_previous() {
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}
// A T whose alignment is its size
template <class T> __device__ inline T read_wide(const void* p) { return *static_cast<const T*>(p); }
// Has 128 bytes brought to the L2 cache, which all writes go through
__device__ inline void prefetch(const void* p) { asm volatile("prefetch.global.L2 [%0];" ::"l"(p)); }
#endif

#define FULL 0xffffffffu
#define NEGATIVE_INFINITY __uint_as_float(0xff800000u)

// The upper half of a float32.
struct bf16 { unsigned short bits; };

__device__ inline float load(const float* p) { return *p; }
__device__ inline float load(const bf16* p) { return __uint_as_float((unsigned)p->bits << 16); }
__device__ inline void store(float* p, float v) { *p = v; }
// Rounds to the nearest, ties to even; NaN stays NaN.
__device__ inline unsigned short bf16_bits(float v) {
  unsigned b = __float_as_uint(v);
  if ((b & 0x7fffffffu) > 0x7f800000u) return (unsigned short)(b >> 16 | 0x40);
  return (unsigned short)((b + 0x7fffu + (b >> 16 & 1)) >> 16);
}
__device__ inline void store(bf16* p, float v) { p->bits = bf16_bits(v); }
// Two of them in a register, the first one low
__device__ inline unsigned pack(float low, float high) {
#ifdef EMU
  return bf16_bits(low) | (unsigned)bf16_bits(high) << 16;
#else
  unsigned r;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low));
  return r;
#endif
}

// Eight numbers of bf16, read at once
struct __align__(16) Eight { unsigned pairs[4]; };
// x[at .. at + 8), zeros from `end` on. WIDE where x is aligned and `end` a multiple of eight: no
// branch is left then, so that a thread may wait for several at once.
template <bool WIDE> __device__ inline Eight load8(const bf16* x, int at, int end) {
  Eight v = {};
  if (WIDE) {
    if (at < end) v = read_wide<Eight>(x + at);
  } else {
    for (int j = 0; j < 8; j++)
      if (at + j < end) v.pairs[j / 2] |= (unsigned)x[at + j].bits << (16 * (j % 2));
  }
  return v;
}

template <class T> __device__ inline T warp_sum(T v) {
  for (int w = 16; w; w >>= 1) v += __shfl_xor_sync(FULL, v, w);
  return v;
}
__device__ inline float warp_max(float v) {
  for (int w = 16; w; w >>= 1) v = fmaxf(v, __shfl_xor_sync(FULL, v, w));
  return v;
}
// Sums over a block, in a fixed order, for every thread. `room` is shared, one for each warp; what
// was there before may be read until the first barrier in here.
template <class T> __device__ inline T block_sum(T v, T* room) {
  v = warp_sum(v);
  __syncthreads();
  if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = v;
  __syncthreads();
  T sum = 0;
  for (unsigned i = 0; i < blockDim.x / 32; i++) sum += room[i];
  return sum;
}
__device__ inline float block_max(float v, float* room) {
  v = warp_max(v);
  __syncthreads();
  if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = v;
  __syncthreads();
  float most = room[0];
  for (unsigned i = 1; i < blockDim.x / 32; i++) most = fmaxf(most, room[i]);
  return most;
}
