"""What a run trains on: names, labels, folds, the crops, and the numbers of the table where the model reads them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from train.common.errors import TrainingError
from train.lesions.augment import augmented, plain
from train.lesions.columns import check_inputs, header_of, read_labels
from train.lesions.crops import CropFile
from train.lesions.folds import check_classes, fold_of_rows, read_folds
from train.lesions.table import TableInputs, fit_table

#: Decoded crops that are kept, for each process.
CACHE_BYTES = 1 << 30


@dataclass
class LesionData:
    names: list[str]
    labels: np.ndarray
    folds: dict
    fold_of_row: np.ndarray
    crops: CropFile
    size_px: int
    table: TableInputs | None

    def rows_in(self, fold: int) -> np.ndarray:
        return np.flatnonzero(self.fold_of_row == fold)

    def rows_outside(self, fold: int) -> np.ndarray:
        return np.flatnonzero(self.fold_of_row != fold)


def open_data(options) -> LesionData:
    """Opens and checks everything; an image that is not there is refused before the first step."""
    names, patients, labels = read_labels(options.metadata)
    folds = read_folds(options.folds, options.metadata)
    fold_of_row = fold_of_rows(folds, patients)
    check_classes(fold_of_row, labels, folds["count"])
    if not 0 <= options.fold < folds["count"]:
        raise TrainingError("OPTION_INVALID", f"fold {options.fold}; the file has folds 0 to {folds['count'] - 1}")
    crops = CropFile(options.images, options.index)
    missing = [name for name in names if name not in crops]
    if missing:
        raise TrainingError("CROP_MISSING", f"{len(missing)} of {len(names)} images are not in {crops.path}, such as {missing[0]}")
    table = None
    if options.columns:
        known = header_of(options.test_metadata) if options.test_metadata else None
        check_inputs(options.columns, *([] if known is None else [known]))
        table = fit_table(options.metadata, patients, options.columns, fold_of_row != options.fold)
    return LesionData(names, np.array(labels), folds, fold_of_row, crops, options.size_px, table)


class Batches:
    """Batches of rows, one ahead of the training. Pillow decodes without Python's lock, so threads are enough."""

    def __init__(self, data: LesionData, mean, std, threads: int):
        self._data = data
        self._mean = torch.tensor(mean, dtype=torch.float32).view(1, 3, 1, 1)
        self._std = torch.tensor(std, dtype=torch.float32).view(1, 3, 1, 1)
        self._readers = ThreadPoolExecutor(threads)
        self._ahead = ThreadPoolExecutor(1)
        self._kept: dict[int, np.ndarray] = {}
        self._most_kept = CACHE_BYTES // (3 * data.size_px**2)

    def _pixels(self, row: int) -> np.ndarray:
        pixels = self._kept.get(row)
        if pixels is None:
            pixels = self._data.crops.pixels(self._data.names[row], self._data.size_px)
            if len(self._kept) < self._most_kept:
                self._kept[row] = pixels
        return pixels

    def _batch(self, rows: np.ndarray, change) -> tuple:
        pictures = np.stack(list(self._readers.map(lambda row: change(self._pixels(row), int(row)), rows.tolist())))
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous()
        table = None if self._data.table is None else torch.from_numpy(self._data.table.values[rows])
        labels = torch.from_numpy(self._data.labels[rows].astype(np.float32))
        return (images - self._mean) / self._std, table, labels

    def _each(self, rows: np.ndarray, batch: int, change):
        parts = [rows[i : i + batch] for i in range(0, len(rows), batch)]
        waiting = [self._ahead.submit(self._batch, part, change) for part in parts[:2]]
        for i in range(len(parts)):
            yield waiting.pop(0).result()
            if i + 2 < len(parts):
                waiting.append(self._ahead.submit(self._batch, parts[i + 2], change))

    def training(self, rows: np.ndarray, batch: int, seed: int, epoch: int):
        return self._each(rows, batch, lambda pixels, row: augmented(pixels, seed, epoch, row))

    def as_scored(self, rows: np.ndarray, batch: int):
        return self._each(rows, batch, lambda pixels, row: plain(pixels))

    def close(self) -> None:
        self._ahead.shutdown(cancel_futures=True)
        self._readers.shutdown(cancel_futures=True)
