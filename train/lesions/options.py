"""The options of a training run. Those that decide what comes out are part of the run's identity."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: These change where or how fast a run goes, not what comes out of it on one machine.
NOT_IDENTITY = ("images", "index", "metadata", "folds", "test_metadata", "weights", "out", "device", "readers")


@dataclass
class TrainOptions:
    images: Path
    index: Path
    metadata: Path
    folds: Path
    out: Path
    fold: int = 0
    backbone: str = "efficientnet_b0"
    size_px: int = 128
    epochs: int = 10
    batch: int = 64
    rate: float = 1e-3
    weight_decay: float = 0.0
    dropout: float = 0.2
    negatives_per_positive: float = 3.0
    # Not "monitor": torchrun takes flags of a script that begin like its own for its own.
    best_by: str = "pauc"
    seed: int = 1
    columns: tuple[str, ...] = ()
    test_metadata: Path | None = None
    weights: Path | None = None
    weights_sha256: str = ""
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    device: str = "auto"
    threads: int = 0
    readers: int = 2

    def identity(self) -> dict:
        return {key: value for key, value in asdict(self).items() if key not in NOT_IDENTITY}

    def as_text(self) -> dict:
        whole = asdict(self)
        return {key: str(value) if isinstance(value, Path) else value for key, value in whole.items()}


OPTION_NAMES = tuple(field.name for field in fields(TrainOptions))
