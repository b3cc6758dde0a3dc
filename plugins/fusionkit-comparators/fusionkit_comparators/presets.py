"""Presets of the networks that AudioFuse is compared with: its log-Mel spectrogram, its training, another encoder.

References
----------
Siddiqui and Saha, "AudioFuse: unified spectral-temporal learning via a hybrid ViT-1D CNN architecture for robust
phonocardiogram classification", Table 1.
"""

from __future__ import annotations

from typing import Any

from fusionkit.presets.audiofuse import AUDIOFUSE

_ENCODERS = {
    "mobilenet_v3": "MobileNetV3-Large",
    "efficientnet_b0": "EfficientNet-B0",
    "resnet18": "ResNet-18",
    "densenet169": "DenseNet-169",
    "inception_v3": "Inception-v3",
}


def _preset(encoder: str, title: str) -> dict[str, Any]:
    vit = AUDIOFUSE["audiofuse_vit"]
    name = f"audiofuse-{encoder.replace('_', '-')}"
    (branch,) = vit["branches"]
    spectrogram = {part: branch[part] for part in ("representation", "representation_options")}
    published = {
        "description": "The epoch is chosen on the test part, as in the authors' code.",
        "name": f"{name}-published",
        "split": vit["variants"]["published"]["split"],
    }
    return vit | {
        "description": f"AudioFuse, heart sounds: {title} on log-Mel alone, a comparator.",
        "name": name,
        "branches": [spectrogram | {"encoder": encoder}],
        "variants": {"published": published},
    }


PRESETS: dict[str, dict[str, Any]] = {f"audiofuse_{name}": _preset(name, title) for name, title in _ENCODERS.items()}
"""The presets by name."""
