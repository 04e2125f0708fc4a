"""A generated data set in the form of ISIC 2024: an HDF5 file of JPEGs, the table of training, the table of the test."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from train.common.files import write_whole
from train.lesions.columns import ID, LABEL, LEAKS, MEASURED, PATIENT, TEST_COLUMNS
from train.lesions.drawing import draw_lesion, skin_tone

SITES = ("head/neck", "upper extremity", "lower extremity", "anterior torso", "posterior torso")


@dataclass(frozen=True)
class GeneratedOptions:
    lesions: int = 400
    seed: int = 1
    positive_share: float = 0.25
    least_px: int = 40
    most_px: int = 72
    first_id: int = 0


@dataclass(frozen=True)
class Lesion:
    row: dict[str, str]
    jpeg: bytes


def _signs(rng: np.random.Generator, positive: bool) -> float:
    """The strength of the signs. Some lesions of both classes have the same: they cannot be told apart."""
    return float(np.clip(rng.normal(0.8 if positive else 0.16, 0.16), 0, 1))


def _jpeg(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _measured(rng: np.random.Generator, signs: float, diameter_mm: float, base: np.ndarray) -> dict[str, str]:
    """Measured values: noise about the patient's own; three of them follow the signs."""
    values = {name: base[i] + rng.normal(0, 1) for i, name in enumerate(MEASURED)}
    values["norm_border"] = 3 + 4 * signs + rng.normal(0, 1.5)
    values["norm_color"] = 2 + 4 * signs + rng.normal(0, 1.5)
    values["color_std_mean"] = 1 + 1.5 * signs + rng.normal(0, 0.6)
    values["areaMM2"] = np.pi * diameter_mm**2 / 4
    values["perimeterMM"] = np.pi * diameter_mm * (1 + 0.1 * rng.random())
    out = {f"tbp_lv_{name}": f"{value:.5f}" for name, value in values.items()}
    site = SITES[int(rng.integers(len(SITES)))]
    return {**out, "anatom_site_general": site, "tbp_lv_location": site.title(), "tbp_lv_location_simple": site.title()}


def _row(rng: np.random.Generator, name: str, patient: dict, positive: bool, signs: float) -> dict[str, str]:
    diameter = float(np.clip(rng.lognormal(1.2, 0.35), 1, 20))
    row = {
        ID: name,
        PATIENT: patient["name"],
        "age_approx": patient["age"],
        "sex": patient["sex"],
        "clin_size_long_diam_mm": f"{diameter:.2f}",
        "image_type": "TBP tile: close-up",
        "tbp_tile_type": "3D: white",
        **_measured(rng, signs, diameter, patient["base"]),
        "attribution": "Drawn by a program",
        "copyright_license": "CC-0",
        LABEL: str(int(positive)),
        "lesion_id": f"IL_{name[5:]}" if positive else "",
        "iddx_full": "Malignant" if positive else "Benign",
        "iddx_1": "Malignant" if positive else "Benign",
        "tbp_lv_dnn_lesion_confidence": f"{50 + 50 * rng.random():.4f}",
    }
    return {column: row.get(column, "") for column in (*TEST_COLUMNS, *LEAKS)}


def _patient(rng: np.random.Generator, number: int) -> dict:
    return {
        "name": f"IP_{number:07d}",
        "age": "" if rng.random() < 0.05 else str(5 * int(rng.integers(4, 18))),
        "sex": ["male", "female", ""][int(rng.choice(3, p=[0.49, 0.48, 0.03]))],
        "base": rng.normal(0, 2, len(MEASURED)),
        "skin": skin_tone(rng),
    }


def draw_lesions(options: GeneratedOptions):
    """One lesion after another. The drawing of one does not depend on how many come after it."""
    left, patient = 0, {}
    for i in range(options.lesions):
        rng = np.random.default_rng([options.seed, options.first_id + i])
        if left == 0:
            patient = _patient(rng, options.first_id + i)
            left = int(rng.integers(3, 13))
        left -= 1
        positive = bool(rng.random() < options.positive_share)
        signs = _signs(rng, positive)
        size = int(rng.integers(options.least_px, options.most_px + 1))
        pixels = draw_lesion(rng, size, signs, patient["skin"], rng.uniform(0.22, 0.34))
        name = f"ISIC_{options.first_id + i:07d}"
        yield Lesion(_row(rng, name, patient, positive, signs), _jpeg(pixels))


def _table(rows, columns) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return text.getvalue().encode()


def _write_tables(folder: Path, rows: list[dict]) -> dict[str, int]:
    write_whole(folder / "train-metadata.csv", _table(rows, (*TEST_COLUMNS, *LEAKS)))
    write_whole(folder / "test-metadata.csv", _table(rows, TEST_COLUMNS))
    write_whole(folder / "sample_submission.csv", _table([{ID: r[ID], LABEL: "0.3"} for r in rows], (ID, LABEL)))
    positives = sum(row[LABEL] == "1" for row in rows)
    return {"lesions": len(rows), "positives": positives, "patients": len({row[PATIENT] for row in rows})}


def write_tables(folder: Path, options: GeneratedOptions) -> dict[str, int]:
    """train-metadata.csv, test-metadata.csv (without what only training knows), sample_submission.csv."""
    return _write_tables(folder, [lesion.row for lesion in draw_lesions(options)])


def write_data(folder: Path, options: GeneratedOptions) -> dict[str, int]:
    """images.hdf5 and the tables."""
    import h5py

    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    with h5py.File(folder / "images.hdf5", "w") as file:
        for lesion in draw_lesions(options):
            # A scalar string of fixed length. numpy drops zeros at its end; a JPEG ends with FF D9.
            file.create_dataset(lesion.row[ID], data=np.bytes_(lesion.jpeg))
            rows.append(lesion.row)
    return _write_tables(folder, rows)
