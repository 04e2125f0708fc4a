"""Run by the Python of train/requirements.txt: LightGBM and ONNX Runtime."""

import csv
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import onnxruntime

from train.common.errors import TrainingError
from train.common.metrics import auc
from train.lesions.boost import BoostOptions, train_boost
from train.lesions.columns import read_labels
from train.lesions.folds import fold_of_rows, write_folds
from train.lesions.generated import GeneratedOptions, write_tables
from train.lesions.table import encode_table
from train.lesions.trees import float32_below

COLUMNS = ("age_approx", "sex", "tbp_lv_norm_border", "tbp_lv_norm_color", "tbp_lv_color_std_mean", "tbp_lv_H")


def write_scores(path: Path, names, labels) -> Path:
    rng = np.random.default_rng(3)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["isic_id", "target", "probability"])
        for name, label in zip(names, labels):
            writer.writerow([name, label, float(1 / (1 + np.exp(-rng.normal(1.2 if label else -1.2, 1.0))))])
    return path


class BoostTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.holder.cleanup)
        cls.folder = Path(cls.holder.name)
        write_tables(cls.folder, GeneratedOptions(lesions=900, seed=4, least_px=16, most_px=16))
        cls.table = cls.folder / "train-metadata.csv"
        cls.folds = write_folds(cls.table, cls.folder / "folds.json", 4, 1)
        cls.names, cls.patients, cls.labels = read_labels(cls.table)
        cls.scores = write_scores(cls.folder / "scores.csv", cls.names, cls.labels)
        cls.card = train_boost(cls.options("table"))
        cls.both = train_boost(cls.options("both", predictions=(str(cls.scores),)))

    @classmethod
    def options(cls, out: str, **others) -> BoostOptions:
        chosen = {"columns": COLUMNS, "test_metadata": cls.folder / "test-metadata.csv", "rounds": 120, **others}
        return BoostOptions(metadata=cls.table, folds=cls.folder / "folds.json", out=cls.folder / out, **chosen)

    def run_graph(self, out: str, **inputs) -> np.ndarray:
        session = onnxruntime.InferenceSession(self.folder / out / "model.onnx", providers=["CPUExecutionProvider"])
        return session.run(["probability"], inputs)[0][:, 0]

    def test_the_graph_gives_what_the_trees_give(self):
        for out, card in (("table", self.card), ("both", self.both)):
            described = json.loads((self.folder / out / "boost.json").read_text())
            inputs = {"table": encode_table(self.table, self.patients, described["table"])}
            if out == "both":
                with open(self.scores, newline="") as file:
                    inputs["image"] = np.array([[float(row["probability"])] for row in csv.DictReader(file)], np.float32)
            found = self.run_graph(out, **inputs)
            inside = fold_of_rows(self.folds, self.patients) == 0
            self.assertAlmostEqual(auc(found[inside], np.array(self.labels)[inside]), card["validation"]["auc"], delta=1e-4)
            one = self.run_graph(out, **{name: value[:1] for name, value in inputs.items()})
            self.assertAlmostEqual(float(one[0]), float(found[0]), 6)

    def test_the_graph_and_lightgbm_agree_row_by_row(self):
        import lightgbm

        from train.lesions.trees import graph_of_trees

        rng = np.random.default_rng(1)
        values = rng.normal(size=(2000, 5)).astype(np.float32)
        labels = values[:, 0] * values[:, 1] + rng.normal(size=2000) > 0
        settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "use_missing": False}
        booster = lightgbm.train(settings, lightgbm.Dataset(values.astype(np.float64), labels), 80)
        session = onnxruntime.InferenceSession(graph_of_trees(booster.dump_model(), {"table": 5}))
        # Values at the thresholds themselves too.
        found = session.run(None, {"table": values})[0][:, 0]
        self.assertLessEqual(np.abs(found - booster.predict(values.astype(np.float64))).max(), 1e-5)

    def test_a_threshold_divides_32_bit_numbers_as_before(self):
        for threshold in (0.1, 1 / 3, -0.7, 1e-40, 0.5, 16777217.0):
            below = float32_below(threshold)
            above = float(np.nextafter(np.float32(below), np.float32(np.inf)))
            self.assertLessEqual(below, threshold)
            self.assertGreater(above, threshold)

    def test_the_table_tells_and_the_image_adds_to_it(self):
        self.assertGreater(self.card["validation"]["auc"], 0.8)
        self.assertGreater(self.both["validation"]["auc"], self.card["validation"]["auc"])
        self.assertEqual(self.both["inputs"], {**self.card["inputs"], "image": 1})

    def test_a_seed_gives_the_same_bytes(self):
        train_boost(self.options("again"))
        self.assertEqual((self.folder / "again/model.onnx").read_bytes(), (self.folder / "table/model.onnx").read_bytes())

    def test_what_is_wrong_is_named(self):
        short = self.folder / "short.csv"
        short.write_text("\n".join(self.scores.read_text().splitlines()[:-3]) + "\n")
        for change, found in (
            ({"columns": ("age_approx", "mel_thick_mm")}, "LEAK_COLUMN: the column mel_thick_mm"),
            ({"columns": ("tbp_lv_dnn_lesion_confidence",)}, "LEAK_COLUMN"),
            ({"columns": ()}, "OPTION_INVALID"),
            ({"predictions": (str(short),)}, "PREDICTIONS_INVALID: 3 lesions have no score"),
            ({"predictions": (str(self.scores), str(self.scores))}, "PREDICTIONS_INVALID.*another file has too"),
        ):
            with self.assertRaisesRegex(TrainingError, found):
                train_boost(self.options("bad", **change))
        self.assertFalse((self.folder / "bad").exists())


if __name__ == "__main__":
    unittest.main()
