"""clinical.py FEATURES.json ROWS.json: the vector of each row by train/reference/clinical_values.py, or null where it raises an
error; one line of JSON for each row."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "train" / "reference"))
import clinical_values  # noqa: E402


def vector_or_none(features: list, row: dict) -> list | None:
    try:
        return clinical_values.vector(features, row).tolist()
    except ValueError:
        return None


features, rows = (json.loads(Path(path).read_text()) for path in sys.argv[1:3])
for row in rows:
    print(json.dumps(vector_or_none(features, row)))
