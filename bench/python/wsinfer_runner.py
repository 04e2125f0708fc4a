"""WSInfer's own runner on the same tiles with the same weights: its data set, its loader, its loop, its CSV.

The patches are written where WSInfer's patching step would have put them. The model is loaded and compiled once, before
the clock runs, as ours is; data-loading workers and compilation are chosen by trying them.
"""

import csv
import os
import shutil
import tempfile
import time
from pathlib import Path

os.environ["WSINFER_FORCE_CPU"] = "1"

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import wsinfer  # noqa: E402
from onnx_to_torch import save_torchscript  # noqa: E402
from protocol import serve  # noqa: E402
from wsinfer.modellib import run_inference as runner  # noqa: E402
from wsinfer.modellib.models import LocalModelTorchScript, jit_compile  # noqa: E402
from wsinfer_zoo.client import ModelConfiguration  # noqa: E402

CLASSES = ["a", "b"]
TRIED_WORKERS = (0, 1, 2)


class Runner:
    def __init__(self, workload):
        self._size = workload.number("size")
        self._batch = workload.number("batch")
        self._grid = list(workload.grid())
        torch.set_num_threads(workload.number("threads"))
        self._scratch = tempfile.TemporaryDirectory(prefix="wsinfer-bench-")
        self._folder = Path(self._scratch.name)
        self._slides, self._results = self._folder / "slides", self._folder / "results"
        self._slides.mkdir()
        (self._results / "patches").mkdir(parents=True)
        slide = Path(workload.text("slide"))
        os.symlink(slide, self._slides / "slide.tif")
        self._write_patches(self._results / "patches" / "slide.h5", self._grid)
        self._model = self._load(workload.text("model"))
        self._workers, self._compiled = self._best_setting()
        self.version = (
            f"WSInfer {wsinfer.__version__}, torch {torch.__version__}, {torch.get_num_threads()} threads, "
            f"{self._workers} loading workers{', compiled' if self._compiled else ''}"
        )

    def _write_patches(self, path, grid):
        with h5py.File(path, "w") as file:
            coords = file.create_dataset("coords", data=np.array(grid, dtype=np.int64))
            coords.attrs["patch_size"] = self._size
            coords.attrs["patch_level"] = 0

    def _load(self, onnx_path):
        path = str(self._folder / "model.pt")
        save_torchscript(onnx_path, path, self._size)
        normalise = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
        config = ModelConfiguration.from_dict(
            {
                "spec_version": "1.0",
                "architecture": "benchmark",
                "num_classes": len(CLASSES),
                "class_names": CLASSES,
                "patch_size_pixels": self._size,
                "spacing_um_px": 0.25,
                "transform": [{"name": "ToTensor"}, {"name": "Normalize", "arguments": normalise}],
            }
        )
        model = LocalModelTorchScript(config=config, model_path=path)
        plain = runner.get_pretrained_torch_module(model=model).eval()
        compiled = jit_compile(plain)
        runner.get_pretrained_torch_module = lambda model: plain
        runner.jit_compile = lambda module: compiled
        return model

    def _best_setting(self):
        """The fastest on the first few batches."""
        patches = self._results / "patches" / "slide.h5"
        self._write_patches(patches, self._grid[: 3 * self._batch])
        found = []
        for compiled in (False, True):
            for workers in TRIED_WORKERS:
                self._workers, self._compiled = workers, compiled
                self._infer()
                began = time.perf_counter()
                self._infer()
                found.append((time.perf_counter() - began, workers, compiled))
        self._write_patches(patches, self._grid)
        _, workers, compiled = min(found)
        return workers, compiled

    def _infer(self):
        """One run of WSInfer; its CSV is what it gives."""
        output = self._results / "model-outputs-csv"
        shutil.rmtree(output, ignore_errors=True)
        _, failed = runner.run_inference(
            wsi_dir=self._slides,
            results_dir=self._results,
            model_info=self._model,
            batch_size=self._batch,
            num_workers=self._workers,
            speedup=self._compiled,
        )
        if failed:
            raise RuntimeError(f"WSInfer failed on {failed}")
        return output / "slide.csv"

    def verify(self):
        with open(self._infer(), newline="") as file:
            rows = [(int(r["miny"]), int(r["minx"]), float(r[f"prob_{CLASSES[0]}"])) for r in csv.DictReader(file)]
        return {"tiles": len(rows), "scores": [score for _, _, score in sorted(rows)]}

    def run(self):
        self._infer()
        return len(self._grid)


serve(Runner)
