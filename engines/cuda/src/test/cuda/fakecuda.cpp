// A libcuda.so.1 whose one device is the emulator: every function of the driver that Driver.java
// binds, and the kernels of src/main/cuda.
#include "emu_ptx.h"
#include "activation.cuh"
#include "attention.cuh"
#include "candidates.cuh"
#include "wgmma.cuh"
#include <chrono>
#include <mutex>

// Each by itself, as nvcc compiles them.
namespace cache {
#include "cache.cu"
}
namespace decode {
#include "decode.cu"
}
namespace flash {
#include "flash.cu"
#undef FORWARD
#undef BACKWARD
}
namespace head {
#include "head.cu"
}
namespace hopper {
#include "hopper.cu"
}
namespace products {
#include "products.cu"
}
namespace rows {
#include "rows.cu"
}
namespace sample {
#include "sample.cu"
}
namespace tensor {
#include "tensor.cu"
}
namespace tree {
#include "tree.cu"
}
namespace update {
#include "update.cu"
}


using Pointer = unsigned long long;
struct Work {
  std::function<int()> run;
  bool kernel, overlaps;
};
static std::mutex lock;
static std::map<Pointer, size_t> allocations;
static size_t used, limit = size_t(8) << 30;
static int version = 13000, capability = 90, devices = 1;
static std::vector<Work>* recording;
static int overlapped;

// A kernel runs when the next thing is asked for: if that is one that may overlap, not before it
// waits. What goes wrong is told then, as by a device.
static Work last;
static int finish() {
  Work work = std::exchange(last, {});
  return work.run ? work.run() : 0;
}
static int now(const Work& work) {
  static unsigned count = 0;   // every fifth does not, or it would always be the same ones of a step
  int failed = 0;
  if (work.overlaps && last.run && ++count % 5) {
    emu::previous = [&failed, before = std::exchange(last, {})] { failed = before.run(); };
    int result = work.run();
    if (emu::previous) std::exchange(emu::previous, nullptr)();   // nobody waited for it
    return failed ? failed : result;
  }
  failed = finish();
  if (failed) return failed;
  if (!work.kernel) return work.run();
  last = work;
  return 0;
}
static int perform(Work work) {
  std::lock_guard<std::mutex> guard(lock);
  if (recording) {
    recording->push_back(work);
    return 0;
  }
  return now(work);
}
static int perform(std::function<int()> work) { return perform(Work{work, false, false}); }
// Before memory goes, and where the host waits.
static int settle() {
  std::lock_guard<std::mutex> guard(lock);
  return recording ? 0 : finish();
}

#pragma GCC visibility push(default)
extern "C" {
// For tests.
void emu_order(int order) { emu::order = order; }
void emu_pretend(int newVersion, int newCapability, int newDevices, long long bytes) {
  version = newVersion; capability = newCapability; devices = newDevices; limit = bytes;
}
long long emu_used() { return used; }
int emu_overlapped() { return overlapped; }

int cuInit(unsigned) { return devices ? 0 : 100; }
int cuDriverGetVersion(int* v) { *v = version; return 0; }
int cuGetErrorName(int error, const char** s) {
  *s = error == 700 ? "CUDA_ERROR_ILLEGAL_ADDRESS" : error == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_UNKNOWN";
  return 0;
}
int cuDeviceGetCount(int* n) { *n = devices; return 0; }
int cuDeviceGet(int* d, int) { *d = 0; return 0; }
int cuDeviceGetName(char* s, int n, int) { snprintf(s, n, "emulated GPU"); return 0; }
int cuDeviceGetAttribute(int* v, int a, int) {
  *v = a == 75 ? capability / 10 : a == 76 ? capability % 10 : a == 16 ? 2 : 0;
  return 0;
}
int cuDeviceTotalMem_v2(size_t* n, int) { *n = limit; return 0; }
int cuDevicePrimaryCtxRetain(void** c, int) { *c = (void*)1; return 0; }
int cuDevicePrimaryCtxRelease_v2(int) { return 0; }
int cuCtxSetCurrent(void*) { return 0; }
int cuMemGetInfo_v2(size_t* free, size_t* total) { *total = limit; *free = limit - used; return 0; }
int cuMemAlloc_v2(Pointer* p, size_t n) {
  std::lock_guard<std::mutex> guard(lock);
  if (recording) return 900;
  if (used + n > limit) return 2;
  void* memory = malloc(n);
  memset(memory, 0xff, n);   // poison: NaN in every type of float
  *p = (Pointer)memory;
  allocations[*p] = n;
  used += n;
  return 0;
}
int cuMemFree_v2(Pointer p) {
  int failed = settle();
  if (failed) return failed;
  std::lock_guard<std::mutex> guard(lock);
  auto i = allocations.find(p);
  if (i == allocations.end()) return 1;
  used -= i->second;
  allocations.erase(i);
  free((void*)p);
  return 0;
}
int cuMemAllocHost_v2(void** p, size_t n) { *p = malloc(n); return 0; }
int cuMemFreeHost(void* p) { free(p); return 0; }
static int copy(void* to, const void* from, size_t n) {
  return perform([=] { memcpy(to, from, n); return 0; });
}
int cuMemcpyHtoDAsync_v2(Pointer to, const void* from, size_t n, void*) { return copy((void*)to, from, n); }
int cuMemcpyDtoHAsync_v2(void* to, Pointer from, size_t n, void*) { return copy(to, (void*)from, n); }
int cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t n, void*) { return copy((void*)to, (void*)from, n); }
int cuMemsetD8Async(Pointer to, unsigned char v, size_t n, void*) {
  return perform([=] { memset((void*)to, v, n); return 0; });
}
int cuModuleLoadData(void** m, const void* image) {
  if (recording) return 900;
  *m = (void*)1;
  return strstr((const char*)image, ".target sm_80") || strstr((const char*)image, ".target sm_90") ? 0 : 218;
}
int cuModuleUnload(void*) { return 0; }
int cuModuleGetFunction(void** f, void*, const char* n) {
  if (recording) return 900;
  auto i = emu::kernels().find(n);
  if (i == emu::kernels().end()) return 500;
  *f = &*i;
  return 0;
}
int cuFuncSetAttribute(void*, int, int) { return 0; }
static int launch(void* f, emu::dim3 grid, emu::dim3 block, unsigned shared, bool overlapping, void** params) {
  auto& kernel = *(std::pair<const std::string, emu::Thunk>*)f;
  if (!grid.x || !grid.y || !grid.z || !block.x || grid.y > 65535 || grid.z > 65535 ||
      block.x * block.y * block.z > 1024 || shared > (227 << 10)) return 1;
  emu::Bound bound = kernel.second(params);
  return perform(Work{[=, name = kernel.first.c_str()] {
    try {
      emu::launch(grid, block, shared, overlapping, bound);
      return 0;
    } catch (std::exception& e) {
      fprintf(stderr, "emulator: %s, block %u %u %u: %s\n", name, emu::blockIdx_.x, emu::blockIdx_.y, emu::blockIdx_.z, e.what());
      return 700;
    }
  }, true, overlapping});
}
int cuLaunchKernel(void* f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void*, void** params, void**) {
  return launch(f, {gx, gy, gz}, {bx, by, bz}, shared, false, params);
}
// As in cuda.h; the attribute is programmatic stream serialization.
struct Attribute { int id; char pad[4]; union { char room[64]; int allowed; } value; };
struct Config { unsigned grid[3], block[3], shared; void* stream; Attribute* attributes; unsigned count; };
int cuLaunchKernelEx(const Config* c, void* f, void** params, void**) {
  if (c->count != 1 || c->attributes->id != 6 || c->attributes->value.allowed != 1 || c->stream != (void*)1) return 1;
  overlapped++;
  return launch(f, {c->grid[0], c->grid[1], c->grid[2]}, {c->block[0], c->block[1], c->block[2]}, c->shared, true, params);
}
int cuStreamCreate(void** s, unsigned) { *s = (void*)1; return 0; }
int cuStreamSynchronize(void*) { return recording ? 900 : settle(); }
int cuStreamDestroy_v2(void*) { return 0; }
int cuStreamBeginCapture_v2(void*, int) { recording = new std::vector<Work>; return 0; }
int cuStreamEndCapture(void*, void** graph) { *graph = recording; recording = nullptr; return 0; }
int cuGraphInstantiateWithFlags(void** exec, void* graph, unsigned long long) {
  *exec = new std::vector<Work>(*(std::vector<Work>*)graph);
  return 0;
}
int cuGraphDestroy(void* graph) { delete (std::vector<Work>*)graph; return 0; }
int cuGraphLaunch(void* exec, void*) {
  for (Work& work : *(std::vector<Work>*)exec) {
    int result = perform(work);
    if (result) return result;
  }
  return 0;
}
int cuGraphExecDestroy(void* exec) { delete (std::vector<Work>*)exec; return 0; }
int cuEventCreate(void** e, unsigned) { *e = new std::chrono::steady_clock::time_point; return 0; }
int cuEventRecord(void* e, void*) {
  int failed = settle();
  *(std::chrono::steady_clock::time_point*)e = std::chrono::steady_clock::now();
  return failed;
}
int cuEventSynchronize(void*) { return 0; }
int cuEventElapsedTime(float* ms, void* a, void* b) {
  using Time = std::chrono::steady_clock::time_point;
  *ms = std::chrono::duration<float, std::milli>(*(Time*)b - *(Time*)a).count();
  return 0;
}
int cuEventDestroy_v2(void* e) { delete (std::chrono::steady_clock::time_point*)e; return 0; }
}
