from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fusionkit.errors import IntegrityError, ResourceError
from fusionkit.training import checkpoint
from fusionkit.training.checkpoint import MANIFEST, load_checkpoint, save_checkpoint

TENSORS = {
    "weight": torch.arange(12.0).reshape(3, 4).T,
    "half": torch.ones(2, dtype=torch.bfloat16),
    "count": torch.tensor(7),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "best", TENSORS, {"task": "läuft", "values": [1, None]})
    return tmp_path / "best"


def part_of(folder: Path) -> Path:
    (part,) = folder.glob("*.safetensors")
    return part


def forge(folder: Path, **changes: Any) -> None:
    """Change the manifest as somebody would who knows how it is signed."""
    manifest = json.loads((folder / MANIFEST).read_bytes())
    del manifest["sha256"]
    (folder / MANIFEST).write_bytes(checkpoint._signed({**manifest, **changes}))


def test_what_is_saved_is_loaded(folder: Path) -> None:
    tensors, state = load_checkpoint(folder)
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert (tensor.dtype, tensor.shape) == (TENSORS[name].dtype, TENSORS[name].shape)
        assert torch.equal(tensor, TENSORS[name])
    assert (state["task"], state["values"]) == ("läuft", [1, None])


def test_the_manifest_holds_the_hash_of_the_part(folder: Path) -> None:
    part = part_of(folder)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    assert manifest["parts"] == {part.name: hashlib.sha256(part.read_bytes()).hexdigest()}
    assert sorted(path.name for path in folder.iterdir()) == sorted([part.name, MANIFEST])


def test_saving_again_leaves_one_part(folder: Path) -> None:
    first = part_of(folder)
    save_checkpoint(folder, {"weight": torch.zeros(3)}, {})
    assert part_of(folder) != first
    assert torch.equal(load_checkpoint(folder)[0]["weight"], torch.zeros(3))


def test_tensors_that_share_memory_are_saved(tmp_path: Path) -> None:
    weight = torch.arange(6.0)
    save_checkpoint(tmp_path, {"in": weight, "out": weight, "part": weight[2:4]}, {})
    tensors, _ = load_checkpoint(tmp_path)
    assert torch.equal(tensors["in"], weight)
    assert torch.equal(tensors["out"], weight)
    assert torch.equal(tensors["part"], weight[2:4])


@pytest.mark.parametrize("which", ["weights", "manifest"])
def test_every_flipped_byte_is_found(folder: Path, which: str) -> None:
    path = part_of(folder) if which == "weights" else folder / MANIFEST
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.choice(len(whole), size=min(60, len(whole)), replace=False):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        with pytest.raises(IntegrityError):
            load_checkpoint(folder)
    path.write_bytes(whole)
    assert load_checkpoint(folder)[0].keys() == TENSORS.keys()


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_a_part_that_was_cut(folder: Path, cut: int) -> None:
    part_of(folder).write_bytes(part_of(folder).read_bytes()[:cut])
    with pytest.raises(IntegrityError, match="hash mismatch in part"):
        load_checkpoint(folder)


def test_a_part_that_is_gone(folder: Path) -> None:
    part_of(folder).unlink()
    with pytest.raises(IntegrityError, match=r"weights\.safetensors"):
        load_checkpoint(folder)


def outside(folder: Path) -> str:
    (folder.parent / "secret").write_bytes(part_of(folder).read_bytes())
    return hashlib.sha256(part_of(folder).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["../secret", "..", "", ".", "a/b", "a\x00b", "x" * 100_000, "weights.pt"])
def test_a_part_outside_the_checkpoint_is_not_read(folder: Path, name: str) -> None:
    forge(folder, parts={name: outside(folder)})
    with pytest.raises(IntegrityError, match="names the part"):
        load_checkpoint(folder)
    forge(folder, parts={str(folder.parent / "secret"): outside(folder)})
    with pytest.raises(IntegrityError, match="names the part"):
        load_checkpoint(folder)


def test_a_part_that_is_no_file_is_not_read(folder: Path) -> None:
    part = part_of(folder)
    outside(folder)
    part.unlink()
    part.symlink_to(folder.parent / "secret")
    with pytest.raises(IntegrityError, match="names the part"):
        load_checkpoint(folder)
    part.unlink()
    os.mkfifo(part)
    with pytest.raises(IntegrityError, match="names the part"):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": 1}',
        b'{"format": 1, "parts": 3}',
        b'{"format": 1, "parts": [["a", "b"]]}',
        b'{"format": 1, "parts": {}}',
        b'{"format": 1, "parts": {"a": 1, "b": 2}}',
    ],
)
def test_a_manifest_that_is_none(folder: Path, text: bytes) -> None:
    (folder / MANIFEST).write_bytes(text)
    with pytest.raises(IntegrityError, match="not the manifest of a checkpoint"):
        load_checkpoint(folder)


@pytest.mark.parametrize("version", [2, "1", None])
def test_another_format(folder: Path, version: object) -> None:
    forge(folder, format=version)
    with pytest.raises(IntegrityError, match="reads format 1"):
        load_checkpoint(folder)


def put(folder: Path, payload: bytes) -> None:
    part_of(folder).unlink()
    digest = hashlib.sha256(payload).hexdigest()
    name = f"{digest[:16]}-weights.safetensors"
    (folder / name).write_bytes(payload)
    forge(folder, parts={name: digest})


@pytest.mark.parametrize(
    "payload", [b"", b"\x80\x04cos\nsystem\n.", b"\xff" * 64, b'\x02\x00\x00\x00\x00\x00\x00\x00{"']
)
def test_a_part_that_is_no_safetensors_file(folder: Path, payload: bytes) -> None:
    put(folder, payload)
    with pytest.raises(IntegrityError, match="is not a safetensors file"):
        load_checkpoint(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(tmp_path: Path, value: float) -> None:
    save_checkpoint(tmp_path, {"good": torch.ones(2), "layer.bad": torch.tensor([1.0, value])}, {})
    with pytest.raises(IntegrityError, match=r"non-finite weights in layer\.bad"):
        load_checkpoint(tmp_path)


def test_a_save_that_fails_leaves_the_last_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync
    for failing in (1, 2):
        calls = 0

        def full(descriptor: int, failing: int = failing) -> None:
            nonlocal calls
            calls += 1
            if calls == failing:
                raise OSError(28, "No space left on device")
            fsync(descriptor)

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(ResourceError, match=r"No space left on device; needs \d+ bytes"):
                save_checkpoint(folder, {"weight": torch.full((4,), 9.0)}, {})
        tensors: dict[str, Tensor] = load_checkpoint(folder)[0]
        assert tensors.keys() == TENSORS.keys()
    save_checkpoint(folder, {"weight": torch.full((4,), 9.0)}, {})
    assert torch.equal(load_checkpoint(folder)[0]["weight"], torch.full((4,), 9.0))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match="cannot write the checkpoint"):
        save_checkpoint(tmp_path / "file" / "best", TENSORS, {})
