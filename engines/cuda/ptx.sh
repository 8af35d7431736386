#!/usr/bin/env bash
# Compiles the kernels to PTX for compute capability 8.0 and later, some for 9.0 as well:
# engines/cuda/ptx.sh [FOLDER]
# (by default the module's resources). NVCC names the compiler; docs/cuda.md says which and where
# from. The version in the header is lowered, so that older drivers take them.
set -euo pipefail
cd "$(dirname "$0")"
nvcc=${NVCC:-nvcc}
to=${1:-src/main/resources/org/treepo4j/engines/cuda}
mkdir -p "$to"
compile() { # SOURCE ARCHITECTURE VERSION TARGET
  "$nvcc" -ptx -std=c++17 "-arch=$2" -o "$4" "$1"
  # Without the compiler's build number; PTX 7.8 is CUDA 11.8's, 8.0 CUDA 12.0's.
  sed -i -e "s/^\.version .*/.version $3/" -e '/^\/\/ \(Compiler Build ID\|Cuda compilation tools\|Based on\)/d' "$4"
}
for source in src/main/cuda/*.cu; do
  name=$(basename "$source" .cu)
  case $name in
    hopper) compile "$source" compute_90a 8.0 "$to/$name.ptx" && continue ;; # for 9.0 alone
  esac
  compile "$source" compute_80 7.8 "$to/$name.ptx"
  # Kernels of these are launched so that they overlap, which 9.0 has.
  case $name in decode | cache) compile "$source" compute_90 7.8 "$to/$name-90.ptx" ;; esac
done
