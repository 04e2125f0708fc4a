#!/usr/bin/env bash
# Step 1: credentials. They are in a Secret of the cluster, and for a run on this machine in a file that only you can read. No
# pipeline, manifest, log or table ever has them.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out="${TUTORIAL_OUTPUT:-tutorial-output}/pipeline"
mkdir -p "$out"

# What a pod is given: names, not values. On a cluster the Secret is made once, from the file that Kaggle gives you:
#   kubectl create secret generic data-account --from-literal=username=NAME --from-file=key=KEY-FILE
node dist/cli/main.js manifest secret --secret data-account --env DATA_USER=username --env DATA_KEY=key

# The same for a run on this machine. Here the account is made up: the data are drawn, and no account is asked.
(umask 077 && printf '{"data-account": {"username": "reader", "key": "%s"}}\n' "$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')" >"$out/secrets.json")
echo "wrote $out/secrets.json"
