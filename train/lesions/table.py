"""The table as a second input: numbers, words, and where a lesion stands among those of its patient."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.lesions.columns import read_columns

#: A column of words becomes one number for each of its most frequent words.
MOST_WORDS = 12


@dataclass
class TableInputs:
    """`values` has a row for each lesion; `description` is all that is needed to make it of another table."""

    values: np.ndarray
    description: dict


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _fit_column(name: str, words: list[str], fit_rows: np.ndarray) -> dict:
    told = [words[i] for i in np.flatnonzero(fit_rows) if words[i] not in ("", "NA")]
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
    score = np.clip(score, -8, 8)
    within = np.zeros(len(raw))
    for rows in patient_rows:
        known = rows[~missing[rows]]
        if len(known) > 1 and score[known].std() > 1e-9:
            within[known] = (score[known] - score[known].mean()) / score[known].std()
    return np.c_[score, missing, within]


def encode_table(table: Path, patients: list[str], description: dict) -> np.ndarray:
    columns = read_columns(table, [column["column"] for column in description["columns"]])
    numbers = np.unique(np.array(patients), return_inverse=True)[1]
    order = np.argsort(numbers, kind="stable")
    patient_rows = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    parts = [np.log1p(np.bincount(numbers))[numbers][:, None]]
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
