// Products by the warpgroups of compute capability 9.0: four warps give both operands by their place in
// shared memory and keep the sums in registers. What is said here of layouts and order is the PTX ISA's
// ("Asynchronous Warpgroup Level Matrix Instructions"; fragments of D, matrix descriptor, async proxy)
// and agrees with the canonical layouts in CUTLASS's cute/atom/mma_traits_sm90_gmma.hpp.
//
// An operand lies in lines of 128 bytes. With k last a line is 64 k of a row, and eight rows after each
// other are 1024 bytes; with k first it is 64 rows of one k, eight k are 1024 bytes, and the next 64 rows
// are `leading` bytes away. Piece p of 16 bytes of line l stands at p ^ l % 8: the hardware takes bits 7–9
// of an address for l, so that lines must begin at a multiple of 1024.
#pragma once
#include "common.cuh"

constexpr int LINE = 128, LINES8 = 8 * LINE;   // bytes

// How an instruction is told where an operand is: from bit 0 its address, from 16 `leading`, from 32 the
// distance of eight lines, all in units of 16 bytes; 1 from bit 62 is the order of pieces above. With k
// last `leading` is not used; 16 stands for it as in CUTLASS.
__device__ inline unsigned long long wgmma_operand(unsigned address, unsigned leading) {
  return (address >> 4 & 0x3fff) | (unsigned long long)(leading >> 4) << 16 |
         (unsigned long long)(LINES8 >> 4) << 32 | 1ull << 62;
}
// The same, 16 of k further: within a line, or 16 lines on
template <bool K_LAST> __device__ inline unsigned long long wgmma_next(unsigned long long operand) {
  return operand + ((K_LAST ? 32 : 2 * LINES8) >> 4);
}

#ifndef EMU
// Makes what this thread has put into shared memory visible to wgmma, which reads by another way (the
// async proxy). A barrier has to follow.
__device__ inline void fence_async() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
// Before the first wgmma, and after other accesses to its sums
__device__ inline void wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
__device__ inline void wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
// Waits until at most PENDING groups of this warpgroup run; only then are its sums, and what it read,
// anyone else's.
template <int PENDING> __device__ inline void wgmma_wait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}
// After wgmma_wait<0>: keeps the compiler from taking the sums before.
__device__ inline void wgmma_sums(float (&d)[128]) {
#pragma unroll
  for (int i = 0; i < 128; i++) asm volatile("" : "+f"(d[i])::"memory");
}
#define SUMS4(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3])
#define SUMS32(i) \
  SUMS4(i), SUMS4(i + 4), SUMS4(i + 8), SUMS4(i + 12), SUMS4(i + 16), SUMS4(i + 20), SUMS4(i + 24), SUMS4(i + 28)
// D(64×256) += A(64×16)·B(16×256), bf16 in, float32 sums: number e of a thread stands in row
// 16·(warp % 4) + lane / 4 + 8·(e / 2 % 2) and column 8·(e / 4) + 2·(lane % 4) + e % 2.
template <bool A_K_LAST, bool B_K_LAST>
__device__ inline void wgmma_bf16(float (&d)[128], unsigned long long a, unsigned long long b) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
      "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
      "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
      "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
      "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127}, "
      "%128, %129, 1, 1, 1, %130, %131;"
      : SUMS32(0), SUMS32(32), SUMS32(64), SUMS32(96)
      : "l"(a), "l"(b), "n"(A_K_LAST ? 0 : 1), "n"(B_K_LAST ? 0 : 1));
}
#endif
