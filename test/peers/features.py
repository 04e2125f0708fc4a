"""Reads a file of features with h5py, as TRIDENT and CLAM do, and prints what it has."""
import json
import sys

import h5py
import numpy


def plain(value):
    return value.tolist() if isinstance(value, (numpy.ndarray, numpy.generic)) else value


def attributes(holder):
    return {name: plain(value) for name, value in holder.attrs.items()}


def dataset(found):
    return {
        "dtype": str(found.dtype),
        "shape": list(found.shape),
        "chunks": found.chunks,
        "values": found[:].astype("float64").ravel().tolist(),
        "attributes": attributes(found),
    }


for path in sys.argv[1:]:
    with h5py.File(path, "r") as file:
        # CLAM: file['features'][:], file['coords'][:]. TRIDENT: the same, and the attributes of coords by name.
        print(json.dumps({"names": sorted(file), "file": attributes(file), **{name: dataset(file[name]) for name in file}}))
