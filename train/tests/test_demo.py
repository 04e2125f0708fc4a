import hashlib
import json
import re
import unittest

from train.common.metrics import auc
from train.lesions.columns import read_labels
from train.lesions.demo import DemoOptions, build_demo, unseen_data
from train.tests.support import ROOT, scratch
from train.tests.test_export import scores_of

SHIPPED = ROOT / "models" / "demo-lesion"


class DemoTest(unittest.TestCase):
    def test_a_seed_gives_the_same_bytes_twice(self):
        options = DemoOptions(lesions=300, unseen=100, epochs=2)
        for name in ("one", "two"):
            build_demo(scratch() / name, options)
        for file in ("model.onnx", "microtome.json"):
            self.assertEqual((scratch() / "one" / file).read_bytes(), (scratch() / "two" / file).read_bytes())
        build_demo(scratch() / "other", DemoOptions(lesions=300, unseen=100, epochs=2, seed=5))
        self.assertNotEqual((scratch() / "one" / "model.onnx").read_bytes(), (scratch() / "other" / "model.onnx").read_bytes())

    def test_the_bundle_of_the_package_is_as_good_as_its_card_says(self):
        described = json.loads((SHIPPED / "microtome.json").read_text())
        graph = (SHIPPED / "model.onnx").read_bytes()
        self.assertEqual(described["files"]["model.onnx"], hashlib.sha256(graph).hexdigest())
        self.assertLess(len(graph), 300_000)
        self.assertFalse(described["card"]["clinicalUse"])
        self.assertIn("Says nothing about real lesions", described["card"]["limitations"])
        data = unseen_data(scratch() / "demo-unseen", DemoOptions.unseen, DemoOptions.seed)
        _, _, labels = read_labels(data / "train-metadata.csv")
        said = float(re.search(r"AUC (0\.\d+)", described["card"]["evaluation"])[1])
        self.assertAlmostEqual(auc(scores_of(SHIPPED, data), labels), said, delta=0.01)


if __name__ == "__main__":
    unittest.main()
