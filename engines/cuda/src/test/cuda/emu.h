// Runs CUDA C++ on the CPU: one fiber for each CUDA thread, blocks one after another. It is stricter
// than a device where that finds mistakes:
//  - barriers and shuffles that part of a block does not reach, or reaches at another line, throw,
//  - the order in which threads run between barriers can be changed (emu::order), which shows
//    missing barriers as results that differ,
//  - shared memory begins as NaN in every block, and a cp.async copies as late as when it is waited
//    for or, in other orders, at once; one that is not aligned ends the run, as do other wide reads,
//  - a kernel that may begin before the last one has ended must wait for it in every thread, and its
//    first block does run before the last kernel as far as it does not wait,
//  - a wgmma computes no earlier than it is waited for, its sums are NaN until all of them are, and
//    what it reads must have been fenced,
//  - static shared memory is an allocation of its own for each array, so that AddressSanitizer sees
//    what is read beyond it.
#pragma once
#define EMU 1
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace emu {
struct uint3 { unsigned x, y, z; };
struct dim3 { unsigned x = 1, y = 1, z = 1; };
enum State { READY, WARP, BLOCK, PREVIOUS, DONE };
struct Copy {
  void* to;
  const void* from;
  int bytes, read;
  void perform() const {
    memset(to, 0, bytes);
    if (read) memcpy(to, from, read);
  }
};
struct Product { float* sums; uint64_t a, b; bool aLast, bLast; };
struct Fiber {
  void* sp;
  char* stack = nullptr;
  State state;
  unsigned mask;
  int line;   // where it waits
  uint3 tid;
  int lin;
  unsigned seq;
  std::vector<Copy> copies;                 // of the group that is not committed
  std::vector<std::vector<Copy>> groups;    // committed, not waited for
  bool waited;                              // for the kernel before
  bool unfenced;                            // has copies that wgmma need not see
  std::vector<Product> products;            // of wgmma, as the copies
  std::vector<std::vector<Product>> productGroups;
  std::map<float*, std::vector<float>> sums;   // of products that are not waited for
};
struct Warp { uint64_t slot[8][32]; };
enum Order { FORWARD, REVERSE, RANDOM };

constexpr size_t STACK = 256 << 10;
constexpr size_t MOST_STATIC = 48 << 10;
inline int order = FORWARD;
inline Fiber* self;
inline uint3 blockIdx_;
inline dim3 blockDim_, gridDim_;
inline std::vector<Warp> warps;
inline std::unique_ptr<char[]> dynamic;
inline size_t dynamicSize;
inline std::vector<Fiber>* threads;   // of the block, and more
struct Static { std::unique_ptr<char[]> memory; size_t size; };
inline std::map<int, Static> statics;
inline bool overlaps;   // whether the kernel may begin before the last one has ended
inline std::function<void()> previous;   // the last one, while it has not run
inline const std::function<void()>* body;
inline void* main_;

extern "C" void emu_switch(void** from, void* to);
asm(R"(
.text
.weak emu_switch
.type emu_switch,@function
emu_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
)");
inline void yield() { emu_switch(&self->sp, main_); }
inline void entry() {
  (*body)();
  self->state = DONE;
  yield();
  std::abort();
}
inline void start(Fiber& f) {
  if (!f.stack)
    f.stack = (char*)mmap(nullptr, STACK, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  void** top = (void**)(f.stack + STACK - 64);
  *--top = nullptr;
  *--top = (void*)entry;
  for (int i = 0; i < 6; i++) *--top = nullptr;
  f.sp = top;
}
inline void run(Fiber& f) {
  self = &f;
  emu_switch(&main_, f.sp);
}
inline void wait(State state, unsigned mask, int line) {
  self->state = state;
  self->mask = mask;
  self->line = line;
  yield();
}
inline void syncthreads(int line = __builtin_LINE()) { wait(BLOCK, ~0u, line); }
inline void syncwarp(unsigned mask = ~0u, int line = __builtin_LINE()) { wait(WARP, mask, line); }

// Every collective: publish, meet, read. Slots in turn, so that one meeting is enough: a result
// holds until 7 more exchanges.
template <class T> uint64_t bits(T v) { uint64_t b = 0; static_assert(sizeof(T) <= 8); memcpy(&b, &v, sizeof v); return b; }
template <class T> T value(uint64_t b) { T v; memcpy(&v, &b, sizeof v); return v; }
inline uint64_t* exchange(uint64_t b, unsigned mask, int line) {
  uint64_t* s = warps[self->lin / 32].slot[self->seq++ % 8];
  s[self->lin % 32] = b;
  syncwarp(mask, line);
  return s;
}
inline void require_aligned(const void* p, size_t bytes, const char* what) {
  if ((uint64_t)p % bytes) { fprintf(stderr, "emulator: %s is not aligned\n", what); std::abort(); }
}

inline int nextStatic() { static int id = 0; return id++; }
inline void* staticShared(int id, size_t bytes) {
  Static& s = statics[id];
  if (s.size != bytes) {
    s.memory.reset(new char[bytes]);
    s.size = bytes;
    memset(s.memory.get(), 0xff, bytes);
    size_t sum = 0;
    for (auto& e : statics) sum += e.second.size;
    if (sum > MOST_STATIC) { fprintf(stderr, "emulator: %zu bytes of static shared memory\n", sum); std::abort(); }
  }
  return s.memory.get();
}

inline void block(std::vector<Fiber>& fs, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    fs[i].state = READY; fs[i].seq = 0; fs[i].copies.clear(); fs[i].groups.clear(); fs[i].waited = fs[i].unfenced = false;
    fs[i].products.clear(); fs[i].productGroups.clear(); fs[i].sums.clear(); start(fs[i]);
  }
  unsigned warpCount = (n + 31) / 32;
  std::vector<unsigned> turn(warpCount);
  for (unsigned i = 0; i < warpCount; i++) turn[i] = order == REVERSE ? warpCount - 1 - i : i;
  for (unsigned left = n; left;) {
    bool moved = false;
    if (order == RANDOM) for (unsigned i = warpCount - 1; i; i--) std::swap(turn[i], turn[rand() % (i + 1)]);
    for (unsigned t = 0; t < warpCount; t++) {   // a warp runs until all of it waits for the block
      unsigned w = turn[t] * 32, end = std::min(w + 32, n);
      unsigned live = end - w == 32 ? ~0u : (1u << (end - w)) - 1;
      for (bool again = true; again;) {
        again = false;
        unsigned shift = order == RANDOM ? rand() % 32 : 0;
        for (unsigned j = w; j < end; j++) {
          unsigned k = order == REVERSE ? end - 1 - (j - w) : w + (j - w + shift) % (end - w);
          Fiber& f = fs[k];
          if (f.state == READY) { run(f); moved = again = true; left -= f.state == DONE; }
          if (f.state == DONE && overlaps && !f.waited) throw std::runtime_error("a thread never waited for the kernel before");
        }
        unsigned at = 0;
        for (unsigned j = w; j < end; j++) if (fs[j].state == WARP) at |= 1u << (j - w);
        for (unsigned j = w; j < end; j++) {
          Fiber& f = fs[j];
          if (f.state != WARP || (f.mask & live & ~at) != 0) continue;
          for (unsigned other = w; other < end; other++)
            if ((f.mask >> (other - w) & 1) && fs[other].line != f.line) throw std::runtime_error("threads of a warp meet at different lines");
          f.state = READY;
          again = true;
        }
      }
    }
    if (!left) break;
    bool wait = false;
    for (unsigned i = 0; i < n; i++) wait = wait || fs[i].state == PREVIOUS;
    if (wait && !moved) {   // all have come as far as they can without the kernel before
      std::exchange(previous, nullptr)();
      for (unsigned i = 0; i < n; i++) if (fs[i].state == PREVIOUS) fs[i].state = READY;
      continue;
    }
    bool all = true;
    for (unsigned i = 0; i < n; i++) all = all && (fs[i].state == BLOCK || fs[i].state == DONE);
    if (all) {
      for (unsigned i = 0; i < n; i++) {
        if (fs[i].state == DONE) throw std::runtime_error("a thread ended before a barrier others wait at");
        if (fs[i].line != fs[0].line) throw std::runtime_error("threads wait at barriers of different lines");
        fs[i].state = READY;
      }
      moved = true;
    }
    if (!moved) throw std::runtime_error("threads wait at different barriers");
  }
}

// What belongs to the kernel that runs; another may run while the threads of this one wait.
struct Running {
  decltype(warps) warps_ = std::move(warps);
  decltype(dynamic) dynamic_ = std::move(dynamic);
  decltype(statics) statics_ = std::move(statics);
  size_t size = dynamicSize;
  std::vector<Fiber>* threads_ = threads;
  const std::function<void()>* body_ = body;
  dim3 grid = gridDim_, blk = blockDim_;
  uint3 at = blockIdx_;
  bool overlaps_ = overlaps;
  ~Running() {
    warps = std::move(warps_); dynamic = std::move(dynamic_); statics = std::move(statics_);
    dynamicSize = size; threads = threads_; body = body_; gridDim_ = grid; blockDim_ = blk; blockIdx_ = at; overlaps = overlaps_;
  }
};

inline void launch(dim3 grid, dim3 blk, size_t shared, bool overlapping, const std::function<void()>& kernel) {
  static std::vector<Fiber> pool[2];
  static int depth = 0;
  Running outer;
  std::vector<Fiber>& fibers = pool[depth++];
  threads = &fibers;
  struct Leave { ~Leave() { depth--; } } leave;
  unsigned n = blk.x * blk.y * blk.z;
  if (fibers.size() < n) fibers.resize(n);
  for (unsigned i = 0; i < n; i++) {
    fibers[i].lin = i; fibers[i].tid = {i % blk.x, i / blk.x % blk.y, i / (blk.x * blk.y)};
  }
  warps.resize((n + 31) / 32);
  overlaps = overlapping;
  body = &kernel; blockDim_ = blk; gridDim_ = grid;
  dynamic.reset(new char[shared]);
  dynamicSize = shared;
  statics.clear();
  for (unsigned z = 0; z < grid.z; z++) for (unsigned y = 0; y < grid.y; y++) for (unsigned x = 0; x < grid.x; x++) {
    blockIdx_ = {x, y, z};
    memset(dynamic.get(), 0xff, shared);
    for (auto& e : statics) memset(e.second.memory.get(), 0xff, e.second.size);
    block(fibers, n);
  }
}

using Bound = std::function<void()>;
using Thunk = std::function<Bound(void**)>;
inline std::map<std::string, Thunk>& kernels() { static std::map<std::string, Thunk> all; return all; }
template <class... A, size_t... I> Thunk thunk(void (*f)(A...), std::index_sequence<I...>) {
  return [f](void** p) -> Bound { return [f, a = std::tuple<A...>(*(A*)p[I]...)] { std::apply(f, a); }; };
}
struct Register {
  template <class... A> Register(const char* name, void (*f)(A...)) {
    kernels()[name] = thunk(f, std::index_sequence_for<A...>{});
  }
};
}  // namespace emu

#define __device__
#define __forceinline__ inline
#define __align__(n) alignas(n)
#define __restrict__ __restrict
#define KERNEL(name, threads, args) \
  static void name args;            \
  static emu::Register name##_registered(#name, name); \
  static void name args
#define KERNEL_TOGETHER(name, threads, blocks, args) KERNEL(name, threads, args)
#define SHARED(type, name, count)                \
  static const int name##_id = emu::nextStatic(); \
  type* name = (type*)emu::staticShared(name##_id, sizeof(type) * (count))
#define DYNAMIC_SHARED(type, name) type* name = (type*)emu::dynamic.get()
#define threadIdx (emu::self->tid)
#define blockIdx emu::blockIdx_
#define blockDim emu::blockDim_
#define gridDim emu::gridDim_
#define __syncthreads emu::syncthreads
#define __syncwarp emu::syncwarp
template <class T> T __shfl_sync(unsigned m, T v, int src, int w = 32, int line = __builtin_LINE()) {
  int l = emu::self->lin % 32;
  return emu::value<T>(emu::exchange(emu::bits(v), m, line)[(l & ~(w - 1)) | (src & (w - 1))]);
}
template <class T> T __shfl_xor_sync(unsigned m, T v, int x, int w = 32, int line = __builtin_LINE()) {
  int l = emu::self->lin % 32;
  return emu::value<T>(emu::exchange(emu::bits(v), m, line)[l ^ x]);
}
template <class T> T __shfl_up_sync(unsigned m, T v, int d, int w = 32, int line = __builtin_LINE()) {
  int l = emu::self->lin % 32;
  uint64_t* s = emu::exchange(emu::bits(v), m, line);
  return (l & (w - 1)) - d >= 0 ? emu::value<T>(s[l - d]) : v;
}
inline unsigned __ballot_sync(unsigned m, int p, int line = __builtin_LINE()) {
  uint64_t* s = emu::exchange(p != 0, m, line);
  unsigned b = 0;
  for (int i = 0; i < 32; i++) if (m >> i & 1) b |= unsigned(s[i]) << i;
  return b;
}
inline int __popc(unsigned v) { return __builtin_popcount(v); }
inline void __threadfence() {}
inline void let_next_begin() {}
inline void prefetch(const void*) {}
inline void wait_for_previous() {
  emu::self->waited = true;
  if (!emu::previous) return;
  emu::self->state = emu::PREVIOUS;
  emu::yield();
}
inline int atomicAdd(int* p, int v) { int o = *p; *p += v; return o; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline unsigned __float_as_uint(float v) { return emu::value<unsigned>(emu::bits(v)); }
inline float __uint_as_float(unsigned v) { return emu::value<float>(v); }
inline long long __double_as_longlong(double v) { return emu::value<long long>(emu::bits(v)); }
inline double __longlong_as_double(long long v) { return emu::value<double>((uint64_t)v); }
using std::max;
using std::min;
template <class T> T read_wide(const void* p) {
  emu::require_aligned(p, alignof(T), "what is read at once");
  return *(const T*)p;
}
