"""Tiles written by dump-tiles.ts: pixels as one array, and the slide each tile comes from."""

import json
from pathlib import Path

import numpy as np


class TileSet:
    """`pixels` is uint8 [tiles, side, side, 3]; `slide` gives each tile's index into `relapse` and `grade`."""

    def __init__(self, folder: Path):
        meta = json.loads((folder / "tiles.json").read_text())
        side = meta["sizePx"]
        counts = [s["tiles"] for s in meta["slides"]]
        self.pixels = np.memmap(folder / "tiles.bin", np.uint8, "r").reshape(-1, side, side, 3)
        if len(self.pixels) != sum(counts):
            raise ValueError(f"{folder}: {len(self.pixels)} tiles in tiles.bin, {sum(counts)} in tiles.json")
        self.slide = np.repeat(np.arange(len(counts)), counts)
        self.grade = np.array([s["grade"] for s in meta["slides"]])
        self.relapse = np.array([s["relapse"] for s in meta["slides"]], bool)

    def slide_means(self, values: np.ndarray) -> np.ndarray:
        """Means over each slide's tiles; `values` has one row a tile."""
        flat = values.reshape(len(values), -1).astype(np.float64)
        sums = np.zeros((len(self.relapse), flat.shape[1]))
        np.add.at(sums, self.slide, flat)
        return sums / np.bincount(self.slide, minlength=len(self.relapse))[:, None]


def auc(score: np.ndarray, positive: np.ndarray) -> float:
    """Chance that a positive scores higher than a negative, ties counted half."""
    above = score[positive][:, None] - score[~positive][None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean())
