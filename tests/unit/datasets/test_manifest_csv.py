import pytest

from fusionkit.data.manifest import check_manifest
from fusionkit.datasets.manifest_csv import manifest_csv
from fusionkit.errors import DataError, UsageError


@pytest.fixture
def table(tmp_path):
    (tmp_path / "wav").mkdir()
    for name in ("001.wav", "1.wav", "2.wav"):
        (tmp_path / "wav" / name).touch()

    def write(text: str, encoding: str = "utf-8"):
        path = tmp_path / "all.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_cells_are_texts_in_every_dialect(table, tmp_path, encoding, separator, ending):
    lines = ["id,path,label,subject,start,age", "001,wav/001.wav,1,007,0.5,", "1,wav/1.wav,-1,7,,40", ""]
    path = table(ending.join(lines).replace(",", separator), encoding)
    frame = check_manifest(manifest_csv(path), "all.csv")
    assert frame["id"].tolist() == ["001", "1"]
    assert frame["label"].tolist() == ["1", "-1"]
    assert frame["subject"].tolist() == ["007", "7"]
    assert frame["age"].tolist() == ["", "40"]
    assert frame["start"][0] == 0.5
    assert frame["path"].tolist() == [str(tmp_path / "wav" / "001.wav"), str(tmp_path / "wav" / "1.wav")]


def test_quoted_separators_are_kept(table):
    frame = manifest_csv(table('path,label,note\nwav/1.wav,"a, b","say ""no"""\n'))
    assert frame.loc[0, ["label", "note"]].tolist() == ["a, b", 'say "no"']


def test_all_faulty_rows_are_listed_at_once(table, tmp_path):
    text = (
        "id,path,label,subject\n"
        "a,wav/001.wav,x,s1\n"
        "a,wav/1.wav,y,s2\n"
        "b,wav/no.wav,x,s1\n"
        "c,wav/2.wav,,s1\n"
        'd,wav/2.wav,"x\ny",s1\n'
        "e,,x,NaN\n"
    )
    with pytest.raises(DataError, match="has 6 faults") as error:
        check_manifest(manifest_csv(table(text)), "all.csv")
    assert [line.split(":")[0] for line in error.value.details] == [
        "row 2 (id 'a')",
        "row 4 (id 'c')",
        "row 5 (id 'd')",
        "row 6 (id 'e')",
        "row 6 (id 'e')",
        f"there is no file {str(tmp_path / 'wav' / 'no.wav')!r}",
    ]
    assert all("\n" not in line for line in error.value.details)


def test_rows_of_another_length_are_listed(table):
    with pytest.raises(DataError, match="2 rows of another length") as error:
        manifest_csv(table("path,label\nwav/1.wav\nwav/2.wav,x\nwav/1.wav,x,y\n"))
    assert error.value.details == ("row 1 has 1 cells; expected 2", "row 3 has 3 cells; expected 2")


@pytest.mark.parametrize(
    ("text", "encoding", "message"),
    [
        ("path,label\nwav/1.wav,Gerät\n", "latin-1", "no CSV file in UTF-8"),
        ('path,label\nwav/1.wav,"x\n', "utf-8", "no CSV file in UTF-8"),
        ("path,label,label\n", "utf-8", "expected each once"),
        ("path,,label\n", "utf-8", "expected each once, with a name"),
        ("", "utf-8", "has no column 'path'"),
        ("file,label\nwav/1.wav,x\n", "utf-8", "has no column 'path'"),
        ("path,label\n", "utf-8", "has no recordings"),
    ],
)
def test_what_is_no_manifest_is_named(table, text, encoding, message):
    with pytest.raises(DataError, match=message) as error:
        check_manifest(manifest_csv(table(text, encoding)), "all.csv")
    assert "\n" not in error.value.message


def test_a_missing_file_is_named(tmp_path):
    for path in (None, tmp_path / "no.csv", tmp_path):
        with pytest.raises((DataError, UsageError), match=r"needs a CSV file|there is no file"):
            manifest_csv(path)
