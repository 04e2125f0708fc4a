"""Hamamatsu NDPI slides by the structure that is published of them. No real file of this kind was seen here.

A classic TIFF, but pointers to directories have 8 bytes, and behind each directory stands the upper half of every entry's value.
A page is one JPEG. That of a level has restart markers, and the page a table of where each restart interval begins.
"""

import argparse
import struct
from pathlib import Path

from pixels import half, jpeg, tissue

WIDTH_PX, HEIGHT_PX = 2048, 1152
INTERVAL_PX = 256
MCU_WIDTH_PX = {'4:4:4': 8, '4:2:2': 16, '4:2:0': 16}
PIXELS_PER_CM = 44000

ASCII, SHORT, LONG, RATIONAL, SIGNED_LONG, FLOAT = 2, 3, 4, 5, 9, 11
CODES = {SHORT: 'H', LONG: 'I', RATIONAL: 'I', SIGNED_LONG: 'i', FLOAT: 'f'}
MACRO_LENS, MAP_LENS = -1.0, -2.0


def scan_begin(stream):
    """Where the entropy-coded bytes of a JPEG begin."""
    at = 2
    while True:
        marker, length = struct.unpack('>xBH', stream[at : at + 4])
        at += 2 + length
        if marker == 0xDA:
            return at


def interval_starts(stream):
    """Of every restart interval, from the beginning of the JPEG."""
    at = scan_begin(stream)
    starts = [at]
    while True:
        at = stream.index(b'\xff', at) + 2
        if stream[at - 1] == 0xD9:
            return starts
        if 0xD0 <= stream[at - 1] <= 0xD7:
            starts.append(at)


def quarter(pixels):
    return half(half(pixels))


def level(pixels, subsampling, lens):
    blocks = INTERVAL_PX // MCU_WIDTH_PX[subsampling]
    stream = jpeg(pixels, subsampling=subsampling, restart_marker_blocks=blocks)
    return pixels.shape, stream, interval_starts(stream), lens


def picture(pixels, subsampling, lens):
    return pixels.shape, jpeg(pixels, subsampling=subsampling), [], lens


def entry_values(page, offset):
    (height, width, _), stream, starts, lens = page
    values = [
        (256, LONG, [width]),
        (257, LONG, [height]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [7]),
        (262, SHORT, [6]),
        (271, ASCII, 'Hamamatsu'),
        (272, ASCII, 'made up'),
        (273, LONG, [offset]),
        (277, SHORT, [3]),
        (278, LONG, [height]),
        (279, LONG, [len(stream)]),
        (282, RATIONAL, [PIXELS_PER_CM, 1]),
        (283, RATIONAL, [PIXELS_PER_CM, 1]),
        (296, SHORT, [3]),
        (65420, LONG, [1]),
        (65421, FLOAT, [lens]),
        (65422, SIGNED_LONG, [-1250000]),
        (65423, SIGNED_LONG, [830000]),
        (65424, SIGNED_LONG, [0]),
        (65427, ASCII, 'B-2026-0017'),
        (65449, ASCII, 'Product=made up\r\nObjective.Lens.Magnificant=20\r\nEmpty=\r\nno value\r\n'),
    ]
    if starts:
        values += [(65426, LONG, starts), (65432, LONG, [0] * len(starts))]
    return sorted(values)


def ndpi(pages):
    out = bytearray(b'II*\0' + bytes(8))
    link = 4
    for page in pages:
        offset = len(out)
        out += page[1]
        entries = bytearray()
        values = entry_values(page, offset)
        for tag, kind, value in values:
            code = CODES.get(kind)
            data = value.encode('ascii') + b'\0' if code is None else struct.pack(f'<{len(value)}{code}', *value)
            count = len(data) if code is None else len(value) // (2 if kind == RATIONAL else 1)
            if len(data) > 4:
                out += bytes(len(out) % 2)
                place = struct.pack('<I', len(out))
                out += data
            else:
                place = data.ljust(4, b'\0')
            entries += struct.pack('<HHI', tag, kind, count) + place
        out += bytes(len(out) % 2)
        out[link : link + 8] = struct.pack('<Q', len(out))
        out += struct.pack('<H', len(values)) + entries
        link = len(out)
        out += bytes(8 + 4 * len(values))
    return bytes(out)


def make(path, subsampling):
    """Three levels, the smallest without restart markers, a macro photograph and a map."""
    pixels = tissue(WIDTH_PX, HEIGHT_PX, 17)
    small = quarter(pixels)
    pages = [level(pixels, subsampling, 20.0), level(small, subsampling, 5.0), picture(quarter(small), subsampling, 1.25)]
    pages += [picture(small[:, :200], '4:2:0', MACRO_LENS), picture(small[:80, :120], '4:2:0', MAP_LENS)]
    Path(path).write_bytes(ndpi(pages))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('out')
    parser.add_argument('subsampling', choices=sorted(MCU_WIDTH_PX))
    given = parser.parse_args()
    make(given.out, given.subsampling)
