#!/usr/bin/env bash
# Step 2: the pipeline. One file says it for Kubeflow Pipelines; here its steps run as processes of this machine.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/pipeline"
python="${PYTHON:-/usr/bin/python3}"
microtome() { node dist/cli/main.js "$@"; }

# The file. With a cluster it goes to Kubeflow, and nothing below is needed:
#   microtome pipeline submit pipeline.yaml --endpoint https://kubeflow.example.org/pipeline --token-file token --wait
microtome pipeline compile docs/tutorials/pipeline/parameters.json --out "$out/pipeline.yaml" --overwrite
microtome pipeline "$out/pipeline.yaml"

# Which commands of this machine stand for the images. Two ranks train, as the operator of the cluster would start them.
cat >"$out/images.json" <<MAP
{
  "images": {
    "registry.example.org/microtome:1": { "programs": { "microtome": ["node", "$PWD/dist/cli/main.js"] } },
    "registry.example.org/microtome-server:1": { "programs": { "microtome": ["node", "$PWD/dist/cli/main.js"] } },
    "registry.example.org/microtome-trainer:1": {
      "programs": { "python3": ["$python"] },
      "folder": "$PWD",
      "env": { "OMP_NUM_THREADS": "1" }
    },
    "registry.example.org/download:1": {
      "programs": { "fetch-data": ["bash", "$PWD/docs/tutorials/pipeline/fetch-data.sh"] },
      "folder": "$PWD",
      "env": { "PYTHON": "$python" }
    }
  }
}
MAP

# A run that was stopped goes on when it is started again: finished steps are skipped.
microtome pipeline run "$out/pipeline.yaml" --local --images "$out/images.json" --secrets "$out/secrets.json" --work "$out/run"
cp "$out/run/artifacts/score/submission" "$out/submission.csv"

# The labels of real tests are secret; of these they are known.
node -e '
  const { readFileSync, writeFileSync } = require("node:fs");
  const [head, ...rows] = readFileSync(process.argv[1], "utf8").trim().split("\n").map((line) => line.split(","));
  const columns = ["isic_id", "target"].map((name) => head.indexOf(name));
  writeFileSync(process.argv[2], [head, ...rows].map((row) => columns.map((i) => row[i]).join(",")).join("\n") + "\n");
' "$out/run/volumes/tutorial-data/test/train-metadata.csv" "$out/labels.csv"
microtome evaluate "$out/submission.csv" --labels "$out/labels.csv"
