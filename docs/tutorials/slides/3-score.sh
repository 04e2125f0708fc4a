#!/usr/bin/env bash
# Step 3: scores of slides that training never saw, in the table of the VisioMel challenge, and how good they are.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/slides"
microtome() { node dist/cli/main.js "$@"; }

# The metadata of a test have no label. The labels of real tests are secret; of these they are known.
cut -d, -f1-4 "$out/test/metadata.csv" > "$out/test-metadata.csv"
cut -d, -f1,5 "$out/test/metadata.csv" > "$out/labels.csv"

rm -f "$out/submission.csv"
microtome score "$out/test/slides" --model "$out/bundle" --metadata "$out/test-metadata.csv" --out "$out/submission.csv"
microtome evaluate "$out/submission.csv" --labels "$out/labels.csv" --svg "$out/roc.svg" --overwrite
