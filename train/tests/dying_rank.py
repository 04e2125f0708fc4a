"""A rank that is killed at one step: dying_rank.py STEP, then the words of `train.lesions train`. For test_ranks."""

import os
import signal
import sys

from train.lesions import __main__ as command
from train.lesions import loop

step = int(sys.argv[1])
whole = loop.train


def die(at, _):
    if at == step and os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)


loop.train = lambda options: whole(options, die)
sys.exit(command.main(sys.argv[2:]))
