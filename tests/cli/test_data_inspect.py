from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Answer

Command = Callable[..., Answer]


def sound(path: Path, seconds: float = 1.0, rate: int = 500, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(size=round(seconds * rate)) * 0.1
    soundfile.write(path, noise.astype(np.float32), rate, subtype="FLOAT")
    return path


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Return a manifest of seven recordings, of which one is truncated: two rates, three lengths, five subjects."""
    rows = [
        ("a1", "normal", "p1", "one", "train", 1.0, 500),
        ("a2", "normal", "p1", "one", "train", 2.0, 500),
        ("a3", "murmur", "p1", "one", "test", 1.0, 500),
        ("b1", "normal", "p2", "two", "train", 1.0, 250),
        ("b2", "murmur", "p3", "two", "train", 4.0, 250),
        ("b3", "normal", "p4", "two", "test", 1.0, 500),
        ("bad", "normal", "p5", "two", "test", 1.0, 500),
    ]
    lines = ["id,path,label,subject,database,split"]
    for seed, (name, label, subject, database, split, seconds, rate) in enumerate(rows):
        sound(tmp_path / f"{name}.wav", seconds, rate, seed)
        lines.append(f"{name},{name}.wav,{label},{subject},{database},{split}")
    damaged = (tmp_path / "bad.wav").read_bytes()
    (tmp_path / "bad.wav").write_bytes(damaged[: len(damaged) // 2])
    (tmp_path / "all.csv").write_text("\n".join(lines) + "\n")
    return tmp_path / "all.csv"


def test_the_numbers_are_those_of_the_recordings(fusionkit: Command, mixed: Path) -> None:
    answer = fusionkit("data", "inspect", mixed, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert told["recordings"] == 6
    assert told["left_out"] == 1
    assert [("bad.wav" in line) for line in told["problems"]] == [True]
    normal, murmur = told["classes"]["normal"], told["classes"]["murmur"]
    assert (normal["recordings"], normal["subjects"], normal["seconds"]) == (4, 3, 5.0)
    assert (murmur["recordings"], murmur["subjects"], murmur["seconds"]) == (2, 2, 5.0)
    assert normal["split"] == {"train": 3, "test": 1}
    assert murmur["database"] == {"one": 1, "two": 1}
    assert normal["quality"] is None
    assert told["subjects"] == {
        "count": 4,
        "recordings_each": {"min": 1.0, "median": 1.0, "max": 3.0},
        "with_several_labels": 1,
    }
    assert told["database"] == {"one": 3, "two": 3}
    assert told["seconds"] == {"min": 1.0, "median": 1.0, "max": 4.0, "total": 10.0}
    assert told["sample_rates"] == {"500": 4, "250": 2}
    assert told["channels"] == [{"names": ["0"], "units": ["full scale"], "recordings": 6}]
    assert ["--duration" in told["needs"][0], "--sample-rate" in told["needs"][1]] == [True, True]
    assert not [line for line in told["warnings"] if "resampled" in line or "shorter" in line]
    assert told["page"] is None


def test_the_settings_of_a_run_are_heeded(fusionkit: Command, mixed: Path) -> None:
    flags = ("--duration", "2", "--sample-rate", "250")
    told = json.loads(fusionkit("data", "inspect", mixed, "--json", *flags).out)
    assert told["needs"] == []
    assert any("4 of 6 recordings are shorter than the window of 2 s" in line for line in told["warnings"])
    assert any("4 of 6 recordings are resampled to 250 Hz" in line for line in told["warnings"])
    told = json.loads(fusionkit("data", "inspect", mixed, "--json", "--label-column", "database").out)
    assert set(told["classes"]) == {"one", "two"}


def test_channels_that_all_have_are_read(fusionkit: Command, tmp_path: Path) -> None:
    names = ("II,V1", "II,V5", "V2,II", "II,V1")
    lines = ["id,path,label,channels"]
    for number, text in enumerate(names):
        noise = np.random.default_rng(number).normal(size=(500, 2)).astype(np.float32) * 0.1
        soundfile.write(tmp_path / f"{number}.wav", noise, 500, subtype="FLOAT")
        lines.append(f'{number},{number}.wav,{"ab"[number % 2]},"{text}"')
    (tmp_path / "ecg.csv").write_text("\n".join(lines) + "\n")
    told = json.loads(fusionkit("data", "inspect", "ecg.csv", "--json").out)
    assert told["recordings"] == 4
    assert told["needs"] == ["recordings differ in their channels: a run needs --channels; all have II"]
    assert [layout["recordings"] for layout in told["channels"]] == [2, 1, 1]
    told = json.loads(fusionkit("data", "inspect", "ecg.csv", "--json", "--channels", "V1").out)
    assert (told["recordings"], told["left_out"]) == (2, 2)


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.images: list[bytes] = []
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "img":
            self.images.append(base64.b64decode((dict(attrs)["src"] or "").partition("base64,")[2]))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_has_tables_and_pictures(fusionkit: Command, mixed: Path, tmp_path: Path) -> None:
    answer = fusionkit("data", "inspect", mixed, "--pictures", "2", "-o", "mel.n_mels=16")
    assert answer.code == 0, answer.err
    assert answer.out.endswith("inspection-manifest.html\n")
    assert "bad.wav" in answer.out
    text = (tmp_path / "inspection-manifest.html").read_text()
    page = Page(text)
    drawn = re.findall(r"<td><b>(\w+)</b>", text)
    assert sorted(drawn) == ["murmur", "normal"]
    headings = re.search(r"<th>recording</th>(.*?)</tr>", text, re.DOTALL)
    assert headings is not None
    names = re.findall(r"<th>(\w+)</th>", headings[1])
    assert {"wave", "mel", "stft", "scalogram"} <= set(names)
    assert len(page.images) == 2 * len(names)
    assert all(image.startswith(b"\x89PNG") for image in page.images)
    assert re.search(r"1 x 16 x \d+", text)
    assert "script" not in page.tags
    assert not re.search(r'(src|href)="(?!data:|#)', text)
    again = fusionkit("data", "inspect", mixed, "--pictures", "2", "-o", "mel.n_mels=16")
    assert again.code == 0
    assert (tmp_path / "inspection-manifest.html").read_text() == text


def test_a_representation_that_refuses_says_so_in_its_cell(fusionkit: Command, mixed: Path, tmp_path: Path) -> None:
    answer = fusionkit("data", "inspect", mixed, "--pictures", "1", "--out", "x.html", "-o", "mel.f_max=5000")
    assert answer.code == 0, answer.err
    assert "refused: representation &#39;mel&#39;" in (tmp_path / "x.html").read_text()


def test_names_are_escaped(fusionkit: Command, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    for number in range(4):
        sound(tmp_path / f"{number}.wav", seed=number)
    rows = [f'{number}{evil},{number}.wav,"{evil if number % 2 else "=cmd|x$y$"}",{evil}' for number in range(4)]
    (tmp_path / "evil.csv").write_text("id,path,label,database\n" + "\n".join(rows) + "\n")
    answer = fusionkit("data", "inspect", "evil.csv", "--pictures", "1")
    assert answer.code == 0, answer.err
    text = (tmp_path / "inspection-manifest.html").read_text()
    assert evil not in text
    assert "script" not in Page(text).tags
    assert "=cmd|x$y$" in text


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("no-such-set",), 2, "dataset 'no_such_set'"),
        (("folder:nowhere",), 3, "nowhere does not exist"),
        (("all.csv", "--out", "all.csv"), 2, "choose another --out"),
        (("all.csv", "--out", "no/where.html"), 2, "there is no folder no"),
        (("all.csv", "-o", "mell.n_mels=3"), 2, "did you mean 'mel'?"),
        (("all.csv", "-o", "mel.n_mel=3"), 2, "did you mean 'n_mels'?"),
        (("all.csv", "--epochs", "3"), 2, "--epochs"),
        (("all.csv", "--duration", "-1"), 2, "--duration"),
    ],
)
def test_what_cannot_be_inspected_is_one_line(
    fusionkit: Command, mixed: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    before = mixed.read_bytes()
    answer = fusionkit("data", "inspect", *arguments)
    assert answer.code == code, answer.err
    assert words in answer.err.splitlines()[-1]
    assert "Traceback" not in answer.err
    assert mixed.read_bytes() == before


def test_nothing_usable_is_an_error_with_all_reasons(fusionkit: Command, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / f"{name}1.wav").write_bytes(b"RIFF")
    answer = fusionkit("data", "inspect", "folder:all")
    assert answer.code == 3
    assert "a1.wav" in answer.err
    assert "b1.wav" in answer.err
    assert not (tmp_path / "inspection-folder.html").exists()


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; sys.argv = ['fusionkit', 'data', 'inspect', '--help']\n"
        "from fusionkit.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "heavy = {'torch', 'numpy', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--pictures" in done.stdout
    assert "--duration" in done.stdout
    assert "--epochs" not in done.stdout


def test_real_heart_sounds(fusionkit: Command, real_data: Callable[[str], Path], tmp_path: Path) -> None:
    source = real_data("physionet2016")
    folder = tmp_path / "some"
    for name in ("training-c", "training-d"):
        (folder / name).mkdir(parents=True)
        for file in (source / name).iterdir():
            (folder / name / file.name).symlink_to(file)
    told = json.loads(fusionkit("data", "inspect", f"physionet2016:{folder}", "--json", "--out", "x.html").out)
    assert told["recordings"] == 86
    assert told["database"] == {"training-c": 31, "training-d": 55}
    assert told["classes"]["abnormal"]["database"] == {"training-c": 24, "training-d": 28}
    assert told["sample_rates"] == {"2000": 86}
    assert told["subjects"] is None
    assert told["page"] == "x.html"
    assert (tmp_path / "x.html").stat().st_size < 3_000_000
