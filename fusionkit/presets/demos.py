"""Presets for the simulated sets: small models that a laptop trains in minutes."""

from __future__ import annotations

from typing import Any

DEMO_PCG: dict[str, Any] = {
    "description": "Simulated heart sounds: a ViT on the log-Mel spectrogram and a 1-D CNN on the waveform.",
    "name": "demo-pcg",
    "data": {"spec": "demo-pcg"},
    "branches": [
        {"representation": "mel", "encoder": "vit"},
        {"representation": "wave", "encoder": "cnn1d"},
    ],
    "fuser": {"name": "concat"},
}

DEMO_ECG: dict[str, Any] = {
    "description": "Simulated heartbeats on two leads: a 1-D CNN on the waveform and a 2-D CNN on the scalogram.",
    "name": "demo-ecg",
    "data": {"spec": "demo-ecg"},
    "branches": [
        {"representation": "wave", "encoder": "cnn1d", "encoder_options": {"kernel_size": 9}},
        {
            "representation": "scalogram",
            "encoder": "cnn2d",
            "representation_options": {"f_min": 1.0, "f_max": 140.0, "n_scales": 48, "columns": 96},
            "encoder_options": {"channels": [16, 32, 64]},
        },
    ],
    "fuser": {"name": "concat"},
    "training": {"monitor": "f1_macro"},
}

DEMO_TCD: dict[str, Any] = {
    "description": "Simulated emboli: a CNN-Transformer on the signal and a 2-D CNN on the STFT, late attention.",
    "name": "demo-tcd",
    "data": {"spec": "demo-tcd"},
    "branches": [
        {
            "representation": "wave",
            "encoder": "cnn_transformer",
            "encoder_options": {"depth": 2, "embed_dim": 64, "stride": 2},
        },
        {"representation": "stft", "encoder": "cnn2d", "encoder_options": {"channels": [16, 32, 64]}},
    ],
    "fuser": {"name": "late_attention"},
    "training": {"monitor": "f1_macro", "epochs": 20},
}
