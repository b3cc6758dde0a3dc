"""Checkpoints from strangers: flipped bits, pickles, manifests that name imports and files, headers that lie.

    python -m tests.faults.strangers --flips 1000 --mutants 10000

A hostile manifest carries the right hash of itself and of its parts: a hash keeps nobody out, it only shows damage.
While a checkpoint is read, an audit hook tells every import, every program that is compiled or started, every
connection, and every file that is opened; what a good checkpoint does not do is a find.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import pkgutil
import random
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import fusionkit
from fusionkit.errors import DataError, IntegrityError
from fusionkit.plugins import build_registry
from fusionkit.representations.torchaudio_loader import load_torchaudio
from fusionkit.run.saved_model import load_model
from fusionkit.training.checkpoint import MANIFEST, load_checkpoint
from tests.faults.mutations import HOSTILE, changed_header, changed_manifest, large_headers
from tests.faults.pickles import payloads
from tests.faults.scene import SHORT, fingerprint, scene
from tests.faults.table import Case, campaign
from tests.faults.watch import Watch

SLOWEST = 5.0  # s of this process, so that a busy machine tells the same
MEMORY = 1 << 30


class Strangers:
    """A good checkpoint, from which hostile ones are made.

    Parameters
    ----------
    good : Path
        Its folder.
    seed : int
        Of all that is drawn.
    """

    def __init__(self, good: Path, seed: int) -> None:
        self.registry, _ = build_registry()
        for module in pkgutil.walk_packages(fusionkit.__path__, "fusionkit."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)  # so that no import is left to a reader
        self._rng = random.Random(seed)
        self._watch = Watch()
        load_torchaudio()
        self.good, self.place = good, good.parents[2] / "stranger"
        self.manifest = json.loads((good / MANIFEST).read_bytes())
        del self.manifest["sha256"]
        (self.part,) = self.manifest["parts"]
        self.payload = (good / self.part).read_bytes()
        load_model(good, self.registry)
        if wrong := self.read(good, refused=False):
            raise RuntimeError(f"the good checkpoint: {wrong}")

    def read(self, folder: Path, *, refused: bool | None = True, whole: bool = True) -> str:
        """Read a checkpoint; return what is wrong with how it was taken, or, where that is known, that it was."""
        begun, said = time.process_time(), ""
        with self._watch.reading(folder):
            try:
                load_model(folder, self.registry) if whole else load_checkpoint(folder)
                taken = True
            except (IntegrityError, DataError) as error:
                taken, said = False, str(error)
            except BaseException as error:
                return f"{type(error).__name__}: {str(error)[:200]}"
        if self._watch.seen:
            return f"while it was read: {self._watch.seen[0]}"
        if time.process_time() - begun > SLOWEST:
            return f"took {time.process_time() - begun:.1f} s"
        if len(said) > 2000 or not said.replace("\n  ", "").isprintable():
            return f"told in {len(said)} characters: {said[:80]!r}"
        return "" if refused is None or taken != refused else ("was taken" if taken else f"was refused: {said}")

    def write(self, manifest: Any, payload: bytes | None = None, part: str | None = None) -> Path:
        """Write a checkpoint whose hashes are right, whatever stands in it."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        if payload is None:
            os.link(self.good / self.part, self.place / self.part)
        else:
            digest = hashlib.sha256(payload).hexdigest()
            part = part or f"{digest[:16]}-weights.safetensors"
            (self.place / part).write_bytes(payload)
            manifest = {**manifest, "parts": {part: digest}}
        (self.place / MANIFEST).write_bytes(signed(manifest))
        return self.place


def signed(manifest: Any) -> bytes:
    """Return a manifest with its SHA-256, as `save_checkpoint` writes it: a stranger can do that too."""
    digest = hashlib.sha256(json.dumps(manifest).encode()).hexdigest()
    return json.dumps({**manifest, "sha256": digest}, indent=2).encode()


def flips(strangers: Strangers, number: int, rng: random.Random) -> list[Case]:
    """Flip one bit of a file of the checkpoint."""
    cases = []
    for name in (strangers.part, MANIFEST):
        case = Case(f"a bit flipped in {name.partition('-')[2] or name}")
        for turn in range(number):
            folder = strangers.write(strangers.manifest, strangers.payload)
            content = bytearray((folder / name).read_bytes())
            place = turn % len(content) if number >= len(content) else rng.randrange(len(content))
            content[place] ^= 1 << rng.randrange(8)
            (folder / name).write_bytes(content)
            case.tried((wrong := strangers.read(folder, whole=False)) and f"byte {place}: {wrong}")
        cases.append(case)
    return cases


def pickles(strangers: Strangers) -> Case:
    """Give pickles the names of weights."""
    case = Case("a pickle in place of weights")
    canary = strangers.place.with_name("canary")
    for kind, payload in payloads(canary).items():
        for part in (None, "weights.pt", "model.safetensors", "0123456789abcdef-weights.safetensors"):
            wrong = strangers.read(strangers.write(strangers.manifest, payload, part))
            if canary.exists():
                wrong = "it ran"
            case.tried(wrong and f"{kind} as {part}: {wrong}")
    return case


def hostile(strangers: Strangers) -> Case:
    """Name imports, links and files elsewhere in a manifest."""
    case = Case("a manifest that names an import, a path or a lie")
    secret = strangers.place.with_name("secret")
    secret.mkdir(exist_ok=True)
    (secret / strangers.part).write_bytes(strangers.payload)
    digest = hashlib.sha256(strangers.payload).hexdigest()
    for part in (
        f"../secret/{strangers.part}",
        str(secret / strangers.part),
        f"./{strangers.part}",
        "..",
        "\0",
        "x" * 9999,
    ):
        case.tried(strangers.read(strangers.write({**strangers.manifest, "parts": {part: digest}})))
    folder = strangers.write(strangers.manifest)
    (folder / strangers.part).unlink()
    (folder / strangers.part).symlink_to(secret / strangers.part)
    case.tried(strangers.read(folder))
    versions: tuple[Any, ...] = (2, 99, "1", None, 1.5, [1], {})
    for version in versions:
        case.tried(strangers.read(strangers.write({**strangers.manifest, "format": version})))
    text = strangers.manifest["config"]
    for name in ("os.system", "canary_module:run", "canary_module.run", "../wave", "x" * (1 << 20), "a\\u0000b", ""):
        for old in ('"wave"', '"cnn1d"', '"late_attention"', "representation =", "[fuser]"):
            if old in text:
                new = text.replace(old, f'"{name}"' if old[0] == '"' else f'_target_ = "{name}"\n{old}')
                case.tried(
                    (wrong := strangers.read(strangers.write({**strangers.manifest, "config": new})))
                    and f"{name[:20]} for {old}: {wrong}"
                )
    for key in ("signal", "task", "config"):
        for value in HOSTILE:
            wrong = strangers.read(strangers.write({**strangers.manifest, key: value}))
            case.tried(wrong and f"{key} = {str(value)[:30]}: {wrong}")
    return case


def mutants(strangers: Strangers, number: int, rng: random.Random) -> list[Case]:
    """Read changed manifests, and weights with changed headers."""
    manifests, headers, sizes = Case("a changed manifest"), Case("a changed header of weights"), Case("a huge header")
    for name, payload in large_headers().items():
        sizes.tried((wrong := strangers.read(strangers.write(strangers.manifest, payload))) and f"{name}: {wrong}")
    for turn in range(number):
        if turn % 2:
            folder = strangers.write(strangers.manifest, changed_header(strangers.payload, rng))
            headers.tried((wrong := strangers.read(folder, refused=None)) and f"{turn}: {wrong}")
        else:
            changed = changed_manifest(strangers.manifest, rng)
            manifests.tried((wrong := strangers.read(strangers.write(changed), refused=None)) and f"{turn}: {wrong}")
    return [sizes, headers, manifests]


def strangers_campaign(arguments: argparse.Namespace) -> list[Case]:
    """Run the campaign."""
    rng = random.Random(arguments.seed)
    with scene() as here:
        here.whole(*SHORT)
        before = fingerprint(here.root / "whole")
        strangers = Strangers(here.root / "whole" / "checkpoints" / "best", arguments.seed)
        resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cases = [*flips(strangers, arguments.flips, rng), pickles(strangers), hostile(strangers)]
        cases += mutants(strangers, arguments.mutants, rng)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident) * 1024
        memory = Case(f"less than 1 GB more for all of these: {grown / 1e9:.2f} GB")
        memory.tried("" if grown < MEMORY else f"{grown >> 20} MiB")
        unharmed = Case("the good checkpoint is as it was")
        unharmed.tried("" if fingerprint(here.root / "whole") == before else "it changed")
    return [*cases, memory, unharmed]


if __name__ == "__main__":
    sys.exit(campaign(strangers_campaign, str(__doc__), flips=1000, mutants=10_000))
