from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from fusionkit.interfaces import CHANNEL_TIME, BranchSpec, Encoder, Features


class ToyEncoder(Encoder):
    accepts = (CHANNEL_TIME,)

    def __init__(self, view_shape: tuple[int, ...], /, *, token_dim: int, embed_dim: int) -> None:
        super().__init__()
        self.token_dim, self.embed_dim = token_dim, embed_dim
        self.token = nn.Linear(view_shape[0], token_dim)
        self.vector = nn.Linear(token_dim, embed_dim)

    def forward(self, view: Tensor) -> Features:
        tokens = torch.tanh(self.token(view.transpose(1, 2)))
        return Features(tokens, self.vector(tokens.mean(dim=1)))


@dataclass(frozen=True)
class Toy:
    encoders: list[ToyEncoder]
    branches: list[BranchSpec]
    views: list[Tensor]

    def features(self) -> list[Features]:
        return [encoder(view) for encoder, view in zip(self.encoders, self.views, strict=True)]


@pytest.fixture
def toy() -> Callable[..., Toy]:
    """Make that many unlike branches, three tokens or more each, and a batch of six views for each."""

    def make(count: int, batch: int = 6) -> Toy:
        torch.manual_seed(count)
        sizes: Sequence[tuple[int, int, int, int]] = [(2, 5, 4, 6), (3, 4, 7, 3), (1, 3, 2, 5)][:count]
        encoders = [ToyEncoder((channels, time), token_dim=t, embed_dim=e) for channels, time, t, e in sizes]
        branches = [
            BranchSpec(f"toy{i}", encoder.embed_dim, encoder.token_dim, sizes[i][1], encoder.classifier)
            for i, encoder in enumerate(encoders)
        ]
        views = [torch.randn(batch, channels, time) for channels, time, *_ in sizes]
        return Toy(encoders, branches, views)

    return make
