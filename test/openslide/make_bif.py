"""Ventana BIF slides by the structure that is published of them. No real file of this kind was seen here.

A BigTIFF. The XMP of the first page has an iScan element, the XMP of level 0 says where the stored tiles lie: areas of tiles, and for
each two neighbours by how much they overlap. The tiles of an area are numbered from the bottom, every second row from the right.
"""

import numpy as np
import tifffile

from pixels import half, tissue

TILE_PX = 128
COLUMNS, ROWS = 6, 5
ISCAN = (
    '<iScan AnalysisImageLevel="1" Magnification="40" Z-layers="1" ScanRes="0.2325" UnitNumber="17" BuildVersion="3.3.1.1" '
    'Barcode1D="A&amp;B" Empty=""/>'
)


def number_of(column, row, columns, rows):
    from_below = rows - 1 - row
    return from_below * columns + (columns - 1 - column if from_below % 2 else column) + 1


def joints(columns, rows, overlap):
    result = []
    for row in range(rows):
        for column in range(columns):
            here = number_of(column, row, columns, rows)
            pairs = [(column + 1, row, 'RIGHT')] if column + 1 < columns else []
            pairs += [(column, row - 1, 'UP')] if row > 0 else []
            for x, y, direction in pairs:
                other = number_of(x, y, columns, rows)
                by_x, by_y = (overlap, 0) if direction == 'RIGHT' else (0, overlap)
                result.append(
                    f'<TileJointInfo FlagJoined="1" Confidence="98" Direction="{direction}" Tile1="{here}" Tile2="{other}" '
                    f'OverlapX="{by_x}" OverlapY="{by_y}"/>'
                )
    return ''.join(result)


def area(number, x, y, columns, rows, overlap=0):
    """The area's place in level 0, and in the stored picture."""
    info = (
        f'<ImageInfo AOIScanned="1" AOIIndex="{number}" Width="{TILE_PX}" Height="{TILE_PX}" NumRows="{rows}" '
        f'NumCols="{columns}" Pos-X="{x}" Pos-Y="{y}">{joints(columns, rows, overlap)}</ImageInfo>'
    )
    return info, number, columns


def encode_info(areas):
    origins, at = '', 0
    for _, number, columns in areas:
        origins += f'<AOI{number} OriginX="{at}" OriginY="0"/>'
        at += columns * TILE_PX
    infos = ''.join(info for info, _, _ in areas)
    return f'<EncodeInfo Ver="2"><SlideStitchInfo>{infos}</SlideStitchInfo><AoiOrigin>{origins}</AoiOrigin></EncodeInfo>'


def padded(pixels):
    """White behind the right and the lower edge, up to whole tiles."""
    height, width, _ = pixels.shape
    more = ((0, -height % TILE_PX), (0, -width % TILE_PX), (0, 0))
    return np.pad(pixels, more, constant_values=255)


def write(path, tiles_xml, pad):
    pixels = tissue(COLUMNS * TILE_PX, ROWS * TILE_PX, 12)
    with tifffile.TiffWriter(path, bigtiff=True) as out:

        def page(picture, description, xmp=''):
            tags = [(700, 1, len(xmp), xmp.encode('ascii'), True)] if xmp else []
            out.write(
                picture,
                tile=(TILE_PX, TILE_PX),
                photometric='ycbcr',
                compression='jpeg',
                description=description,
                extratags=tags,
                metadata=None,
                software=False,
            )

        page(tissue(120, 200, 2), 'Label Image', f'<?xml version="1.0"?>{ISCAN}')
        page(tissue(100, 90, 4), 'Thumbnail')
        for level in range(3):
            picture = padded(pixels) if pad else pixels
            page(picture, f'level={level} mag={40 / 2**level:g} quality=95', tiles_xml if level == 0 else '')
            pixels = half(pixels)


def plain(path):
    """One area, tiles side by side; the smallest level is padded to whole tiles."""
    write(path, encode_info([area(0, 0, 0, COLUMNS, ROWS)]), pad=True)


def exported(path):
    """What the scanner's programs export: no word of tiles."""
    write(path, '', pad=False)


def overlaps(path):
    write(path, encode_info([area(0, 0, 0, COLUMNS, ROWS, overlap=8)]), pad=True)


def areas(path):
    """Two areas that were scanned far from each other."""
    write(path, encode_info([area(0, 0, 0, 3, ROWS), area(1, 700, 320, 3, ROWS)]), pad=True)


MAKERS = {'plain': plain, 'exported': exported, 'overlaps': overlaps, 'areas': areas}
