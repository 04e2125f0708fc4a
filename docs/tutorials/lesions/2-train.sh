#!/usr/bin/env bash
# Step 2: a model, and the bundle that scores with it.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/lesions"
python="${PYTHON:-/usr/bin/python3}"

# A small network on small pictures, so that a laptop needs less than a minute. With real data leave out the line of options before the
# last one: the default is EfficientNet-B0 at 128 pixels, chosen by the partial area under the ROC curve. On several GPUs:
#   torchrun --nproc-per-node 4 -m train.lesions train …
# A training that was stopped goes on where it was when it is started again.
"$python" -m train.lesions train --images "$out/train/images.hdf5" --index "$out/train/index.json" \
  --metadata "$out/train/train-metadata.csv" --folds "$out/train/folds.json" --fold 0 \
  --backbone small --size-px 48 --batch 32 --rate 4e-3 --epochs 12 --best-by log_loss --threads 2 \
  --out "$out/run"

# model.onnx with the sigmoid inside, and microtome.json with size, resize, mean and standard deviation.
"$python" -m train.lesions export "$out/run" "$out/bundle" --name tutorial-lesion --licence CC0-1.0 \
  --training-data 'Lesions drawn by a program.'
