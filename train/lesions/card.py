"""The run card: what a model was made from, with which versions, and how good it was. It has no time and no path."""

import platform

import numpy
import PIL
import torch

from train.lesions.model import parameters_of


def versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "torch": torch.__version__, "numpy": numpy.__version__}
    found["pillow"] = PIL.__version__
    try:
        import torchvision

        found["torchvision"] = torchvision.__version__
    except ImportError:
        pass
    return found


def run_card(run, digests: list[str]) -> dict:
    data, options = run.data, run.options
    inside, outside = data.rows_in(options.fold), data.rows_outside(options.fold)
    return {
        "formatVersion": 1,
        "versions": versions(),
        "device": "cpu" if run.ranks.device.type == "cpu" else torch.cuda.get_device_name(run.ranks.device),
        "ranks": run.ranks.count,
        "backend": run.ranks.backend,
        "data": {
            "imagesSha256": data.crops.sha256,
            "metadataSha256": data.folds["metadataSha256"],
            "foldsDigest": data.folds["digest"],
            "training": {"lesions": len(outside), "positives": int(data.labels[outside].sum())},
            "validation": {"lesions": len(inside), "positives": int(data.labels[inside].sum())},
        },
        "options": options.identity(),
        "parameters": parameters_of(run.model),
        "parametersSha256": digests,
        "weightsLeftAsDrawn": run.left_as_drawn,
        "best": run.best,
        "history": run.history,
    }
