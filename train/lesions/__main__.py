"""python3 -m train.lesions generate | folds | train | export | quantize | boost | demo. Each has --help."""

import argparse
import sys
from pathlib import Path

from train.common.command import add_options, options_of, run_command


def _generate(words: list[str]) -> None:
    from train.lesions.generated import GeneratedOptions, write_data

    parser = argparse.ArgumentParser(prog="train.lesions generate", description="Draws a data set in the form of ISIC 2024.")
    parser.add_argument("folder", type=Path)
    add_options(parser, GeneratedOptions)
    given = parser.parse_args(words)
    print(" ".join(f"{name}={count}" for name, count in write_data(given.folder, options_of(GeneratedOptions, given)).items()))


def _folds(words: list[str]) -> None:
    from train.lesions.folds import write_folds

    parser = argparse.ArgumentParser(prog="train.lesions folds", description="Divides the patients of a table into folds.")
    parser.add_argument("metadata", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    folds = write_folds(given.metadata, given.out, given.count, given.seed)
    print(f"folds={folds['count']} patients={len(folds['patients'])} digest={folds['digest']}")


def _train(words: list[str]) -> None:
    from train.lesions.loop import train
    from train.lesions.options import TrainOptions

    parser = argparse.ArgumentParser(prog="train.lesions train", description="Trains on all folds but one, or goes on.")
    add_options(parser, TrainOptions)
    train(options_of(TrainOptions, parser.parse_args(words)))


def _export(words: list[str]) -> None:
    from train.lesions.export import export_boosted, export_bundle

    parser = argparse.ArgumentParser(prog="train.lesions export", description="Writes the bundle of a run's best epoch.")
    parser.add_argument("run", type=Path, help="the folder that the training wrote")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--name", default="lesion")
    parser.add_argument("--licence", default="not stated")
    parser.add_argument("--training-data", default="")
    parser.add_argument("--boost", type=Path, help="a folder that boost wrote: its trees read the score of this run and the table")
    given = parser.parse_args(words)
    card = {"licence": given.licence, "trainingData": given.training_data}
    if given.boost is None:
        export_bundle(given.run, given.bundle, given.name, card)
    else:
        export_boosted(given.run, given.boost, given.bundle, given.name, card)


def _quantize(words: list[str]) -> None:
    from train.lesions.quantize import QuantizeOptions, quantize_bundle

    parser = argparse.ArgumentParser(prog="train.lesions quantize", description="Writes the INT8 variant of a bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path)
    add_options(parser, QuantizeOptions)
    given = parser.parse_args(words)
    for kind, found in quantize_bundle(given.bundle, given.out, options_of(QuantizeOptions, given)).items():
        print(" ".join(f"{kind}_{name}={value:.6g}" for name, value in found.items()))


def _boost(words: list[str]) -> None:
    from train.lesions.boost import BoostOptions, train_boost

    parser = argparse.ArgumentParser(prog="train.lesions boost", description="Trains boosted trees on the table and image scores.")
    add_options(parser, BoostOptions)
    found = train_boost(options_of(BoostOptions, parser.parse_args(words)))["validation"]
    print(" ".join(f"{name}={value:.6g}" for name, value in found.items()))


def _demo(words: list[str]) -> None:
    from train.lesions.demo import DemoOptions, build_demo

    parser = argparse.ArgumentParser(prog="train.lesions demo", description="Makes models/demo-lesion again.")
    parser.add_argument("bundle", type=Path)
    add_options(parser, DemoOptions)
    given = parser.parse_args(words)
    print(build_demo(given.bundle, options_of(DemoOptions, given)))


COMMANDS = {
    "generate": _generate,
    "folds": _folds,
    "train": _train,
    "export": _export,
    "quantize": _quantize,
    "boost": _boost,
    "demo": _demo,
}


def main(words: list[str]) -> int:
    return run_command(__doc__, COMMANDS, words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
