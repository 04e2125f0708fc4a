"""python3 -m train.slides generate | folds | train | export. Each has --help."""

import argparse
import sys
from pathlib import Path

from train.common.command import add_options, options_of, run_command


def _generate(words: list[str]) -> None:
    from train.slides.generated import GeneratedSlides, write_encoder, write_slides

    parser = argparse.ArgumentParser(prog="train.slides generate", description="Draws slides, and an encoder that was not trained.")
    parser.add_argument("folder", type=Path)
    add_options(parser, GeneratedSlides)
    given = parser.parse_args(words)
    write_slides(given.folder, options_of(GeneratedSlides, given))
    write_encoder(given.folder / "encoder", given.seed)


def _folds(words: list[str]) -> None:
    from train.lesions.folds import write_folds

    parser = argparse.ArgumentParser(prog="train.slides folds", description="Divides the patients of a table into folds.")
    parser.add_argument("metadata", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--columns", nargs=3, default=["filename", "patient_id", "relapse"], help="of name, patient and label")
    given = parser.parse_args(words)
    folds = write_folds(given.metadata, given.out, given.count, given.seed, tuple(given.columns))
    print(f"folds={folds['count']} patients={len(folds['patients'])} digest={folds['digest']}")


def _train(words: list[str]) -> None:
    from train.slides.loop import SlideOptions, train_head

    parser = argparse.ArgumentParser(prog="train.slides train", description="Trains a head on features that microtome embed wrote.")
    add_options(parser, SlideOptions)
    train_head(options_of(SlideOptions, parser.parse_args(words)))


def _export(words: list[str]) -> None:
    from train.slides.export import export_head

    parser = argparse.ArgumentParser(prog="train.slides export", description="Writes a bundle of an encoder's bundle and a head.")
    parser.add_argument("run", type=Path, help="the folder that the training wrote")
    parser.add_argument("encoder", type=Path, help="the bundle that gave the features")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--name", default="slide-head")
    parser.add_argument("--licence", default="not stated")
    parser.add_argument("--training-data", default="")
    given = parser.parse_args(words)
    card = {"licence": given.licence, "trainingData": given.training_data}
    export_head(given.run, given.encoder, given.bundle, given.name, card)


COMMANDS = {"generate": _generate, "folds": _folds, "train": _train, "export": _export}

if __name__ == "__main__":
    sys.exit(run_command(__doc__, COMMANDS, sys.argv[1:]))
