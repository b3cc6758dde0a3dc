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
        {"representation": "wave", "encoder": "cnn1d"},
        {"representation": "scalogram", "encoder": "cnn2d"},
    ],
    "fuser": {"name": "concat"},
}

DEMO_TCD: dict[str, Any] = {
    "description": "Simulated emboli: a CNN-Transformer on the signal and a 2-D CNN on the STFT, late attention.",
    "name": "demo-tcd",
    "data": {"spec": "demo-tcd"},
    "branches": [
        {"representation": "wave", "encoder": "cnn_transformer"},
        {"representation": "stft", "encoder": "cnn2d"},
    ],
    "fuser": {"name": "late_attention"},
}
