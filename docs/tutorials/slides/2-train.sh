#!/usr/bin/env bash
# Step 2: a head with gated attention over the tiles of a slide, and the bundle of encoder and head.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/slides"
python="${PYTHON:-/usr/bin/python3}"

# Age and sex are clinical features: the bundle says how they are encoded, and what a missing value means.
"$python" -m train.slides train --features "$out/train/features" --metadata "$out/train/metadata.csv" \
  --folds "$out/train/folds.json" --fold 0 --clinical age sex --epochs 20 --threads 2 --out "$out/run"
"$python" -m train.slides export "$out/run" "$out/train/encoder" "$out/bundle" --name tutorial-slide-head \
  --licence CC0-1.0 --training-data 'Slides drawn by a program.'
