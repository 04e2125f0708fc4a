"""Reads files of features with h5py, once in full and once as the loaders of CLAM and TRIDENT do, and prints what they have.

Neither program is on PyPI. What is repeated here is which datasets and attributes their loaders ask for, and what they make of
them; a loader that misses one of them ends with a KeyError."""
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


def as_clam(path):
    """A bag for its models, and patches for its feature extraction."""
    with h5py.File(path, "r") as file:
        features, coords = file["features"][:], file["coords"][:]
        level, size = file["coords"].attrs["patch_level"], file["coords"].attrs["patch_size"]
        places = [tuple(int(part) for part in file["coords"][i]) for i in range(len(file["coords"]))]
    assert len(features) == len(coords) == len(places)
    return {"bag": list(features.shape), "level": int(level), "size": int(size), "last": list(places[-1])}


def as_trident(path):
    """Coordinates for a patch encoder, and features with coordinates for a slide encoder."""
    with h5py.File(path, "r") as file:
        attrs, coords = dict(file["coords"].attrs), file["coords"][:]
        features = file["features"][:]
        encoder = file["features"].attrs["encoder"]
    told = ["patch_size", "patch_size_level0", "level0_magnification", "target_magnification", "overlap", "name"]
    missing = [key for key in [*told, "level0_width", "level0_height"] if attrs.get(key) is None]
    assert not missing, missing
    # Slide encoders get a batch of one slide, and coordinates as whole numbers.
    batch = {"features": features[None, ...].astype("float32"), "coords": coords[None, ...].astype("int64")}
    return {
        "encoder": encoder,
        "batch": {key: list(value.shape) for key, value in batch.items()},
        "size0": int(attrs["patch_size_level0"]),
    }


if __name__ == "__main__":
    for path in sys.argv[1:]:
        with h5py.File(path, "r") as file:
            print(
                json.dumps(
                    {
                        "names": sorted(file),
                        "file": attributes(file),
                        **{name: dataset(file[name]) for name in file},
                        "clam": as_clam(path),
                        "trident": as_trident(path),
                    }
                )
            )
