from __future__ import annotations

import csv
import dataclasses
import io
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from fusionkit.config.toml import dump
from fusionkit.errors import DataError, IntegrityError
from fusionkit.evaluation.metrics import METRICS
from fusionkit.registry import Registry
from fusionkit.reproduce.plan import Plan, TableRequest, plan
from fusionkit.reproduce.tables import Comparison, Figure, Row, compare, mean, score_rows, scores_row
from fusionkit.reproduce.targets import Target
from fusionkit.reproduce.write import cells, latex, markdown, write_tables
from fusionkit.reproduce.write import csv as as_csv
from fusionkit.run.prepare import STOPPED_ON_TEST

NAMED = ("record-wise: subject leakage not excluded", "epoch chosen on the test part")


@pytest.fixture
def planned(
    presets: Registry, make_target: Callable[..., Target], fake_run: Callable[..., None], tmp_path: Path
) -> Plan:
    request = TableRequest(target=make_target(), spec="folder:hearts", models=("tiny",), out=tmp_path / "out")
    made = plan(request, presets)
    for run in made.runs:
        fake_run(run.config, presets, out=run.folder)
    return made


def _change(folder: Path, **values: object) -> None:
    path = folder / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


@pytest.mark.parametrize(("ddof", "sd"), [(0, statistics.pstdev), (1, statistics.stdev)])
def test_the_sd_is_of_the_population_or_of_the_sample(ddof: int, sd: Callable[..., float]) -> None:
    values = [0.5, 0.7, 0.4]
    figure = mean([*values, None], ddof)
    assert figure is not None
    assert figure.value == pytest.approx(statistics.mean(values))
    assert figure.spread == pytest.approx(sd(values))
    assert figure.runs == 3


def test_a_single_run_has_no_sd_and_none_no_figure() -> None:
    assert mean([0.5], 0) == Figure(0.5, None, 1)
    assert mean([None], 1) is None


def test_published_and_own_figures_stand_side_by_side(planned: Plan) -> None:
    comparison = compare(planned, score_rows(planned))
    headings, rows = cells(comparison)
    assert headings[2:] == ["accuracy, published", "accuracy, own", "F1 abnormal, published", "F1 abnormal, own"]
    assert rows == [["tiny", "3", "0.75 ± 0.01", "0.6000 ± 0.1000", "0.50", "0.3000 ± 0.0500"]]
    assert comparison.cautions == ("beware",)
    assert comparison.stamps == ()
    assert "sample SD" in comparison.notes[0]


def test_percent_and_population_sd(planned: Plan) -> None:
    target = dataclasses.replace(planned.request.target, percent=True, ddof=0)
    percent = dataclasses.replace(planned, request=dataclasses.replace(planned.request, target=target))
    comparison = compare(percent, score_rows(percent))
    assert cells(comparison)[1][0][3] == f"60.00 ± {100 * statistics.pstdev([0.5, 0.6, 0.7]):.2f}"
    assert "population SD" in comparison.notes[0]


def test_several_folds_give_the_pooled_row_and_the_mean(planned: Plan) -> None:
    for run in planned.runs:
        test = dict.fromkeys(METRICS) | {"accuracy": 0.2, "f1": {"n": None, "y": None}, "classes": ["n", "y"]}
        pooled = dict.fromkeys(METRICS) | {"accuracy": 0.3, "f1": {"n": 0.4, "y": 0.8}, "classes": ["n", "y"]}
        _change(run.folder, metrics={"test": test | {"pooled": pooled}})
    rows = score_rows(planned)
    assert [row.name for row in rows] == ["tiny, all folds in one", "tiny, mean over folds"]
    assert (rows[0].own["accuracy"].value, rows[0].own["F1 abnormal"].value) == pytest.approx((0.3, 0.8))
    assert rows[1].own["accuracy"].value == pytest.approx(0.2)
    assert "F1 abnormal" not in rows[1].own


def test_leaks_and_unknown_subjects_are_stamped_on_every_form(planned: Plan) -> None:
    _change(planned.runs[1].folder, leaky=True, record_wise=True)
    _change(planned.runs[2].folder, cautions=[STOPPED_ON_TEST])
    quick = dataclasses.replace(planned, request=dataclasses.replace(planned.request, quick=True))
    comparison = compare(quick, score_rows(quick))
    for text in (markdown(comparison), as_csv(comparison), latex(comparison)):
        for stamp in ("QUICK", "LEAKY", *NAMED):
            assert stamp in text
    caption = next(line for line in latex(comparison).splitlines() if line.startswith(r"\caption"))
    assert all(stamp in caption for stamp in NAMED)
    assert all(set(NAMED) <= set(row["stamp"].split("; ")) for row in csv.DictReader(io.StringIO(as_csv(comparison))))


def test_the_mean_of_the_last_epochs_stands_beside_the_published_figures(
    planned: Plan, make_target: Callable[..., Target]
) -> None:
    target = make_target(ddof=0, percent=True, columns={"accuracy": "accuracy"})
    request = dataclasses.replace(planned.request, target=target)
    evaluation = dataclasses.replace(planned.runs[0].config.evaluation, last_epochs=4)
    training = dataclasses.replace(planned.runs[0].config.training, selection="last")
    epochs = [[0.1, 0.2, 0.6], [0.3, 0.5, 0.4], [0.9, 0.7, 0.7]]
    runs = []
    for run, values in zip(planned.runs, epochs, strict=True):
        config = dataclasses.replace(run.config, evaluation=evaluation, training=training)
        runs.append(dataclasses.replace(run, config=config))
        (run.folder / "config.toml").write_text(dump(config), encoding="utf-8")
        means, sds = {"accuracy": statistics.mean(values)}, {"accuracy": statistics.pstdev(values)}
        _change(run.folder, last_epochs={"epochs": 3, "mean": means, "sd": sds})
    averaged = dataclasses.replace(planned, request=request, runs=tuple(runs))
    mean_row, last = score_rows(averaged)
    assert (mean_row.name, last.name) == ("tiny, mean of the last 3 epochs", "tiny, last epoch")
    every = [100 * value for values in epochs for value in values]
    figure = mean_row.own["accuracy"]
    assert (figure.value, figure.spread) == pytest.approx((statistics.mean(every), statistics.pstdev(every)))
    assert (figure.runs, mean_row.runs) == (3, 3)
    assert mean_row.published["accuracy"].value == 0.75
    assert last.published == {}
    assert last.own["accuracy"].value == pytest.approx(60)
    notes = compare(averaged, [mean_row, last]).notes
    assert any("over those epochs of all runs together" in note for note in notes)


def test_a_model_without_its_plugin_shows_the_published_figures(
    planned: Plan, make_target: Callable[..., Target]
) -> None:
    target = make_target(plugins={"tiny": "some-plugin"}, errata={("tiny", "F1 abnormal"): "printed twice"})
    request = dataclasses.replace(planned.request, target=target)
    without = dataclasses.replace(planned, request=request, runs=(), absent=("tiny",))
    comparison = compare(without, score_rows(without))
    ((name, runs, *figures),) = cells(comparison)[1]
    assert (name, runs) == ("tiny, not run: needs some-plugin", "0")
    assert figures == ["0.75 ± 0.01", "n/a", "0.50 (erratum)", "n/a"]
    assert "erratum of the paper, tiny, F1 abnormal: printed twice" in comparison.notes
    flags = [row["published_erratum"] for row in csv.DictReader(io.StringIO(as_csv(comparison)))]
    assert flags == ["False", "True"]


def test_f1_of_the_finding_needs_two_classes(planned: Plan) -> None:
    with pytest.raises(DataError, match="is of two classes; the data have 3"):
        scores_row(planned, "tiny", "", [{"accuracy": 0.1, "f1": {}, "classes": ["a", "b", "c"]}])


def _comparison(**changes: object) -> Comparison:
    row = Row("a_b|c", 2, {"MCC": Figure(0.5, 0.003, 10)}, {"MCC": Figure(0.123456, 0.01, 2)})
    given = Comparison("t", "10 %", ("MCC",), (row,), (), ("mean ± SD",), ("data: x",), ("caution",), 4)
    return dataclasses.replace(given, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ([], "it is a list"),
        ({"leaky": None}, "'leaky' is None"),
        ({"cautions": "none"}, "'cautions' is 'none'"),
        ({"metrics": {"test": 3}}, "'test': they are a int"),
        ({"metrics": {"test": {"accuracy": 1.0}}}, "classes or their F1"),
        ({"last_epochs": {"epochs": 3}}, "lacks mean or SD"),
    ],
)
def test_a_damaged_summary_is_told_by_its_file(planned: Plan, change: object, fault: str) -> None:
    path = planned.runs[0].folder / "metrics.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(found | change if isinstance(change, dict) else change), encoding="utf-8")
    with pytest.raises(IntegrityError, match=rf"seed0/metrics.json cannot be read: .*{fault}.*remove .*seed0"):
        compare(planned, [])
    path.write_text('{"leaky": fal', encoding="utf-8")
    with pytest.raises(IntegrityError, match="cannot be read: Expecting value"):
        score_rows(planned)


def test_figures_are_numbers(planned: Plan) -> None:
    path = planned.runs[0].folder / "metrics.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    found["metrics"]["test"]["mcc"] = "high"
    path.write_text(json.dumps(found), encoding="utf-8")
    with pytest.raises(IntegrityError, match="'mcc' is 'high'"):
        score_rows(planned)


def test_rows_from_the_literature_are_told_to_be_left_out(planned: Plan, make_target: Callable[..., Target]) -> None:
    target = make_target(left_out={"demo": "Smith, Jones"})
    request = dataclasses.replace(planned.request, target=target)
    notes = compare(dataclasses.replace(planned, request=request), []).notes
    assert any(note.startswith("left out") and note.endswith("Smith, Jones") for note in notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p > 0.549", "p $>$ 0.549"),
        ("p >= 0.5 & q <= 1", r"p $\geq$ 0.5 \& q $\leq$ 1"),
        ("-0.123 ± 0.1", r"$-$0.123 $\pm$ 0.1"),
        ("1-D, seeds 0-2, audiofuse-vit", "1-D, seeds 0-2, audiofuse-vit"),
        ("(-1)", "($-$1)"),
    ],
)
def test_latex_has_signs_of_mathematics(text: str, expected: str) -> None:
    row = Row(text, 1, {}, {"MCC": Figure(-0.5, None, 1)})
    found = latex(_comparison(rows=(row,)))
    assert rf"{expected} & 1 & n/a & $-$0.5000 \\" in found


def test_markdown_has_a_cell_a_figure() -> None:
    lines = markdown(_comparison()).splitlines()
    assert lines[2] == "| model | own runs | MCC, published | MCC, own |"
    assert lines[4] == r"| a_b\|c | 2 | 0.500 ± 0.003 | 0.1235 ± 0.0100 |"
    assert "- differs from the paper: data: x" in lines


def test_csv_reads_back_to_the_same_bits() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv(_comparison(stamps=("LEAKY",)))))
    assert (float(row["own"]), float(row["own_spread"]), row["own_runs"]) == (0.123456, 0.01, "2")
    assert (float(row["published"]), float(row["published_spread"]), row["stamp"]) == (0.5, 0.003, "LEAKY")


def test_latex_escapes_what_means_something() -> None:
    text = latex(_comparison())
    assert r"a\_b|c & 2 & 0.500 $\pm$ 0.003 & 0.1235 $\pm$ 0.0100 \\" in text
    assert r"\caption{t: 10 \%. mean $\pm$ SD}" in text
    assert text.count("&") == 2 + 3 + 3


def test_a_remark_of_several_lines_stays_a_comment_in_latex() -> None:
    remarks = latex(_comparison(cautions=("one\n\\input{x}",))).partition(r"\end{table}")[2].strip().splitlines()
    assert all(line.startswith("% ") for line in remarks)
    assert r"% one \input{x}" in remarks


def test_a_figure_that_is_not_defined_is_not_available() -> None:
    empty = Row("m", 0, {}, {})
    assert cells(_comparison(rows=(empty,)))[1] == [["m", "0", "n/a", "n/a"]]


def test_the_three_files_are_written(tmp_path: Path) -> None:
    files = write_tables(_comparison(), tmp_path / "new")
    assert [path.name for path in files] == ["t.md", "t.csv", "t.tex"]
    assert all(path.stat().st_size > 100 for path in files)
