#!/usr/bin/env bash
# Step 3: scores of images that training never saw, in the table that the challenge takes, and how good they are.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/lesions"
microtome() { node dist/cli/main.js "$@"; }

# Every row of the sample is in the table once, in its order. A run that was stopped goes on with --resume.
rm -f "$out/submission.csv"
microtome score "$out/test/images.hdf5" --preset isic2024 --model "$out/bundle" \
  --format "$out/test/sample_submission.csv" --out "$out/submission.csv"

# The labels of real tests are secret; of these they are known.
node -e '
  const { readFileSync, writeFileSync } = require("node:fs");
  const [head, ...rows] = readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => line.split(","));
  const columns = ["isic_id", "target"].map((name) => head.indexOf(name));
  writeFileSync(process.argv[2], [head, ...rows].map((row) => columns.map((i) => row[i]).join(",")).join("\n") + "\n");
' "$out/test/train-metadata.csv" "$out/labels.csv"
microtome evaluate "$out/submission.csv" --labels "$out/labels.csv" --patients "$out/test/test-metadata.csv" --svg "$out/roc.svg" --overwrite
