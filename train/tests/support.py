"""Generated data that the tests share, made once for each process; programs that the tests start."""

import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path

from train.lesions.folds import write_folds
from train.lesions.generated import GeneratedOptions, write_data
from train.lesions.options import TrainOptions

ROOT = Path(__file__).resolve().parents[2]


@functools.lru_cache(maxsize=None)
def scratch() -> Path:
    holder = tempfile.TemporaryDirectory(prefix="microtome-train-")
    # Kept until Python ends.
    scratch.holder = holder
    return Path(holder.name)


def write_index(images: Path, out: Path) -> None:
    script = ROOT / "train" / "lesions" / "export-index.mjs"
    subprocess.run(["node", str(script), str(images), str(out)], check=True, capture_output=True, cwd=ROOT)


@functools.lru_cache(maxsize=None)
def lesions(count: int, seed: int, first_id: int = 0, positive_share: float = 0.25) -> Path:
    """A folder with images, their index, tables and four folds."""
    folder = scratch() / f"lesions-{count}-{seed}"
    write_data(folder, GeneratedOptions(lesions=count, seed=seed, first_id=first_id, positive_share=positive_share))
    write_index(folder / "images.hdf5", folder / "index.json")
    write_folds(folder / "train-metadata.csv", folder / "folds.json", 4, seed)
    return folder


def options_of(data: Path, out: Path, **others) -> TrainOptions:
    chosen = {"backbone": "small", "size_px": 48, "batch": 32, "rate": 4e-3, "epochs": 2, "threads": 1, "device": "cpu"}
    return TrainOptions(
        images=data / "images.hdf5",
        index=data / "index.json",
        metadata=data / "train-metadata.csv",
        folds=data / "folds.json",
        out=out,
        **{**chosen, "best_by": "log_loss", **others},
    )


def flags_of(options: TrainOptions) -> list[str]:
    names = ("images", "index", "metadata", "folds", "out", "backbone", "size_px", "batch", "rate", "epochs", "threads")
    flags = []
    for name in (*names, "device", "best_by"):
        flags += ["--" + name.replace("_", "-"), str(getattr(options, name))]
    return flags


def clean_environment() -> dict[str, str]:
    """Without what another launcher may have set."""
    ranks = ("MASTER_ADDR", "MASTER_PORT", "WORLD_SIZE", "RANK", "LOCAL_RANK")
    kept = {name: value for name, value in os.environ.items() if name not in ranks and not name.startswith("PET_")}
    return {**kept, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


def table_scores(bundle: Path, data: Path) -> dict[str, float]:
    """By name: what the engine makes of the images of `data` and of its table, whose numbers it makes itself."""
    words = ["node", str(ROOT / "train" / "tests" / "score-table.mjs"), str(bundle), str(data)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if ended.returncode != 0:
        raise AssertionError(ended.stderr)
    return json.loads(ended.stdout)
