"""Checkpoints: whole or not there, and refused where they come from another run. All but tensors is kept as JSON, so that reading
a checkpoint runs nothing that is in it."""

import io
import json
from pathlib import Path

import torch

from train.common.errors import TrainingError
from train.common.files import write_whole
from train.lesions.model import load_file


def _pack(value, tensors: list):
    if isinstance(value, torch.Tensor):
        tensors.append(value)
        return {"tensor": len(tensors) - 1}
    if isinstance(value, dict):
        return {"pairs": [[key, _pack(one, tensors)] for key, one in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_pack(one, tensors) for one in value]
    return value


def _unpack(value, tensors: list):
    if isinstance(value, list):
        return [_unpack(one, tensors) for one in value]
    if isinstance(value, dict):
        return tensors[value["tensor"]] if "tensor" in value else {k: _unpack(v, tensors) for k, v in value["pairs"]}
    return value


def save(path: Path, state: dict) -> None:
    tensors: list = []
    text = json.dumps(_pack(state, tensors))
    buffer = io.BytesIO()
    # As bytes in a tensor: a pickle of tensors alone is what every PyTorch can read without running code.
    torch.save({"tensors": tensors, "rest": torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)}, buffer)
    write_whole(path, buffer.getvalue())


def load(path: Path, identity: str | None = None) -> dict:
    """`identity` is the digest of everything that the run depends on; None takes any."""
    stored = load_file(path)
    state = _unpack(json.loads(stored["rest"].numpy().tobytes()), stored["tensors"])
    if identity is not None and state["identity"] != identity:
        raise TrainingError(
            "CHECKPOINT_REFUSED", f"{path} is of a run with other data, folds or options; name another folder for this one"
        )
    return state
