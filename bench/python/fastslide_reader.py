"""fastslide: a C++ reader with a Python binding."""

from importlib.metadata import version

from fastslide import FastSlide
from tile_reader import serve_reader


def open_reader(workload):
    slide = FastSlide.from_file_path(workload.text("slide"))
    level, size = workload.number("level"), workload.number("size")

    def read(x, y):
        return slide.read_region((x, y), level, (size, size)).numpy()

    return f"fastslide {version('fastslide')}", read


serve_reader(open_reader)
