"""A MIRAX slide by the structure that openslide.org publishes: NAME.mrxs, and a folder with Slidedat.ini, Index.dat, data files.

A camera takes photos at positions; a photo is `divisions` x `divisions` images of one size. A level above is made by putting
2 x 2 images, halved, into one image, whatever photos they are of. No real file of this kind was seen here.
"""

import argparse
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pixels import half, jpeg, png, tissue

SLIDE_ID = '4B8E1F0C2A7D4E6F9A3B5C7D9E1F2A3B'
FILL = 0x00F4F2F3


@dataclass(frozen=True)
class Plan:
    photos_x: int
    photos_y: int
    divisions: int = 1
    image_px: int = 256
    overlap_px: int = 0
    jitter_px: int = 0  # of the position of a photo; above 0 there is a record of positions
    holes: frozenset = frozenset()  # photos that the camera left out
    levels: int = 4
    image_format: str = 'JPEG'
    subsampling: str = '4:2:0'
    page_items: int = 5  # of one page of Index.dat; few, so that pages are linked
    seed: int = 1

    @property
    def photo_px(self):
        return self.image_px * self.divisions

    @property
    def images_x(self):
        return self.photos_x * self.divisions

    @property
    def images_y(self):
        return self.photos_y * self.divisions


@dataclass
class DataFiles:
    """Records in several files, so that the numbers of files matter."""

    files: list = field(default_factory=lambda: [bytearray(b'head'), bytearray(b'head of the second')])

    def add(self, record, file):
        at = len(self.files[file])
        self.files[file] += record
        return at, len(record), file


def positions(plan):
    """Level-0 pixels of the corner of each photo, by its number."""
    rng = np.random.default_rng(plan.seed)
    step = plan.photo_px - plan.overlap_px
    found = {}
    for py in range(plan.photos_y):
        for px in range(plan.photos_x):
            jitter = rng.integers(0, plan.jitter_px + 1, 2) if plan.jitter_px and (px or py) else (0, 0)
            found[py * plan.photos_x + px] = (px * step + int(jitter[0]), py * step + int(jitter[1]))
    return found


def level0_images(plan):
    """The images of level 0 by column and row of the grid of images."""
    places = positions(plan)
    right = max(x for x, _ in places.values()) + plan.photo_px
    bottom = max(y for _, y in places.values()) + plan.photo_px
    canvas = tissue(right, bottom, plan.seed)
    images = {}
    for number, (x, y) in places.items():
        if number in plan.holes:
            continue
        for dy in range(plan.divisions):
            for dx in range(plan.divisions):
                column = number % plan.photos_x * plan.divisions + dx
                row = number // plan.photos_x * plan.divisions + dy
                left, top = x + dx * plan.image_px, y + dy * plan.image_px
                images[column, row] = canvas[top : top + plan.image_px, left : left + plan.image_px]
    return images


def next_level(images, size_px, concat):
    """2 x 2 images of the level below, halved and put together; what is not there is of the fill colour."""
    above = {}
    for column, row in images:
        above[column // (2 * concat) * 2 * concat, row // (2 * concat) * 2 * concat] = None
    for column, row in above:
        whole = np.full((2 * size_px, 2 * size_px, 3), (0xF3, 0xF2, 0xF4), np.uint8)
        for dy in range(2):
            for dx in range(2):
                part = images.get((column + dx * concat, row + dy * concat))
                if part is not None:
                    whole[dy * size_px : (dy + 1) * size_px, dx * size_px : (dx + 1) * size_px] = part
        above[column, row] = half(whole)
    return above


def encode(plan, pixels):
    return png(pixels) if plan.image_format == 'PNG' else jpeg(pixels, subsampling=plan.subsampling)


def index_file(plan, level_items, records):
    """Version, identifier, the places of two tables of records; each record leads to an empty page and then to pages of items."""
    head = b'01.02' + SLIDE_ID.encode('ascii')
    out = bytearray(head + bytes(8))

    def word(value):
        out.extend(struct.pack('<i', value))

    def place():
        return len(out)

    def patch(at, value):
        struct.pack_into('<i', out, at, value)

    def pages(chunks, items_words):
        first = place()
        word(0)
        word(place() + 4)
        for number, chunk in enumerate(chunks):
            word(len(chunk))
            link = place()
            word(0)
            for item in chunk:
                for value in items_words(item):
                    word(value)
            if number + 1 < len(chunks):
                patch(link, place())
        return first

    tables = []
    for count in (len(level_items), len(records)):
        tables.append(place())
        out.extend(bytes(4 * count))
    patch(len(head), tables[0])
    patch(len(head) + 4, tables[1])
    for level, items in enumerate(level_items):
        chunks = [items[i : i + plan.page_items] for i in range(0, len(items), plan.page_items)]
        patch(tables[0] + 4 * level, pages(chunks, lambda item: item))
    for number, record in enumerate(records):
        patch(tables[1] + 4 * number, pages([[record]], lambda item: (0, 0, *item)))
    return bytes(out)


def slidedat(plan, names, files):
    """`names`: of the records, as (name, [(value, section, keys)])."""
    lines = ['[GENERAL]', 'SLIDE_VERSION = 01.02', f'SLIDE_ID = {SLIDE_ID}', f'IMAGENUMBER_X = {plan.images_x}']
    lines += [f'IMAGENUMBER_Y = {plan.images_y}', 'OBJECTIVE_MAGNIFICATION = 20']
    lines += [f'CameraImageDivisionsPerSide = {plan.divisions}', '[HIERARCHICAL]', 'HIER_COUNT = 1']
    lines += [f'NONHIER_COUNT = {len(names)}', 'INDEXFILE = Index.dat', 'HIER_0_NAME = Slide zoom level']
    lines += [f'HIER_0_COUNT = {plan.levels}']
    for level in range(plan.levels):
        lines += [f'HIER_0_VAL_{level} = ZoomLevel_{level}', f'HIER_0_VAL_{level}_SECTION = LAYER_0_LEVEL_{level}_SECTION']
    for i, (name, values) in enumerate(names):
        lines += [f'NONHIER_{i}_NAME = {name}', f'NONHIER_{i}_COUNT = {len(values)}']
        for j, (value, section, _) in enumerate(values):
            lines += [f'NONHIER_{i}_VAL_{j} = {value}', f'NONHIER_{i}_VAL_{j}_SECTION = {section}']
    lines += ['[DATAFILE]', f'FILE_COUNT = {files}', *(f'FILE_{i} = Data{i:04}.dat' for i in range(files))]
    for _, values in names:
        for _, section, keys in values:
            lines += [f'[{section}]', *keys]
    for level in range(plan.levels):
        overlap = plan.overlap_px / 2**level
        lines += [f'[LAYER_0_LEVEL_{level}_SECTION]', f'OVERLAP_X = {overlap}', f'OVERLAP_Y = {overlap}']
        lines += [f'MICROMETER_PER_PIXEL_X = {0.3 * 2**level}', f'MICROMETER_PER_PIXEL_Y = {0.31 * 2**level}']
        lines += [f'IMAGE_FORMAT = {plan.image_format}', f'IMAGE_FILL_COLOR_BGR = {FILL}']
        lines += [f'DIGITIZER_WIDTH = {plan.image_px}', f'DIGITIZER_HEIGHT = {plan.image_px}']
        lines += [f'IMAGE_CONCAT_FACTOR = {0 if level == 0 else 1}']
    return '\r\n'.join(lines) + '\r\n'


def make(path, plan):
    """Writes the slide. `path` ends with .mrxs."""
    path = Path(path)
    folder = path.with_suffix('')
    folder.mkdir(parents=True)
    data = DataFiles()
    level_items = []
    images = level0_images(plan)
    for level in range(plan.levels):
        items = []
        for number, ((column, row), pixels) in enumerate(sorted(images.items(), key=lambda one: one[0][::-1])):
            at, size, file = data.add(encode(plan, pixels), number % 2)
            items.append((row * plan.images_x + column, at, size, file))
        level_items.append(items)
        images = next_level(images, plan.image_px, 2**level)
    pictures = [('SlideThumbnail', 'THUMBNAIL_IMAGE_TYPE', (300, 140)), ('SlideBarcode', 'BARCODE_IMAGE_TYPE', (120, 90))]
    pictures += [('SlidePreview', 'PREVIEW_IMAGE_TYPE', (160, 110))]
    records, values = [], []
    for number, (name, key, (width, height)) in enumerate(pictures):
        records.append(data.add(jpeg(tissue(width, height, 70 + number)), 1))
        values.append((f'ScanDataLayer_{name}', f'NONHIERLAYER_0_LEVEL_{number}_SECTION', [f'{key} = JPEG']))
    names = [('Scan data layer', values)]
    if plan.jitter_px:
        places = positions(plan)
        flags = [0 if number in plan.holes else 1 for number in sorted(places)]
        record = b''.join(struct.pack('<Bii', flag, *places[n]) for n, flag in enumerate(flags))
        records.append(data.add(record, 0))
        section = ('default', 'NONHIERLAYER_1_SECTION', ['VIMSLIDE_POSITION_DATA_FORMAT_VERSION = 257'])
        names.append(('VIMSLIDE_POSITION_BUFFER', [section]))
    (folder / 'Slidedat.ini').write_bytes(b'\xef\xbb\xbf' + slidedat(plan, names, len(data.files)).encode('utf-8'))
    (folder / 'Index.dat').write_bytes(index_file(plan, level_items, records))
    for number, content in enumerate(data.files):
        (folder / f'Data{number:04}.dat').write_bytes(content)
    path.write_bytes(jpeg(tissue(96, 64, 5)))


PLANS = {
    'plain': Plan(photos_x=6, photos_y=5),
    'divided': Plan(photos_x=4, photos_y=3, divisions=2, image_px=160, subsampling='4:4:4', seed=2),
    'holes': Plan(photos_x=6, photos_y=5, holes=frozenset([3, 7, 13, 14, 25, 29]), image_format='PNG', seed=3),
    'overlaps': Plan(photos_x=4, photos_y=4, divisions=2, image_px=176, overlap_px=16, jitter_px=5, holes=frozenset([5, 15]), seed=4),
}

if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('out')
    parser.add_argument('plan', choices=sorted(PLANS))
    given = parser.parse_args()
    make(given.out, PLANS[given.plan])
