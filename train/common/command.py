"""Command lines: one flag for each field of a dataclass of options; errors as one line."""

import argparse
import sys
from dataclasses import MISSING, fields
from pathlib import Path

from train.common.errors import TrainingError


def add_options(parser: argparse.ArgumentParser, kind) -> None:
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


def options_of(kind, given: argparse.Namespace):
    values = {field.name: getattr(given, field.name) for field in fields(kind)}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


def run_command(page: str, commands: dict, words: list[str]) -> int:
    """The exit code: 0, 1 for an error of the training, 2 for words that are no command."""
    if not words or words[0] not in commands:
        print(page if words[:1] in ([], ["--help"]) else f"{words[0]} is none of {', '.join(commands)}", file=sys.stderr)
        return 0 if words[:1] == ["--help"] else 2
    try:
        commands[words[0]](words[1:])
    except TrainingError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
