"""Reads what the test of damaged slides reads, by openslide-python alone: `exercise.py SLIDE`. Shows whose crash a crash is."""

import sys

import openslide

try:
    slide = openslide.OpenSlide(sys.argv[1])
    for level, (width, height) in enumerate(slide.level_dimensions):
        w, h = min(width, 700), min(height, 700)
        scale = slide.level_downsamples[level]
        slide.read_region((0, 0), level, (w, h))
        slide.read_region((int((width - w) * scale), int((height - h) * scale)), level, (w, h))
    for name in slide.associated_images:
        slide.associated_images[name]
    slide.get_thumbnail((256, 256))
except (openslide.OpenSlideError, OSError, ValueError, MemoryError) as error:
    print(error)
