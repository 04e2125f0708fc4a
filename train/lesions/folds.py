"""Folds: each patient is in one of them, and each has its share of positives. Written once; every rank reads the same file."""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from train.common.errors import TrainingError
from train.common.files import digest_of, sha256_of_file, write_json
from train.lesions.columns import ID, LABEL, PATIENT, read_labels


def assign_patients(patients, labels, count: int, seed: int) -> dict[str, int]:
    """Largest first, each to the fold that it evens out most: positives count before lesions."""
    lesions, positives = Counter(patients), Counter(p for p, label in zip(patients, labels) if label)
    names = sorted(lesions)
    order = np.random.default_rng(seed).permutation(len(names))
    ranked = sorted(order, key=lambda i: (-positives[names[i]], -lesions[names[i]]))
    held = [[0, 0] for _ in range(count)]
    fold_of = {}
    for i in ranked:
        name = names[i]
        # A patient without positives goes where lesions are fewest; one with them where positives are.
        key = (lambda f: (held[f][0], held[f][1], f)) if positives[name] else (lambda f: (held[f][1], held[f][0], f))
        fold = min(range(count), key=key)
        held[fold][0] += positives[name]
        held[fold][1] += lesions[name]
        fold_of[name] = fold
    return dict(sorted(fold_of.items()))


def check_classes(rows_fold, labels, count: int) -> None:
    for fold in range(count):
        classes = {label for f, label in zip(rows_fold, labels) if f == fold}
        if len(classes) < 2:
            what = "no lesion" if not classes else f"only lesions of class {classes.pop()}"
            raise TrainingError("FOLD_ONE_CLASS", f"fold {fold} of {count} has {what}; make fewer folds or take another seed")


def write_folds(table: Path, out: Path, count: int, seed: int, names=(ID, PATIENT, LABEL)) -> dict:
    """Makes the folds of a table of metadata and writes them with their digest. `names`: columns of name, patient, label."""
    if count < 2:
        raise TrainingError("OPTION_INVALID", f"{count} folds; at least 2 are needed")
    _, patients, labels = read_labels(table, names)
    fold_of = assign_patients(patients, labels, count, seed)
    check_classes([fold_of[p] for p in patients], labels, count)
    folds = {
        "formatVersion": 1,
        "count": count,
        "seed": seed,
        "metadataSha256": sha256_of_file(table),
        "patients": fold_of,
    }
    folds["digest"] = digest_of(folds)
    write_json(out, folds)
    return folds


def read_folds(path: Path, table: Path) -> dict:
    """The folds, checked against their digest and the table that they were made from."""
    folds = json.loads(Path(path).read_text())
    digest = folds.pop("digest", None)
    if folds.get("formatVersion") != 1 or digest != digest_of(folds):
        raise TrainingError("FOLDS_INVALID", f"{path} is not as it was written: its digest is another one")
    found = sha256_of_file(table)
    if folds["metadataSha256"] != found:
        raise TrainingError("FOLDS_INVALID", f"{path} was made from another table than {table}")
    return {**folds, "digest": digest}


def fold_of_rows(folds: dict, patients) -> np.ndarray:
    missing = next((p for p in patients if p not in folds["patients"]), None)
    if missing is not None:
        raise TrainingError("FOLDS_INVALID", f"the patient {missing} is in no fold")
    return np.array([folds["patients"][p] for p in patients])
