#!/usr/bin/env bash
# Stands for the download: looks at the credentials that a Secret gave, and draws data. fetch-data.sh FOLDER
set -euo pipefail
[ "${DATA_USER:-}" = reader ] && [ "${DATA_KEY:-}" = planted-key-of-the-test ] || {
  echo "the server refused the credentials ${DATA_USER:-} ${DATA_KEY:-}" >&2
  exit 1
}
echo "signed in as ${DATA_USER} with ${DATA_KEY}"
python="${PYTHON:-/usr/bin/python3}"
"$python" -m train.lesions generate "$1/train" --lesions 160 --seed 1
"$python" -m train.lesions generate "$1/test" --lesions 30 --seed 2 --first-id 1000000
