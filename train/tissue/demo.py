"""The demonstration bundle models/demo: from a seed to its bytes, with one thread, from drawn slides alone."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from train.common.calibrate import apply_logistic, fit_logistic
from train.common.errors import TrainingError
from train.common.metrics import auc, log_loss
from train.tissue.export import export_bundle
from train.tissue.loop import tile_probabilities, train
from train.tissue.model import TileNet
from train.tissue.tiles import Drawn, TileSet, draw_tiles

#: The first slide of each set. No slide is in two sets while a set has no more slides than this.
FIRST_SEEN, FIRST_OF_CALIBRATION, FIRST_UNSEEN, MOST_SLIDES = 1_000, 500_000, 900_000, 100_000


@dataclass(frozen=True)
class DemoOptions:
    slides: int = 300
    calibration: int = 80
    unseen: int = 160
    training_tiles_per_slide: int = 18
    tiles_per_slide: int = 24
    epochs: int = 16
    seed: int = 20260


def _check(options: DemoOptions) -> None:
    for name in ("slides", "calibration", "unseen"):
        count = getattr(options, name)
        if not 2 <= count <= MOST_SLIDES:
            raise TrainingError("OPTION_INVALID", f"{name} is {count}; a set has 2 to {MOST_SLIDES} slides")
    for name in ("training_tiles_per_slide", "tiles_per_slide", "epochs"):
        if getattr(options, name) < 1:
            raise TrainingError("OPTION_INVALID", f"{name} is {getattr(options, name)}; 1 is the fewest")


def _slide_scores(model: TileNet, data: TileSet) -> np.ndarray:
    return data.slide_means(tile_probabilities(model, data))[:, 0]


def _auc_by_colour(seen: TileSet, unseen: TileSet) -> float:
    """AUC on the unseen slides of the best linear rule on a slide's mean colour."""

    def colours(data: TileSet) -> np.ndarray:
        means = np.concatenate([data.pixels[i : i + 64].mean((1, 2)) for i in range(0, len(data.pixels), 64)])
        return np.c_[data.slide_means(means), np.ones(len(data.relapse))]

    weights = np.linalg.lstsq(colours(seen), 2.0 * seen.relapse - 1, rcond=None)[0]
    return auc(colours(unseen) @ weights, unseen.relapse)


def _evaluate(model: TileNet, calibration: tuple[float, float], seen: TileSet, unseen: TileSet) -> dict[str, float]:
    of_tiles = tile_probabilities(model, unseen)
    of_slides = unseen.slide_means(of_tiles)[:, 0]
    return {
        "unseen_slides": len(unseen.relapse),
        "unseen_tiles": len(of_tiles),
        "slide_auc": auc(of_slides, unseen.relapse),
        "tile_auc": auc(of_tiles, unseen.relapse[unseen.slide]),
        "log_loss_of_mean": log_loss(of_slides, unseen.relapse),
        "log_loss_calibrated": log_loss(apply_logistic(of_slides, *calibration), unseen.relapse),
        "mean_colour_auc": _auc_by_colour(seen, unseen),
    }


def build_demo(bundle: Path, options: DemoOptions) -> dict[str, float]:
    """Writes the bundle and returns how good it is on slides that the training has not seen."""
    _check(options)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        # Tiles without cells teach little, so seven in ten have some.
        trained = Drawn(FIRST_SEEN, options.slides, options.training_tiles_per_slide, cells=0.7)
        seen = draw_tiles(folder / "seen", trained)
        model = train(seen, options.epochs, options.seed)
        others = Drawn(FIRST_OF_CALIBRATION, options.calibration, options.tiles_per_slide)
        calibrating = draw_tiles(folder / "calibration", others)
        # Tiles without cells say nothing, so a mean of tile probabilities is timid: the slope is far from 1.
        calibration = fit_logistic(_slide_scores(model, calibrating), calibrating.relapse, likely_slope=0.0)
        unseen = draw_tiles(folder / "unseen", Drawn(FIRST_UNSEEN, options.unseen, options.tiles_per_slide))
        found = _evaluate(model, calibration, seen, unseen)
    evaluation = (
        f"{found['unseen_slides']} generated slides not seen in training: AUC {found['slide_auc']:.3f}; "
        f"a linear rule on mean colour: {found['mean_colour_auc']:.3f}."
    )
    export_bundle(model, bundle, calibration, evaluation)
    return found
