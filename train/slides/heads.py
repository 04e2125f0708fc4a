"""Heads: from the features of all tiles of a slide, and clinical values, to one logit."""

import torch
from torch import nn


class Pooling(nn.Module):
    """`attention`: gated attention; a network gives each tile its share of the slide. `mean`: all tiles have the same share."""

    def __init__(self, kind: str, columns: int, hidden: int):
        super().__init__()
        self.values = nn.Sequential(nn.Linear(columns, hidden), nn.ReLU())
        self.kind = kind
        if kind == "attention":
            self.what, self.gate = nn.Linear(hidden, hidden // 2), nn.Linear(hidden, hidden // 2)
            self.score = nn.Linear(hidden // 2, 1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values = self.values(features)
        if self.kind == "attention":
            scores = self.score(torch.tanh(self.what(values)) * torch.sigmoid(self.gate(values)))
            shares = torch.softmax(scores, 0)
        else:
            shares = torch.ones_like(values[:, :1]) / values.shape[0]
        return (shares * values).sum(0, keepdim=True), shares


class SlideHead(nn.Module):
    def __init__(self, kind: str, columns: int, clinical: int, hidden: int = 32, dropout: float = 0.1):
        super().__init__()
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("std", torch.ones(columns))
        self.pooling = Pooling(kind, columns, hidden)
        self.dropout = nn.Dropout(dropout)
        self.last = nn.Linear(hidden + clinical, 1)
        self.clinical = clinical

    def standardise(self, features: list) -> None:
        """From the tiles of training: columns of an encoder differ in size."""
        tiles = torch.cat(features).double()
        self.mean.copy_(tiles.mean(0))
        self.std.copy_(tiles.std(0).clamp_min(1e-6))

    def forward(self, features: torch.Tensor, clinical: torch.Tensor | None = None):
        pooled, shares = self.pooling((features - self.mean) / self.std)
        pooled = self.dropout(pooled)
        if self.clinical > 0:
            pooled = torch.cat([pooled, clinical], 1)
        return self.last(pooled), shares
