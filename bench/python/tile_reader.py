"""Contenders that read one tile after the other through a function: `tile_reader.py NAME`, a key of READERS, then the workload.

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


def openslide(slide, level, size):
    """openslide-python: read_region, one tile a call, made RGB as its users make it."""
    from openslide import OpenSlide, __library_version__

    image = OpenSlide(slide)
    scale = image.level_downsamples[level]
    region = lambda x, y: image.read_region((round(x * scale), round(y * scale)), level, (size, size))  # noqa: E731
    title = f"openslide-python {version('openslide-python')}, OpenSlide {__library_version__}"
    return title, lambda x, y: np.asarray(region(x, y).convert("RGB"))


def tiffslide(slide, level, size):
    """tiffslide: read_region as an array, one tile a call."""
    from tiffslide import TiffSlide

    image = TiffSlide(slide)
    scale = image.level_downsamples[level]
    corner = lambda x, y: (round(x * scale), round(y * scale))  # noqa: E731
    return f"tiffslide {version('tiffslide')}", lambda x, y: image.read_region(corner(x, y), level, (size, size), as_array=True)


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


READERS = {"cucim": cucim, "fastslide": fastslide, "openslide": openslide, "tiffslide": tiffslide}
chosen = READERS[sys.argv.pop(1)]
serve(lambda workload: TileReader(chosen, workload))
