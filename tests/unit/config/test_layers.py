from __future__ import annotations

import copy
from typing import Any

import pytest

from fusionkit.config.layers import overlay, zip_branches
from fusionkit.errors import UsageError

BELOW: dict[str, Any] = {
    "name": "below",
    "data": {"spec": "hearts:here", "duration": 5.0, "options": {"year": 2016}},
    "training": {"lr": 0.1, "epochs": 3},
    "branches": [
        {"representation": "mel", "encoder": "vit", "encoder_options": {"depth": 4, "num_heads": 2}},
        {"representation": "wave", "encoder": "cnn1d", "representation_options": {"scale": "none"}},
    ],
    "fuser": {"name": "concat", "options": {"hidden_dim": 8}},
}


def branch(representation: str, encoder: str, **options: Any) -> dict[str, Any]:
    return {"representation": representation, "encoder": encoder, **options}


@pytest.mark.parametrize(
    ("above", "changes"),
    [
        ({}, {}),
        ({"name": "above", "seed": 3}, {"name": "above", "seed": 3}),
        ({"training": {"lr": 1.0, "patience": 2}}, {"training": {"lr": 1.0, "epochs": 3, "patience": 2}}),
        ({"fuser": {"name": "sum"}}, {"fuser": {"name": "sum"}}),
        ({"fuser": {"name": "concat"}}, {}),
        ({"data": {"spec": "demo"}}, {"data": {"spec": "demo", "duration": 5.0}}),
        ({"data": {"spec": "hearts:here"}}, {}),
        ({"data": {"options": {"year": 2022}}}, {"data": {**BELOW["data"], "options": {"year": 2022}}}),
        ({"branches": [branch("mel", "cnn2d")]}, {"branches": [branch("mel", "cnn2d")]}),
        (
            {"branches": [branch("stft", "vit", encoder_options={"depth": 1}), branch("wave", "cnn_transformer")]},
            {
                "branches": [
                    branch("stft", "vit", encoder_options={"depth": 1, "num_heads": 2}),
                    branch("wave", "cnn_transformer", representation_options={"scale": "none"}),
                ]
            },
        ),
        (
            {"branches": [*BELOW["branches"], branch("mel", "vit")]},
            {"branches": [*BELOW["branches"], branch("mel", "vit")]},
        ),
    ],
)
def test_what_lies_above_wins(above: dict[str, Any], changes: dict[str, Any]) -> None:
    below, given = copy.deepcopy(BELOW), copy.deepcopy(above)
    merged = overlay(below, given)
    assert merged == {**BELOW, **changes}
    assert (below, given) == (BELOW, above)
    merged["data"].setdefault("options", {})["new"] = 1
    merged["branches"][0]["new"] = 1
    assert (below, given) == (BELOW, above)


def test_zip() -> None:
    assert zip_branches(["mel", "wave"], ["vit", "cnn1d"]) == [branch("mel", "vit"), branch("wave", "cnn1d")]
    assert zip_branches(["mel", "stft"], ["vit"]) == [branch("mel", "vit"), branch("stft", "vit")]
    with pytest.raises(UsageError, match="--repr mel,wave --encoder ENCODER,ENCODER"):
        zip_branches(["mel", "wave"], ["vit", "vit", "vit"])
    with pytest.raises(UsageError, match="1 representation"):
        zip_branches(["mel"], ["vit", "cnn1d"])
