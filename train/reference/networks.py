"""The networks of the three bundles. Each function returns the bytes of a graph; shapes are those of the winners, widths are
arguments. `statistics` are the mean and standard deviation of the features, see probes.py."""

import numpy as np
from graph import Graph

RESNET_18 = (2, 2, 2, 2)
RESNET_34 = (3, 4, 6, 3)


def trunk(g: Graph, x: str, width: int, blocks: tuple) -> tuple[str, int]:
    """Basic blocks of a ResNet without batch normalisation, which is folded into the convolutions; the pooled features."""
    x = g.relu(g.conv(x, 3, width, 7, 2, gain=1.4))
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = width
    for stage, count in enumerate(blocks):
        out = width << stage
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            inner = g.relu(g.conv(x, channels, out, 3, stride, gain=1.4))
            inner = g.conv(inner, out, out, 3, gain=0.5)
            same = x if channels == out else g.conv(x, channels, out, 1, stride)
            x = g.relu(g.node("Add", inner, same))
            channels = out
    pooled = g.node("GlobalAveragePool", x)
    return g.node("Flatten", pooled, axis=1), channels


def resnet(name: str, seed: int, width: int, blocks: tuple, statistics=None, size=("h", "w")) -> bytes:
    """features [N, C]; the sides of the picture are free where `size` has names."""
    g = Graph(name, seed)
    features, channels = trunk(g, g.input("pixels", ["n", 3, *size]), width, blocks)
    g.output(g.standardise(features, statistics), "features", ["n", channels])
    return g.bytes()


def resnet_with_quality(name: str, seed: int, width: int, statistics=None) -> bytes:
    """The third stage of a ResNet-18 pooled, and a logistic quality model on it as log odds."""
    g = Graph(name, seed)
    features, channels = trunk(g, g.input("pixels", ["n", 3, 224, 224]), width, RESNET_18[:3])
    features = g.standardise(features, statistics)
    g.output(features, "embedding", ["n", channels])
    # Below zero for the mean tile: the winner's model refused three tiles in four.
    quality = g.node("Sub", g.linear(features, channels, 1, gain=1.5), g.constant(0.9))
    g.output(quality, "quality", ["n", 1])
    return g.bytes()


def scorer(name: str, seed: int, width: int, statistics=None) -> bytes:
    """A small network that gives a tile a score, as log odds."""
    g = Graph(name, seed)
    x = g.input("pixels", ["n", 3, "h", "w"])
    x = g.relu(g.conv(x, 3, width, 3, 4, gain=1.4))
    x = g.relu(g.conv(x, width, 2 * width, 3, 4, gain=1.4))
    x = g.relu(g.conv(x, 2 * width, 4 * width, 3, 2, gain=1.4))
    x = g.node("Flatten", g.node("GlobalAveragePool", x), axis=1)
    logit = g.linear(x, 4 * width, 1)
    g.output(g.standardise(logit, statistics), "score", ["n", 1])
    return g.bytes()


def normalised(g: Graph, x: str, dim: int) -> str:
    return g.node("LayerNormalization", x, g.constant(np.ones(dim)), g.constant(np.zeros(dim)), axis=-1)


def attention(g: Graph, x: str, dim: int, heads: int) -> str:
    shape = g.indices([0, 0, heads, dim // heads])

    def part(perm):
        return g.node("Transpose", g.node("Reshape", g.linear(x, dim, dim), shape), perm=perm)

    q, k, v = part([0, 2, 1, 3]), part([0, 2, 3, 1]), part([0, 2, 1, 3])
    scaled = g.node("Mul", g.node("MatMul", q, k), g.constant(1 / np.sqrt(dim // heads)))
    mixed = g.node("Transpose", g.node("MatMul", g.node("Softmax", scaled, axis=-1), v), perm=[0, 2, 1, 3])
    return g.linear(g.node("Reshape", mixed, g.indices([0, 0, dim])), dim, dim, gain=0.5)


def gelu(g: Graph, x: str) -> str:
    erf = g.node("Erf", g.node("Mul", x, g.constant(np.sqrt(0.5))))
    return g.node("Mul", g.node("Mul", x, g.constant(0.5)), g.node("Add", erf, g.constant(1)))


def image_transformer(name: str, seed: int, side: int, patch: int, dim: int, depth: int, statistics=None) -> bytes:
    """A transformer on the patches of one square picture; two classes as log odds."""
    g = Graph(name, seed)
    x = g.input("pixels", ["n", 3, side, side])
    weight = g.weight((dim, 3, patch, patch), 3 * patch * patch, 1.0)
    x = g.node("Conv", x, weight, kernel_shape=[patch] * 2, strides=[patch] * 2)
    x = g.node("Transpose", g.node("Reshape", x, g.indices([0, 0, -1])), perm=[0, 2, 1])
    x = g.node("Add", x, g.weight((1, (side // patch) ** 2, dim), 25))
    for _ in range(depth):
        x = g.node("Add", x, attention(g, normalised(g, x, dim), dim, max(1, dim // 16)))
        inner = gelu(g, g.linear(normalised(g, x, dim), dim, 4 * dim))
        x = g.node("Add", x, g.linear(inner, 4 * dim, dim, gain=0.5))
    features = g.node("ReduceMean", normalised(g, x, dim), axes=[1], keepdims=0)
    logits = g.linear(features, dim, 2)
    g.output(g.standardise(logits, statistics), "logits", ["n", 2])
    return g.bytes()


def neighbours(g: Graph, coordinates: str) -> list[str]:
    """Nine matrices [N, N] of 0 and 1: which tile lies at which of the nine places around each tile."""
    rows = g.node("Unsqueeze", coordinates, g.indices([1]))
    columns = g.node("Unsqueeze", coordinates, g.indices([0]))
    difference = g.node("Sub", columns, rows)
    found = []
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            distance = g.node("Abs", g.node("Sub", difference, g.constant([dy, dx])))
            near = g.node("Less", g.node("ReduceMax", distance, axes=[2], keepdims=0), g.constant(0.5))
            found.append(g.node("Cast", near, to=1))
    return found


def sparse_mil(name: str, seed: int, columns: int, hidden: int, batched: bool) -> bytes:
    """Two submanifold 3 x 3 convolutions over the tiles that are there, their mean, an MLP; one probability as log odds.
    `batched`: the inputs are [1, N, C] and [1, N, 2], else [N, C] and [N, 2]."""
    g = Graph(name, seed)
    lead = [1] if batched else []
    x = g.input("features", [*lead, "n", columns])
    coordinates = g.input("coordinates", [*lead, "n", 2])
    if batched:
        x = g.node("Squeeze", x, g.indices([0]))
        coordinates = g.node("Squeeze", coordinates, g.indices([0]))
    places = neighbours(g, coordinates)
    size = columns
    for _ in range(2):
        taps = [g.node("MatMul", place, g.linear(x, size, hidden, gain=0.6, bias=0)) for place in places]
        x = g.relu(g.node("Add", g.node("Sum", *taps), g.constant(g.random.standard_normal(hidden) * 0.1)))
        size = hidden
    pooled = g.node("ReduceMean", x, axes=[0], keepdims=1)
    inner = g.relu(g.linear(pooled, hidden, 32, gain=1.4))
    g.output(g.linear(inner, 32, 1, gain=2.0), "logit", [1, 1])
    return g.bytes()


def clinical_mlp(name: str, seed: int, clinical: int) -> bytes:
    """clinical features + ulceration + Breslow -> 256 -> 32 -> 2, as log odds."""
    g = Graph(name, seed)
    parts = [g.input("clinical", [1, clinical]), g.input("ulceration", [1, 1]), g.input("breslow", [1, 1])]
    x = g.node("Concat", *parts, axis=1)
    x = g.relu(g.linear(x, clinical + 2, 256, gain=4.0))
    x = g.relu(g.linear(x, 256, 32, gain=1.4))
    g.output(g.linear(x, 32, 2, gain=1.2), "logits", [1, 2])
    return g.bytes()


def multi_task(name: str, seed: int, columns: int, clinical: int) -> bytes:
    """A picture's features beside a clinical vector: Breslow in five classes, ulceration, relapse, as log odds."""
    g = Graph(name, seed)
    image = g.relu(g.linear(g.input("features", [1, columns]), columns, 64, gain=1.4))
    table = g.relu(g.linear(g.input("clinical", [1, clinical]), clinical, 64, gain=1.4))
    both = g.node("Concat", image, table, axis=1)
    g.output(g.linear(both, 128, 5, gain=1.0), "breslow", [1, 5])
    g.output(g.linear(both, 128, 1, gain=1.0), "ulceration", [1, 1])
    g.output(g.linear(both, 128, 1, gain=1.0), "relapse", [1, 1])
    return g.bytes()


def bag_embedding(name: str, seed: int, columns: int, size: int) -> bytes:
    """Residual MLP on each tile, mean over the tiles, length 1."""
    g = Graph(name, seed)
    x = g.linear(g.input("features", ["n", columns]), columns, size)
    for _ in range(2):
        inner = g.relu(g.linear(x, size, size, gain=1.4))
        x = g.node("Add", x, g.linear(inner, size, size, gain=0.5))
    mean = g.node("ReduceMean", x, axes=[0], keepdims=1)
    length = g.node("Sqrt", g.node("ReduceSum", g.node("Mul", mean, mean), g.indices([1]), keepdims=1))
    g.output(g.node("Div", mean, length), "slide", [1, size])
    return g.bytes()


def folded_logistic(name: str, seed: int, size: int, clinical: int, folds: int) -> bytes:
    """Logistic regressions on the slide's embedding and the clinical vector, one for each fold; the mean of their probabilities."""
    g = Graph(name, seed)
    x = g.node("Concat", g.input("slide", [1, size]), g.input("clinical", [1, clinical]), axis=1)
    # The embedding has length 1, so its weights are not divided by its size.
    shared = g.random.standard_normal((size + clinical, 1)) * np.r_[np.full(size, 2.0), np.full(clinical, 0.4)][:, None]
    weights = shared * (1 + 0.2 * g.random.standard_normal((1, folds)))
    bias = g.constant(-1.2 + 0.2 * g.random.standard_normal(folds))
    logits = g.node("Add", g.node("MatMul", x, g.constant(weights)), bias)
    mean = g.node("ReduceMean", g.node("Sigmoid", logits), axes=[1], keepdims=1)
    g.output(mean, "probability", [1, 1])
    return g.bytes()
