// The inline PTX of the kernels in words: tensor cores, their loads, copies that are waited for. Follows
// emu.h.
#pragma once
#include "emu.h"

// Of common.cuh
inline float bf16_float(unsigned short v) { return __uint_as_float(unsigned(v) << 16); }
// D(16×8) += A(16×16)·B(16×8), bf16 in, float32 sums
inline void mma_bf16(float d[4], const unsigned a[4], const unsigned b[2], int line = __builtin_LINE()) {
  int l = emu::self->lin % 32, g = l / 4, t = l % 4;
  uint64_t* s0 = emu::exchange(uint64_t(a[0]) | uint64_t(a[1]) << 32, ~0u, line);
  uint64_t* s1 = emu::exchange(uint64_t(a[2]) | uint64_t(a[3]) << 32, ~0u, line);
  uint64_t* s2 = emu::exchange(uint64_t(b[0]) | uint64_t(b[1]) << 32, ~0u, line);
  // k = 0..7 in the first register of a row, 8..15 in the second
  auto at = [](uint64_t* s, int row, int k, int high) {
    return bf16_float((unsigned short)(s[row * 4 + k % 8 / 2] >> (32 * high + 16 * (k % 2))));
  };
  for (int i = 0; i < 4; i++) {
    int c = 2 * t + i % 2;
    float sum = d[i];
    for (int k = 0; k < 16; k++) sum += at(k < 8 ? s0 : s1, g, k, i / 2) * at(s2, c, k, k / 8);
    d[i] = sum;
  }
}
// Four 8×8 matrices of bf16, whose rows are where lanes 8i..8i+7 point
inline void ldmatrix4(unsigned r[4], const void* row, int line = __builtin_LINE()) {
  emu::require_aligned(row, 16, "a row of ldmatrix");
  uint64_t* s = emu::exchange((uint64_t)row, ~0u, line);
  int l = emu::self->lin % 32;
  for (int m = 0; m < 4; m++) memcpy(&r[m], (const char*)s[8 * m + l / 4] + 4 * (l % 4), 4);
}
inline void ldmatrix4_trans(unsigned r[4], const void* row, int line = __builtin_LINE()) {
  emu::require_aligned(row, 16, "a row of ldmatrix");
  uint64_t* s = emu::exchange((uint64_t)row, ~0u, line);
  int l = emu::self->lin % 32;
  for (int m = 0; m < 4; m++) {
    unsigned short lo, hi;
    memcpy(&lo, (const char*)s[8 * m + 2 * (l % 4)] + 2 * (l / 4), 2);
    memcpy(&hi, (const char*)s[8 * m + 2 * (l % 4) + 1] + 2 * (l / 4), 2);
    r[m] = lo | unsigned(hi) << 16;
  }
}
// Copies `read` bytes and zeros up to `bytes`, asynchronously: at once or when it is waited for
template <int BYTES> inline void cp_async(void* to, const void* from, int read) {
  emu::require_aligned(to, BYTES, "what cp.async writes");
  if (read) emu::require_aligned(from, BYTES, "what cp.async reads");
  emu::Copy copy = {to, from, BYTES, read};
  if (emu::order == emu::REVERSE || (emu::order == emu::RANDOM && rand() % 2))
    copy.perform();
  else
    emu::self->copies.push_back(copy);
}
inline void cp_commit() {
  emu::self->groups.push_back(std::move(emu::self->copies));
  emu::self->copies.clear();
}
template <int PENDING> inline void cp_wait() {
  auto& groups = emu::self->groups;
  while (groups.size() > PENDING) {
    for (auto& copy : groups.front()) copy.perform();
    groups.erase(groups.begin());
    emu::self->unfenced = true;
  }
}

// Of wgmma.cuh. Shared memory begins at an address that is a multiple of 16 only.
constexpr unsigned SHARED_BEGIN = 5 * 16;
inline unsigned shared_address(const void* p) { return SHARED_BEGIN + unsigned((const char*)p - emu::dynamic.get()); }
inline void fence_async() { emu::self->unfenced = false; }
inline void wgmma_fence(int line = __builtin_LINE()) { emu::syncwarp(~0u, line); }
inline void wgmma_commit(int line = __builtin_LINE()) {
  emu::syncwarp(~0u, line);
  emu::self->productGroups.push_back(std::move(emu::self->products));
  emu::self->products.clear();
}
inline void wgmma_sums(float (&)[128]) {}

namespace emu {
// Line `line` (a row or column of the product), number k of an operand: its address by the descriptor's
// fields, and the hardware's order of pieces
inline float operand(uint64_t d, bool kLast, int line, int k) {
  unsigned start = (d & 0x3fff) << 4, leading = (d >> 16 & 0x3fff) << 4, stride = (d >> 32 & 0x3fff) << 4;
  if (d >> 62 != 1 || (d >> 49 & 7)) throw std::runtime_error("not the layout that wgmma is emulated with");
  unsigned at = start + (kLast ? line / 8 * stride + line % 8 * 128 + k * 2
                               : line / 64 * leading + line % 64 * 2 + k / 8 * stride + k % 8 * 128);
  at ^= (at >> 7 & 7) << 4;
  if (at < SHARED_BEGIN || at + 2 > SHARED_BEGIN + dynamicSize) throw std::runtime_error("wgmma reads beyond shared memory");
  unsigned short bits;
  memcpy(&bits, dynamic.get() + at - SHARED_BEGIN, 2);
  return bf16_float(bits);
}
inline void perform(const Product& p) {
  for (unsigned i = 0; i < blockDim_.x; i++)
    if ((*threads)[i].unfenced) throw std::runtime_error("wgmma reads what was copied and not fenced");
  std::vector<float>& sums = self->sums[p.sums];
  int lane = self->lin % 32, row = self->lin / 32 % 4 * 16 + lane / 4;
  float a[2][16];
  for (int k = 0; k < 32; k++) a[k / 16][k % 16] = operand(p.a, p.aLast, row + k / 16 * 8, k % 16);
  for (int j = 0; j < 64; j++) {   // columns of this thread
    int column = j / 2 * 8 + lane % 4 * 2 + j % 2;
    float s0 = 0, s1 = 0;
    for (int k = 0; k < 16; k++) {
      float b = operand(p.b, p.bLast, column, k);
      s0 += a[0][k] * b;
      s1 += a[1][k] * b;
    }
    sums[j / 2 * 4 + j % 2] += s0;
    sums[j / 2 * 4 + 2 + j % 2] += s1;
  }
}
}  // namespace emu
template <bool A_K_LAST, bool B_K_LAST>
inline void wgmma_bf16(float (&d)[128], unsigned long long a, unsigned long long b, int line = __builtin_LINE()) {
  uint64_t* all = emu::exchange(a ^ b << 1, ~0u, line);
  for (int i = 0; i < 32; i++) if (all[i] != (a ^ b << 1)) throw std::runtime_error("threads of a warp give wgmma different operands");
  if (!emu::self->sums.count(d)) {
    emu::self->sums[d].assign(d, d + 128);
    for (float& v : d) v = NAN;
  }
  emu::self->products.push_back({d, a, b, A_K_LAST, B_K_LAST});
}
template <int PENDING> inline void wgmma_wait(int line = __builtin_LINE()) {
  emu::syncwarp(~0u, line);
  auto& groups = emu::self->productGroups;
  while (groups.size() > PENDING) {
    for (auto& p : groups.front()) emu::perform(p);
    groups.erase(groups.begin());
  }
  if (groups.empty()) {
    for (auto& e : emu::self->sums) std::copy(e.second.begin(), e.second.end(), e.first);
    emu::self->sums.clear();
  }
}
