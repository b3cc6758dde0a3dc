"""Manifests and weights that lie."""

from __future__ import annotations

import copy
import json
import random
import struct
from typing import Any

HOSTILE: tuple[Any, ...] = (
    "os.system",
    "canary_module:run",
    "canary_module.run",
    {"_target_": "canary_module.run"},
    {"_instantiator": "canary_module"},
    {"__class__": "canary_module.Run", "__reduce__": ["os.system", "touch canary"]},
    "x" * (1 << 20),
    "a\0b",
    "../../secret",
    "/etc/passwd",
    "",
    None,
    True,
    -1,
    0,
    2**63,
    10**400,
    1e308,
    float("nan"),
    [],
    [[[[]]]],
    {},
)


def changed_manifest(manifest: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return a manifest with one to three changes, anywhere in it, its configuration included."""
    manifest = json.loads(json.dumps(manifest))
    for _ in range(rng.randint(1, 3)):
        holder: Any = manifest
        while True:
            keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(holder[key], dict | list) and holder[key] and rng.random() < 0.8:
                holder = holder[key]
                continue
            match rng.randrange(6):
                case 0:
                    del holder[key]
                case 1 | 2 if isinstance(holder[key], str) and holder[key]:
                    holder[key] = _changed_text(holder[key], rng)
                case 3 if isinstance(holder, dict):
                    holder[f"{key}{rng.choice(('', '_', '__class__'))}"] = copy.deepcopy(rng.choice(HOSTILE[:8]))
                case _:
                    holder[key] = copy.deepcopy(rng.choice(HOSTILE))
            break
    return dict(manifest)


def _changed_text(text: str, rng: random.Random) -> str:
    """Return a text with another character, number or line."""
    lines = text.split("\n")
    place = rng.randrange(len(lines))
    line = lines[place]
    match rng.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, rng.choice(lines))
        case 2 if any(letter.isdigit() for letter in line):
            digits = [k for k, letter in enumerate(line) if letter.isdigit()]
            at = rng.choice(digits)
            lines[place] = line[:at] + rng.choice(("0", "-1", "9" * 12, "1e308", "nan", "true", '"x"')) + line[at + 1 :]
        case _ if line:
            at = rng.randrange(len(line))
            lines[place] = line[:at] + chr(rng.choice((0, 34, 39, 46, 61, 91, 93, 233, 0x202E))) + line[at + 1 :]
    return "\n".join(lines)


def changed_header(payload: bytes, rng: random.Random) -> bytes:
    """Return weights whose header lies."""
    size = struct.unpack("<Q", payload[:8])[0]
    header, data = json.loads(payload[8 : 8 + size]), payload[8 + size :]
    stated = None
    for _ in range(rng.randint(1, 3)):
        name = rng.choice([key for key in header if key != "__metadata__"] or ["x"])
        one = header.setdefault(name, {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]})
        if not isinstance(one, dict):
            continue
        extreme = rng.choice((0, 1, -1, 2**31, 2**32, 2**62, 2**63, 2**64 - 1, 2**64, 10**30, 0.5, None, "4"))
        match rng.randrange(9):
            case 0:
                one["shape"] = [extreme] * rng.randint(1, 4)
            case 1:
                one["shape"] = [2**21, 2**21, 2**21]
            case 2:
                one["data_offsets"] = [rng.choice((0, 4, extreme)), extreme]
            case 3:
                one["dtype"] = rng.choice(("F64", "I64", "BOOL", "F8_E4M3", "canary_module", "", None, 4))
            case 4:
                header[rng.choice(("", "\0", "../x", "x" * 10_000, "os.system"))] = dict(one)
            case 5:
                header.pop(name)
            case 6:
                header["__metadata__"] = rng.choice(({"a": "b"}, {"a": 1}, [], "x", None))
            case 7:
                stated = rng.choice((0, 1, size - 1, size + 1, 2**31, 2**62, 2**63, 2**64 - 1, 100_000_000))
            case _:
                data = (
                    data[: rng.randrange(len(data) + 1)] if rng.random() < 0.5 else data + bytes(rng.randrange(1, 99))
                )
    text = json.dumps(header).encode()
    if rng.random() < 0.2:
        at = rng.randrange(len(text))
        text = text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
    return struct.pack("<Q", len(text) if stated is None else stated) + text + data


def large_headers() -> dict[str, bytes]:
    """Return headers of unusual size."""
    many = {f"encoders.{k}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * k, 4 * k + 4]} for k in range(100_000)}
    over = {f"encoders.{k}": {"dtype": "F32", "shape": [100], "data_offsets": [0, 400]} for k in range(100_000)}
    found = {}
    for name, header, size in (("100 000 tensors", many, 400_000), ("overlapping", over, 400)):
        text = json.dumps(header).encode()
        found[name] = struct.pack("<Q", len(text)) + text + bytes(size)
    found["100 MB"] = struct.pack("<Q", 10**8) + b'{"a":"' + b"x" * (10**8 - 8) + b'"}'
    found["deep"] = struct.pack("<Q", 200_000) + b'{"a":' * 40_000 + bytes(4)
    return found
