"""The training of a head. It takes minutes on one core, so it has neither ranks nor checkpoints."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from train.common.calibrate import fit_logistic
from train.common.errors import TrainingError
from train.common.files import write_json
from train.common.metrics import all_metrics
from train.lesions import checkpoint
from train.lesions.card import versions
from train.slides.data import SlideData, open_slides
from train.slides.heads import SlideHead

POOLINGS = ("attention", "mean")


@dataclass
class SlideOptions:
    features: Path
    metadata: Path
    folds: Path
    out: Path
    fold: int = 0
    pooling: str = "attention"
    clinical: tuple[str, ...] = ()
    test_metadata: Path | None = None
    name: str = "filename"
    patient: str = "patient_id"
    label: str = "relapse"
    hidden: int = 32
    dropout: float = 0.1
    epochs: int = 40
    batch: int = 8
    rate: float = 2e-3
    weight_decay: float = 1e-4
    seed: int = 1
    threads: int = 0

    def names(self) -> tuple[str, str, str]:
        return self.name, self.patient, self.label


def _of(data: SlideData, row: int):
    return data.features[row], data.clinical[row : row + 1]


def predict(head: SlideHead, data: SlideData, rows) -> np.ndarray:
    head.eval()
    with torch.no_grad():
        return np.array([float(torch.sigmoid(head(*_of(data, row))[0].double())) for row in rows])


def _train_epoch(head: SlideHead, data: SlideData, rows: np.ndarray, optimiser, options: SlideOptions, epoch: int) -> float:
    """Slides have different numbers of tiles, so a batch is a sum of gradients."""
    head.train()
    torch.manual_seed(options.seed * 1_000_003 + epoch)
    order = np.random.default_rng([options.seed, epoch]).permutation(rows)
    loss_of, total = nn.BCEWithLogitsLoss(), 0.0
    for first in range(0, len(order), options.batch):
        part = order[first : first + options.batch]
        optimiser.zero_grad()
        for row in part:
            loss = loss_of(head(*_of(data, row))[0], torch.full((1, 1), float(data.labels[row])))
            if not math.isfinite(float(loss)):
                raise TrainingError("NAN_LOSS", f"the loss is {float(loss)} at the slide {data.names[row]} (epoch {epoch + 1})")
            (loss / len(part)).backward()
            total += float(loss)
        optimiser.step()
    return total / len(order)


def train_head(options: SlideOptions) -> dict:
    """Writes head.pt and head.json; returns the latter. The epoch with the lowest log loss on the fold that is left out is kept."""
    if options.pooling not in POOLINGS:
        raise TrainingError("OPTION_INVALID", f"pooling is {options.pooling}; it is one of {', '.join(POOLINGS)}")
    if options.threads > 0:
        torch.set_num_threads(options.threads)
    torch.use_deterministic_algorithms(True)
    data = open_slides(options)
    outside, inside = np.flatnonzero(data.fold_of_row != options.fold), np.flatnonzero(data.fold_of_row == options.fold)
    torch.manual_seed(options.seed)
    head = SlideHead(options.pooling, data.features[0].shape[1], data.clinical.shape[1], options.hidden, options.dropout)
    head.standardise([data.features[row] for row in outside])
    optimiser = torch.optim.Adam(head.parameters(), options.rate, weight_decay=options.weight_decay)
    best, kept, scores, history = None, None, None, []
    for epoch in range(options.epochs):
        loss = _train_epoch(head, data, outside, optimiser, options, epoch)
        found = predict(head, data, inside)
        history.append({"epoch": epoch + 1, "train_loss": loss, **all_metrics(found, data.labels[inside])})
        print(" ".join(f"{name}={value:.6g}" for name, value in history[-1].items()), flush=True)
        if best is None or history[-1]["log_loss"] < best["log_loss"]:
            best, scores = history[-1], found
            kept = {name: value.clone() for name, value in head.state_dict().items()}
    card = {
        "formatVersion": 1,
        "versions": versions(),
        "foldsDigest": data.folds_digest,
        "slides": {"training": len(outside), "validation": len(inside)},
        "columns": data.features[0].shape[1],
        "clinical": data.described,
        "clinicalColumns": data.clinical.shape[1],
        "calibration": fit_logistic(scores, data.labels[inside] == 1),
        "positiveShare": round(float(data.labels[outside].mean()), 4),
        "options": {key: str(value) if isinstance(value, Path) else value for key, value in asdict(options).items()},
        "best": best,
        "history": history,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint.save(options.out / "head.pt", kept)
    write_json(options.out / "head.json", card)
    return json.loads((options.out / "head.json").read_text())


def load_head(folder: Path) -> tuple[SlideHead, dict]:
    card = json.loads((Path(folder) / "head.json").read_text())
    options = card["options"]
    head = SlideHead(options["pooling"], card["columns"], card["clinicalColumns"], options["hidden"], options["dropout"])
    head.load_state_dict(checkpoint.load(Path(folder) / "head.pt"))
    return head.eval(), card
