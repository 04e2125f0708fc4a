"""A picture as a tiled TIFF of JPEG tiles with one level: as much of the format as generated slides need."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from train.common.files import write_whole

TILE_PX = 128
SHORT, LONG, RATIONAL = 3, 4, 5


def _tiles(pixels: np.ndarray) -> list[bytes]:
    found = []
    for y in range(0, pixels.shape[0], TILE_PX):
        for x in range(0, pixels.shape[1], TILE_PX):
            buffer = io.BytesIO()
            Image.fromarray(pixels[y : y + TILE_PX, x : x + TILE_PX]).save(buffer, "JPEG", quality=90)
            found.append(buffer.getvalue())
    return found


def write_tiff(path: Path, pixels: np.ndarray, mpp: float) -> None:
    """Sides are multiples of 128 px."""
    height, width, _ = pixels.shape
    if height % TILE_PX or width % TILE_PX:
        raise ValueError(f"{width} x {height} pixels; sides are multiples of {TILE_PX}")
    tiles = _tiles(pixels)
    data, places = b"", []
    for tile in tiles:
        places.append(8 + len(data))
        data += tile + b"\0" * (len(tile) % 2)
    per_cm = round(10_000 / mpp)
    # Tag, type, values. Colours are YCbCr with halved chroma, as Pillow writes a JPEG.
    entries = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [7]),
        (262, SHORT, [6]),
        (277, SHORT, [3]),
        (282, RATIONAL, [per_cm, 1]),
        (283, RATIONAL, [per_cm, 1]),
        (284, SHORT, [1]),
        (296, SHORT, [3]),
        (322, LONG, [TILE_PX]),
        (323, LONG, [TILE_PX]),
        (324, LONG, places),
        (325, LONG, [len(tile) for tile in tiles]),
        (530, SHORT, [2, 2]),
    ]
    directory_at = 8 + len(data)
    beyond_at = directory_at + 2 + 12 * len(entries) + 4
    directory, beyond = struct.pack("<H", len(entries)), b""
    for tag, kind, values in entries:
        packed = struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        count = 1 if kind == RATIONAL else len(values)
        if len(packed) <= 4:
            cell = packed.ljust(4, b"\0")
        else:
            cell = struct.pack("<I", beyond_at + len(beyond))
            beyond += packed + b"\0" * (len(packed) % 2)
        directory += struct.pack("<HHI", tag, kind, count) + cell
    write_whole(path, struct.pack("<2sHI", b"II", 42, directory_at) + data + directory + struct.pack("<I", 0) + beyond)
