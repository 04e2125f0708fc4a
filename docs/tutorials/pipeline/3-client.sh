#!/usr/bin/env bash
# Step 3: scores on request. A server offers the model repository that the pipeline wrote; a client asks it.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/pipeline"
repository=$(ls -d "$out"/run/volumes/tutorial-models/repository-*)

# On a cluster the deploy step has done this, and the address is that of the InferenceService.
rm -f "$out/url"
node dist/cli/main.js serve --model "$repository/tutorial/1" >"$out/url" 2>"$out/server.log" &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
# The server prints its address when it is ready.
until [ -s "$out/url" ]; do
  kill -0 "$server" || { cat "$out/server.log"; exit 1; }
  sleep 0.1
done

node docs/tutorials/pipeline/client.mjs "$(cat "$out/url")" "$out/run/volumes/tutorial-data/test/images.hdf5" "$out/submission.csv"
