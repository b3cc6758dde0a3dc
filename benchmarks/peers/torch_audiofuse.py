"""AudioFuse in plain PyTorch: the layers that its documentation offers, put together as the paper says."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PARAMETERS = 2_555_585  # without the running statistics of BatchNorm, which Keras counts too


class Block(nn.Module):
    """A pre-norm transformer block with the activation after both layers of the perceptron."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(192, eps=1e-6)
        self.attention = nn.MultiheadAttention(192, 8, dropout=0.2, batch_first=True)
        self.norm2 = nn.LayerNorm(192, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(192, 384), nn.GELU(), nn.Dropout(0.2), nn.Linear(384, 192), nn.GELU(), nn.Dropout(0.2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map tokens to tokens."""
        normal = self.norm1(x)
        x = x + self.attention(normal, normal, normal, need_weights=False)[0]
        output: Tensor = x + self.mlp(self.norm2(x))
        return output


class AudioFuse(nn.Module):
    """Maps images [batch, 1, 224, 224] and waves [batch, 1, 110250] to logits [batch]."""

    positions: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, 192, 16, stride=16)
        self.register_buffer("positions", torch.empty(196, 192).uniform_(-0.05, 0.05))
        self.blocks = nn.Sequential(*(Block() for _ in range(6)))
        self.norm = nn.LayerNorm(192, eps=1e-6)
        layers: list[nn.Module] = []
        for wide_in, wide in ((1, 64), (64, 128), (128, 256)):
            layers += [nn.Conv1d(wide_in, wide, 16, stride=4, padding=7), nn.ReLU()]
            layers += [nn.BatchNorm1d(wide, eps=1e-3, momentum=0.01)]
            layers += [nn.MaxPool1d(4)] if wide < 256 else []
        self.waves = nn.Sequential(*layers)
        self.embed = nn.Sequential(nn.Linear(256, 64), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(256, 192), nn.ReLU(), nn.Dropout(0.5), nn.Linear(192, 1))
        count = sum(parameter.numel() for parameter in self.parameters())
        if count != PARAMETERS:
            raise SystemExit(f"the plain model has {count} parameters; expected {PARAMETERS}")

    def forward(self, image: Tensor, wave: Tensor) -> Tensor:
        """Map both views to logits."""
        tokens = self.norm(self.blocks(self.patches(image).flatten(2).transpose(1, 2) + self.positions))
        embedded = self.embed(self.waves(wave).mean(-1))
        logits: Tensor = self.head(torch.cat((tokens.mean(1), embedded), 1))[:, 0]
        return logits
