from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fusionkit.errors import DataError
from fusionkit.evaluation.metrics import score_splits
from fusionkit.evaluation.predictions import read_predictions
from fusionkit.report import figures
from fusionkit.report.html_report import html_report


def finished(folder: Path, classes: tuple[str, ...] = ("no", "yes"), folds: tuple[str, ...] = ("0",)) -> Path:
    """Write the files of a finished run by hand."""
    rng = np.random.default_rng(1)
    rows = []
    for fold in folds:
        for number in range(30):
            chances = rng.dirichlet(np.ones(len(classes)))
            split = ("train", "validation", "test")[number // 10]
            label = classes[number % len(classes)]
            rows.append([fold, split, f"r{number}", label, *chances])
    table = pd.DataFrame(rows, columns=["fold", "split", "record", "label", *(f"p_{name}" for name in classes)])
    folder.mkdir(exist_ok=True)
    table.to_csv(folder / "predictions.csv", index=False)
    model = {
        "branches": [
            {"name": "mel-vit", "view_shape": [1, 8, 8], "num_tokens": 4, "token_dim": 8, "embed_dim": 8}
            | {"parameters": 1234567, "mult_adds": 7654321}
        ],
        "fuser": {"name": "concat", "parameters": 12, "mult_adds": 34, "stages": ["joint"]},
    }
    summary = {
        "title": "tiny <run>",
        "data": "hearts",
        "seed": 7,
        "split": "subject",
        "classes": list(classes),
        "cautions": ["simulated & small"],
        "leaky": False,
        "attention": [],
        "leaks": [],
        "audit": {
            "floor": [{"factor": "database", "auc": 0.8765, "modified_accuracy": 0.7654}],
            "confounds": [
                {"factor": "level", "auc": None, "modified_accuracy": None, "in_sample_auc": 0.5, "detail": "constant"}
            ],
        },
        "notes": ["left out: <b>a.wav</b>"],
        "metrics": score_splits(read_predictions(folder / "predictions.csv")),
        "parameters": {"trainable": 1234579, "total": 1234600},
        "model": model,
    }
    (folder / "metrics.json").write_text(json.dumps(summary), encoding="utf-8")
    (folder / "environment.json").write_text(
        json.dumps({"python": "3", "components": {"encoder vit": "fusionkit 1"}, "packages": {"torch": "2"}}),
        encoding="utf-8",
    )
    (folder / "config.toml").write_text('name = "<x>"\n', encoding="utf-8")
    epoch: dict[str, Any] = {
        "epoch": [1, 2],
        "train_loss": [0.7, 0.6],
        "validation_loss": [0.7, 0.65],
        "monitor": "roc_auc",
    }
    epoch |= {"stage": "joint", "value": [0.5, 0.6], "best_epoch": 2}
    pd.concat([pd.DataFrame({"fold": fold, **epoch}) for fold in folds]).to_csv(folder / "history.csv", index=False)
    return folder


def test_the_report_says_what_every_branch_contributes(tmp_path: Path) -> None:
    folder = finished(tmp_path / "run")
    assert "every branch contributes" not in html_report(folder)
    summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    figures = {"fold": "0", "part": "validation", "alone": 0.4567, "without": 0.9561, "all": None}
    rows = [{"branch": "mel<vit", "gradient_norm": 0.0123456}, {"branch": "wave", "gradient_norm": None}]
    summary["branches"] = [figures | row for row in rows]
    (folder / "metrics.json").write_text(json.dumps(summary), encoding="utf-8")
    text = html_report(folder)
    table = text[text.index("What every branch contributes (validation part)") :]
    cells = re.findall(r"<td>([^<]*)</td>", table[: table.index("</table>")])
    assert cells == ["mel&lt;vit", "0.457", "0.956", "n/a", "0.0123", "wave", "0.457", "0.956", "n/a", "n/a"]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    def after(self, text: str, count: int = 1) -> list[str]:
        place = self.texts.index(text)
        return self.texts[place + 1 : place + 1 + count]


def test_the_report_says_what_the_tables_say(tmp_path: Path) -> None:
    page = Page(html_report(finished(tmp_path)))
    predictions = read_predictions(tmp_path / "predictions.csv")
    for row, name in (("accuracy", "accuracy"), ("roc auc", "roc_auc"), ("mcc", "mcc")):
        scores = score_splits(predictions)
        low, high = scores["test"]["interval"][name]
        figures = [f"{scores[split][name]:.3f}" for split in ("train", "validation", "test")]
        assert page.after(row, 4) == [*figures, f"({low:.3f} to {high:.3f})"]
    assert page.after("recordings", 3) == ["10", "10", "10"]
    assert page.texts.count("tiny <run>") == 2, "title and heading"
    assert "simulated & small" in page.texts
    assert "left out: <b>a.wav</b>" in page.texts
    assert "hearts, seed 7, split: subject, finding: yes" in page.texts
    assert "1,234,567" in page.texts
    assert "1,234,579 trainable parameters; stages: joint." in page.texts
    assert page.tags.count("svg") == 3
    assert "script" not in page.tags


def test_the_report_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    text = html_report(finished(tmp_path))
    for outside in ("src=", "<link", "@import", "url(http"):
        assert outside not in text


def test_the_report_is_the_same_every_time(tmp_path: Path) -> None:
    folder = finished(tmp_path)
    assert html_report(folder) == html_report(folder)


@pytest.mark.parametrize(
    ("classes", "folds"),
    [
        (("normal", "<script>alert(1)</script>"), ("0",)),
        ((r"$\frac{1}$", "a$b$"), ("0",)),
        (("None", "NA"), ("nan", "NA")),
        (("=cmd|'/c calc'!A0", '"quoted", & more'), ("a,b", "<i>")),
        (tuple("abcdefgh"), ("0",)),
        (("正常", "杂音"), ("0",)),
    ],
)
def test_names_are_text(tmp_path: Path, classes: tuple[str, ...], folds: tuple[str, ...]) -> None:
    text = html_report(finished(tmp_path, classes, folds))
    page = Page(text)
    assert not {"script", "i"} & set(page.tags)
    for name in classes:
        assert f"F1 {name}" in page.texts
    if len(folds) > 1:
        assert set(folds) <= set(page.texts)


@pytest.mark.parametrize("name", ["metrics.json", "environment.json", "config.toml", "history.csv", "predictions.csv"])
def test_a_run_that_is_not_complete(tmp_path: Path, name: str) -> None:
    folder = finished(tmp_path)
    (folder / name).unlink()
    with pytest.raises(DataError, match=r"run folder|predictions"):
        html_report(folder)


def shown(svg: str) -> list[str]:
    space = "{http://www.w3.org/2000/svg}"
    return ["".join(text.itertext()).strip() for text in ET.fromstring(svg).iter(f"{space}text")]


def test_the_figures_show_numbers_and_names() -> None:
    texts = shown(figures.confusion([[7, 2], [0, 11]], ["no", "yes"]))
    assert [text for text in texts if text.isdigit()] == ["7", "2", "0", "11"]
    assert {"no", "yes", "predicted", "true"} <= set(texts)
    rows = {"fold": "0", "stage": ["a", "a", "b"], "epoch": [1, 2, 1], "train_loss": 0.5, "validation_loss": 0.4}
    history = pd.DataFrame({**rows, "monitor": "mcc", "value": 0.1, "best_epoch": [1, 2, 1]})
    texts = shown(figures.learning_curves(history))
    assert {"a", "b", "best epoch 2", "best epoch 1", "validation mcc"} <= set(texts)


def test_a_leak_is_stamped_on_every_table_of_results(tmp_path: Path) -> None:
    folder = finished(tmp_path / "run", folds=("a", "b"))
    summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert "LEAKY" not in html_report(folder)
    leaks = [f"fold 0: subject s{number} in <test> and train" for number in range(25)]
    (folder / "metrics.json").write_text(json.dumps(summary | {"leaky": True, "leaks": leaks}), encoding="utf-8")
    page = html_report(folder)
    assert page.count("LEAKY</span> Results") == page.count("Results, by") == 3
    assert page.count("LEAKY</span>") == 5
    assert "subject s19 in &lt;test&gt; and train" in page
    assert "and 5 more" in page


def test_the_floor_of_the_confounds_and_intervals_stand_beside_the_results(tmp_path: Path) -> None:
    folder = finished(tmp_path / "run")
    page = html_report(folder)
    assert (
        "database alone, learned on the training part, gives the test part AUC 0.876 and modified accuracy 0.765"
        in (" ".join(page.split()))
    )
    low, high = json.loads((folder / "metrics.json").read_text("utf-8"))["metrics"]["test"]["interval"]["accuracy"]
    assert f"({low:.3f} to {high:.3f})" in page
    assert "95 % interval of a bootstrap by recording" in page


def test_a_multi_label_run_has_a_confusion_matrix_a_class(tmp_path: Path) -> None:
    folder = finished(tmp_path / "run", classes=("a", "b"))
    table = pd.read_csv(folder / "predictions.csv").replace({"label": {"b": "a;b"}})
    table.to_csv(folder / "predictions.csv", index=False)
    summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    metrics = score_splits(read_predictions(folder / "predictions.csv", multilabel=True), multilabel=True)
    (folder / "metrics.json").write_text(json.dumps(summary | {"metrics": metrics}), encoding="utf-8")
    page = html_report(folder)
    counts = metrics["test"]["confusion"]
    assert np.shape(counts) == (2, 2, 2)
    assert [sum(row) for row in np.sum(counts, axis=1)] == [10, 10]
    assert "<td>a</td><td>10</td><td>10</td><td>10</td>" in page
    assert "<td>b</td><td>5</td><td>5</td><td>5</td>" in page
