"""Leica SCN slides by the structure that is published of them. No real file of this kind was seen here.

A BigTIFF. The description of the first page is an XML: images, each with its place on the glass slide in nanometres, and its pages.
One image shows all of the glass slide: the macro photograph.
"""

import base64

import numpy as np
import tifffile

from pixels import half, tissue

NEWER = 'http://www.leica-microsystems.com/scn/2010/10/01'
OLDER = 'http://www.leica-microsystems.com/scn/2010/03/10'
GLASS_NM = (500_000, 900_000)
PIXEL_NM = 250
MACRO_NM = 2500
BARCODE = 'B-2026-0017'


def reductions(pixels, count):
    """The pixels, and `count` - 1 reductions of them, each by 4."""
    result = [pixels]
    while len(result) < count:
        result.append(half(half(result[-1])))
    return result


class Scan:
    def __init__(self, namespace):
        self.namespace = namespace
        self.pages = []
        self.images = []

    def image(self, levels, nm, offset_nm=(0, 0), planes=1):
        """An image in bright field: its resolutions, largest first; further focal planes show it shifted."""
        height, width, _ = levels[0].shape
        dimensions = []
        for z in range(planes):
            for r, pixels in enumerate(levels):
                size = f'sizeX="{pixels.shape[1]}" sizeY="{pixels.shape[0]}" r="{r}" z="{z}" ifd="{len(self.pages)}"'
                dimensions.append(f'<dimension {size}/>')
                self.pages.append((np.roll(pixels, 5 * z, axis=1), 10_000_000 / (nm[0] / width * 4**r)))
        x, y = offset_nm
        self.images.append(
            '<image name="image" uuid="1"><creationDate>2026-03-04T05:06:07.00Z</creationDate>'
            '<device model="Leica SCN400;Leica SCN" version="1.5.1 &amp; later"/>'
            f'<pixels sizeX="{width}" sizeY="{height}">{"".join(dimensions)}</pixels>'
            f'<view sizeX="{nm[0]}" sizeY="{nm[1]}" offsetX="{x}" offsetY="{y}" spacingZ="0"/>'
            '<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>'
            '<illuminationSettings><numericalAperture>0.4</numericalAperture>'
            '<illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings></image>'
        )

    def label(self, pixels):
        page = len(self.pages)
        self.pages.append((pixels, 1000))
        return f'<supplementalImage type="label" ifd="{page}"/>'

    def write(self, path, compression, more=''):
        old = self.namespace == OLDER
        code = base64.b64encode(BARCODE.encode('ascii')).decode('ascii')
        barcode = '' if old else f'<barcode>{code}</barcode>'
        given = f' barcode="{BARCODE}"' if old else ''
        xml = (
            f'<?xml version="1.0"?><scn xmlns="{self.namespace}" uuid="0"><collection name="slide"{given} '
            f'sizeX="{GLASS_NM[0]}" sizeY="{GLASS_NM[1]}">{barcode}{"".join(self.images)}{more}</collection></scn>'
        )
        with tifffile.TiffWriter(path, bigtiff=True) as out:
            for number, (pixels, per_cm) in enumerate(self.pages):
                out.write(
                    pixels,
                    tile=(128, 128),
                    photometric='ycbcr' if compression == 'jpeg' else 'rgb',
                    compression=compression,
                    description=xml if number == 0 else None,
                    resolution=(per_cm, per_cm),
                    resolutionunit='CENTIMETER',
                    metadata=None,
                    software=False,
                )


def main_image(scan, width, height, seed, offset_nm, planes=1):
    nm = (width * PIXEL_NM, height * PIXEL_NM)
    scan.image(reductions(tissue(width, height, seed), 3), nm, offset_nm, planes)


def macro(scan):
    pixels = tissue(GLASS_NM[0] // MACRO_NM, GLASS_NM[1] // MACRO_NM, 3)
    scan.image([pixels, half(pixels)], GLASS_NM)


def one(path):
    """One image that begins at no whole pixel of any level, and a label."""
    scan = Scan(NEWER)
    macro(scan)
    main_image(scan, 1024, 768, 5, (60_130, 101_777))
    scan.write(path, 'jpeg', scan.label(tissue(96, 64, 9)))


def several(path):
    """Two images, of which the second lies partly over the first, and partly beyond the glass slide."""
    scan = Scan(NEWER)
    main_image(scan, 768, 1024, 5, (20_100, 30_700))
    macro(scan)
    main_image(scan, 1024, 512, 6, (300_000, 260_000))
    scan.write(path, 'deflate')


def planes(path):
    """The older kind of XML, and two focal planes."""
    scan = Scan(OLDER)
    main_image(scan, 512, 512, 5, (100_000, 0), planes=2)
    scan.write(path, 'deflate')


MAKERS = {'one': one, 'several': several, 'planes': planes}
