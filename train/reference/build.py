"""build.py FOLDER [--full] [--seed N] [--far-level N] [--near-level N] [--image-level N] [--mpp N] [--max-pixels N]

Writes FOLDER/first, FOLDER/second and FOLDER/third: bundles in the topology of the three places of the VisioMel challenge, with seeded
weights. Without --full they are narrow."""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import first
import second
import third


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true")
    for name, kind in (("seed", int), ("far-level", int), ("near-level", int), ("image-level", int)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--mpp", type=float)
    parser.add_argument("--max-pixels", type=int)
    parser.add_argument("--only", choices=("first", "second", "third"))
    return parser.parse_args()


def with_options(options, given: dict):
    """Those of `given` that are there and that `options` has."""
    own = {name: value for name, value in given.items() if value is not None and hasattr(options, name)}
    return replace(options, **own)


def main() -> None:
    args = parsed()
    makers = {
        "first": (first.build_first, first.FULL if args.full else first.First()),
        "second": (second.build_second, second.FULL if args.full else second.Second()),
        "third": (third.build_third, third.FULL if args.full else third.Third()),
    }
    for name, (make, options) in makers.items():
        if args.only not in (None, name):
            continue
        started = time.monotonic()
        folder = args.folder / name
        make(folder, with_options(options, vars(args)))
        size = sum(file.stat().st_size for file in folder.iterdir())
        seconds = round(time.monotonic() - started, 1)
        print(json.dumps({"bundle": name, "folder": str(folder), "bytes": size, "seconds": seconds}))


if __name__ == "__main__":
    main()
