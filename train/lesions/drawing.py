"""Drawn lesions: seeded pictures that look a little like crops of skin. They show no patient and teach nothing about one."""

import numpy as np


def smooth_noise(rng: np.random.Generator, size: int, cells: int) -> np.ndarray:
    """Values about 0, of deviation about 1, that change over size / cells pixels; interpolated by cosines."""
    grid = rng.standard_normal((cells + 2, cells + 2))
    at = np.linspace(0, cells, size, endpoint=False) + rng.random() * 0.999
    whole = at.astype(int)
    part = (1 - np.cos((at - whole) * np.pi)) / 2
    rows = grid[whole] * (1 - part)[:, None] + grid[whole + 1] * part[:, None]
    return rows[:, whole] * (1 - part) + rows[:, whole + 1] * part


def skin_tone(rng: np.random.Generator) -> np.ndarray:
    """Of one patient: all lesions of a patient lie on the same skin."""
    light, dark = np.array([232.0, 196.0, 178.0]), np.array([150.0, 104.0, 82.0])
    return light + (dark - light) * rng.random() ** 1.5 + rng.normal(0, 4, 3)


def outline(rng: np.random.Generator, size: int, signs: float, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """How deep each pixel lies in the lesion (1 inside, 0 outside, soft between), and its distance from the middle."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    cy, cx = rng.normal(0, 0.04 * size, 2)
    turn, stretch = rng.random() * np.pi, 1 + 0.35 * rng.random()
    u = (np.cos(turn) * (x - cx) + np.sin(turn) * (y - cy)) / stretch
    v = (-np.sin(turn) * (x - cx) + np.cos(turn) * (y - cy)) * stretch
    angle, distance = np.arctan2(v, u), np.hypot(u, v)
    edge = np.ones_like(angle)
    for wave in range(2, 9):
        strength = (0.015 + 0.075 * signs) * rng.normal() / np.sqrt(wave - 1)
        edge += strength * np.cos(wave * angle + rng.random() * 2 * np.pi)
    relative = distance / (radius * np.maximum(edge, 0.3))
    return 1 / (1 + np.exp((relative - 1) * 14)), relative


def dots(rng: np.random.Generator, picture: np.ndarray, depth: np.ndarray, signs: float) -> None:
    """Blue-black dots and pale spots within the lesion: many with strong signs, few without."""
    inside = np.argwhere(depth > 0.6)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    for _ in range(rng.poisson(1 + 12 * signs)):
        cy, cx = inside[int(rng.integers(len(inside)))]
        spot = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * rng.uniform(0.8, 1.8) ** 2))[..., None]
        colour = np.array([38.0, 34.0, 52.0]) if rng.random() < 0.7 else np.array([205.0, 180.0, 178.0])
        picture += 0.85 * spot * (colour - picture)


def hairs(rng: np.random.Generator, picture: np.ndarray) -> None:
    size = picture.shape[0]
    for _ in range(rng.poisson(1.2)):
        start, direction = rng.random(2) * size, rng.random() * 2 * np.pi
        bend, length = rng.normal(0, 0.6), size * rng.uniform(0.4, 1)
        at = np.arange(0, length, 0.5)
        way = direction + bend * at / length
        y = np.clip(start[0] + np.cumsum(np.sin(way)) * 0.5, 0, size - 1).astype(int)
        x = np.clip(start[1] + np.cumsum(np.cos(way)) * 0.5, 0, size - 1).astype(int)
        picture[y, x] *= 0.55


def draw_lesion(rng: np.random.Generator, size: int, signs: float, skin: np.ndarray, radius_share: float) -> np.ndarray:
    """RGB, 8 bits. `signs`, from 0 to 1, is how uneven border, colour and halves are, and how many dots there are."""
    depth, relative = outline(rng, size, signs, radius_share * size)
    picture = skin + 5 * smooth_noise(rng, size, 5)[..., None] + rng.normal(0, 3, (size, size, 1))
    brown = np.array([118.0, 74.0, 54.0]) + rng.normal(0, 11) + rng.normal(0, 4, 3)
    pigment = smooth_noise(rng, size, 4)
    lean = rng.random() * 2 * np.pi
    y, x = (np.mgrid[:size, :size] - size / 2) / size
    uneven = (6 + 30 * signs) * (0.7 * pigment + 1.6 * (np.cos(lean) * x + np.sin(lean) * y))
    lesion = brown + uneven[..., None] * np.array([1.0, 0.9, 0.8])
    blue = np.clip(smooth_noise(rng, size, 3) - 0.6, 0, 1.2) * np.clip(1.2 - relative, 0, 1)
    lesion += (signs * blue)[..., None] * np.array([-25.0, 10.0, 55.0])
    picture = picture * (1 - depth[..., None]) + lesion * depth[..., None]
    dots(rng, picture, depth, signs)
    hairs(rng, picture)
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)
