# What the organisers do with a submission, in bash: unpack it, look for main.py, run it, keep its log and its CSV.
# The first argument `again` leaves the unpacking out: the machine was started anew with the same files.
# A line of its own says where the log of main.py begins.
set -euo pipefail
{
  if [ "${1:-}" != again ]; then
    unzip ./submission/submission.zip -d ./
    zip -sf ./submission/submission.zip | grep main.py
  fi
  echo '--- main.py'
  python main.py
} 2>&1 | tee ./submission/log.txt
if [ -f submission.csv ]; then
  cp submission.csv ./submission/submission.csv
fi
