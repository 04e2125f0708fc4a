"""Hamamatsu VMS and VMU slides by the structure that openslide.org publishes. No real file of these kinds was seen here.

VMS: NAME.vms names a grid of JPEG files with restart markers, a map (the slide, smaller) and a macro photograph. VMU: NAME.vmu
names two files of 12-bit samples in columns of a fixed width.
"""

import argparse
import struct
from pathlib import Path

from pixels import half, jpeg, tissue

WIDTH_PX, HEIGHT_PX = 2048, 1152
COLUMNS, ROWS = 2, 2
FILE_WIDTH_PX, FILE_HEIGHT_PX = 1024, 768  # of every JPEG but those of the last column and the last row
INTERVAL_PX = 256  # between restart markers
NANOMETRES_PER_PX = 460


def quarter(pixels):
    return half(half(pixels))


def interval_jpeg(pixels, subsampling):
    """A JPEG with a restart marker after every INTERVAL_PX pixels of a row of blocks.

    OpenSlide 4.0.1 decodes no interval of a 4:2:0 file ("found marker 0xd9 instead of RST0"); the blocks of scanners are 8 rows high.
    """
    block_px = 16 if subsampling == '4:2:2' else 8
    return jpeg(pixels, subsampling=subsampling, restart_marker_blocks=INTERVAL_PX // block_px)


def index(group, keys):
    lines = [f'[{group}]', *(f'{key}={value}' for key, value in keys)]
    return ('\r\n'.join(lines) + '\r\n').encode('ascii')


def make_vms(path, subsampling):
    """Writes NAME.vms and what it names beside it."""
    path = Path(path)
    pixels = tissue(WIDTH_PX, HEIGHT_PX, 11)
    keys = [('NoLayers', 1), ('NoJpegColumns', COLUMNS), ('NoJpegRows', ROWS)]
    for row in range(ROWS):
        for column in range(COLUMNS):
            place = '' if (column, row) == (0, 0) else f'({column},{row})'
            name = f'{path.stem}{place}.jpg'
            left, top = column * FILE_WIDTH_PX, row * FILE_HEIGHT_PX
            part = pixels[top : top + FILE_HEIGHT_PX, left : left + FILE_WIDTH_PX]
            path.with_name(name).write_bytes(interval_jpeg(part, subsampling))
            keys.append((f'ImageFile{place}', name))
    # The map is read in the same way as the image files, so it has restart markers too.
    path.with_name(f'{path.stem}_map2.jpg').write_bytes(interval_jpeg(quarter(pixels), subsampling))
    path.with_name(f'{path.stem}_macro.jpg').write_bytes(jpeg(quarter(pixels)[:, :256]))
    keys += [('MapFile', f'{path.stem}_map2.jpg'), ('MacroImage', f'{path.stem}_macro.jpg'), ('SourceLens', 20)]
    keys += [('PhysicalWidth', WIDTH_PX * NANOMETRES_PER_PX), ('PhysicalHeight', HEIGHT_PX * NANOMETRES_PER_PX)]
    path.write_bytes(index('Virtual Microscope Specimen', keys))


def ngr(pixels, column_px):
    """Samples of 12 bits in 16, column after column of the image."""
    height, width, _ = pixels.shape
    head = struct.pack('<2sHiiiiii', b'GN', 0, width, height, column_px, 0, 0, 28)
    samples = pixels.astype('<u2') << 4
    columns = [samples[:, x : x + column_px].tobytes() for x in range(0, width, column_px)]
    return head + b''.join(columns)


def make_vmu(path):
    """Writes NAME.vmu and the files of its two levels."""
    path = Path(path)
    pixels = tissue(1024, 768, 12)
    path.with_name(f'{path.stem}.ngr').write_bytes(ngr(pixels, 128))
    path.with_name(f'{path.stem}_map2.ngr').write_bytes(ngr(quarter(pixels), 64))
    path.with_name(f'{path.stem}_macro.jpg').write_bytes(jpeg(quarter(pixels)))
    keys = [('BitsPerPixel', 36), ('PixelOrder', 'RGB'), ('ImageFile', f'{path.stem}.ngr')]
    keys += [('MapFile', f'{path.stem}_map2.ngr'), ('MacroImage', f'{path.stem}_macro.jpg'), ('SourceLens', 40)]
    keys += [('PhysicalWidth', 1024 * 230), ('PhysicalHeight', 768 * 230)]
    path.write_bytes(index('Uncompressed Virtual Microscope Specimen', keys))


MAKERS = {
    'vms': lambda path: make_vms(path, '4:2:2'),
    'vms-444': lambda path: make_vms(path, '4:4:4'),
    'vmu': make_vmu,
}

if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('out')
    parser.add_argument('kind', choices=sorted(MAKERS))
    given = parser.parse_args()
    MAKERS[given.kind](given.out)
