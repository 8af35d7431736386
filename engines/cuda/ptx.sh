#!/usr/bin/env bash
# Compiles the kernels to PTX for compute capability 8.0 and later: engines/cuda/ptx.sh [FOLDER]
# (by default the module's resources). NVCC names the compiler; docs/cuda.md says which and where
# from. The version in the header is lowered, so that older drivers take them.
set -euo pipefail
cd "$(dirname "$0")"
nvcc=${NVCC:-nvcc}
to=${1:-src/main/resources/org/treepo4j/engines/cuda}
mkdir -p "$to"
for source in src/main/cuda/*.cu; do
  name=$(basename "$source" .cu)
  "$nvcc" -ptx -std=c++17 -arch=compute_80 -o "$to/$name.ptx" "$source"
  # Without the compiler's build number; PTX 7.8 is CUDA 11.8's.
  sed -i -e 's/^\.version .*/.version 7.8/' -e '/^\/\/ \(Compiler Build ID\|Cuda compilation tools\|Based on\)/d' "$to/$name.ptx"
done
