"""Scores of a bundle by ONNX Runtime's Python, in the order of the index: onnx_scores.py BUNDLE DATA. For test_export."""

import json
import sys
from pathlib import Path

from train.common.calibrate import apply_logistic
from train.lesions.crops import CropFile
from train.lesions.quantize import Inputs, runtime_scores

bundle, data = Path(sys.argv[1]), Path(sys.argv[2])
described = json.loads((bundle / "microtome.json").read_text())
names = json.loads((data / "index.json").read_text())["names"]
inputs = Inputs(CropFile(data / "images.hdf5", data / "index.json"), described["inputs"]["tiles"][0])
raw = runtime_scores((bundle / "model.onnx").read_bytes(), inputs, names)
calibration = described["outputs"][0]["calibration"]
print(json.dumps(apply_logistic(raw, calibration["slope"], calibration["intercept"]).tolist()))
