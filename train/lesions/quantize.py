"""The INT8 variant of a bundle: weights and values between layers as 8-bit numbers (QDQ), calibrated on lesions of training.
Needs onnxruntime (train/requirements.txt), and no PyTorch."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.common.bundle import write_bundle
from train.common.calibrate import apply_logistic
from train.common.errors import TrainingError
from train.common.metrics import all_metrics
from train.lesions.columns import read_labels
from train.lesions.crops import CropFile
from train.lesions.folds import fold_of_rows, read_folds


@dataclass
class QuantizeOptions:
    images: Path
    index: Path
    metadata: Path
    folds: Path
    fold: int = 0
    calibration_images: int = 200
    seed: int = 1


class Inputs:
    """Tensors of images as the bundle describes them."""

    def __init__(self, crops: CropFile, described: dict):
        self._crops, self._size = crops, described["size"]
        self._scale = described["scale"]
        self._mean, self._std = (np.array(described[key]).reshape(3, 1, 1) for key in ("mean", "std"))

    def of(self, name: str) -> np.ndarray:
        pixels = self._crops.pixels(name, self._size).transpose(2, 0, 1)
        return ((pixels * self._scale - self._mean) / self._std).astype(np.float32)[None]


def _quantized(graph: bytes, inputs: Inputs, names: list[str]) -> bytes:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self._left = iter(names)

        def get_next(self):
            name = next(self._left, None)
            return None if name is None else {"image": inputs.of(name)}

    with tempfile.TemporaryDirectory() as folder:
        whole, ready, small = (Path(folder) / name for name in ("whole.onnx", "ready.onnx", "small.onnx"))
        whole.write_bytes(graph)
        quant_pre_process(whole, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            small,
            Reader(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            # Seven bits of the weights: processors without VNNI add two products in 16 bits, which would overflow.
            reduce_range=True,
        )
        return small.read_bytes()


def runtime_scores(graph: bytes, inputs: Inputs, names: list[str]) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return np.array([float(session.run(["probability"], {"image": inputs.of(name)})[0][0, 0]) for name in names])


def quantize_bundle(bundle: Path, out: Path, options: QuantizeOptions) -> dict[str, dict[str, float]]:
    """Writes the bundle in 8 bits; its card has the metrics of both. Returns them."""
    described = json.loads((bundle / "microtome.json").read_text())
    if "clinical" in described["inputs"]:
        raise TrainingError("EXPORT_REFUSED", "this bundle reads the table beside the image; INT8 is made of bundles of images alone")
    graph = (bundle / "model.onnx").read_bytes()
    names, patients, labels = read_labels(options.metadata)
    folds = fold_of_rows(read_folds(options.folds, options.metadata), patients)
    outside, inside = np.flatnonzero(folds != options.fold), np.flatnonzero(folds == options.fold)
    inputs = Inputs(CropFile(options.images, options.index), described["inputs"]["tiles"][0])
    taken = np.random.default_rng(options.seed).permutation(outside)[: options.calibration_images]
    small = _quantized(graph, inputs, [names[row] for row in taken])
    calibration = described["outputs"][0]["calibration"]
    found = {}
    for kind, model in (("fp32", graph), ("int8", small)):
        raw = runtime_scores(model, inputs, [names[row] for row in inside])
        scores = apply_logistic(raw, calibration["slope"], calibration["intercept"])
        found[kind] = all_metrics(scores, np.array(labels)[inside])
    both = "; ".join(
        f"{kind}: AUC {m['auc']:.4f}, pAUC above 80 % {m['pauc']:.4f}, log loss {m['log_loss']:.4f}" for kind, m in found.items()
    )
    card = {**described["card"], "evaluation": f"{len(inside)} lesions of patients that were not trained on: {both}."}
    parts = {key: described[key] for key in ("inputs", "encoders", "select", "heads", "outputs")}
    text = described["description"] + " In 8 bits (QDQ)."
    write_bundle(out, f"{described['name']}-int8", text, parts, {"model.onnx": small}, card)
    return found
