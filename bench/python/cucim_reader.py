"""cuCIM on the CPU: read_region, one tile a call, in the calling thread."""

import cucim
import numpy as np
from tile_reader import serve_reader


def open_reader(workload):
    slide = cucim.CuImage(workload.text("slide"))
    level, size = workload.number("level"), workload.number("size")
    scale = slide.resolutions["level_downsamples"][level]

    def read(x, y):
        return np.asarray(slide.read_region((int(x * scale), int(y * scale)), (size, size), level))

    return f"cuCIM {cucim.__version__}", read


serve_reader(open_reader)
