import csv
import json
import subprocess
import unittest
from pathlib import Path

import numpy as np
import torch

from train.common.calibrate import apply_logistic
from train.common.errors import TrainingError
from train.common.metrics import auc
from train.lesions.folds import write_folds
from train.slides.clinical import encode, fit_feature
from train.slides.data import read_features
from train.slides.export import export_head
from train.slides.generated import GeneratedSlides, write_encoder, write_slides
from train.slides.loop import SlideOptions, load_head, train_head
from train.tests.support import ROOT, scratch

COLUMNS = ("filename", "patient_id", "relapse")


def node(*words) -> str:
    ended = subprocess.run(["node", *map(str, words)], cwd=ROOT, capture_output=True, text=True)
    if ended.returncode != 0:
        raise AssertionError(ended.stderr)
    return ended.stdout


def slides(name: str, options: GeneratedSlides, encoder: Path) -> Path:
    """Slides, and the features that the library's engine extracts from them."""
    folder = scratch() / name
    write_slides(folder, options)
    node("dist/cli/main.js", "embed", folder / "slides", "--model", encoder, "--out", folder / "features")
    return folder


def rows_of(folder: Path) -> list[dict]:
    with open(folder / "metadata.csv", newline="") as file:
        return list(csv.DictReader(file))


class SlideHeadTest(unittest.TestCase):
    """120 slides are trained on, 60 others of other patients are unseen; one or two of 64 tiles decide."""

    @classmethod
    def setUpClass(cls):
        cls.encoder = scratch() / "encoder"
        write_encoder(cls.encoder, 1)
        cls.seen = slides("seen", GeneratedSlides(180, 1), cls.encoder)
        cls.unseen = slides("unseen", GeneratedSlides(60, 9, first=10_000), cls.encoder)
        write_folds(cls.seen / "metadata.csv", cls.seen / "folds.json", 3, 1, COLUMNS)
        cls.rows = rows_of(cls.unseen)
        cls.labels = [int(row["relapse"]) for row in cls.rows]
        cls.scores = {}
        for pooling in ("attention", "mean"):
            train_head(cls.options(pooling, clinical=("age", "sex"), pooling=pooling))
            export_head(scratch() / pooling, cls.encoder, cls.bundle(pooling), f"head-{pooling}", {"licence": "CC0-1.0"})
            found = json.loads(node("train/tests/score-slides.mjs", cls.bundle(pooling), cls.unseen))
            cls.scores[pooling] = np.array([found[row["filename"]] for row in cls.rows])

    @classmethod
    def options(cls, out: str, **others) -> SlideOptions:
        chosen = {"epochs": 20, "threads": 1, **others}
        data = {"features": cls.seen / "features", "metadata": cls.seen / "metadata.csv", "folds": cls.seen / "folds.json"}
        return SlideOptions(**data, out=scratch() / out, **chosen)

    @classmethod
    def bundle(cls, pooling: str) -> Path:
        return scratch() / f"bundle-{pooling}"

    def test_attention_beats_the_mean_where_few_tiles_decide(self):
        attention, mean = (auc(self.scores[pooling], self.labels) for pooling in ("attention", "mean"))
        self.assertGreaterEqual(attention, mean + 0.1, f"{attention} and {mean}")
        self.assertGreaterEqual(attention, 0.9)

    def test_the_engine_and_pytorch_agree(self):
        for pooling in ("attention", "mean"):
            head, card = load_head(scratch() / pooling)
            columns = {name: [row[name] for row in self.rows] for name in ("age", "sex")}
            self.assertTrue("" in columns["age"] or "" in columns["sex"], "a missing value is to be compared too")
            clinical = torch.from_numpy(encode(card["clinical"], columns, len(self.rows)))
            with torch.no_grad():
                raw = [
                    float(torch.sigmoid(head(read_features(self.unseen / "features", row["filename"]), clinical[i : i + 1])[0]))
                    for i, row in enumerate(self.rows)
                ]
            ours = apply_logistic(np.array(raw), *card["calibration"])
            self.assertLessEqual(np.abs(ours - self.scores[pooling]).max(), 1e-5)

    def test_a_seed_gives_the_same_head(self):
        train_head(self.options("again", epochs=2))
        train_head(self.options("once-more", epochs=2))
        self.assertEqual((scratch() / "again/head.pt").read_bytes(), (scratch() / "once-more/head.pt").read_bytes())

    def test_what_is_wrong_with_the_data_is_named(self):
        for change, found in (
            ({"clinical": ("relapse",)}, "LEAK_COLUMN"),
            ({"clinical": ("age", "mel_type")}, "LEAK_COLUMN: the column mel_type"),
            ({"clinical": ("weight",)}, "METADATA_INVALID.*no column weight"),
            ({"pooling": "max"}, "OPTION_INVALID"),
        ):
            with self.assertRaisesRegex(TrainingError, found):
                train_head(self.options("bad", **change))
        options = self.options("bad")
        options.features = self.unseen / "features"
        with self.assertRaisesRegex(TrainingError, "FEATURES_MISSING.*slide-00000.h5"):
            train_head(options)
        table = scratch() / "slides-test.csv"
        table.write_text("filename,age\n")
        with self.assertRaisesRegex(TrainingError, "LEAK_COLUMN: the column sex is not in the metadata of the test"):
            train_head(self.options("bad", clinical=("age", "sex"), test_metadata=table))
        self.assertFalse((scratch() / "bad").exists())

    def test_a_loss_that_is_no_number_stops_with_the_slide(self):
        with self.assertRaisesRegex(TrainingError, "NAN_LOSS.*slide-"):
            train_head(self.options("nan", rate=1e30))

    def test_a_rule_that_embed_does_not_apply_is_refused(self):
        changed = scratch() / "ruled"
        changed.mkdir()
        described = json.loads((self.encoder / "microtome.json").read_text())
        described["select"].append({"rule": "quality", "measure": "sharpness", "min": 5})
        (changed / "microtome.json").write_text(json.dumps(described))
        with self.assertRaisesRegex(TrainingError, "EXPORT_REFUSED.*quality"):
            export_head(scratch() / "attention", changed, scratch() / "none", "none", {})


class ClinicalTest(unittest.TestCase):
    def test_numbers_and_categories_and_missing_values(self):
        age, sex = fit_feature("age", ["50", "", "60", "70"]), fit_feature("sex", ["F", "M", "NA", "F"])
        found = encode([age, sex], {"age": ["60", "n/a"], "sex": ["m", ""]}, 2)
        self.assertEqual(found.tolist(), [[0, 0, 0, 1, 0], [0, 1, 0, 0, 1]])
        with self.assertRaisesRegex(TrainingError, "has 'X', which no row of training has"):
            encode([sex], {"sex": ["X"]}, 1)
        with self.assertRaisesRegex(TrainingError, "among numbers"):
            encode([age], {"age": ["old"]}, 1)


if __name__ == "__main__":
    unittest.main()
