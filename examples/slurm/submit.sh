#!/usr/bin/env bash
# Scores slides, or lesion images, with an array of Slurm tasks, and merges their parts when all of them are done.
#
#   examples/slurm/submit.sh 64 /data/slides /scratch/run1 submission.csv --model model/ --mpp 0.5
#
# 64 is the number of shards; /scratch/run1 becomes the folder of the parts, which all nodes must see. What follows the
# CSV are options of microtome score. Prints the numbers of the two jobs. Options of sbatch for the array, such as
# --partition=gpu --gres=gpu:1 --constraint=icelake, stand in SBATCH_OPTIONS.
set -euo pipefail
if [ "$#" -lt 4 ]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
shards=$1 slides=$2 parts=$3 csv=$4
shift 4
here=$(cd "$(dirname "$0")" && pwd)
# Tasks are numbered from 0. The number of shards is told by name: a single task that is sent again is one of as many.
export MICROTOME_SHARD_COUNT=$shards
# shellcheck disable=SC2086
array=$(sbatch --parsable --array="0-$((shards - 1))" ${SBATCH_OPTIONS:-} "$here/score.sbatch" "$slides" "$parts" "$@")
merge=$(sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes "$here/merge.sbatch" "$parts" "$csv")
echo "$array $merge"
