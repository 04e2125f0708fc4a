"""Pixels of a slide: its levels through tifffile, whole levels reduced, tiles cut out."""

import numpy as np
import tifffile


class Slide:
    """Levels are the pages of the file, largest first, as uint8 RGB; each is read once."""

    def __init__(self, path: str):
        self.file = tifffile.TiffFile(path)
        self.pages = list(self.file.pages)
        self.read = {}

    def size(self, level: int) -> tuple[int, int]:
        page = self.pages[level]
        return page.imagewidth, page.imagelength

    def level(self, level: int) -> np.ndarray:
        if level not in self.read:
            pixels = self.pages[level].asarray()
            if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
                raise ValueError(f"level {level} is {pixels.dtype} {pixels.shape}, expected uint8 RGB")
            self.read[level] = pixels
        return self.read[level]

    def level0_per_px(self, level: int) -> tuple[float, float]:
        (width, height), (own_width, own_height) = self.size(0), self.size(level)
        return width / own_width, height / own_height


def area_weights(source: int, target: int) -> np.ndarray:
    """[target, source]: how much of each source pixel lies in each target pixel; rows sum to 1."""
    edges = np.arange(target + 1) * (source / target)
    first = np.maximum(edges[:-1, None], np.arange(source)[None])
    last = np.minimum(edges[1:, None], np.arange(1, source + 1)[None])
    return np.clip(last - first, 0, None) * (target / source)


def reduced_by_area(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Each pixel is the mean of the area it covers, rounded half up."""
    rows, columns = area_weights(pixels.shape[0], height), area_weights(pixels.shape[1], width)
    mean = np.einsum("hy,yxc->hxc", rows, pixels.astype(np.float64), optimize=True)
    mean = np.einsum("wx,hxc->hwc", columns, mean, optimize=True)
    # The sums are right to about 1e-12; a mean of exactly one half must not fall below it.
    return np.floor(mean + 0.5 + 1e-9).astype(np.uint8)


def triangle_weights(source: int, target: int) -> np.ndarray:
    """[target, source]: a triangle as wide as the reduction, at least two pixels, centred on each target pixel."""
    factor = source / target
    reach = max(factor, 1.0)
    centres = (np.arange(target) + 0.5) * factor
    distance = np.abs(np.arange(source)[None] + 0.5 - centres[:, None]) / reach
    weights = np.clip(1 - distance, 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


def resized(tile: np.ndarray, size: int) -> np.ndarray:
    """Antialiased bilinear, 8 bit, rounded half up. In single precision and rows first: sums in double precision round about one
    sample in 6,000 to the other side of a half."""
    if tile.shape[:2] == (size, size):
        return tile
    rows, columns = (triangle_weights(side, size).astype(np.float32) for side in tile.shape[:2])
    out = np.einsum("hy,yxc->hxc", rows, tile.astype(np.float32))
    out = np.einsum("wx,hxc->hwc", columns, out)
    return np.clip(np.floor(out + np.float32(0.5)), 0, 255).astype(np.uint8)


def cut(level: np.ndarray, x: int, y: int, side: int) -> np.ndarray:
    """A square of the level; what lies outside is white."""
    tile = np.full((side, side, 3), 255, dtype=np.uint8)
    part = level[y : y + side, x : x + side]
    tile[: part.shape[0], : part.shape[1]] = part
    return tile


def tensor(pictures: list, declared: dict) -> np.ndarray:
    """(sample * scale - mean) / std as float32 NCHW or NHWC."""
    values = np.stack(pictures).astype(np.float64)
    if declared.get("channels", "RGB") == "BGR":
        values = values[..., ::-1]
    values = values * declared.get("scale", 1 / 255)
    values = (values - declared.get("mean", [0, 0, 0])) / declared.get("std", [1, 1, 1])
    if declared.get("layout", "NCHW") == "NCHW":
        values = values.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(values, dtype=np.float32)


def picture_of(slide: Slide, declared: dict) -> np.ndarray:
    """A whole-slide picture. Only what the three bundles ask for: `stretch` from a level, and a budget of pixels."""
    if declared["mode"] == "fixed":
        if declared.get("fit", "contain") != "stretch" or "level" not in declared:
            raise NotImplementedError("a fixed picture other than stretched from a level")
        return reduced_by_area(slide.level(declared["level"]), declared["width"], declared["height"])
    if "multipleOf" in declared:
        raise NotImplementedError("multipleOf")
    for level in range(len(slide.pages)):
        width, height = slide.size(level)
        if width * height <= declared["maxPixels"]:
            return slide.level(level)
    raise NotImplementedError("a slide without a level within the budget of pixels")
