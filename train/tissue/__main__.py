"""python3 -m train.tissue demo. It has --help."""

import argparse
import sys
from pathlib import Path

from train.common.command import add_options, options_of, run_command


def _demo(words: list[str]) -> None:
    from train.tissue.demo import DemoOptions, build_demo

    parser = argparse.ArgumentParser(prog="train.tissue demo", description="Makes models/demo again.")
    parser.add_argument("bundle", type=Path)
    add_options(parser, DemoOptions)
    given = parser.parse_args(words)
    found = build_demo(given.bundle, options_of(DemoOptions, given))
    print(" ".join(f"{name}={value:.6g}" for name, value in found.items()))


COMMANDS = {"demo": _demo}

if __name__ == "__main__":
    sys.exit(run_command(__doc__, COMMANDS, sys.argv[1:]))
