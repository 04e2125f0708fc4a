"""Trestle (MedScan) slides by the structure that is published of them. No real file of this kind was seen here.

A TIFF whose pages are levels. The first description has fields between ';', among them by how much the tiles of each level overlap.
XResolution and YResolution hold microns per pixel, whatever their unit says.
"""

import tifffile

from pixels import half, tissue

TILE_PX = 128
MPP = 0.5


def make(path, overlaps_xy):
    pixels = tissue(1000, 760, 21)
    description = f'Background Color=E6E6E6;White Balance=1;OverlapsXY= {overlaps_xy};Objective Power=20'
    with tifffile.TiffWriter(path) as out:
        for level in range(2):
            out.write(
                pixels,
                tile=(TILE_PX, TILE_PX),
                photometric='ycbcr',
                compression='jpeg',
                description=description if level == 0 else None,
                resolution=(MPP * 2**level, MPP * 2**level),
                resolutionunit='INCH',
                software='MedScan 2026',
                metadata=None,
            )
            pixels = half(pixels)


MAKERS = {'plain': lambda path: make(path, '0 0 0 0'), 'overlaps': lambda path: make(path, '16 16 8 8')}
