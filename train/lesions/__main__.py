"""python3 -m train.lesions generate | folds | train | export | quantize | demo. Each has --help."""

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from train.common.errors import TrainingError


def _add_options(parser: argparse.ArgumentParser, kind) -> None:
    """One flag for each field of a dataclass of options."""
    for field in fields(kind):
        flag = "--" + field.name.replace("_", "-")
        default = None if field.default is MISSING else field.default
        name = str(field.type)
        if name.startswith(("tuple", "<class 'tuple")) or "tuple[" in name:
            parser.add_argument(flag, nargs="*", default=default, type=float if "float" in name else str)
            continue
        value = Path if "Path" in name else field.type
        parser.add_argument(flag, required=field.default is MISSING, default=default, type=value)


def _options(kind, given: argparse.Namespace):
    values = {field.name: getattr(given, field.name) for field in fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def _generate(words: list[str]) -> None:
    from train.lesions.generated import GeneratedOptions, write_data

    parser = argparse.ArgumentParser(prog="train.lesions generate", description="Draws a data set in the form of ISIC 2024.")
    parser.add_argument("folder", type=Path)
    _add_options(parser, GeneratedOptions)
    given = parser.parse_args(words)
    print(" ".join(f"{name}={count}" for name, count in write_data(given.folder, _options(GeneratedOptions, given)).items()))


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
    _add_options(parser, TrainOptions)
    train(_options(TrainOptions, parser.parse_args(words)))


def _export(words: list[str]) -> None:
    from train.lesions.export import export_bundle

    parser = argparse.ArgumentParser(prog="train.lesions export", description="Writes the bundle of a run's best epoch.")
    parser.add_argument("run", type=Path, help="the folder that the training wrote")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--name", default="lesion")
    parser.add_argument("--licence", default="not stated")
    parser.add_argument("--training-data", default="")
    given = parser.parse_args(words)
    export_bundle(given.run, given.bundle, given.name, {"licence": given.licence, "trainingData": given.training_data})


def _quantize(words: list[str]) -> None:
    from train.lesions.quantize import QuantizeOptions, quantize_bundle

    parser = argparse.ArgumentParser(prog="train.lesions quantize", description="Writes the INT8 variant of a bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path)
    _add_options(parser, QuantizeOptions)
    given = parser.parse_args(words)
    for kind, found in quantize_bundle(given.bundle, given.out, _options(QuantizeOptions, given)).items():
        print(" ".join(f"{kind}_{name}={value:.6g}" for name, value in found.items()))


COMMANDS = {"generate": _generate, "folds": _folds, "train": _train, "export": _export, "quantize": _quantize}


def main(words: list[str]) -> int:
    if not words or words[0] not in COMMANDS:
        print(__doc__ if words[:1] in ([], ["--help"]) else f"{words[0]} is none of {', '.join(COMMANDS)}", file=sys.stderr)
        return 0 if words[:1] == ["--help"] else 2
    try:
        COMMANDS[words[0]](words[1:])
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
