"""A plugin for fusionkit: image networks of the model library timm, from scratch, for views with any channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fusionkit.hookspecs import hookimpl
from fusionkit.interfaces import Encoder


@hookimpl
def register_encoders(register: Callable[[str, type[Encoder]], None]) -> None:
    """Register the five networks; whether timm can be imported is seen when one is made."""
    from fusionkit_comparators.densenet169 import DenseNet169
    from fusionkit_comparators.efficientnet_b0 import EfficientNetB0
    from fusionkit_comparators.inception_v3 import InceptionV3
    from fusionkit_comparators.mobilenet_v3 import MobileNetV3
    from fusionkit_comparators.resnet18 import ResNet18

    register("mobilenet_v3", MobileNetV3)
    register("efficientnet_b0", EfficientNetB0)
    register("resnet18", ResNet18)
    register("densenet169", DenseNet169)
    register("inception_v3", InceptionV3)


@hookimpl
def register_presets(register: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Register the comparators of AudioFuse where timm is installed."""
    from fusionkit_comparators.presets import PRESETS
    from fusionkit_comparators.timm_loader import missing_libraries

    if not missing_libraries():
        for name, preset in PRESETS.items():
            register(name, preset)
