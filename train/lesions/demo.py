"""The demonstration bundle models/demo-lesion: from a seed to its bytes, with one thread, from drawn lesions alone."""

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from train.common.calibrate import apply_logistic
from train.common.metrics import all_metrics
from train.lesions.columns import read_labels
from train.lesions.crops import CropFile
from train.lesions.export import export_bundle, in_words, torch_probabilities
from train.lesions.folds import write_folds
from train.lesions.generated import GeneratedOptions, write_data
from train.lesions.loop import train
from train.lesions.options import TrainOptions

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class DemoOptions:
    lesions: int = 4000
    unseen: int = 1000
    epochs: int = 20
    size_px: int = 64
    seed: int = 2024


def unseen_data(folder: Path, count: int, seed: int) -> Path:
    """Lesions of other patients than those of the training."""
    return _data(folder, GeneratedOptions(lesions=count, seed=seed + 1, positive_share=0.1, first_id=5_000_000))


def _data(folder: Path, options: GeneratedOptions) -> Path:
    write_data(folder, options)
    script = ROOT / "train" / "lesions" / "export-index.mjs"
    words = ["node", str(script), str(folder / "images.hdf5"), str(folder / "index.json")]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    return folder


def _evaluate(run: Path, bundle: Path, data: Path) -> str:
    names, _, labels = read_labels(data / "train-metadata.csv")
    calibration = json.loads((bundle / "microtome.json").read_text())["outputs"][0]["calibration"]
    raw = torch_probabilities(run, CropFile(data / "images.hdf5", data / "index.json"), names)
    found = all_metrics(apply_logistic(raw, calibration["slope"], calibration["intercept"]), labels)
    return f"{len(names)} drawn lesions of patients not seen in training: {in_words(found)}."


def build_demo(bundle: Path, options: DemoOptions) -> str:
    """Writes the bundle and returns its evaluation."""
    with tempfile.TemporaryDirectory() as scratch:
        seen = _data(Path(scratch) / "seen", GeneratedOptions(options.lesions, options.seed, positive_share=0.1))
        unseen = unseen_data(Path(scratch) / "unseen", options.unseen, options.seed)
        write_folds(seen / "train-metadata.csv", seen / "folds.json", 5, options.seed)
        run = Path(scratch) / "run"
        train(
            TrainOptions(
                images=seen / "images.hdf5",
                index=seen / "index.json",
                metadata=seen / "train-metadata.csv",
                folds=seen / "folds.json",
                out=run,
                backbone="small",
                size_px=options.size_px,
                epochs=options.epochs,
                batch=32,
                rate=4e-3,
                negatives_per_positive=3,
                best_by="auc",
                seed=options.seed,
                device="cpu",
                threads=1,
            )
        )
        card = {
            "licence": "Apache-2.0",
            "intendedUse": "demonstration only, not for clinical use",
            "trainingData": f"{options.lesions} lesions drawn by train/lesions/drawing.py; no patient's image was used.",
            "limitations": "Made from drawn pictures. Says nothing about real lesions.",
        }
        text = "Tells two classes of drawn skin lesions apart by their border, their colours and their dots."
        # Twice: the evaluation needs the calibration, which the first one finds.
        export_bundle(run, bundle, "demo-lesion", card, text)
        card["evaluation"] = _evaluate(run, bundle, unseen)
        export_bundle(run, bundle, "demo-lesion", card, text)
    return card["evaluation"]
