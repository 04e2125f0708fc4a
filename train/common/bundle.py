"""Writes the folder of a bundle: graphs, and the microtome.json that names them with their hashes."""

from pathlib import Path

from train.common.files import sha256_of, write_json, write_whole


def write_bundle(folder: Path, name: str, description: str, parts: dict, graphs: dict[str, bytes], card: dict) -> None:
    for file, data in graphs.items():
        write_whole(folder / file, data)
    whole = {
        "formatVersion": 1,
        "name": name,
        "version": "1.0.0",
        "description": description,
        **parts,
        "files": {file: sha256_of(data) for file, data in graphs.items()},
        "card": {"clinicalUse": False, **{key: value for key, value in card.items() if value}},
    }
    # Last, so that a folder with a description has its graphs.
    write_json(folder / "microtome.json", whole)
