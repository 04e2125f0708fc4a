"""ICC profiles of scanners, written as the specification has them (ICC.1:2001-04): one of primaries and a gamma, one of a table
from RGB to CIELAB, as the profiles in slides are."""

import struct

import numpy as np

WHITE_D50 = (0.9642, 1.0, 0.8249)


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def profile(connection, tags):
    """Tags by name; their values have lengths that are multiples of four."""
    header = bytearray(128)
    header[8:12] = bytes((2, 0x40, 0, 0))
    header[12:24] = b"scnrRGB " + connection
    header[36:40] = b"acsp"
    header[68:80] = b"".join(fixed(part) for part in WHITE_D50)
    offset = 132 + 12 * len(tags)
    table = struct.pack(">I", len(tags))
    for name, value in tags.items():
        table += name + struct.pack(">II", offset, len(value))
        offset += len(value)
    header[0:4] = struct.pack(">I", offset)
    return bytes(header) + table + b"".join(tags.values())


def xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(fixed(value) for value in values)


def text(words):
    value = b"text\0\0\0\0" + words.encode() + b"\0"
    return value + bytes(-len(value) % 4)


def description(words):
    ascii_words = words.encode() + b"\0"
    value = b"desc\0\0\0\0" + struct.pack(">I", len(ascii_words)) + ascii_words + bytes(8 + 3 + 67)
    return value + bytes(-len(value) % 4)


COMMON = {b"desc": description("a scanner"), b"cprt": text("public domain"), b"wtpt": xyz(WHITE_D50)}
# Wider than sRGB; the columns add up to the white.
PRIMARIES = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])


def primaries_and_gamma(gamma=1.8):
    tags = dict(COMMON)
    for channel, name in enumerate((b"r", b"g", b"b")):
        tags[name + b"XYZ"] = xyz(PRIMARIES[:, channel])
        tags[name + b"TRC"] = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(gamma * 256), 0)
    return profile(b"XYZ ", tags)


def table_to_lab(steps=17):
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, steps)] * 3, indexing="ij"), axis=-1)
    # Each channel of the scanner sees some of the others.
    seen = grid**1.9 @ np.array([[0.86, 0.09, 0.05], [0.06, 0.88, 0.06], [0.02, 0.1, 0.88]]).T
    part = seen @ PRIMARIES.T / np.array(WHITE_D50)
    curve = np.where(part > 216 / 24389, np.cbrt(part), part * 841 / 108 + 4 / 29)
    lab = np.stack(
        [
            116 * curve[..., 1] - 16,
            500 * (curve[..., 0] - curve[..., 1]),
            200 * (curve[..., 1] - curve[..., 2]),
        ],
        axis=-1,
    )
    encoded = np.rint((lab + [0, 128, 128]) * [652.8, 256, 256]).clip(0, 65535).astype(">u2")
    identity = np.array([0, 65535] * 3, dtype=">u2").tobytes()
    matrix = b"".join(fixed(value) for value in np.eye(3).ravel())
    value = b"mft2\0\0\0\0" + bytes((3, 3, steps, 0)) + matrix + struct.pack(">HH", 2, 2)
    value += identity + encoded.tobytes() + identity
    return profile(b"Lab ", {**COMMON, b"A2B0": value + bytes(-len(value) % 4)})
