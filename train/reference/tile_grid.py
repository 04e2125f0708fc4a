"""Where the tiles of an input are, and which lie on tissue. The tissue mask is given."""

import math
from dataclasses import dataclass

import numpy as np
from slide_pixels import Slide, cut, resized


@dataclass(frozen=True)
class Mask:
    """`data` [height, width]: True is tissue. It covers the whole slide."""

    data: np.ndarray
    level0_per_px_x: float
    level0_per_px_y: float

    def share(self, x: float, y: float, width: float, height: float) -> float:
        """Share of a rectangle, in level-0 pixels, that is tissue; outside the mask there is none."""
        columns = overlap(self.data.shape[1], x / self.level0_per_px_x, (x + width) / self.level0_per_px_x)
        rows = overlap(self.data.shape[0], y / self.level0_per_px_y, (y + height) / self.level0_per_px_y)
        area = width / self.level0_per_px_x * (height / self.level0_per_px_y)
        touched = self.data[np.ix_(rows > 0, columns > 0)].astype(np.float64)
        return float(rows[rows > 0] @ touched @ columns[columns > 0] / area)


def overlap(count: int, first: float, last: float) -> np.ndarray:
    """How much of each of `count` unit cells lies between `first` and `last`."""
    cells = np.arange(count)
    return np.clip(np.minimum(cells + 1, last) - np.maximum(cells, first), 0, None)


@dataclass(frozen=True)
class Reading:
    """`scale`: pixels of the level for each pixel of the model."""

    level: int
    scale: float


def reading_of(slide: Slide, declared: dict, slide_mpp: float | None) -> Reading:
    """By level as it is; by mpp the coarsest level that is finer than the target, or within 0.5 % of it."""
    if "level" in declared:
        return Reading(declared["level"], 1.0)
    if slide_mpp is None:
        raise ValueError("the microns per pixel of the slide are not known")
    target = declared["mpp"]
    mpps = [slide_mpp * sum(slide.level0_per_px(level)) / 2 for level in range(len(slide.pages))]
    levels = [level for level, mpp in enumerate(mpps) if mpp <= target * 1.005]
    if not levels:
        raise NotImplementedError("a slide that is coarser than the model asks for")
    level = levels[-1]
    scale = target / mpps[level]
    return Reading(level, 1.0 if abs(scale - 1) <= 0.005 else scale)


def half_up(value: float) -> int:
    return math.floor(value + 0.5)


@dataclass(frozen=True)
class Grid:
    """`places` [N, 2]: x and y of the upper left corners in pixels of the level, row by row."""

    reading: Reading
    size: int
    stride: int
    places: np.ndarray
    positions: int

    @property
    def footprint(self) -> int:
        return half_up(self.size * self.reading.scale)

    def pictures(self, slide: Slide, chosen: np.ndarray) -> list:
        level = slide.level(self.reading.level)
        return [resized(cut(level, x, y, self.footprint), self.size) for x, y in self.places[chosen].tolist()]

    def coordinates(self, slide: Slide, chosen: np.ndarray, unit: str, order: str) -> np.ndarray:
        places = self.places[chosen].astype(np.float64)
        if unit == "grid":
            # A place is a rounded number of pixels; column and row are whole.
            places = np.rint(places / (self.stride * self.reading.scale))
        elif unit == "level0Px":
            places = places * slide.level0_per_px(self.reading.level)
        elif unit != "levelPx":
            raise NotImplementedError(unit)
        return places if order == "xy" else places[:, ::-1]


def lines(side: int, footprint: int, stride: int, scale: float, edge: str) -> list[int]:
    found = []
    while True:
        place = half_up(len(found) * stride * scale)
        if place >= side or (edge == "drop" and place + footprint > side):
            return found
        found.append(place)


def tile_grid(slide: Slide, declared: dict, mask: Mask, least_tissue: float, slide_mpp: float | None) -> Grid:
    """Tiles of which at least `least_tissue` is tissue."""
    reading = reading_of(slide, declared, slide_mpp)
    size = declared["size"]
    stride = declared.get("stride", size)
    footprint = half_up(size * reading.scale)
    width, height = slide.size(reading.level)
    edge = declared.get("edge", "pad")
    columns = lines(width, footprint, stride, reading.scale, edge)
    rows = lines(height, footprint, stride, reading.scale, edge)
    per_x, per_y = slide.level0_per_px(reading.level)
    places = [
        (x, y)
        for y in rows
        for x in columns
        if mask.share(x * per_x, y * per_y, footprint * per_x, footprint * per_y) >= least_tissue
    ]
    return Grid(reading, size, stride, np.array(places, dtype=np.int64).reshape(-1, 2), len(columns) * len(rows))
