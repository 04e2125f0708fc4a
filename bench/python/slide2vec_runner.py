"""slide2vec on the same tiles with the same encoder: its reader, its loader, its loop, its file of features.

The encoder is registered as slide2vec documents it for encoders of others, and loaded before the clock runs. The tiles are
found before too, and every pass reads their coordinates. The reader, the data-loading workers and the batch are chosen
by trying them.
"""

import os
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

os.environ["WANDB_MODE"] = "disabled"
os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from encoders import MEAN, SIDE_PX, STD, make  # noqa: E402
from hs2p import FilterConfig, PreviewConfig, SegmentationConfig, TilingConfig  # noqa: E402
from protocol import serve  # noqa: E402
from slide2vec import ExecutionOptions, Model, PreprocessingConfig, TorchTileEncoder, register_encoder  # noqa: E402

SPACING_UM = 0.5
READERS = ("cucim", "openslide")
WORKERS = (0, 1, 2)
BATCHES = (8, 16, 64)


def registered(name):
    """A model of slide2vec around the torch module."""
    module, columns = make(name)

    @register_encoder(
        "bench",
        encode_dim=columns,
        input_size=SIDE_PX,
        supports_variable_input_size=False,
        supported_spacing_um=SPACING_UM,
        precision="fp32",
    )
    class Encoder(TorchTileEncoder):
        def __init__(self, *, output_variant=None):
            super().__init__(
                module, encode_dim=columns, input_size=SIDE_PX, mean=MEAN, std=STD, output_variant=output_variant
            )

    return Model.from_preset("bench", device="cpu")


class Runner:
    def __init__(self, workload):
        torch.set_num_threads(workload.number("threads"))
        self._slide = workload.text("slide")
        self._grid = list(workload.grid())
        self._scratch = tempfile.TemporaryDirectory(prefix="slide2vec-bench-")
        self._folder = Path(self._scratch.name)
        # cuCIM writes a log into the working folder.
        os.chdir(self._folder)
        self._model = registered(workload.text("encoder"))
        self._preprocessing = PreprocessingConfig(
            tiling=TilingConfig(
                requested_spacing_um=SPACING_UM,
                requested_tile_size_px=SIDE_PX,
                tolerance=0.05,
                overlap=0.0,
            ),
            # Everything counts as tissue.
            segmentation=SegmentationConfig(method="threshold", sthresh=0, mthresh=1, close=0),
            filter=FilterConfig(ref_tile_size=SIDE_PX, a_t=0, a_h=10**6),
            preview=PreviewConfig(save_mask_preview=False, save_tiling_preview=False),
            num_cucim_workers=1,
        )
        self._execution = ExecutionOptions(batch_size=32, num_workers_per_gpu=0, num_gpus=1, precision="fp32")
        reader = self._choose()
        self.version = (
            f"slide2vec {version('slide2vec')}, hs2p {version('hs2p')}, torch {torch.__version__}, "
            f"{torch.get_num_threads()} threads, {reader}, {self._execution.num_workers_per_gpu} loading workers, "
            f"batch {self._execution.batch_size}"
        )

    def _embed(self, folder):
        """One run, with its file in the folder."""
        execution = replace(self._execution, output_dir=folder)
        return self._model.embed_slide(
            self._slide,
            annotation="tissue",
            preprocessing=self._preprocessing,
            execution=execution,
            sample_id="slide",
            spacing_at_level_0=SPACING_UM,
        )

    def _seconds(self):
        began = time.perf_counter()
        self.run()
        return time.perf_counter() - began

    def _choose(self):
        """The fastest reader with its workers, then the fastest batch."""
        found = []
        for reader in READERS:
            tiling = replace(self._preprocessing.tiling, backend=reader, requested_backend=reader)
            self._preprocessing = replace(self._preprocessing, tiling=tiling, read_coordinates_from=None)
            self._embed(self._folder / reader)
            self._preprocessing = replace(self._preprocessing, read_coordinates_from=self._folder / reader / "tiles")
            for workers in WORKERS:
                self._execution = replace(self._execution, num_workers_per_gpu=workers)
                found.append((self._seconds(), reader, self._preprocessing, self._execution))
        seconds, reader, self._preprocessing, best = min(found, key=lambda one: one[0])
        found = [(seconds, best)]
        for batch in BATCHES:
            self._execution = replace(best, batch_size=batch)
            found.append((self._seconds(), self._execution))
        _, self._execution = min(found, key=lambda one: one[0])
        return reader

    def verify(self):
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            slide = self._embed(Path(folder))
        order = np.lexsort((slide.x, slide.y))
        places = list(zip(np.asarray(slide.x)[order].tolist(), np.asarray(slide.y)[order].tolist()))
        if places != self._grid:
            raise RuntimeError(f"{len(places)} tiles, not the {len(self._grid)} of the grid")
        features = np.asarray(slide.tile_embeddings, dtype=np.float64)[order]
        return {"tiles": len(places), "features": features.ravel().tolist()}

    def run(self):
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            self._embed(Path(folder))
        return len(self._grid)


serve(Runner)
