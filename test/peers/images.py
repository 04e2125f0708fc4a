"""Writes files of images with h5py, in every form that it can give a dataset, and one that its newer format makes.

images.py FOLDER: prints the names and the contents, as hexadecimal, of each file."""

import json
import sys

import h5py
import numpy

folder = sys.argv[1]
random = numpy.random.default_rng(5)


def content(length):
    # The last byte may be 0: a reader that treats the string as text would cut it off.
    return random.integers(0, 256, length, dtype=numpy.uint8).tobytes()[:-1] + b"\0"


def isic(path, count):
    """As the files of ISIC 2024: scalar strings whose length is that of the image."""
    written = {}
    with h5py.File(path, "w") as file:
        for i in range(count):
            name = f"ISIC_{i * 7919 % 1000003:07d}"
            written[name] = content(50 + i % 700)
            file.create_dataset(name, data=numpy.bytes_(written[name]), dtype=f"S{len(written[name])}")
    return written


def forms(path):
    written = {"void": content(90), "row": content(91)}
    with h5py.File(path, "w", userblock_size=1024) as file:
        file.create_dataset("void", data=numpy.void(written["void"]))
        file.create_dataset("row", data=numpy.frombuffer(written["row"], dtype=numpy.uint8))
        row = numpy.zeros(5000, dtype=numpy.uint8)
        file.create_dataset("gzip", data=row, compression="gzip")
        file.create_dataset("chunked", data=row, chunks=(100,))
        file.create_dataset("text", data="text of no fixed length")
        file.create_dataset("picture", data=numpy.zeros((4, 4, 3), dtype=numpy.uint8))
        file.create_group("group")
        file["soft"] = h5py.SoftLink("/row")
        file["hard"] = file["row"]
        file["void"].attrs["note"] = "x" * 3000
    written["hard"] = written["row"]
    return written


def newer(path):
    with h5py.File(path, "w", libver="latest") as file:
        file.create_dataset("a", data=numpy.void(content(10)))


newer(f"{folder}/newer.hdf5")
found = {"isic": isic(f"{folder}/isic.hdf5", 3000), "forms": forms(f"{folder}/forms.hdf5")}
print(json.dumps({file: {name: bytes_.hex() for name, bytes_ in written.items()} for file, written in found.items()}))
