"""A new encoder in thirty lines: a bidirectional LSTM over the waveform, trained beside a built-in one."""

from typing import Annotated

import numpy as np
from torch import Tensor, nn

from fusionkit import Encoder, Features, Option, build_registry, fit, hookimpl
from fusionkit.plugins import register_plugin
from fusionkit.registry import Provider


class LSTM(Encoder):
    """A bidirectional LSTM over frames of the signal; the vector is the mean of its outputs."""

    accepts = (("channel", "time"),)

    def __init__(
        self,
        view_shape: tuple[int, ...],
        /,
        *,
        frame: Annotated[int, Option("Length of a frame in samples.", ge=1)] = 10,
        hidden_dim: Annotated[int, Option("Width of each direction.", ge=1)] = 32,
    ) -> None:
        super().__init__()
        self.frames = nn.Conv1d(view_shape[0], hidden_dim, min(frame, view_shape[1]), min(frame, view_shape[1]))
        self.lstm = nn.LSTM(hidden_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.embed_dim = self.token_dim = 2 * hidden_dim

    def forward(self, view: Tensor) -> Features:
        """Map [batch, channel, time] to features."""
        tokens, _ = self.lstm(self.frames(view).transpose(1, 2))
        return Features(tokens, tokens.mean(dim=1))


class Plugin:
    """What an installed plugin does in its module (see docs/plugin-tutorial.md)."""

    @hookimpl
    def register_encoders(self, register) -> None:  # type: ignore[no-untyped-def]
        """Register the encoder."""
        register("lstm", LSTM)


registry, _ = build_registry()
register_plugin(registry, Plugin(), Provider("my-plugin", "1.0"))

rng = np.random.default_rng(0)
labels = np.arange(64) % 2
signals = np.sin(2 * np.pi * (5 + 3 * labels[:, None]) * np.arange(200) / 100) + rng.normal(scale=0.5, size=(64, 200))
result = fit(
    signals[:, None, :],
    labels,
    sample_rate=100,
    groups=np.arange(64) // 4,
    representations=["wave", "stft"],
    encoders=["lstm", "cnn2d"],
    options={"lstm.hidden_dim": 16, "cnn2d.channels": (8, 16)},
    settings={"epochs": 8, "batch_size": 16, "lr": 3e-3},
    registry=registry,
)
print(f"AUC of lstm + cnn2d on unseen subjects: {result.metrics['test']['roc_auc']:.3f}")
