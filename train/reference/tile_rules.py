"""Selection of tiles by their quality and by what an encoder says of them. Each rule is a pure function: which are kept."""

import numpy as np


def grey(tile: np.ndarray) -> np.ndarray:
    """ITU-R 601, rounded."""
    return np.floor(tile.astype(np.float64) @ [0.299, 0.587, 0.114] + 0.5)


def sharpness(tile: np.ndarray) -> float:
    """Variance of the Laplacian of the grey values; beyond the border the picture is mirrored without its edge pixel."""
    p = np.pad(grey(tile), 1, mode="reflect")
    return float((p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * p[1:-1, 1:-1]).var())


def measure(tile: np.ndarray, name: str) -> float:
    if name == "sharpness":
        return sharpness(tile)
    if name == "white":
        return float(np.all(tile > 220, axis=-1).mean())
    if name == "black":
        return float(np.all(tile < 25, axis=-1).mean())
    raise NotImplementedError(name)


def within(values: np.ndarray, low: float | None, high: float | None) -> np.ndarray:
    """Both ends count as inside."""
    kept = np.ones(len(values), dtype=bool)
    if low is not None:
        kept &= values >= low
    if high is not None:
        kept &= values <= high
    return kept


def threshold(values: np.ndarray, start: float, step: float, end: float, at_least: int) -> np.ndarray:
    """The values from `start` on; while these are fewer than `at_least`, the threshold is lowered by `step`, down to `end`."""
    steps = 0
    while True:
        level = max(start - steps * step, end)
        kept = values >= level
        if kept.sum() >= at_least or level <= end:
            return kept
        steps += 1


def highest(values: np.ndarray, count: int) -> np.ndarray:
    """Of equal values the earlier tile."""
    kept = np.zeros(len(values), dtype=bool)
    kept[np.argsort(-values, kind="stable")[:count]] = True
    return kept


def kept_by(rule: dict, pictures, values) -> np.ndarray:
    """`pictures()` and `values(by)` give the tiles that are left, and a number for each of them."""
    name = rule["rule"]
    if name == "quality":
        figures = np.array([measure(tile, rule["measure"]) for tile in pictures()])
        return within(figures, rule.get("min"), rule.get("max"))
    figures = values(rule["by"])
    if name == "filter":
        return within(figures, rule.get("min"), rule.get("max"))
    if name == "threshold":
        return threshold(figures, rule["start"], rule["step"], rule["end"], rule["atLeast"])
    if name == "highest":
        return highest(figures, rule["count"])
    raise NotImplementedError(name)
