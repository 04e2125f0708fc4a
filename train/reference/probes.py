"""Statistics of features, as batch normalisation keeps them. Without them a network with random weights answers nearly the same
for every slide. They come from drawn pictures, not from slides."""

import numpy as np
import onnxruntime

GLASS = np.array([238, 236, 240])
STROMA = np.array([226, 168, 200])
NUCLEUS = np.array([92, 64, 140])


def drawn(side: int, seed: int, count: int = 8) -> np.ndarray:
    """Pictures [count, side, side, 3] of 0 to 255: stroma on glass with dark spots, more of both from one picture to the next."""
    random = np.random.Generator(np.random.PCG64(seed))
    y, x = np.mgrid[0:side, 0:side]
    pictures = []
    for index in range(count):
        share = (index + 0.5) / count
        wave = np.sin(x / side * 5 + index) + np.sin(y / side * 4 - index)
        picture = np.where((wave > 1.6 - 3 * share)[..., None], STROMA, GLASS).astype(np.float64)
        for _ in range(int(60 * random.random())):
            cx, cy, r = random.random() * side, random.random() * side, side * (0.02 + 0.03 * random.random())
            picture[(x - cx) ** 2 + (y - cy) ** 2 < r * r] = NUCLEUS
        pictures.append(np.clip(picture + random.normal(0, 6, picture.shape), 0, 255))
    return np.stack(pictures)


def three_digits(values: np.ndarray) -> np.ndarray:
    """So few digits that machines which sum in another order write the same file."""
    return np.array([float(f"{value:.3g}") for value in np.ravel(values)], dtype=np.float32)


def standardised(build, output: str, side: int, mean: list, std: list, seed: int) -> bytes:
    """The graph of `build(statistics)` with the mean and the standard deviation of each column of `output` over drawn
    pictures."""
    pixels = (drawn(side, seed) / 255 - mean) / std
    options = onnxruntime.SessionOptions()
    # The order of sums must not depend on the number of cores.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(build(None), options, providers=["CPUExecutionProvider"])
    tensor = pixels.transpose(0, 3, 1, 2).astype(np.float32)
    values = session.run([output], {"pixels": tensor})[0].astype(np.float64)
    return build((three_digits(values.mean(axis=0)), three_digits(np.maximum(values.std(axis=0), 1e-3))))
