import json
import unittest

import numpy as np
import torch

from train.common.calibrate import apply_logistic
from train.common.errors import TrainingError
from train.lesions import checkpoint
from train.lesions.columns import read_labels
from train.lesions.crops import CropFile
from train.lesions.export import export_bundle, torch_probabilities
from train.lesions.loop import train
from train.lesions.model import LesionNet, load_weights, parameters_of
from train.lesions.table import encode_table
from train.tests.support import lesions, options_of, scratch, table_scores


class Stopped(Exception):
    pass


def stop_at(step):
    def on_step(at, _):
        if at == step:
            raise Stopped()

    return on_step


class TrainingTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = lesions(300, 1)
        cls.whole = train(options_of(cls.data, scratch() / "whole", epochs=3))

    def test_a_stopped_run_goes_on_and_ends_with_the_same_parameters(self):
        options = options_of(self.data, scratch() / "stopped", epochs=3)
        per_epoch = checkpoint.load(scratch() / "whole" / "last.pt")["step"] // 3
        with self.assertRaises(Stopped):
            train(options, stop_at(per_epoch + 1))
        self.assertEqual(checkpoint.load(options.out / "last.pt")["epoch"], 1)
        self.assertEqual(train(options), self.whole)

    def test_a_finished_run_is_left_as_it_is(self):
        before = (scratch() / "whole" / "last.pt").read_bytes()
        self.assertEqual(train(options_of(self.data, scratch() / "whole", epochs=3), stop_at(0)), self.whole)
        self.assertEqual((scratch() / "whole" / "last.pt").read_bytes(), before)

    def test_a_checkpoint_of_other_options_is_refused(self):
        with self.assertRaisesRegex(TrainingError, "CHECKPOINT_REFUSED"):
            train(options_of(self.data, scratch() / "whole", epochs=3, seed=2))

    def test_a_loss_that_is_no_number_stops_with_the_step_and_keeps_the_checkpoint(self):
        options = options_of(self.data, scratch() / "nan", epochs=3)
        step = checkpoint.load(scratch() / "whole" / "last.pt")["step"] // 3 + 2
        kept = {}

        def spoil(at, loss):
            if at == step:
                kept["bytes"] = (options.out / "last.pt").read_bytes()
                loss.data.fill_(float("nan"))

        with self.assertRaisesRegex(TrainingError, f"NAN_LOSS: the loss is nan at step {step} \\(epoch 2\\)"):
            train(options, spoil)
        self.assertEqual((options.out / "last.pt").read_bytes(), kept["bytes"])
        self.assertTrue(all(torch.isfinite(v).all() for v in checkpoint.load(options.out / "last.pt")["model"].values()))

    def test_metrics_of_every_epoch_are_lines_of_json_and_in_the_card(self):
        lines = [json.loads(line) for line in (scratch() / "whole" / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual([line["epoch"] for line in lines], [1, 2, 3])
        self.assertEqual(set(lines[0]), {"epoch", "train_loss", "log_loss", "auc", "pauc"})
        card = json.loads((scratch() / "whole" / "run.json").read_text())
        self.assertEqual(card["history"], lines)
        self.assertIn("torch", card["versions"])
        self.assertEqual(card["data"]["foldsDigest"], json.loads((self.data / "folds.json").read_text())["digest"])
        self.assertEqual(card["data"]["imagesSha256"], json.loads((self.data / "index.json").read_text())["sha256"])
        self.assertEqual(card["data"]["training"]["lesions"] + card["data"]["validation"]["lesions"], 300)

    def test_the_table_as_a_second_input(self):
        columns = ("age_approx", "sex", "tbp_lv_norm_border", "tbp_lv_norm_color", "tbp_lv_color_std_mean")
        options = options_of(self.data, scratch() / "table", epochs=8, columns=columns)
        card = train(options)
        # Three of these columns follow the signs, so they help.
        self.assertGreater(card["best"]["auc"], 0.8)
        export_bundle(options.out, scratch() / "table-bundle", "table-test", {"licence": "CC0-1.0"})
        found = table_scores(scratch() / "table-bundle", self.data)
        names, patients, _ = read_labels(self.data / "train-metadata.csv")
        table = encode_table(self.data / "train-metadata.csv", patients, checkpoint.load(options.out / "best.pt")["table"])
        crops = CropFile(self.data / "images.hdf5", self.data / "index.json")
        raw = torch_probabilities(options.out, crops, names, table)
        described = json.loads((scratch() / "table-bundle" / "microtome.json").read_text())
        calibration = described["outputs"][0]["calibration"]
        expected = apply_logistic(raw, calibration["slope"], calibration["intercept"])
        self.assertEqual(sorted(found), sorted(names))
        self.assertLessEqual(np.abs(np.array([found[name] for name in names]) - expected).max(), 1e-5)
        with self.assertRaisesRegex(TrainingError, "LEAK_COLUMN: the column iddx_1 tells"):
            train(options_of(self.data, scratch() / "leak", columns=("age_approx", "iddx_1")))
        self.assertFalse((scratch() / "leak").exists())

    def test_an_image_that_is_not_there_is_refused_before_the_first_step(self):
        index = json.loads((self.data / "index.json").read_text())
        gone = index["names"].pop()
        path = scratch() / "gone.json"
        path.write_text(json.dumps(index))
        options = options_of(self.data, scratch() / "gone")
        options.index = path
        with self.assertRaisesRegex(TrainingError, f"CROP_MISSING: 1 of 300 images are not in .*{gone}"):
            train(options, stop_at(0))


class ModelTest(unittest.TestCase):
    def test_networks_give_one_logit_for_each_image(self):
        for backbone in ("small", "efficientnet_b0"):
            net = LesionNet(backbone, table_columns=3).eval()
            self.assertEqual(net(torch.zeros(2, 3, 64, 64), torch.zeros(2, 3)).shape, (2,))
        self.assertLess(parameters_of(LesionNet("small")), 70_000)
        with self.assertRaisesRegex(TrainingError, "OPTION_INVALID"):
            LesionNet("large")

    def test_weights_of_the_user_are_taken_by_name_and_hash(self):
        import hashlib

        import torchvision

        torch.manual_seed(5)
        path = scratch() / "weights.pt"
        given = torchvision.models.efficientnet_b0(weights=None).state_dict()
        torch.save(given, path)
        net = LesionNet("efficientnet_b0")
        self.assertEqual(load_weights(net, path, hashlib.sha256(path.read_bytes()).hexdigest()), [])
        self.assertTrue(torch.equal(net.backbone.state_dict()["0.0.0.weight"], given["features.0.0.weight"]))
        with self.assertRaisesRegex(TrainingError, "WEIGHTS_INVALID.*SHA-256"):
            load_weights(net, path, "0" * 64)


if __name__ == "__main__":
    unittest.main()
