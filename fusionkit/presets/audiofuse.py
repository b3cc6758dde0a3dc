"""Presets of AudioFuse: heart sounds by a ViT on the log-Mel spectrogram and a 1-D CNN on the waveform.

References
----------
Siddiqui and Saha, "AudioFuse: unified spectral-temporal learning via a hybrid ViT-1D CNN architecture for robust
phonocardiogram classification".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Tables = dict[str, Any]

_IMAGE: Tables = {"scale": "min_max", "epsilon": 1e-6}
_REPRESENTATIONS: dict[str, Tables] = {
    "mel": {"n_fft": 2048, "hop_length": 512, "n_mels": 224, "size": [224, 224], **_IMAGE},
    "scalogram": {
        "wavelet": "morl",
        "scales": [float(scale) for scale in range(1, 225)],
        "log": "log1p",
        "columns": 224,
        **_IMAGE,
    },
    "wave": {"scale": "none"},
}
_ENCODERS: dict[str, Tables] = {
    "vit": {
        "patch_size": [16],
        "embed_dim": 192,
        "depth": 6,
        "num_heads": 8,
        "mlp_ratio": 2.0,
        "mlp_second_activation": True,
        "drop_rate": 0.2,
        "attn_drop_rate": 0.2,
        "positions": "trainable",
        "initialisation": "keras",
    },
    "cnn1d": {
        "channels": [64, 128, 256],
        "kernel_size": 16,
        "stride": 4,
        "pool_sizes": [4, 4, 1],
        "order": "conv-act-norm",
        "norm_eps": 1e-3,
        "norm_momentum": 0.01,
        "embed_dim": 64,
        "initialisation": "keras",
    },
}
_DATA: Tables = {"window": "first", "duration": 5.0, "sample_rate": 22050.0, "classes": ["normal", "abnormal"]}
_TRAINING: Tables = {
    "epochs": 200,
    "batch_size": 32,
    "optimizer": "adamw",
    "lr": 3e-4,
    "eps": 1e-7,
    "weight_decay": 1e-4,
    "lr_schedule": "none",
    "class_weights": "balanced",
    "monitor": "accuracy",
    "ties": "first",
    "selection": "best",
    "patience": 30,
    "precision": "float32",
}
_HEAD: Tables = {"hidden_dim": 192, "activation": "relu", "drop_rate": 0.5, "initialisation": "keras"}
_PUBLISHED = "Untrained positions, and the epoch is chosen on the test part, as in the authors' code."


def _branch(representation: str, encoder: str, **changes: object) -> Tables:
    return {
        "representation": representation,
        "representation_options": _REPRESENTATIONS[representation],
        "encoder": encoder,
        "encoder_options": _ENCODERS[encoder] | changes,
    }


def _untrained_positions(branch: Tables) -> Tables:
    named = {part: branch[part] for part in ("representation", "encoder")}
    return named | ({"encoder_options": {"positions": "fixed"}} if named["encoder"] == "vit" else {})


def _preset(name: str, description: str, branches: Sequence[Tables], fuser: str, **options: object) -> Tables:
    return {
        "description": f"AudioFuse, heart sounds: {description}.",
        "name": name,
        "repeats": 3,
        "data": _DATA,
        "split": {"split": "physionet2016-official"},
        "branches": list(branches),
        "fuser": {"name": fuser, "options": options},
        "training": _TRAINING,
        "evaluation": {"threshold": 0.5},
        "variants": {
            "published": {
                "description": _PUBLISHED,
                "name": f"{name}-published",
                "split": {"validation": "test"},
                "branches": [_untrained_positions(branch) for branch in branches],
            }
        },
    }


_SPECTRAL, _TEMPORAL = _branch("mel", "vit"), _branch("wave", "cnn1d")
_BOTH = (_SPECTRAL, _TEMPORAL)
_TWO_IMAGES = tuple(_branch(image, "vit", depth=3) for image in ("mel", "scalogram"))

AUDIOFUSE: dict[str, Tables] = {
    preset["name"].replace("-", "_"): preset
    for preset in (
        _preset("audiofuse", "a ViT on log-Mel and a 1-D CNN on the waveform, concatenated", _BOTH, "concat", **_HEAD),
        _preset(
            "audiofuse-film",
            "the waveform modulates the spectrogram (FiLM)",
            _BOTH,
            "film",
            modulated=0,
            identity_init=False,
            **_HEAD,
        ),
        _preset(
            "audiofuse-cross-attention",
            "the waveform asks the patches of the spectrogram",
            _BOTH,
            "cross_attention",
            query=-1,
            num_heads=8,
            head_dim=32,
            **_HEAD,
        ),
        _preset(
            "audiofuse-spec-scalogram", "a ViT on log-Mel and one on the scalogram", _TWO_IMAGES, "concat", **_HEAD
        ),
        _preset("audiofuse-vit", "the ViT on log-Mel alone", [_SPECTRAL], "single"),
        _preset("audiofuse-cnn1d", "the 1-D CNN on the waveform alone", [_TEMPORAL], "single"),
    )
}
"""The presets by name."""
