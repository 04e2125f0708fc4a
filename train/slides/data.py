"""What a head is trained on: files of features that the library's `embed` wrote, and a table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from train.common.errors import TrainingError
from train.lesions.columns import check_inputs, header_of, read_columns, read_labels
from train.lesions.folds import check_classes, fold_of_rows, read_folds
from train.slides.clinical import encode, fit_feature


@dataclass
class SlideData:
    names: list[str]
    labels: np.ndarray
    fold_of_row: np.ndarray
    folds_digest: str
    features: list[torch.Tensor]
    #: Of each slide, as the bundle's `inputs.clinical`; none where the head reads features alone.
    clinical: torch.Tensor
    described: list[dict]


def read_features(folder: Path, slide: str) -> torch.Tensor:
    """The rows of all tiles of a slide, from NAME.h5 of NAME.tif."""
    import h5py

    path = Path(folder) / f"{Path(slide).stem}.h5"
    if not path.exists():
        raise TrainingError("FEATURES_MISSING", f"there is no {path} for the slide {slide}; run microtome embed")
    with h5py.File(path) as file:
        rows = file["features"][:]
    if rows.ndim != 2 or len(rows) == 0 or not np.isfinite(rows).all():
        raise TrainingError("FEATURES_INVALID", f"{path} has features of shape {rows.shape}; rows of finite numbers are expected")
    return torch.from_numpy(rows.astype(np.float32))


def open_slides(options) -> SlideData:
    names, patients, labels = read_labels(options.metadata, options.names())
    folds = read_folds(options.folds, options.metadata)
    rows = fold_of_rows(folds, patients)
    check_classes(rows, labels, folds["count"])
    if options.label in options.clinical or options.name in options.clinical or options.patient in options.clinical:
        raise TrainingError("LEAK_COLUMN", f"{options.label}, {options.name} and {options.patient} cannot be clinical values")
    known = options.clinical if options.test_metadata is None else header_of(options.test_metadata)
    check_inputs(options.clinical, known)
    columns = read_columns(options.metadata, options.clinical)
    trained = np.flatnonzero(rows != options.fold)
    described = [fit_feature(name, [columns[name][row] for row in trained]) for name in options.clinical]
    clinical = torch.from_numpy(encode(described, columns, len(names)))
    features = [read_features(options.features, name) for name in names]
    widths = {one.shape[1] for one in features}
    if len(widths) > 1:
        raise TrainingError("FEATURES_INVALID", f"the slides have features of {sorted(widths)} columns; one encoder gives one number")
    return SlideData(names, np.array(labels), rows, folds["digest"], features, clinical, described)
