"""The built-in components, through the same hooks as anybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fusionkit.hookspecs import hookimpl

Register = Callable[[str, Any], None]


@hookimpl
def register_representations(register: Register) -> None:
    from fusionkit.representations.mel import Mel
    from fusionkit.representations.scalogram import Scalogram
    from fusionkit.representations.stft import STFT
    from fusionkit.representations.wave import Wave

    register("wave", Wave)
    register("mel", Mel)
    register("stft", STFT)
    register("scalogram", Scalogram)


@hookimpl
def register_encoders(register: Register) -> None:
    from fusionkit.encoders.cnn1d import CNN1d
    from fusionkit.encoders.cnn2d import CNN2d
    from fusionkit.encoders.cnn_transformer import CNNTransformer
    from fusionkit.encoders.vit import ViT

    register("vit", ViT)
    register("cnn1d", CNN1d)
    register("cnn2d", CNN2d)
    register("cnn_transformer", CNNTransformer)


@hookimpl
def register_fusers(register: Register) -> None:
    from fusionkit.fusers.concat import Concat
    from fusionkit.fusers.cross_attention import CrossAttention
    from fusionkit.fusers.film import FiLM
    from fusionkit.fusers.late_attention import LateAttention
    from fusionkit.fusers.single import Single
    from fusionkit.fusers.sum import Sum
    from fusionkit.fusers.weighted_sum import WeightedSum

    register("single", Single)
    register("concat", Concat)
    register("sum", Sum)
    register("weighted_sum", WeightedSum)
    register("film", FiLM)
    register("cross_attention", CrossAttention)
    register("late_attention", LateAttention)


@hookimpl
def register_preprocessors(register: Register) -> None:
    from fusionkit.preprocessors.bandpass import Bandpass
    from fusionkit.preprocessors.baseline import Baseline
    from fusionkit.preprocessors.notch import Notch
    from fusionkit.preprocessors.spikes import Spikes

    register("bandpass", Bandpass)
    register("notch", Notch)
    register("baseline", Baseline)
    register("spikes", Spikes)


@hookimpl
def register_augmentations(register: Register) -> None:
    from fusionkit.augmentations.gain import Gain
    from fusionkit.augmentations.mixup import Mixup
    from fusionkit.augmentations.noise import Noise
    from fusionkit.augmentations.polarity import Polarity
    from fusionkit.augmentations.spec_augment import SpecAugment
    from fusionkit.augmentations.time_shift import TimeShift

    register("gain", Gain)
    register("polarity", Polarity)
    register("time_shift", TimeShift)
    register("noise", Noise)
    register("spec_augment", SpecAugment)
    register("mixup", Mixup)


@hookimpl
def register_datasets(register: Register) -> None:
    from fusionkit.datasets.cinc2017 import cinc2017
    from fusionkit.datasets.circor2022 import circor2022
    from fusionkit.datasets.demo_ecg import demo_ecg
    from fusionkit.datasets.demo_pcg import demo_pcg
    from fusionkit.datasets.demo_tcd import demo_tcd
    from fusionkit.datasets.edf_folder import edf_folder
    from fusionkit.datasets.folder import folder
    from fusionkit.datasets.heartbeat import heartbeat
    from fusionkit.datasets.hits import hits
    from fusionkit.datasets.manifest_csv import manifest_csv
    from fusionkit.datasets.mitbih import mitbih
    from fusionkit.datasets.pascal import pascal
    from fusionkit.datasets.physionet2016 import physionet2016
    from fusionkit.datasets.ptb import ptb
    from fusionkit.datasets.ptbxl import ptbxl
    from fusionkit.datasets.wfdb_folder import wfdb_folder

    register("demo_pcg", demo_pcg)
    register("demo_ecg", demo_ecg)
    register("demo_tcd", demo_tcd)
    register("physionet2016", physionet2016)
    register("pascal", pascal)
    register("mitbih", mitbih)
    register("heartbeat", heartbeat)
    register("ptb", ptb)
    register("ptbxl", ptbxl)
    register("cinc2017", cinc2017)
    register("circor2022", circor2022)
    register("hits", hits)
    register("wfdb", wfdb_folder)
    register("edf", edf_folder)
    register("folder", folder)
    register("manifest", manifest_csv)


@hookimpl
def register_presets(register: Register) -> None:
    from fusionkit.presets.audiofuse import AUDIOFUSE
    from fusionkit.presets.demos import DEMO_ECG, DEMO_PCG, DEMO_TCD
    from fusionkit.presets.vindas import VINDAS

    register("demo_pcg", DEMO_PCG)
    register("demo_ecg", DEMO_ECG)
    register("demo_tcd", DEMO_TCD)
    for name, preset in (AUDIOFUSE | VINDAS).items():
        register(name, preset)
