"""Changes of a picture that leave its label as it is. They depend on seed, epoch and row alone, so a resumed run makes the same."""

import numpy as np


def augmented(pixels: np.ndarray, seed: int, epoch: int, row: int) -> np.ndarray:
    """8-bit RGB to float32 from 0 to 1: turned, mirrored, shifted, lighter or darker, warmer or colder."""
    rng = np.random.default_rng([seed, 3, epoch, row])
    picture = np.rot90(pixels, int(rng.integers(4)))
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    size = picture.shape[0]
    margin = size // 12
    dy, dx = rng.integers(0, 2 * margin + 1, 2)
    padded = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="edge")
    picture = padded[dy : dy + size, dx : dx + size].astype(np.float32) / 255
    contrast, brightness = rng.uniform(0.85, 1.15), rng.uniform(-0.05, 0.05)
    gains = rng.uniform(0.95, 1.05, 3)
    changed = (picture - 0.5) * (contrast * gains) + 0.5 + brightness
    return np.clip(changed, 0, 1).astype(np.float32)


def plain(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / 255
