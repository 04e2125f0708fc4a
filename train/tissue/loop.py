"""The training of the network on tiles. It takes two minutes on one core, so it has neither ranks nor checkpoints."""

import math

import numpy as np
import torch
from torch import nn

from train.common.errors import TrainingError
from train.tissue.model import TileNet, to_input
from train.tissue.tiles import TileSet

BATCH = 64
CROP_PX = 128
PEAK_RATE = 4e-3


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


def soft_labels(data: TileSet) -> torch.Tensor:
    """The generator tells how strong the signs are: weak signs make an uncertain label. 0.5 divides the classes."""
    chance = 1 / (1 + np.exp(-(data.grade - 0.5) / 0.08))
    return torch.from_numpy(chance[data.slide].astype(np.float32))


def train(data: TileSet, epochs: int, seed: int) -> TileNet:
    """Tiles that do not fill the last batch of an epoch are left out of it; the next epoch has another order."""
    batches = len(data.pixels) // BATCH
    if batches < 1:
        raise TrainingError("OPTION_INVALID", f"{len(data.pixels)} tiles to train on; a batch needs {BATCH}")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = TileNet()
    label = soft_labels(data)
    optimiser = torch.optim.AdamW(model.parameters(), PEAK_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, total_steps=epochs * batches, pct_start=0.2)
    loss_of = nn.BCEWithLogitsLoss()
    for epoch in range(epochs):
        order = rng.permutation(len(data.pixels))
        total = 0.0
        for i in range(0, batches * BATCH, BATCH):
            index = order[i : i + BATCH]
            logits = model(to_input(stained_crops(data, index, rng)))[:, 0]
            loss = loss_of(logits, label[index])
            value = loss.item()
            if not math.isfinite(value):
                raise TrainingError("NAN_LOSS", f"the loss is {value} at batch {i // BATCH + 1} of epoch {epoch + 1}")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += value
        print(f"epoch={epoch + 1} train_loss={total / batches:.6g}", flush=True)
    return model.eval()


def tile_probabilities(model: TileNet, data: TileSet) -> np.ndarray:
    out = []
    with torch.no_grad():
        for i in range(0, len(data.pixels), 64):
            tiles = torch.from_numpy(np.array(data.pixels[i : i + 64])).permute(0, 3, 1, 2).float() / 255
            out.append(torch.sigmoid(model(to_input(tiles))[:, 0]).numpy())
    return np.concatenate(out)
