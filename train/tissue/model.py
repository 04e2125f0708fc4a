"""The network: four strided convolutions, a mean over the tile, one logit. 20,749 parameters."""

import torch
from torch import nn

CHANNELS = (3, 12, 16, 32, 48)
MEAN = (0.80, 0.62, 0.78)
STD = (0.16, 0.22, 0.14)


class TileNet(nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for before, after in zip(CHANNELS, CHANNELS[1:]):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(CHANNELS[-1], 1)

    def forward(self, tiles: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(tiles).mean((2, 3)))


def to_input(tiles: torch.Tensor) -> torch.Tensor:
    """Of tiles as NCHW, 0 to 1. The bundle says the same (`export.py`)."""
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    return (tiles - mean) / std
