"""Pixels of made-up tissue, and what the makers of slides do with them."""

import io

import numpy as np
from PIL import Image


def tissue(width_px, height_px, seed):
    """RGB pixels: glass, three pieces of tissue with nuclei in them, and grain that no codec smooths away."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height_px, 0:width_px].astype(np.float32)
    pixels = np.full((height_px, width_px, 3), (243, 242, 244), np.float32)
    inside = np.zeros((height_px, width_px), bool)
    for _ in range(3):
        cx, cy = rng.uniform(0.2, 0.8, 2) * (width_px, height_px)
        rx, ry = rng.uniform(0.15, 0.3, 2) * (width_px, height_px)
        inside |= ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1
    waves = np.sin(x / 23) * np.cos(y / 31) * 18
    pixels[inside] = np.stack([205 + waves, 130 + waves, 185 + waves / 2], axis=-1)[inside]
    for _ in range(width_px * height_px // 1500):
        cx, cy, r = int(rng.uniform(0, width_px)), int(rng.uniform(0, height_px)), int(rng.uniform(3, 7))
        if inside[cy, cx]:
            pixels[max(0, cy - r) : cy + r, max(0, cx - r) : cx + r] = (95, 50, 135)
    pixels += rng.normal(0, 4, pixels.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


def half(pixels):
    """The mean of each 2 x 2 pixels; both sides must be even."""
    height, width, _ = pixels.shape
    blocks = pixels.reshape(height // 2, 2, width // 2, 2, 3).astype(np.uint16)
    return ((blocks.sum(axis=(1, 3)) + 2) // 4).astype(np.uint8)


def jpeg(pixels, **options):
    """The bytes of a JPEG; 4:2:0 and quality 85 where `options` say nothing else."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, 'JPEG', **{'quality': 85, 'subsampling': '4:2:0', **options})
    return out.getvalue()


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, 'PNG')
    return out.getvalue()
