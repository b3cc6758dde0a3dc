"""Checkpoints: a folder of parts and a manifest with the SHA-256 of each, written by renaming."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from fusionkit.errors import IntegrityError, ResourceError
from fusionkit.training.atomic_write import make_folder, write_whole

FORMAT = 1
WEIGHTS = "weights.safetensors"
MANIFEST = "manifest.json"
_PART = re.compile(rf"[0-9a-f]{{16}}-{re.escape(WEIGHTS)}")


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; what stood there before stays whole until the new one is complete.

    Parameters
    ----------
    folder : Path
        Where; made when it is not there.
    tensors : mapping of str to Tensor
        Weights and buffers.
    state : mapping
        Anything that JSON can hold, kept in the manifest.

    Raises
    ------
    ResourceError
        If the folder cannot be written.
    """
    # A clone each: safetensors refuses tensors that share memory, as tied weights do.
    payload = safetensors.torch.save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    digest = hashlib.sha256(payload).hexdigest()
    # The part has its hash in its name, so that the part of the previous manifest is never overwritten.
    part = f"{digest[:16]}-{WEIGHTS}"
    manifest = {"format": FORMAT, "parts": {part: digest}, **state}
    try:
        make_folder(folder)
        if not (folder / part).exists() or _sha256(folder / part) != digest:
            write_whole(folder / part, payload)
            if _sha256(folder / part) != digest:
                raise ResourceError(f"the checkpoint {folder} cannot be read back as it was written; check the disk")
        write_whole(folder / MANIFEST, _signed(manifest))
        for old in folder.glob(f"*-{WEIGHTS}"):
            if old.name != part:
                old.unlink()
    except OSError as error:
        raise ResourceError(
            f"cannot write the checkpoint {folder}: {error.strerror}; needs {len(payload)} bytes"
        ) from error


def load_checkpoint(folder: Path, *, finite: bool = True) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint and check every byte of it.

    Parameters
    ----------
    folder : Path
        Where.
    finite : bool
        Whether weights that are not finite are refused.

    Returns
    -------
    tensors : dict of str to Tensor
        Weights and buffers.
    state : dict
        The manifest.

    Raises
    ------
    IntegrityError
        If a part is missing, the SHA-256 of it or of the manifest differs, the format is newer, or a weight is not
        finite.
    """
    path = folder / MANIFEST
    try:
        written = path.read_bytes()
        manifest = json.loads(written)
        found = manifest["format"]
        ((part, digest),) = manifest["parts"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(f"{path} is not the manifest of a checkpoint: {type(error).__name__}") from error
    if found != FORMAT:
        raise IntegrityError(f"{path} has format {ascii(found)[:100]}; this version of fusionkit reads format {FORMAT}")
    manifest.pop("sha256", None)
    if _signed(manifest) != written:
        raise IntegrityError(f"{path}: hash mismatch; the file was changed after it was written")
    if not _PART.fullmatch(part) or (folder / part).is_symlink() or not (folder / part).is_file():
        raise IntegrityError(f"{path} names the part {part[:100]!a}; expected a plain file of the checkpoint")
    try:
        payload = (folder / part).read_bytes()
    except OSError as error:
        raise IntegrityError(f"{folder}: part {part} cannot be read: {error.strerror}") from error
    if hashlib.sha256(payload).hexdigest() != digest:
        raise IntegrityError(f"{folder}: hash mismatch in part {part}; the file was changed after it was written")
    try:
        tensors = safetensors.torch.load(payload)
    except safetensors.SafetensorError as error:
        # The error quotes the file, of whatever length.
        fault = ascii(str(error)[:200])
        raise IntegrityError(f"{folder}: part {part} is not a safetensors file: {fault}") from error
    for name, tensor in tensors.items():
        if finite and tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise IntegrityError(f"{folder}: non-finite weights in {name}")
    return tensors, manifest


def _signed(manifest: Mapping[str, Any]) -> bytes:
    """Return a manifest as it is written, with its own SHA-256 as the last entry."""
    digest = hashlib.sha256(json.dumps(manifest).encode()).hexdigest()
    return json.dumps({**manifest, "sha256": digest}, indent=2).encode()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
