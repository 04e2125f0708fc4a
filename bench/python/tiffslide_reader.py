"""tiffslide: the same calls as OpenSlide, in Python over tifffile and zarr."""

import tiffslide
from tile_reader import serve_reader


def open_reader(workload):
    slide = tiffslide.TiffSlide(workload.text("slide"))
    level, size = workload.number("level"), workload.number("size")
    scale = slide.level_downsamples[level]

    def read(x, y):
        return slide.read_region((int(x * scale), int(y * scale)), level, (size, size), as_array=True)

    return f"tiffslide {tiffslide.__version__}", read


serve_reader(open_reader)
