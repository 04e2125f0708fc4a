#!/usr/bin/env bash
# What is too long for every change: half an hour of each fuzz target, the tests of the API in changing order, the table
# of bars, a run that is killed fifty times and resumed, the memory of an embedding of 200,704 tiles, a hundred damaged copies of
# slides in each format of a scanner, the tests of the training on PyTorch 2, shards on Slurm and Nextflow, the tests on a real
# control plane of Kubernetes, which it builds, and the tests of the API with the packed binary instead of the built one.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v clang++ >/dev/null; then node scripts/fuzz.mjs --seconds 1800; else echo 'skipped: fuzz targets (no clang++)'; fi

for seed in 1 2 3 4 5; do
  npx vitest run --project unit --sequence.shuffle --sequence.seed="$seed"
done

npm run --silent demo
npm run --silent bench -- --bars
node test/nightly/kill-50.mjs
node test/nightly/embed-memory.mjs

MICROTOME_DAMAGED_COPIES=100 npm run --silent test:openslide -- mutations

npm run --silent test:train -- --torch2

npm run --silent test:kube
npm run --silent test:slurm
npm run --silent test:nextflow

npm run --silent test:package
PREBUILDS_ONLY=1 npx vitest run --project unit
