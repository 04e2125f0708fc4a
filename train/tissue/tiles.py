"""Tiles of drawn slides: pixels as one array, and the slide that each tile comes from."""

import functools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
TILE_PX = 224


@dataclass(frozen=True)
class Drawn:
    """Which slides are drawn. Slide number N is drawn from the seed N; every second slide is of the class `relapse`."""

    first_slide: int
    slides: int
    tiles_per_slide: int
    #: The share of tiles that is taken from places with epithelial or tumour cells; the others are taken from anywhere.
    cells: float = 0.0


class TileSet:
    """`pixels` is uint8 [tiles, side, side, 3]; `slide` gives each tile's index into `relapse` and `grade`."""

    def __init__(self, folder: Path):
        meta = json.loads((folder / "tiles.json").read_text())
        side = meta["sizePx"]
        counts = [s["tiles"] for s in meta["slides"]]
        if side != TILE_PX or min(counts) == 0:
            raise ValueError(f"{folder}: tiles of {side} pixels, the fewest of a slide are {min(counts)}")
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


@functools.lru_cache(maxsize=None)
def _compiled_dump() -> Path:
    """The program that draws: the demonstration's own generator, which is TypeScript."""
    subprocess.run(["node", str(ROOT / "train" / "tissue" / "compile-generator.mjs")], check=True, cwd=ROOT)
    return ROOT / "build" / "demo" / "train" / "tissue" / "dump-tiles.js"


def draw_tiles(folder: Path, drawn: Drawn) -> TileSet:
    words = ["--slides", drawn.slides, "--tiles", drawn.tiles_per_slide, "--seed", drawn.first_slide, "--cells", drawn.cells]
    subprocess.run(["node", str(_compiled_dump()), str(folder), *map(str, words)], check=True, cwd=ROOT)
    return TileSet(folder)
