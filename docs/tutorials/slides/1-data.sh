#!/usr/bin/env bash
# Step 1: slides with labels, the features of their tiles, and folds of patients.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/slides"
python="${PYTHON:-/usr/bin/python3}"
microtome() { node dist/cli/main.js "$@"; }

# With real data: a folder of slides, a table with `filename`, `patient_id` and `relapse`, and a bundle of a foundation model in the
# place of the encoder, whose weights are random numbers here.
"$python" -m train.slides generate "$out/train" --slides 120 --seed 1
"$python" -m train.slides generate "$out/test" --slides 40 --seed 9 --first 10000

# One file of features for each slide, computed by the engine that will score.
microtome embed "$out/train/slides" --model "$out/train/encoder" --out "$out/train/features"

"$python" -m train.slides folds "$out/train/metadata.csv" "$out/train/folds.json" --count 3 --seed 1
