#!/usr/bin/env bash
# Puts the libraries of stack A, for a Tesla K80, into one folder, and looks what is in it.
#   scripts/k80/stack.sh FOLDER [LIBONNXRUNTIME]
# LIBONNXRUNTIME: the libonnxruntime.so of a GPU build of 1.14.1: the wheel has the providers, and no such file.
# Needs pip, unzip and the network; the folder may then be copied to a machine that has neither.
set -euo pipefail
target=${1:?usage: scripts/k80/stack.sh FOLDER [LIBONNXRUNTIME]}
core=${2:-}

# CUDA 11.8 runs on driver 470, which is of CUDA 11.4: libraries of one major version run on every driver of it. cuDNN 8.7 and
# ONNX Runtime 1.14 are the last that have code for this GPU.
wheels=(
  onnxruntime-gpu==1.14.1
  nvidia-cuda-runtime-cu11==11.8.89
  nvidia-cublas-cu11==11.11.3.6
  nvidia-cufft-cu11==10.9.0.58
  nvidia-curand-cu11==10.3.0.86
  nvidia-cuda-nvrtc-cu11==11.8.89
  nvidia-cudnn-cu11==8.7.0.84
)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 3.10 \
  --platform manylinux2014_x86_64 --platform manylinux1_x86_64 --dest "$work" "${wheels[@]}"
mkdir -p "$target"
for wheel in "$work"/*.whl; do
  unzip -q -o -j "$wheel" '*.so*' '*/_ld_preload.py' -x '*pybind11_state*' -d "$target" 2>/dev/null ||
    unzip -q -o -j "$wheel" '*.so*' -x '*pybind11_state*' -d "$target"
done
if [ -n "$core" ]; then cp -L "$core" "$target/libonnxruntime.so.1.14.1"; fi

cd "$(dirname "$0")/../.."
node dist/cli/main.js doctor --gpu-libraries "$target"
