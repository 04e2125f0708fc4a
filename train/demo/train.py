"""Trains the demonstration model on dumped tiles and writes the bundle.

    python3 train.py <data folder with train/, calibration/ and test/> <bundle folder>

One thread and fixed seeds: the same machine and library versions give the same bytes.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bundle import write_bundle
from calibrate import apply_logistic, fit_logistic
from model import TileNet, parameters_of
from tiles import TileSet, auc

SEED = 20260
EPOCHS = 16
BATCH = 64
CROP_PX = 128
PEAK_RATE = 4e-3
MEAN = (0.80, 0.62, 0.78)
STD = (0.16, 0.22, 0.14)


def stained_crops(data: TileSet, index: np.ndarray, rng: np.random.Generator) -> torch.Tensor:
    """Random squares of the tiles, NCHW, 0 to 1, each in another stain: every channel's optical density scaled."""
    out = np.empty((len(index), 3, CROP_PX, CROP_PX), np.float32)
    side = data.pixels.shape[1]
    level = np.arange(256) / 255
    strength = rng.uniform(0.75, 1.3, (len(index), 1)) * rng.uniform(0.85, 1.18, (len(index), 3))
    white = rng.uniform(0.95, 1.03, len(index))
    for row, i in enumerate(index):
        y, x = rng.integers(0, side - CROP_PX + 1, 2)
        crop = data.pixels[i, y : y + CROP_PX, x : x + CROP_PX]
        for c in range(3):
            table = np.minimum(1, level ** strength[row, c] * white[row]).astype(np.float32)
            out[row, c] = table[crop[..., c]]
    tiles = torch.from_numpy(out)
    if rng.random() < 0.5:
        tiles = tiles.flip(3)
    return torch.rot90(tiles, int(rng.integers(4)), (2, 3))


def to_input(tiles: torch.Tensor) -> torch.Tensor:
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    return (tiles - mean) / std


def soft_labels(data: TileSet) -> torch.Tensor:
    """The generator tells how strong the signs are: weak signs make an uncertain label. 0.5 divides the classes."""
    chance = 1 / (1 + np.exp(-(data.grade - 0.5) / 0.08))
    return torch.from_numpy(chance[data.slide].astype(np.float32))


def train(data: TileSet) -> TileNet:
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    model = TileNet()
    label = soft_labels(data)
    steps = EPOCHS * (len(data.pixels) // BATCH)
    optimiser = torch.optim.AdamW(model.parameters(), PEAK_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=steps, pct_start=0.2)
    loss_of = nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        order = rng.permutation(len(data.pixels))
        total = 0.0
        for i in range(0, len(order) - BATCH + 1, BATCH):
            index = order[i : i + BATCH]
            logits = model(to_input(stained_crops(data, index, rng)))[:, 0]
            loss = loss_of(logits, label[index])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1}/{EPOCHS}  loss {total / (len(order) // BATCH):.4f}", flush=True)
    return model.eval()


def tile_probabilities(model: TileNet, data: TileSet) -> np.ndarray:
    out = []
    with torch.no_grad():
        for i in range(0, len(data.pixels), 64):
            tiles = torch.from_numpy(np.array(data.pixels[i : i + 64])).permute(0, 3, 1, 2).float() / 255
            out.append(torch.sigmoid(model(to_input(tiles))[:, 0]).numpy())
    return np.concatenate(out)


def colour_classifier(train_set: TileSet, test_set: TileSet) -> float:
    """AUC on the test slides of the best linear rule on a slide's mean colour."""

    def colours(data: TileSet) -> np.ndarray:
        means = np.concatenate([data.pixels[i : i + 64].mean((1, 2)) for i in range(0, len(data.pixels), 64)])
        return np.c_[data.slide_means(means), np.ones(len(data.relapse))]

    weights = np.linalg.lstsq(colours(train_set), 2.0 * train_set.relapse - 1, rcond=None)[0]
    return auc(colours(test_set) @ weights, test_set.relapse)


def log_loss(score: np.ndarray, positive: np.ndarray) -> float:
    clipped = np.clip(score, 1e-6, 1 - 1e-6)
    return float(-np.where(positive, np.log(clipped), np.log(1 - clipped)).mean())


def slide_scores(model: TileNet, data: TileSet) -> np.ndarray:
    return data.slide_means(tile_probabilities(model, data))[:, 0]


def evaluate(model: TileNet, calibration: tuple, train_set: TileSet, test_set: TileSet) -> dict:
    probability = tile_probabilities(model, test_set)
    mean = test_set.slide_means(probability)[:, 0]
    y = test_set.relapse
    return {
        "slides": len(y),
        "tiles": len(probability),
        "slideAuc": round(auc(mean, y), 4),
        "tileAuc": round(auc(probability, y[test_set.slide]), 4),
        "logLossOfMean": round(log_loss(mean, y), 4),
        "logLossCalibrated": round(log_loss(apply_logistic(mean, *calibration), y), 4),
        "meanColourAuc": round(colour_classifier(train_set, test_set), 4),
    }


def main() -> None:
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    data, bundle = Path(sys.argv[1]), Path(sys.argv[2])
    train_set, calibration_set, test_set = (TileSet(data / name) for name in ("train", "calibration", "test"))
    model = train(train_set)
    calibration = fit_logistic(slide_scores(model, calibration_set), calibration_set.relapse)
    figures = evaluate(model, calibration, train_set, test_set)
    print(f"{parameters_of(model)} parameters")
    print(json.dumps(figures, indent=1))
    write_bundle(model, bundle, (MEAN, STD), calibration, figures)


if __name__ == "__main__":
    main()
