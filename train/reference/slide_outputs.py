"""The values of a slide of the values of its heads."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=np.float64)))


def logit(p):
    return np.log(p) - np.log1p(-np.asarray(p, dtype=np.float64))


def activated(values: np.ndarray, activation: str) -> np.ndarray:
    """In double precision; softmax goes over the last axis."""
    x = values.astype(np.float64)
    if activation == "sigmoid":
        return sigmoid(x)
    if activation == "softmax":
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    return x


def mean_of(parts: list, how: str) -> float:
    """Weighted; `parts` are pairs of value and weight."""
    values, weights = np.array(parts, dtype=np.float64).T
    if how == "logit":
        return float(sigmoid(np.average(logit(values), weights=weights)))
    return float(np.average(values, weights=weights))


def calibrated(value: float, calibration: dict | None) -> float:
    if calibration is None:
        return value
    method = calibration["method"]
    if method == "logistic":
        x = logit(value) if calibration.get("on", "value") == "logit" else value
        return float(sigmoid(calibration["slope"] * x + calibration["intercept"]))
    if method == "temperature":
        return float(sigmoid(logit(value) / calibration["temperature"]))
    if method == "isotonic":
        return float(np.interp(value, calibration["x"], calibration["y"]))
    raise NotImplementedError(method)


def output_value(declared: dict, head_value) -> float:
    """`head_value(head, output, column)` gives the value of a head."""
    of = declared["of"]
    parts = [{"head": of}] if isinstance(of, str) else of
    values = [(head_value(p["head"], p.get("output"), p.get("column", 0)), p.get("weight", 1)) for p in parts]
    value = calibrated(mean_of(values, declared.get("mean", "value")), declared.get("calibration"))
    low, high = declared.get("clip") or (-np.inf, np.inf)
    return float(min(max(value, low), high))
