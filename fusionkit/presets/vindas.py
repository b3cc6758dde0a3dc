"""Presets of Vindas et al. 2022: a CNN-Transformer on the raw signal and a 2-D CNN on its spectrogram.

Settings without an ending are those of the heartbeats of MIT-BIH; ``-ptb`` are those of PTB, ``-hits`` those of the
emboli of transcranial Doppler.

References
----------
Y. Vindas et al., "An hybrid CNN-Transformer model based on multi-feature extraction and attention fusion mechanism for
cerebral emboli classification", MLHC 2022, PMLR 182.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from fusionkit.presets.vindas_settings import HITS, MITBIH, PTB, Setting, Tables, noam

_TRAINING: Tables = {
    "class_weights": "balanced",
    "loss_mean": "weights",
    "monitor": "accuracy",
    "ties": "first",
    "selection": "last",
    "patience": 0,
    "binary_outputs": 2,
    "precision": "float32",
}
_FUSION_HEAD: Tables = {"fusion_dim": 64, "hidden_dim": 10, "activation": "none", "head_norm": True, "drop_rate": 0.0}
_AS_CODED: dict[str, Tables] = {
    "stft": {"representation_options": {"part": "real", "skip_end": True}, "encoder_options": {"norm_momentum": 0.99}},
    "wave": {"encoder_options": {"positions": "constant"}},
}
_UNDECAYED: Tables = {"weight_decay": 0.0}
_PUBLISHED = "The slips of the authors' code: real part, constant position, BatchNorm momentum 0.99, no decay in Noam."


def _raw(setting: Setting, n_conv: int) -> Tables:
    return {
        "representation": "wave",
        "representation_options": setting.wave,
        "encoder": "cnn_transformer",
        "encoder_options": {
            "embed_dim": 128,
            "stride": 1,
            "n_conv": n_conv,
            "shared_conv": True,
            "positions": "sinusoidal",
            "depth": 8,
            "num_heads": 8,
            "mlp_ratio": 0.5,
            "norm_first": False,
            "drop_rate": 0.1,
            "attn_drop_rate": 0.1,
            "identical_layers": True,
            "classifier_dim": 10,
            "initialisation": "torch",
        },
    }


def _spectrogram(setting: Setting, filters: int) -> Tables:
    return {
        "representation": "stft",
        "representation_options": {
            "window": "blackman",
            "sym": True,
            "center": False,
            "part": "magnitude",
            "sides": "two",
            "multiplier": 40.0,
            "ref": 1.0,
            "top_db": [],
            "clip_sigma": [0.0, 9.0],
            "scale": "none",
            **setting.stft,
        },
        "encoder": "cnn2d",
        "encoder_options": {
            "channels": [filters * factor for factor in (1, 2, 4, 8)],
            "norm_eps": 1e-3,
            "norm_momentum": 0.01,
            "pool": "flatten",
            "logits_drop_rate": 0.2,
        },
    }


def _preset(
    setting: Setting,
    model: str,
    description: str,
    branches: Sequence[Tables],
    fuser: Tables,
    training: Tables,
    stages: Mapping[str, Tables] = MappingProxyType({}),
) -> Tables:
    name = f"vindas-{model}{setting.ending}"
    preset: Tables = {
        "description": f"Vindas et al. 2022, {setting.title}: {description}.",
        "name": name,
        "repeats": 10,
        "data": setting.data,
        "split": setting.split | {"validation_fraction": 0.2},
        "branches": list(branches),
        "fuser": fuser,
        "training": _TRAINING | training,
    }
    published: Tables = {
        "description": _PUBLISHED,
        "name": f"{name}-published",
        "branches": [
            {key: branch[key] for key in ("representation", "encoder")} | _AS_CODED[branch["representation"]]
            for branch in branches
        ],
    }
    if preset["training"]["selection"] == "last":
        preset["evaluation"] = {"last_epochs": 10}
        # Nothing is chosen on it then, and all of the training part is learnt from, as by the authors.
        published["split"] = {"validation": "test"}
    if training.get("optimizer") == "noam":
        published["training"] = _UNDECAYED
    if stages:
        preset["stages"] = dict(stages)
        published["stages"] = {stage: _UNDECAYED for stage, values in stages.items() if values["optimizer"] == "noam"}
    return preset | {"variants": {"published": published}}


def _presets(setting: Setting) -> list[Tables]:
    raw, spectrogram = _raw(setting, setting.n_conv), _spectrogram(setting, setting.filters)
    stages = {
        "branch stft-cnn2d": setting.spectrogram,
        "branch wave-cnn_transformer": setting.raw,
        "attention": setting.attention,
    }
    attention = {"name": "late_attention", "options": {"reads": "probabilities", "init": "normal"}}
    made = [
        _preset(setting, "raw", "the CNN-Transformer alone", [raw], {"name": "single"}, setting.raw),
        _preset(setting, "spectrogram", "the 2-D CNN alone", [spectrogram], {"name": "single"}, setting.spectrogram),
        _preset(setting, "hybrid", "both, by late attention", [spectrogram, raw], attention, {}, stages),
    ]
    together = [_spectrogram(setting, setting.filters_of_fusions), _raw(setting, 2)]
    for fuser, how in (("concat", "concatenated"), ("sum", "summed"), ("weighted_sum", "in a weighted sum")):
        free = {"weights": "free"} if fuser == "weighted_sum" else {}
        training = noam(0.1, 8 if fuser in setting.small_batches else 16, 50) | {"selection": "best"}
        options = {"name": fuser, "options": _FUSION_HEAD | free}
        made.append(_preset(setting, fuser.replace("_", "-"), f"both, {how}", together, options, training))
    return made


VINDAS: dict[str, Tables] = {
    preset["name"].replace("-", "_"): preset for setting in (MITBIH, PTB, HITS) for preset in _presets(setting)
}
"""The presets by name."""
