from __future__ import annotations

import pytest

from fusionkit.errors import UsageError
from fusionkit.model.branch_values import branch_values

NAMES = ("mel-vit", "wave-cnn_transformer", "mel-vit-2")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("mel-vit", "mel-vit"),
        ("mel-vit-2", "mel-vit-2"),
        ("wave", "wave-cnn_transformer"),
        (" cnn-transformer ", "wave-cnn_transformer"),
        ("wave-cnn-transformer", "wave-cnn_transformer"),
    ],
)
def test_a_branch_is_named_whole_or_by_what_only_it_has(given: str, name: str) -> None:
    assert branch_values([f"{given}= a=b "], NAMES, "setting") == {name: "a=b"}


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["mel"], "setting is 'mel'; expected BRANCH=VALUE, for example mel-vit=VALUE"),
        (["mel-vit="], "expected BRANCH=VALUE"),
        (["=3"], "expected BRANCH=VALUE"),
        (["mel=1"], "setting: 'mel' fits mel-vit, mel-vit-2; its branches: mel-vit, wave-cnn_transformer, mel-vit-2"),
        (["stft=1"], "setting: 'stft' is no branch of the model; its branches: mel-vit"),
        (["mel-vit=1", "mel_vit=2"], "setting names branch 'mel-vit' twice: 1 and 2"),
    ],
)
def test_what_is_refused(texts: list[str], words: str) -> None:
    with pytest.raises(UsageError) as error:
        branch_values(texts, NAMES, "setting")
    assert words in str(error.value)


def test_nothing_given() -> None:
    assert branch_values(None, NAMES, "setting") == {}
