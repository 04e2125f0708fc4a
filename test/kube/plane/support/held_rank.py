"""Python of a training image that holds rank 1 once: held_rank.py -m train.lesions train …

After the first whole epoch rank 1 writes the file HELD_FILE and waits until somebody ends it. What comes after it finds that file and
goes on. So a test can end a rank at a time that no clock decides.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, os.getcwd())

from train.lesions import __main__ as command  # noqa: E402
from train.lesions import loop  # noqa: E402

held = Path(os.environ["HELD_FILE"])
words = sys.argv[sys.argv.index("train.lesions") + 1 :]
checkpoint = Path(words[words.index("--out") + 1]) / "last.pt"
whole = loop.train


def hold(_, __):
    if os.environ["RANK"] != "1" or not checkpoint.exists() or held.exists():
        return
    held.touch()
    while True:
        time.sleep(1)


loop.train = lambda options: whole(options, hold)
sys.exit(command.main(words))
