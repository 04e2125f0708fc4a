"""The networks: a backbone for the picture, a small branch for the values of the table where there are any, one logit."""

import hashlib
import inspect
from pathlib import Path

import torch
from torch import nn

from train.common.errors import TrainingError

BACKBONES = ("small", "efficientnet_b0", "efficientnet_b2")
SMALL_CHANNELS = (3, 16, 24, 32, 56)
#: What the branch of the table gives.
TABLE_FEATURES = 16
#: Numbers of the table further from 0 count as this.
FARTHEST = 8.0


def _small() -> tuple[nn.Module, int]:
    """For tests and demonstrations: four strided convolutions and two more, a mean over the picture; 64 thousand parameters."""
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(zip(SMALL_CHANNELS, SMALL_CHANNELS[1:])):
        layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        if i >= 2:
            layers += [nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(1)), SMALL_CHANNELS[-1]


def _efficientnet(name: str) -> tuple[nn.Module, int]:
    import torchvision

    whole = getattr(torchvision.models, name)(weights=None)
    columns = whole.classifier[-1].in_features
    return nn.Sequential(whole.features, whole.avgpool, nn.Flatten(1)), columns


class LesionNet(nn.Module):
    """Logits, one for each picture."""

    def __init__(self, backbone: str, dropout: float = 0.2, table_columns: int = 0):
        super().__init__()
        if backbone not in BACKBONES:
            raise TrainingError("OPTION_INVALID", f"the backbone {backbone} is none of {', '.join(BACKBONES)}")
        self.backbone, columns = _small() if backbone == "small" else _efficientnet(backbone)
        self.table = None
        if table_columns > 0:
            self.table = nn.Sequential(nn.Linear(table_columns, 32), nn.ReLU(), nn.Linear(32, TABLE_FEATURES), nn.ReLU())
            columns += TABLE_FEATURES
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(columns, 1)

    def forward(self, image: torch.Tensor, table: torch.Tensor | None = None) -> torch.Tensor:
        return self.joined(self.backbone(image), table)

    def joined(self, features: torch.Tensor, table: torch.Tensor | None) -> torch.Tensor:
        """Of the features of the backbone. The first column of the table is a count, which may be of any size."""
        if self.table is not None:
            near = torch.cat([torch.log1p(table[:, :1]), table[:, 1:]], 1).clamp(-FARTHEST, FARTHEST)
            features = torch.cat([features, self.table(near)], 1)
        return self.last(self.dropout(features))[:, 0]


def parameters_of(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def load_file(path: Path) -> dict:
    """A file of torch.save that holds tensors and plain values; where PyTorch can refuse anything else, it does."""
    options = {"map_location": "cpu"}
    if "weights_only" in inspect.signature(torch.load).parameters:
        options["weights_only"] = True
    return torch.load(path, **options)


def load_weights(model: LesionNet, path: Path, sha256: str) -> list[str]:
    """Weights of a backbone that the user has, such as torchvision's for ImageNet. Returns the names that stayed as they were."""
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    if found != sha256:
        raise TrainingError("WEIGHTS_INVALID", f"{path} has the SHA-256 {found}, not {sha256}")
    given = load_file(path)
    own = model.backbone.state_dict()
    # torchvision calls the layers features.…; here they are the first part of a sequence.
    named = {key.replace("features.", "0.", 1): value for key, value in given.items()}
    fitting = {key: value for key, value in named.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise TrainingError("WEIGHTS_INVALID", f"no weight of {path} fits the backbone")
    model.backbone.load_state_dict(fitting, strict=False)
    return sorted(set(own) - set(fitting))


def digest_of_parameters(model: nn.Module) -> str:
    """Of all parameters and running means: equal on ranks that trained together."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
