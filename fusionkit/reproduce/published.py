"""Published figures, as data: what a table of a paper says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

Published = tuple[float, float | None]
"""A figure and its published spread, where it has one."""
Rows = Mapping[str, Mapping[str, Published]]
"""From a row and a column to the figure."""

AUDIOFUSE = "Siddiqui and Saha, AudioFuse: unified spectral-temporal learning via a hybrid ViT-1D CNN architecture"
VINDAS = "Vindas, Guepie, Almar, Roux and Delachartre (2022), PMLR 182 (MLHC)"


def _rows(columns: Sequence[str], figures: Mapping[str, Sequence[Published | float]]) -> Rows:
    return {
        row: {
            column: value if isinstance(value, tuple) else (value, None)
            for column, value in zip(columns, values, strict=True)
        }
        for row, values in figures.items()
    }


SCORES = ("accuracy", "F1 abnormal", "ROC-AUC", "MCC")
PERCENT = ("MCC", "F1", "accuracy")
BRANCHES = ("spectrogram", "raw")


def _attention(**classes: tuple[float, float, float]) -> Rows:
    """Return a row a class of the weights of spectrogram and raw signal and of their common deviation."""
    return _rows(BRANCHES, {name: ((one, spread), (two, spread)) for name, (one, two, spread) in classes.items()})


_RAW = {
    "hits": ((80.29, 1.83), (85.36, 1.09), (87.37, 1.23)),
    "ptb": ((97.92, 0.28), (98.96, 0.14), (99.16, 0.11)),
    "mitbih": ((93.17, 0.70), (89.44, 0.99), (97.87, 0.24)),
}
_SPECTROGRAM = {
    "hits": ((85.03, 3.06), (86.88, 2.38), (90.55, 2.12)),
    "ptb": ((93.42, 2.27), (96.66, 1.20), (97.32, 0.91)),
    "mitbih": ((91.26, 0.76), (86.40, 1.39), (97.34, 0.26)),
}
_HYBRID = {
    "hits": ((89.33, 2.77), (91.15, 1.97), (93.39, 1.74)),
    "ptb": ((99.29, 0.21), (99.65, 0.10), (99.71, 0.08)),
    "mitbih": ((94.63, 0.29), (91.28, 0.54), (98.37, 0.09)),
}
_CONCAT = {
    "hits": ((84.96, 2.54), (86.37, 2.11), (90.62, 1.65)),
    "ptb": ((92.91, 2.61), (96.42, 1.33), (97.11, 1.05)),
    "mitbih": ((91.51, 0.79), (86.93, 1.10), (97.42, 0.27)),
}
_SUM = {
    "hits": ((89.04, 1.98), (90.23, 1.71), (93.16, 1.29)),
    "ptb": ((92.12, 2.33), (96.02, 1.19), (96.78, 0.99)),
    "mitbih": ((91.89, 0.47), (87.50, 0.87), (97.55, 0.15)),
}
_WEIGHTED = {
    "hits": ((86.31, 2.80), (87.73, 2.32), (91.31, 1.92)),
    "ptb": ((92.74, 2.01), (96.35, 1.00), (97.06, 0.81)),
    "mitbih": ((91.56, 0.72), (86.70, 1.13), (97.44, 0.24)),
}

AUDIOFUSE_TABLE1 = _rows(
    SCORES,
    {
        "audiofuse-vit": ((0.7193, 0.0071), (0.7383, 0.0197), (0.8066, 0.0141), (0.4444, 0.0211)),
        "audiofuse-cnn1d": ((0.7376, 0.0094), (0.7057, 0.0260), (0.8223, 0.0313), (0.4884, 0.0085)),
        "audiofuse-spec-scalogram": ((0.6611, 0.0215), (0.6107, 0.0280), (0.7478, 0.0251), (0.3349, 0.0312)),
        "audiofuse-cross-attention": ((0.7276, 0.0152), (0.7485, 0.0189), (0.8226, 0.0161), (0.4608, 0.0240)),
        "audiofuse-film": ((0.7575, 0.0110), (0.7622, 0.0152), (0.8518, 0.0141), (0.5152, 0.0186)),
        "audiofuse": ((0.7741, 0.0094), (0.7664, 0.0005), (0.8608, 0.0127), (0.5508, 0.0225)),
        "audiofuse-mobilenet-v3": ((0.6677, 0.0165), (0.6627, 0.0218), (0.7509, 0.0204), (0.3454, 0.0239)),
        "audiofuse-efficientnet-b0": ((0.6467, 0.0041), (0.6349, 0.0093), (0.7472, 0.0177), (0.4792, 0.0113)),
        "audiofuse-resnet18": ((0.7375, 0.0071), (0.7365, 0.0080), (0.8336, 0.0068), (0.4792, 0.0113)),
        "audiofuse-densenet169": ((0.7464, 0.0284), (0.7442, 0.0287), (0.8640, 0.0181), (0.5023, 0.0578)),
        "audiofuse-inception-v3": ((0.7621, 0.0181), (0.7572, 0.0212), (0.8581, 0.0089), (0.5356, 0.0005)),
    },
)

AUDIOFUSE_ERRATA: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("audiofuse-efficientnet-b0", "MCC"): "the figure of audiofuse-resnet18 is printed; "
        "an accuracy of 0.6467 on as many normal as abnormal recordings allows about 0.29"
    }
)
"""Why a printed figure of Table 1 cannot be right, by row and column."""

AUDIOFUSE_TABLE2 = _rows(
    SCORES,
    {
        "audiofuse-vit": (0.5795, 0.3273, 0.4873, 0.0579),
        "audiofuse-cnn1d": (0.6818, 0.5484, 0.6782, 0.3152),
        "audiofuse": (0.7386, 0.6667, 0.7181, 0.4519),
    },
)

VINDAS_TABLE2: Mapping[str, Rows] = MappingProxyType(
    {
        setting: _rows(
            PERCENT,
            {
                "vindas-raw": _RAW[setting],
                "vindas-spectrogram": _SPECTROGRAM[setting],
                "vindas-hybrid": _HYBRID[setting],
            },
        )
        for setting in _HYBRID
    }
)

VINDAS_TABLE3: Mapping[str, Rows] = MappingProxyType(
    {
        setting: _rows(
            PERCENT,
            {
                "vindas-concat": _CONCAT[setting],
                "vindas-sum": _SUM[setting],
                "vindas-weighted-sum": _WEIGHTED[setting],
                "vindas-hybrid": _HYBRID[setting],
            },
        )
        for setting in _HYBRID
    }
)

VINDAS_TABLE4: Mapping[str, Rows] = MappingProxyType(
    {
        "hits": _attention(artifact=(0.46, 0.54, 0.29), gaseous=(0.65, 0.35, 0.17), solid=(0.71, 0.29, 0.15)),
        "ptb": _attention(normal=(0.49, 0.51, 0.12), abnormal=(0.18, 0.82, 0.10)),
        "mitbih": _attention(
            N=(0.48, 0.52, 0.01),
            S=(0.50, 0.50, 0.01),
            V=(0.50, 0.50, 0.01),
            F=(0.49, 0.51, 0.02),
            Q=(0.50, 0.50, 0.003),
        ),
    }
)

VINDAS_LITERATURE: Mapping[str, str] = MappingProxyType(
    {
        "mitbih": "Zhao, Huang, He, Qiao, Li, MIF, MFF",
        "ptb": "manual features, Liu, Sharma, Chen, Ahamed, MIF, MFF",
        "hits": "2D CNN (Vindas et al., Medical Image Analysis 2022)",
    }
)
"""Rows of Table 2 with the figures of other publications, by setting."""
