"""Clinical values as numbers, in the way that a bundle describes them (docs/guide/bundles.md)."""

import numpy as np

from train.common.errors import TrainingError

#: A cell that says that there is no value. The library has the same list.
NO_VALUE = {"", "na", "n/a", "nan", "null", "none"}


def _is_missing(text: str) -> bool:
    return text.strip().lower() in NO_VALUE


def _number(column: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise TrainingError("METADATA_INVALID", f"the column {column} has {text!r} among numbers") from error


def fit_feature(column: str, words: list[str]) -> dict:
    """Numbers where all known values are numbers, otherwise categories; a missing value has a number of its own."""
    known = [word for word in words if not _is_missing(word)]
    if not known:
        raise TrainingError("METADATA_INVALID", f"the column {column} has no value in the rows of training")
    missing = {"rule": "indicator"}
    try:
        numbers = np.array([float(word) for word in known])
    except ValueError:
        categories = sorted(set(known))
        return {"name": column, "column": column, "type": "category", "parse": {"categories": categories}, "missing": missing}
    # A missing number is 0 after the scaling: the mean.
    scale = {"mean": round(float(numbers.mean()), 4), "std": round(float(numbers.std()), 4) or 1.0}
    return {"name": column, "column": column, "type": "number", "missing": missing, **scale}


def encode_feature(feature: dict, words: list[str]) -> np.ndarray:
    missing = np.array([_is_missing(word) for word in words])
    if feature["type"] == "number":
        raw = np.array([0.0 if none else _number(feature["column"], word) for word, none in zip(words, missing)])
        return np.c_[np.where(missing, 0, (raw - feature["mean"]) / feature["std"]), missing]
    categories = [category.lower() for category in feature["parse"]["categories"]]
    unknown = [w for w, none in zip(words, missing) if not none and w.lower() not in categories]
    if unknown:
        raise TrainingError("METADATA_INVALID", f"the column {feature['column']} has {unknown[0]!r}, which no row of training has")
    return np.c_[[[word.lower() == category for category in categories] for word in words], missing].astype(float)


def encode(features: list[dict], columns: dict[str, list[str]], rows: int) -> np.ndarray:
    parts = [encode_feature(feature, columns[feature["column"]]) for feature in features]
    return np.concatenate([np.zeros((rows, 0)), *parts], 1).astype(np.float32)
