"""What OpenSlide says of a slide, through openslide-python: `expected.py facts SLIDE`, or `expected.py pixels SLIDE REQUESTS OUT`.

OpenSlide gives premultiplied ARGB. On white, a premultiplied value p with alpha a becomes p + 255 - a, exactly. openslide-python's
own images are un-premultiplied and rounded, so the raw words are taken from its lowlevel module instead.

REQUESTS is a file with a JSON list. Each is `[level, x, y, width, height]`, where x and y are pixels of level 0 as OpenSlide takes
them, or the name of an associated image. OUT gets their RGB bytes, one after the other.
"""

import hashlib
import json
import sys
from ctypes import POINTER, c_uint32, cast, create_string_buffer

import numpy as np
import openslide
from openslide import lowlevel


def on_white(buffer, width, height):
    """RGB of words of premultiplied ARGB."""
    words = np.frombuffer(buffer, '<u4', width * height).reshape(height, width)
    white = 255 - (words >> 24)
    channels = [((words >> shift) & 255) + white for shift in (16, 8, 0)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def region(slide, level, x, y, width, height):
    buffer = create_string_buffer(width * height * 4)
    words = cast(buffer, POINTER(c_uint32))
    lowlevel._read_region(slide._osr, words, x, y, level, width, height)
    return on_white(buffer, width, height)


def associated(slide, name):
    width, height = lowlevel.get_associated_image_dimensions(slide._osr, name)
    buffer = create_string_buffer(width * height * 4)
    words = cast(buffer, POINTER(c_uint32))
    lowlevel._read_associated_image(slide._osr, name, words)
    return on_white(buffer, width, height)


def facts(slide):
    profile = slide.color_profile
    pictures = lowlevel.get_associated_image_names(slide._osr)
    sizes = {name: lowlevel.get_associated_image_dimensions(slide._osr, name) for name in pictures}
    return {
        'library': openslide.__library_version__,
        'levels': slide.level_dimensions,
        'downsamples': slide.level_downsamples,
        'properties': dict(slide.properties),
        'associated': sizes,
        'iccSha256': None if profile is None else hashlib.sha256(profile.tobytes()).hexdigest(),
    }


def main(kind, path, requests='', out=''):
    slide = openslide.OpenSlide(path)
    if kind == 'facts':
        print(json.dumps(facts(slide)))
        return
    with open(requests, encoding='utf-8') as file:
        asked = json.load(file)
    with open(out, 'wb') as file:
        for one in asked:
            pixels = associated(slide, one) if isinstance(one, str) else region(slide, *one)
            file.write(pixels.tobytes())


main(*sys.argv[1:])
