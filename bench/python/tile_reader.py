"""Contenders that read one tile after the other through a function: `tile_reader.py cucim` or `fastslide`, then the workload.

A reader is a function that opens the workload's slide and gives its version and `read(x, y)`: the tile whose corner is there,
in pixels of the level, as an array of rows of RGB.
"""

import sys
from importlib.metadata import version

import numpy as np
from protocol import TileDigest, serve


def cucim(slide, level, size):
    """cuCIM on the CPU: read_region, one tile a call, in the calling thread."""
    from cucim import CuImage

    image = CuImage(slide)
    scale = image.resolutions["level_downsamples"][level]
    region = lambda x, y: image.read_region((int(x * scale), int(y * scale)), (size, size), level)  # noqa: E731
    return f"cuCIM {version('cucim-cu12')}", lambda x, y: np.asarray(region(x, y))


def fastslide(slide, level, size):
    """fastslide: a C++ reader with a Python binding."""
    from fastslide import FastSlide

    image = FastSlide.from_file_path(slide)
    return f"fastslide {version('fastslide')}", lambda x, y: image.read_region((x, y), level, (size, size)).numpy()


class TileReader:
    def __init__(self, open_reader, workload):
        self._workload = workload
        self.version, self._read = open_reader(workload.text("slide"), workload.number("level"), workload.number("size"))

    def verify(self):
        digest = TileDigest()
        for x, y in self._workload.grid():
            digest.add(x, y, np.ascontiguousarray(self._read(x, y)[..., :3]))
        return digest.answer()

    def run(self):
        return sum(self._read(x, y) is not None for x, y in self._workload.grid())


chosen = {"cucim": cucim, "fastslide": fastslide}[sys.argv.pop(1)]
serve(lambda workload: TileReader(chosen, workload))
