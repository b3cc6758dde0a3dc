"""Every bad input ends with one clear line, the right exit code and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import TINY, Answer

Command = Callable[..., Answer]
RUN = ("run", "--repr", "wave", "--encoder", "cnn1d", *TINY)


def check(answer: Answer, code: int, *words: str) -> None:
    assert answer.code == code, answer.err
    assert "Traceback" not in answer.err
    line = next(line for line in answer.err.splitlines() if line.startswith("fusionkit: "))
    for word in words:
        assert word in answer.err, (word, line)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--repr", "mell", "--encoder", "vit"), ("representation 'mell'", "did you mean 'mel'?")),
        (("run", "--repr", "mel", "--encoder", "vitt"), ("encoder 'vitt'", "did you mean 'vit'?")),
        (("run", "--fuser", "concatt"), ("fuser 'concatt'", "did you mean 'concat'?")),
        (("run", "--data", "demo-pgc"), ("dataset 'demo_pgc'", "did you mean 'demo_pcg'?")),
        (("run", "--preset", "demo-pgc"), ("preset 'demo-pgc'",)),
        (("run", "--repr", "mel,wave", "--encoder", "vit,cnn1d,cnn1d"), ("2 representation(s)", "--repr mel,wave")),
        (("run", "--repr", "mel"), ("--repr and --encoder together",)),
        (("run", "-o", "vit.dept=4"), ("encoder 'vit' has no option 'dept'", "did you mean 'depth'?")),
        (("run", "-o", "vit.depth=four"), ("'depth' is 'four'", "expected int")),
        (("run", "-o", "vit.depth=0"), ("'depth' is 0", ">= 1")),
        (("run", "-o", "cnn2d.channels=4"), ("no component 'cnn2d'",)),
        (("run", "-o", "depth=4"), ("COMPONENT.OPTION=VALUE",)),
        (
            ("run", "--repr", "wave", "--encoder", "vit"),
            ("channel x freq x time", "fit 'wave': cnn1d, cnn_transformer"),
        ),
        (("run", "--repr", "mel", "--encoder", "vit", "--fuser", "late-attention"), ("at least 2 branches",)),
        (("run", "--fuser", "single"), ("takes 1 branch,", "there are 2")),
        (("run", "--lr", "-1"), ("--lr", "> 0")),
        (("run", "--lr", "nan"), ("--lr", "nan")),
        (("run", "--epochs", "1.5"), ("--epochs", "expected int")),
        (("run", "--optimizer", "lion"), ("adamw | adamax | adam | sgd",)),
        (("run", "--device", "tpu"), ("device 'tpu'",)),
        (("run", "--seeds", "4-0"), ("--seeds",)),
        (("run", "--seed", "1", "--seeds", "0-1"), ("not both",)),
        (("run", "--config", "missing.toml"), ("missing.toml",)),
        (("run", "--window", "hop"), ("duration",)),
        (("run", "--no-such-flag"), ("--no-such-flag",)),
        (("runn",), ("runn",)),
        (("describe", "vitt"), ("did you mean 'vit'?",)),
    ],
)
def test_usage(fusionkit: Command, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    check(fusionkit(*arguments), 2, *words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr = 1\n", ("no key 'lr'",)),
        ("[training]\nlearning_rate = 1\n", ("[training]", "'learning_rate'")),
        ('[training]\nlr = "1e-3"\n', ("'lr'", "expected float")),
        ("[training]\nlr = 1\nlr = 2\n", ("line 3",)),
        ("seed = 'x'\n", ("'seed'", "whole number")),
        ("branches = []\n", ("'branches' is empty",)),
        ('[[branches]]\nrepresentation = "os.system"\nencoder = "vit"\n', ("representation 'os.system'",)),
        ("\x00", ("line 1",)),
    ],
)
def test_configuration(fusionkit: Command, text: str, words: tuple[str, ...]) -> None:
    Path("run.toml").write_text(text, encoding="utf-8")
    check(fusionkit("run", "--config", "run.toml"), 2, *words)


def write(path: Path, signal: np.ndarray, rate: int = 500) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, signal.astype(np.float32), rate, subtype="FLOAT")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("folder:nowhere", ("nowhere", "does not exist")),
        ("physionet2016:nowhere", ("nowhere",)),
        ("missing.csv", ("missing.csv",)),
        ("folder:empty", ("empty",)),
    ],
)
def test_no_data(fusionkit: Command, tmp_path: Path, spec: str, words: tuple[str, ...]) -> None:
    (tmp_path / "empty").mkdir()
    check(fusionkit(*RUN, "--data", spec), 3, *words)


def test_a_data_set_without_its_path(fusionkit: Command) -> None:
    check(fusionkit(*RUN, "--data", "folder"), 2, "folder:PATH")


def test_all_bad_files_are_named_in_one_pass(fusionkit: Command, heart_folder: Path) -> None:
    (heart_folder / "low" / "empty.wav").write_bytes(b"")
    (heart_folder / "low" / "text.wav").write_text("not audio")
    whole = (heart_folder / "low" / "s00_0.wav").read_bytes()
    (heart_folder / "low" / "cut.wav").write_bytes(whole[:-400])
    write(heart_folder / "high" / "nan.wav", np.full(500, np.nan))
    write(heart_folder / "high" / "none.wav", np.zeros(0))
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}")
    check(answer, 3, "empty.wav", "text.wav", "cut.wav", "nan.wav", "none.wav")
    assert "epoch" not in answer.err
    skipped = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--on-bad-file", "skip", "--out", "here")
    assert skipped.code == 0, skipped.err
    report = Path("here/report.html").read_text(encoding="utf-8")
    for name in ("empty", "text", "cut", "nan", "none"):
        assert f"{name}.wav" in report


def test_mixed_sample_rates_ask_for_one(fusionkit: Command, heart_folder: Path) -> None:
    write(heart_folder / "low" / "s20_0.wav", np.random.default_rng(0).normal(size=400), 400)
    check(fusionkit(*RUN, "--data", f"folder:{heart_folder}"), 3, "400", "500", "--sample-rate", "s20_0: 400 Hz")
    assert fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--sample-rate", 250).code == 0


def test_one_class(fusionkit: Command, heart_folder: Path) -> None:
    for path in (heart_folder / "high").iterdir():
        path.unlink()
    check(fusionkit(*RUN, "--data", f"folder:{heart_folder}"), 3, "class")


def test_a_class_with_one_subject(fusionkit: Command, heart_folder: Path) -> None:
    write(heart_folder / "rare" / "s00_90.wav", np.random.default_rng(0).normal(size=500))
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "-o", r"folder.subject=^(s\d+)_")
    check(answer, 3, "'rare'", "1 subject")


def test_a_fold_with_one_class(fusionkit: Command, heart_folder: Path) -> None:
    rows = [f"{path},{path.parent.name},{path.parent.name}" for path in sorted(heart_folder.rglob("*.wav"))]
    Path("all.csv").write_text("path,label,database\n" + "\n".join(rows) + "\n", encoding="utf-8")
    check(fusionkit(*RUN, "--data", "all.csv", "--split", "leave-one-database-out"), 3, "fold", "high")


def test_no_databases_to_leave_out(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--split", "leave-one-database-out")
    check(answer, 3, "database")


def test_an_unknown_column_to_balance_within(fusionkit: Command, heart_folder: Path) -> None:
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--balance-within", "hospital")
    check(answer, 3, "hospital")


def test_manifest_faults_are_listed_at_once(fusionkit: Command, heart_folder: Path) -> None:
    good = next(heart_folder.rglob("*.wav"))
    Path("all.csv").write_text(f"path,label\n{good},low\nmissing.wav,low\n{good},\n", encoding="utf-8")
    check(fusionkit(*RUN, "--data", "all.csv"), 3, "missing.wav", "label is missing")


def test_an_output_folder_in_use(fusionkit: Command, heart_folder: Path) -> None:
    Path("here").mkdir()
    Path("here/notes.txt").write_text("mine")
    check(fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--out", "here"), 2, "here", "not empty")
    assert [path.name for path in Path("here").iterdir()] == ["notes.txt"]
    check(fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--out", "here/notes.txt"), 2, "notes.txt")


def test_a_failed_run_leaves_no_folder(fusionkit: Command) -> None:
    check(fusionkit(*RUN, "--data", "folder:nowhere", "--out", "here"), 3)
    assert not Path("here").exists()
    check(fusionkit("run", "-o", "vit.depth=0"), 2)
    assert not Path("runs").exists()


def test_labels_are_text_in_the_report(fusionkit: Command, heart_folder: Path) -> None:
    (heart_folder / "high").rename(heart_folder / "<script>alert(1)<")
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--out", "here")
    assert answer.code == 0, answer.err
    assert "<script>alert" not in Path("here/report.html").read_text(encoding="utf-8")


def test_a_sample_near_the_largest_number_is_named_before_training(fusionkit: Command, heart_folder: Path) -> None:
    write(heart_folder / "low" / "s30_0.wav", np.full(500, 1e30) * np.random.default_rng(0).normal(size=500))
    answer = fusionkit(
        *("run", "--data", f"folder:{heart_folder}", "--repr", "mel", "--encoder", "cnn2d", "--epochs", 1)
    )
    check(answer, 3, "s30_0", "mel-cnn2d")
    assert "epoch" not in answer.err


def test_finished_seeds_are_told_when_a_later_one_cannot_start(fusionkit: Command, heart_folder: Path) -> None:
    (Path("here") / "seed1").mkdir(parents=True)
    (Path("here") / "seed1" / "mine.txt").write_text("mine")
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--seeds", "0-1", "--out", "here")
    check(answer, 2, "seed1", "not empty")
    assert not (Path("here") / "seed0").exists()


def test_copies_with_other_labels_are_told(fusionkit: Command, heart_folder: Path) -> None:
    (heart_folder / "high" / "copy.wav").write_bytes((heart_folder / "low" / "s00_0.wav").read_bytes())
    answer = fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--out", "here")
    assert answer.code == 0, answer.err
    assert "WITH ANOTHER LABEL" in answer.err


def test_a_dry_run_checks_what_a_run_checks(fusionkit: Command, heart_folder: Path) -> None:
    check(fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--dry-run", "--seed", -1), 2, "seed")
    check(fusionkit(*RUN, "--data", f"folder:{heart_folder}", "--dry-run", "--out", heart_folder), 2, "not empty")
    check(fusionkit(*RUN, "--seeds", "0-100000000", "--dry-run"), 2, "--seeds")


def test_help_is_no_error(fusionkit: Command) -> None:
    answer = fusionkit()
    assert (answer.code, answer.err) == (0, "")
    assert "Commands:" in answer.out
