import io
import json
import os
import subprocess
import unittest
from pathlib import Path

import h5py
import numpy as np
import onnx
import torch
from PIL import Image

from train.common.bundle import write_bundle
from train.common.calibrate import apply_logistic
from train.common.errors import TrainingError
from train.common.metrics import HIGHEST, LOWEST, all_metrics, auc
from train.lesions.augment import plain
from train.lesions.columns import read_labels
from train.lesions.crops import CropFile
from train.lesions.export import (
    Probability,
    bundle_parts,
    export_boosted,
    export_bundle,
    graph_of,
    load_run,
    torch_probabilities,
)
from train.lesions.loop import train
from train.lesions.model import LesionNet
from train.lesions.options import TrainOptions
from train.lesions.table import encode_table
from train.tests.launch import pytorchjob
from train.tests.support import ROOT, flags_of, lesions, options_of, scratch, table_scores, write_index


def onnx_python(*words) -> str:
    """The Python that has onnxruntime."""
    ended = subprocess.run([os.environ["MICROTOME_ONNX_PYTHON"], *words], cwd=ROOT, capture_output=True, text=True)
    if ended.returncode != 0:
        raise AssertionError(ended.stderr)
    return ended.stdout


def scores_of(bundle, data) -> list[float]:
    """By the library's engine, in the order of the index, which is that of the names."""
    words = ["node", str(ROOT / "train" / "tests" / "score-images.mjs"), str(bundle), str(data)]
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    if ended.returncode != 0:
        raise AssertionError(ended.stderr)
    return json.loads(ended.stdout)


class ExportTest(unittest.TestCase):
    """Two ranks train on 900 lesions; 300 other lesions of other patients are unseen."""

    @classmethod
    def setUpClass(cls):
        cls.seen, cls.unseen = lesions(900, 1), lesions(300, 999, first_id=500_000)
        cls.options = options_of(cls.seen, scratch() / "run", epochs=12)
        for code, text in pytorchjob([["-m", "train.lesions", "train", *flags_of(cls.options)]] * 2):
            if code != 0:
                raise AssertionError(text)
        cls.bundle = scratch() / "bundle"
        cls.found = export_bundle(cls.options.out, cls.bundle, "lesion-test", {"licence": "CC0-1.0"})
        cls.described = json.loads((cls.bundle / "microtome.json").read_text())

    def test_ranks_end_with_equal_parameters(self):
        digests = json.loads((self.options.out / "run.json").read_text())["parametersSha256"]
        self.assertEqual(len(digests), 2)
        self.assertEqual(len(set(digests)), 1)

    def test_the_bundle_tells_unseen_lesions_apart(self):
        names, patients, labels = read_labels(self.unseen / "train-metadata.csv")
        self.assertFalse(set(patients) & set(read_labels(self.seen / "train-metadata.csv")[1]))
        scores = scores_of(self.bundle, self.unseen)
        self.assertEqual(sorted(names), names)
        self.assertGreaterEqual(auc(scores, labels), 0.85)

    def test_pytorch_and_the_engine_agree_decoding_and_resizing_included(self):
        crops = CropFile(self.unseen / "images.hdf5", self.unseen / "index.json")
        names = json.loads((self.unseen / "index.json").read_text())["names"]
        scores = scores_of(self.bundle, self.unseen)
        calibration = self.described["outputs"][0]["calibration"]
        ours = apply_logistic(
            torch_probabilities(self.options.out, crops, names), calibration["slope"], calibration["intercept"]
        )
        self.assertLessEqual(np.abs(ours - np.array(scores)).max(), 1e-5)

    def test_the_graph_has_stable_names_and_a_free_batch(self):
        graph = onnx.load(str(self.bundle / "model.onnx")).graph
        shapes = {
            value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
            for value in (*graph.input, *graph.output)
        }
        self.assertEqual(shapes, {"image": ["n", 3, 48, 48], "probability": ["n", 1]})
        self.assertEqual([node.op_type for node in graph.node if "probability" in node.output][-1:], ["Unsqueeze"])
        self.assertIn("Sigmoid", [node.op_type for node in graph.node])

    def test_the_library_takes_the_bundle(self):
        program = "import { loadModel } from 'microtome'; console.log(JSON.stringify(await loadModel(process.argv[1])));"
        words = ["node", "--input-type=module", "-e", program, str(self.bundle)]
        model = json.loads(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        self.assertEqual(model["outputs"][0]["name"], "target")
        self.assertEqual(model["card"]["licence"], "CC0-1.0")
        self.assertIn(f"AUC {self.found['auc']:.3f}", model["card"]["evaluation"])

    def test_the_same_run_gives_the_same_bytes(self):
        net, state = load_run(self.options.out)
        again = graph_of(net, state["options"]["size_px"])
        self.assertEqual(again, (self.bundle / "model.onnx").read_bytes())

    def test_int8_has_its_metrics_beside_those_of_fp32_in_its_card(self):
        out = scratch() / "int8"
        files = {name: str(getattr(self.options, name)) for name in ("images", "index", "metadata", "folds")}
        flags = [word for name, path in files.items() for word in (f"--{name}", path)]
        onnx_python("-m", "train.lesions", "quantize", str(self.bundle), str(out), *flags)
        described = json.loads((out / "microtome.json").read_text())
        self.assertRegex(described["card"]["evaluation"], r"fp32: AUC 0\.\d{4}.*int8: AUC 0\.\d{4}")
        types = {node.op_type for node in onnx.load(str(out / "model.onnx")).graph.node}
        self.assertLessEqual({"QuantizeLinear", "DequantizeLinear"}, types)
        self.assertLess((out / "model.onnx").stat().st_size, 0.6 * (self.bundle / "model.onnx").stat().st_size)
        _, _, labels = read_labels(self.unseen / "train-metadata.csv")
        scores = scores_of(out, self.unseen)
        whole = scores_of(self.bundle, self.unseen)
        self.assertNotEqual(scores, whole)
        self.assertLess(abs(all_metrics(scores, labels)["auc"] - all_metrics(whole, labels)["auc"]), 0.03)


#: Of a table and of scores in inputs.npz, by ONNX Runtime; prints JSON.
RUN_TREES = """
import json, sys
import numpy as np, onnxruntime
given = np.load(sys.argv[2])
print(json.dumps(onnxruntime.InferenceSession(sys.argv[1]).run(None, dict(given))[0][:, 0].tolist()))
"""


class BoostedTest(unittest.TestCase):
    """Trees over the score of a network and the table, as one bundle."""

    def test_the_engine_gives_what_the_trees_give_of_both(self):
        data = lesions(400, 21)
        options = options_of(data, scratch() / "boost-run", epochs=3)
        train(options)
        names, patients, labels = read_labels(data / "train-metadata.csv")
        raw = torch_probabilities(options.out, CropFile(data / "images.hdf5", data / "index.json"), names)
        scores = scratch() / "boost-scores.csv"
        rows = [f"{name},{label},{value!r}" for name, label, value in zip(names, labels, raw.tolist())]
        scores.write_text("\n".join(["isic_id,target,probability", *rows]) + "\n")
        boost, bundle = scratch() / "boost", scratch() / "boosted"
        columns = ["age_approx", "sex", "tbp_lv_norm_border", "tbp_lv_norm_color"]
        files = ["--metadata", str(options.metadata), "--folds", str(options.folds), "--predictions", str(scores)]
        onnx_python("-m", "train.lesions", "boost", "--out", str(boost), *files, "--rounds", "40", "--columns", *columns)
        with self.assertRaisesRegex(TrainingError, "EXPORT_REFUSED.*no score of an image model"):
            export_boosted(options.out, without_image(boost), bundle, "none", {})
        export_boosted(options.out, boost, bundle, "boosted", {"licence": "CC0-1.0"})
        table = encode_table(options.metadata, patients, json.loads((boost / "boost.json").read_text())["table"])
        np.savez(scratch() / "inputs.npz", table=table, image=raw[:, None].astype(np.float32))
        expected = np.array(json.loads(onnx_python("-c", RUN_TREES, str(boost / "model.onnx"), str(scratch() / "inputs.npz"))))
        found = table_scores(bundle, data)
        # A score that differs in its last bit may take another branch of a tree.
        alike = np.abs(np.array([found[name] for name in names]) - np.clip(expected, LOWEST, HIGHEST)) <= 1e-5
        self.assertGreaterEqual(alike.mean(), 0.98)
        self.assertGreater(np.ptp(expected), 0.3)


def without_image(boost: Path) -> Path:
    described = json.loads((boost / "boost.json").read_text())
    del described["inputs"]["image"]
    out = scratch() / "boost-table"
    out.mkdir()
    (out / "boost.json").write_text(json.dumps(described))
    return out


def odd_images() -> Path:
    """Images that are not like the others: grey, progressive, turned by Exif, wide, high, large, of one pixel."""
    folder = scratch() / "odd"
    folder.mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6
    kinds = {
        "grey": ("L", (90, 90), {}),
        "progressive": ("RGB", (131, 131), {"progressive": True}),
        "turned": ("RGB", (120, 70), {"exif": turned}),
        "wide": ("RGB", (239, 61), {"subsampling": 0}),
        "large": ("RGB", (700, 650), {}),
        "tiny": ("RGB", (1, 1), {}),
        "high": ("RGB", (70, 120), {}),
    }
    rng = np.random.default_rng(8)
    with h5py.File(folder / "images.hdf5", "w") as file:
        for name, (mode, (width, height), how) in kinds.items():
            pixels = np.kron(rng.integers(0, 256, (height // 9 + 1, width // 9 + 1, 3)), np.ones((9, 9, 1)))
            image = Image.fromarray(pixels[:height, :width].astype(np.uint8)).convert(mode)
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=90, **how)
            file.create_dataset(name, data=np.bytes_(buffer.getvalue()))
    write_index(folder / "images.hdf5", folder / "index.json")
    return folder


class OddImagesTest(unittest.TestCase):
    def test_training_and_scoring_see_the_same_pixels(self):
        data = odd_images()
        crops, names = CropFile(data / "images.hdf5", data / "index.json"), json.loads((data / "index.json").read_text())["names"]
        self.assertEqual(len(names), 7)
        # The graph gives a sum over all pixels, each with a weight of its own, so that one other pixel shows.
        torch.manual_seed(4)
        weights = torch.randn(3 * 48 * 48, 1) / 100

        class Weighed(torch.nn.Module):
            def forward(self, image):
                return torch.sigmoid(image.flatten(1) @ weights)

        parts = bundle_parts({"size_px": 48, "mean": [0.5] * 3, "std": [0.25] * 3}, (1.0, 0.0), 0.5)
        card = {"licence": "CC0-1.0", "intendedUse": "a test"}
        write_bundle(data / "bundle", "weighed", "A sum.", parts, {"model.onnx": graph_of(Weighed(), 48)}, card)
        images = [torch.from_numpy(plain(crops.pixels(name, 48))).permute(2, 0, 1)[None] for name in names]
        ours = np.array([float(Weighed()((image - 0.5) / 0.25)) for image in images])
        for name, found, expected in zip(names, scores_of(data / "bundle", data), ours):
            self.assertAlmostEqual(found, expected, delta=1e-5, msg=name)


class EfficientNetTest(unittest.TestCase):
    def test_the_engine_scores_it_as_pytorch_does(self):
        data, bundle, options = lesions(300, 1), scratch() / "efficientnet", TrainOptions(*[Path("none")] * 5, size_px=64)
        torch.manual_seed(3)
        net = Probability(LesionNet("efficientnet_b0"))
        crops, names = CropFile(data / "images.hdf5", data / "index.json"), read_labels(data / "train-metadata.csv")[0]
        pixels = np.stack([plain(crops.pixels(name, 64)) for name in names[:64]])
        images = (torch.from_numpy(pixels).permute(0, 3, 1, 2) - torch.tensor(options.mean).view(3, 1, 1)) / torch.tensor(
            options.std
        ).view(3, 1, 1)
        # Not trained; but with running means of these images, or all of them would get the same score.
        for layer in net.modules():
            if isinstance(layer, torch.nn.BatchNorm2d):
                layer.momentum = None
        with torch.no_grad():
            net.train()(images)
            ours = net.eval()(images)[:, 0].double().numpy()
        parts = bundle_parts({"size_px": 64, "mean": options.mean, "std": options.std}, (1.0, 0.0), 0.5)
        card = {"licence": "CC0-1.0", "intendedUse": "a test"}
        write_bundle(bundle, "efficientnet", "Not trained.", parts, {"model.onnx": graph_of(net, 64)}, card)
        scores = np.array(scores_of(bundle, data))
        self.assertEqual(len(scores), 300)
        self.assertGreater(np.ptp(ours), 0.01)
        self.assertLessEqual(np.abs(ours - scores[:64]).max(), 1e-5)


if __name__ == "__main__":
    unittest.main()
