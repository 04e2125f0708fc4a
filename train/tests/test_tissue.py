import dataclasses
import hashlib
import json
import unittest

import numpy as np

from train.common.calibrate import fit_logistic
from train.common.errors import TrainingError
from train.tests.support import ROOT, scratch
from train.tissue.demo import DemoOptions, build_demo
from train.tissue.export import CARD, bundle_parts

SHIPPED = ROOT / "models" / "demo"
SMALL = DemoOptions(slides=8, calibration=4, unseen=4, training_tiles_per_slide=9, tiles_per_slide=3, epochs=1)


class TissueTest(unittest.TestCase):
    def test_a_seed_gives_the_same_bytes_twice(self):
        builds = {"one": SMALL, "two": SMALL, "other": dataclasses.replace(SMALL, seed=5)}
        found = {name: build_demo(scratch() / f"tissue-{name}", options) for name, options in builds.items()}
        self.assertEqual(found["one"], found["two"])
        self.assertEqual((found["one"]["unseen_slides"], found["one"]["unseen_tiles"]), (4, 12))
        read = {name: [(scratch() / f"tissue-{name}" / file).read_bytes() for file in ("model.onnx", "microtome.json")] for name in builds}
        self.assertEqual(read["one"], read["two"])
        self.assertNotEqual(read["one"][0], read["other"][0])

    def test_the_bundle_of_the_package_is_described_as_it_is_made(self):
        described = json.loads((SHIPPED / "microtome.json").read_text())
        graph = (SHIPPED / "model.onnx").read_bytes()
        self.assertEqual(described["files"], {"model.onnx": hashlib.sha256(graph).hexdigest()})
        card = described["card"]
        self.assertIs(card["clinicalUse"], False)
        self.assertIn("drawn", card["trainingData"])
        for name, words in CARD.items():
            self.assertEqual(card[name], words)
        calibration = described["outputs"][0]["calibration"]
        for name, part in bundle_parts((calibration["slope"], calibration["intercept"])).items():
            self.assertEqual(described[name], part)

    def test_sets_that_cannot_be_trained_on_are_refused(self):
        too_few, too_many = {"slides": 2, "training_tiles_per_slide": 2}, {"unseen": 100_001}
        for change in ({"slides": 1}, too_many, {"tiles_per_slide": 0}, {"epochs": 0}, too_few):
            with self.subTest(change), self.assertRaisesRegex(TrainingError, "OPTION_INVALID"):
                build_demo(scratch() / "refused", dataclasses.replace(SMALL, **change))
        self.assertFalse((scratch() / "refused").exists())

    def test_the_likely_slope_decides_where_the_scores_say_little(self):
        scores, positive = np.array([0.5, 0.5001, 0.4999]), np.array([True, False, True])
        for slope in (0.0, 1.0, 3.0):
            self.assertAlmostEqual(fit_logistic(scores, positive, slope)[0], slope, delta=0.05)


if __name__ == "__main__":
    unittest.main()
