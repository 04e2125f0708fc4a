"""The network: four strided convolutions, a mean over the tile, one logit. About 22 thousand parameters."""

import torch
from torch import nn

CHANNELS = (3, 12, 16, 32, 48)


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


def parameters_of(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
