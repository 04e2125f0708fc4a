"""The table as a second input: numbers, words, and where a lesion stands among those of its patient. A bundle describes the same
numbers as clinical features (clinical_features), so the engine makes them again of the metadata that it scores."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.lesions.columns import PATIENT, read_columns

#: A column of words becomes one number for each of its most frequent words.
MOST_WORDS = 12

#: What stands in a table for no value, and how a number is spelt: as the library reads them.
MISSING = {"", "nan", "-nan", "na", "n/a", "<na>", "#n/a", "#na", "null", "<null>"}
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

#: Numbers of a group whose deviation is less are alike.
ALIKE = 1e-9


@dataclass
class TableInputs:
    """`values` has a row for each lesion; `description` is all that is needed to make it of another table."""

    values: np.ndarray
    description: dict


def _number(text: str) -> float:
    return float(text) if NUMBER.fullmatch(text) else float("nan")


def _fit_column(name: str, words: list[str], fit_rows: np.ndarray) -> dict:
    told = [words[i] for i in np.flatnonzero(fit_rows) if words[i].lower() not in MISSING]
    numbers = np.array([_number(word) for word in told])
    finite = numbers[np.isfinite(numbers)]
    # Mixed types: a column is one of numbers where nine in ten values are.
    if len(told) > 0 and len(finite) >= 0.9 * len(told):
        return {"column": name, "type": "number", "mean": float(finite.mean()), "std": float(finite.std()) or 1.0}
    counts = Counter(told)
    by_count = sorted(counts, key=lambda word: (-counts[word], word))
    return {"column": name, "type": "words", "words": by_count[:MOST_WORDS]}


def _encode_number(words: list[str], column: dict, patient_rows: list[np.ndarray]) -> np.ndarray:
    """The standard score over all, whether it is missing, and the standard score within the patient: the ugly duckling."""
    raw = np.array([_number(word) for word in words])
    missing = ~np.isfinite(raw)
    score = np.where(missing, 0, (raw - column["mean"]) / column["std"])
    within = np.zeros(len(raw))
    for rows in patient_rows:
        known = rows[~missing[rows]]
        if len(known) > 1 and raw[known].std() > ALIKE:
            within[known] = (raw[known] - raw[known].mean()) / raw[known].std()
    return np.c_[score, missing, within]


def encode_table(table: Path, patients: list[str], description: dict) -> np.ndarray:
    """A row for each lesion: how many lesions its patient has, then the numbers of each column."""
    columns = read_columns(table, [column["column"] for column in description["columns"]])
    numbers = np.unique(np.array(patients), return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    patient_rows = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    parts = [np.bincount(numbers)[numbers][:, None].astype(np.float64)]
    for column in description["columns"]:
        words = columns[column["column"]]
        if column["type"] == "number":
            parts.append(_encode_number(words, column, patient_rows))
        else:
            parts.append(np.array([[word == one for one in column["words"]] for word in words], np.float64))
    return np.concatenate(parts, 1).astype(np.float32)


def fit_table(table: Path, patients: list[str], names, fit_rows: np.ndarray) -> TableInputs:
    """Means, deviations and words come from the rows of training; where a lesion stands within its patient, from that patient."""
    columns = read_columns(table, names)
    description = {"formatVersion": 1, "columns": [_fit_column(name, columns[name], fit_rows) for name in names]}
    return TableInputs(encode_table(table, patients, description), description)


def _features_of(column: dict) -> list[dict]:
    name = column["column"]
    unknown = {"rule": "value", "value": 0, "unknown": "missing"}
    if column["type"] == "words":
        parse = {"categories": column["words"], "caseSensitive": True}
        return [{"name": name, "column": name, "type": "category", "parse": parse, "missing": unknown}]
    number = {"column": name, "type": "number"}
    scored = {"mean": column["mean"], "std": column["std"], "missing": {"rule": "indicator", "unknown": "missing"}}
    within = {"within": {"column": PATIENT, "as": "standardScore"}, "missing": unknown}
    return [{"name": name, **number, **scored}, {"name": f"{name}-within", **number, **within}]


def clinical_features(description: dict) -> list[dict]:
    """The same numbers in the same order, as a bundle describes them."""
    count = {"column": PATIENT, "type": "number", "within": {"column": PATIENT, "as": "count"}, "missing": {"rule": "error"}}
    columns = [feature for column in description["columns"] for feature in _features_of(column)]
    return [{"name": "lesions-of-patient", **count}, *columns]
