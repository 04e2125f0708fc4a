"""A DICOM series of a slide, by wsidicomizer of a TIFF: OUT/volume-0.dcm, volume-1.dcm, …, label.dcm, overview.dcm, thumbnail.dcm.

opentile, which wsidicomizer uses, looks for libjpeg-turbo in the variable TURBOJPEG.
"""

import argparse
import itertools
from pathlib import Path

import pydicom
from pydicom.uid import UID
from wsidicom.codec import Jpeg2kSettings, JpegSettings
from wsidicom.codec.settings import Subsampling
from wsidicom.file import OffsetTableType
from wsidicomizer import WsiDicomizer


def transcoded(encoding, tile_px=256, offset_table=OffsetTableType.BASIC):
    return {'tile_size': tile_px, 'encoding': encoding, 'force_transcoding': True, 'offset_table': offset_table}


# The tiles of an Aperio file as they are (RGB in JPEG), with label and overview; JPEG 4:2:0 and 4:4:4; lossless JPEG 2000.
WAYS = {
    'aperio': {},
    '420': transcoded(JpegSettings(quality=80, subsampling=Subsampling.R420), offset_table=OffsetTableType.EMPTY),
    '444': transcoded(JpegSettings(quality=90, subsampling=Subsampling.R444), offset_table=OffsetTableType.EXTENDED),
    'j2k': transcoded(Jpeg2kSettings(levels=[0]), tile_px=240),
}


def make(source, out, way):
    """The same bytes every time: the identifiers are counted."""
    numbers = itertools.count(1)
    series = 1 + sorted(WAYS).index(way)
    WsiDicomizer.convert(source, out, uid_generator=lambda: UID(f'1.2.826.0.1.3680043.8.498.{series}.{next(numbers)}'), workers=1, **WAYS[way])
    volumes = []
    for file in Path(out).iterdir():
        head = pydicom.dcmread(file, stop_before_pixels=True)
        kind = head.ImageType[2]
        if kind == 'VOLUME':
            volumes.append((-head.TotalPixelMatrixColumns, file))
        else:
            file.rename(file.with_name(f'{kind.lower()}.dcm'))
    for number, (_, file) in enumerate(sorted(volumes)):
        file.rename(file.with_name(f'volume-{number}.dcm'))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('source')
    parser.add_argument('out')
    parser.add_argument('way', choices=sorted(WAYS))
    given = parser.parse_args()
    make(given.source, given.out, given.way)
