"""The columns of the metadata of ISIC 2024, and which of them must never be an input of a model."""

import csv
from pathlib import Path

from train.common.errors import TrainingError

ID, PATIENT, LABEL = "isic_id", "patient_id", "target"

MEASURED = (
    "A Aext B Bext C Cext H Hext L Lext areaMM2 area_perim_ratio color_std_mean deltaA deltaB deltaL deltaLB deltaLBnorm"
    " eccentricity location location_simple minorAxisMM nevi_confidence norm_border norm_color perimeterMM"
    " radial_color_std_max stdL stdLExt symm_2axis symm_2axis_angle x y z"
).split()

#: The columns that the metadata of the test has: these are known when a lesion is scored.
TEST_COLUMNS = (
    *(ID, PATIENT, "age_approx", "sex", "anatom_site_general", "clin_size_long_diam_mm", "image_type", "tbp_tile_type"),
    *(f"tbp_lv_{name}" for name in MEASURED),
    *("attribution", "copyright_license"),
)

#: The columns of the training table alone. Each is the label, was found out with it, or after it.
LEAKS = (
    *(LABEL, "lesion_id", "iddx_full", "iddx_1", "iddx_2", "iddx_3", "iddx_4", "iddx_5"),
    *("mel_mitotic_index", "mel_thick_mm", "tbp_lv_dnn_lesion_confidence"),
)

#: Known, but they name the row or where it comes from; a model that reads them learns the rows by heart.
NAMES = (ID, PATIENT, "attribution", "copyright_license")


def header_of(table: Path) -> list[str]:
    with open(table, newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def check_inputs(wanted, test_columns=TEST_COLUMNS) -> None:
    """Refuses inputs of a model that leak the label, or that nobody will know when a lesion is scored."""
    for name in wanted:
        if name in LEAKS or name.startswith(("iddx_", "mel_")):
            raise TrainingError("LEAK_COLUMN", f"the column {name} tells the label; it cannot be an input of the model")
        if name in NAMES:
            raise TrainingError("LEAK_COLUMN", f"the column {name} names the row or its source; it says nothing of a lesion")
        if name not in test_columns:
            raise TrainingError("LEAK_COLUMN", f"the column {name} is not in the metadata of the test")


def read_columns(table: Path, names) -> dict[str, list[str]]:
    """These columns as text: a column of ISIC 2024 may mix numbers and words."""
    with open(table, newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        missing = [name for name in names if name not in header]
        if missing:
            raise TrainingError("METADATA_INVALID", f"{table} has no column {missing[0]}")
        places = [header.index(name) for name in names]
        columns: list[list[str]] = [[] for _ in names]
        for line, row in enumerate(reader, start=2):
            if len(row) != len(header):
                raise TrainingError("METADATA_INVALID", f"{table}, row {line}: {len(row)} cells, the header has {len(header)}")
            for column, place in zip(columns, places):
                column.append(row[place].strip())
    return dict(zip(names, columns))


def read_labels(table: Path, names=(ID, PATIENT, LABEL)) -> tuple[list[str], list[str], list[int]]:
    """Names, patients, labels (0 or 1) from these columns. A name that is there twice, a row without patient or label is refused."""
    of_name, of_patient, of_label = names
    columns = read_columns(table, names)
    seen: set[str] = set()
    labels = []
    for name, patient, label in zip(columns[of_name], columns[of_patient], columns[of_label]):
        if name in seen:
            raise TrainingError("METADATA_INVALID", f"{table} has {name} twice")
        seen.add(name)
        if patient == "":
            raise TrainingError("METADATA_INVALID", f"{table}: {name} has no {of_patient}")
        if label not in ("0", "1", "0.0", "1.0"):
            raise TrainingError("METADATA_INVALID", f"{table}: {of_label} of {name} is {label!r}; it is 0 or 1")
        labels.append(int(float(label)))
    return columns[of_name], columns[of_patient], labels
