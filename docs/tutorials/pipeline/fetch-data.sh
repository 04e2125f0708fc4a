#!/usr/bin/env bash
# Stands for a download: fetch-data.sh FOLDER. A real one is a program in an image, such as
#   kaggle competitions download -c isic-2024-challenge --path FOLDER
# which reads its account from the variables that the Secret gives it.
set -euo pipefail
: "${DATA_USER:?the Secret has no username}" "${DATA_KEY:?the Secret has no key}"
python="${PYTHON:-/usr/bin/python3}"
"$python" -m train.lesions generate "$1/train" --lesions 480 --seed 1
# Other patients, which training never sees.
"$python" -m train.lesions generate "$1/test" --lesions 160 --seed 2 --first-id 1000000
