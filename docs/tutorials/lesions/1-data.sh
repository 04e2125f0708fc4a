#!/usr/bin/env bash
# Step 1: data in the form of ISIC 2024. Images in one HDF5 file, a table with a row for each, and folds of patients.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/lesions"
python="${PYTHON:-/usr/bin/python3}"

# Real data need an account at Kaggle and its rules accepted there:
#   kaggle competitions download -c isic-2024-challenge && unzip isic-2024-challenge.zip -d data
# Then images are in data/train-image.hdf5, the table is data/train-metadata.csv, and this script begins at the index.
"$python" -m train.lesions generate "$out/train" --lesions 480 --seed 1
# Other patients, which training never sees.
"$python" -m train.lesions generate "$out/test" --lesions 160 --seed 2 --first-id 1000000

# Where each image is in the file. Training and scoring read the same bytes.
node train/lesions/export-index.mjs "$out/train/images.hdf5" "$out/train/index.json"

# All lesions of a patient are in one fold. The file has a digest: every process of a training must have the same one.
"$python" -m train.lesions folds "$out/train/train-metadata.csv" "$out/train/folds.json" --count 4 --seed 1
