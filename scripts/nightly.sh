#!/usr/bin/env bash
# What is too long for every change: the thread sanitizer over the native tests, the whole suite five times over in
# changing order, and the tests with the packed binary instead of the built one.
set -euo pipefail
cd "$(dirname "$0")/.."

npm run --silent build

cmake -S . -B build-tsan -DMICROTOME_TESTS=ON -DMICROTOME_SANITIZE=thread -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG='-O1 -g1'
cmake --build build-tsan --parallel 2
TSAN_OPTIONS=halt_on_error=1 ctest --test-dir build-tsan --output-on-failure --timeout 900

for seed in 1 2 3 4 5; do
  npx vitest run --project unit --sequence.shuffle --sequence.seed="$seed"
done

npm run --silent prebuilds
PREBUILDS_ONLY=1 npx vitest run --project unit
npm run --silent test:package
