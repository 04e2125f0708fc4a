"""Runs a vision transformer with onnxruntime over tiles that were written as raw float32, pools its tokens in numpy, and prints
how far a file of features is from that.

Arguments: the graph, the tiles, the side of a tile, how many leading tokens a mean leaves out, then pairs of a way to pool (cls,
mean, none) and a file."""
import json
import sys

import h5py
import numpy
import onnxruntime

graph, tiles, side, skip, *pairs = sys.argv[1:]
side, skip = int(side), int(skip)
pixels = numpy.fromfile(tiles, dtype="float32").reshape(-1, 3, side, side)
session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
tokens = numpy.concatenate([session.run(None, {name: pixels[i : i + 4]})[0] for i in range(0, len(pixels), 4)])
expected = {
    "cls": tokens[:, 0],
    "mean": tokens[:, skip:].astype("float64").mean(axis=1),
    "none": tokens,
}
for way, path in zip(pairs[::2], pairs[1::2]):
    with h5py.File(path, "r") as file:
        found = file["features"][:]
    known = expected[way]
    assert found.shape == known.shape, (found.shape, known.shape)
    print(
        json.dumps(
            {
                "way": way,
                "shape": list(found.shape),
                "apart": float(numpy.abs(found - known).max()),
                "largest": float(numpy.abs(known).max()),
                "spread": float(known.std(axis=0).mean()),
            }
        )
    )
