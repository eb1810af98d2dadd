"""Tables as people have them: what is read of each, what is said about it, and what could be two."""

import csv
import gzip
import hashlib
import io
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomnn.checker.table import read_columns
from geomnn.errors import DataError
from geomnn.report import csv_table as tables

PLAIN = [[1, 2, Fraction(7, 2)], [2, 1, Fraction(17, 4)], [3, Fraction(11, 2), 1]]
TEXT = "a,b,y\n1,2,3.5\n2,1,4.25\n3,5.5,1\n"


def zipped(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return content.getvalue()


# what is in the file, and what is said of it; the numbers are those of PLAIN
READ = {
    "plain": (TEXT, None),
    "semicolons": (TEXT.replace(",", ";"), "was read with ';' between cells."),
    "decimal commas": (
        "a;b;y\n1;2;3,5\n2;1;4,25\n3;5,5;1\n",
        "was read with ';' between cells and ',' for decimals.",
    ),
    "tabs": ("a\tb\ty\n1\t2\t3,5\n2\t1\t4,25\n3\t5,5\t1\n", "was read with tabs between cells and ',' for decimals."),
    "bars": (TEXT.replace(",", " | "), "was read with '|' between cells."),
    "spaces": ("a b y\n1 2   3.5\n 2 1 4.25 \n3\t5.5 1", "was read with spaces between cells."),
    "spaces and names in quotes": ('a b "y"\n1 2 3.5\n2 1 4.25\n3 5.5 1\n', "was read with spaces between cells."),
    "commas in names": ("a;b;y\n1;2;3,5\n2;1;4,25\n3;5,5;1\n".replace("a;", '"a";'), "',' for decimals"),
    "one comment": ("# made by me\n" + TEXT, "was read; left out: 1 comment line."),
    "comments": ("# made by me, on a day\n#\n\n" + TEXT, "left out: 2 comment lines."),
    "a title": ("Heights of 2020\n" + TEXT, "left out: line 1, which stands above the header."),
    "a title of a spreadsheet": ("Heights,,\n" + TEXT, "left out: line 1, which stands above the header."),
    "counts of scikit-learn": ("3,2,u,v,w,x\n" + TEXT, "left out: line 1, which stands above the header."),
    "as many counts as columns": ("3,2,u\n" + TEXT, "left out: line 1, which stands above the header."),
    "comma at the end of rows": (TEXT.replace("5\n", "5,\n"), "left out: blank cells beyond the last column."),
    "comma at the end": (TEXT.replace("\n", ",\n"), "left out: the unnamed column 4."),
    "comma at the end of the header": (TEXT.replace("y\n", "y,\n"), None),
    "index of pandas": (",a,b,y\n0,1,2,3.5\n1,2,1,4.25\n2,3,5.5,1\n", "left out: the unnamed column 1."),
    "index written twice": (
        ",Unnamed: 0,a,b,y\n0,0,1,2,3.5\n1,1,2,1,4.25\n2,2,3,5.5,1\n",
        "left out: the unnamed columns 1 and 2.",
    ),
    "index of R": ('"","a","b","y"\n"1",1,2,3.5\n"2",2,1,4.25\n"3",3,5.5,1\n', "left out: the unnamed column 1."),
    "row names of R": ('"a","b","y"\n"1",1,2,3.5\n"2",2,1,4.25\n"3",3,5.5,1\n', "the column of the names of rows."),
    "row names of R and spaces": ('"a" "b" "y"\n"u v" 1 2 3.5\n"w" 2 1 4.25\n"x" 3 5.5 1\n', "the names of rows."),
    "row names of R without quotes": ("a\tb\ty\nu v\t1\t2\t3.5\nw\t2\t1\t4.25\nx\t3\t5.5\t1\n", "the names of rows."),
    "separator of Excel": ("sep=;\r\na;b;y\r\n1;2;3,5\r\n2;1;4,25\r\n3;5,5;1\r\n", "left out: the line that names"),
    "no-break spaces": (TEXT.replace(",", ",\u00a0"), None),
    "UTF-16": (TEXT.encode("utf-16"), "was decoded as UTF-16."),
    "gzip": (gzip.compress(TEXT.encode(), mtime=0), "was unpacked with gzip."),
    "zip": (zipped("a.csv", "__MACOSX/._a.csv"), "was unpacked with zip."),
    "packed, with semicolons": (
        gzip.compress(TEXT.replace(",", ";").encode(), mtime=0),
        "was unpacked with gzip and read with ';' between cells.",
    ),
}  # fmt: skip


def file_of(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def used(path):
    """The rows of a table with the last column for the target, exactly, in fractions; what is said of it."""
    table = tables.read_table(path)
    target = table.columns[-1]
    features = tables.choose_features(table, target)
    columns = [tables.exact_column(table, name) for name in features]
    columns.append(tables.exact_column(table, target, "target"))
    for name, column in zip(table.columns, columns, strict=True):
        role = "target" if name == target else "feature"
        assert tables.number_column(table, name, role).tolist() == [float(value) for value in column]
    return table, [list(row) for row in zip(*columns, strict=True)], table.told(features, target)


@pytest.mark.parametrize("name", READ)
def test_the_same_numbers_in_every_dialect(tmp_path, name):
    content, words = READ[name]
    path = file_of(tmp_path, content)
    table, rows, told = used(path)
    assert table.columns == ("a", "b", "y")
    assert rows == PLAIN
    assert table.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert told is None if words is None else words in told
    assert told is None or told.startswith("data.csv was ")
    # the checker reads the same file, and the copy in the report is plain
    problem = {"features": ["a", "b"], "target": "y", "classes": None}
    assert read_columns(path, problem) == ([row[:2] for row in rows], [row[2] for row in rows], told)
    copy = tmp_path / "copy.csv"
    copy.write_text(tables.plain_table(table, ["a", "b"], "y", False).text(), encoding="utf-8")
    assert used(copy)[1:] == (PLAIN, None)
    with open(copy, newline="", encoding="utf-8") as stream:
        assert [[Fraction(cell) for cell in row] for row in list(csv.reader(stream))[1:]] == PLAIN


@pytest.mark.parametrize(
    ("content", "rows", "words"),
    [
        ('a,y\n"1,000",3.5\n"2,500",4\n', [[1000, 3.5], [2500, 4]], "',' between thousands"),
        ('a,y\n"1,000,000",3\n2,4\n', [[1000000, 3], [2, 4]], "',' between thousands"),
        ("a;y\n1.234,5;3\n1;4\n", [[1234.5, 3], [1, 4]], "',' for decimals and '.' between thousands"),
        ("a;y\n1.000;3,5\n1;4\n", [[1000, 3.5], [1, 4]], "',' for decimals and '.' between thousands"),
        ("a;y\n1,000;3,5\n1;4\n", [[1, 3.5], [1, 4]], "',' for decimals"),
        ("a;y\n0,125;2\n0,5;1\n", [[0.125, 2], [0.5, 1]], "',' for decimals"),
        ("a;y\n1 234,5;3\n1;4\n", [[1234.5, 3], [1, 4]], "spaces between thousands"),
        ("a;y\n1\u202f234;3\n1;4\n", [[1234, 3], [1, 4]], "spaces between thousands"),
        ("a,y\n1'234.5,3\n1,4\n", [[1234.5, 3], [1, 4]], "apostrophes between thousands"),
        ("a;y\n2.5;3,5\n1;4\n", [[2.5, 3.5], [1, 4]], "',' and '.' for decimals"),
        ('a,y\n"3,5",2\n"1",4\n', [[3.5, 2], [1, 4]], "',' for decimals"),
        ("a,y\n1.000,2.000\n3.125,4.500\n", [[1, 2], [3.125, 4.5]], None),
        ("a y\n1.000 2.000\n3.125 4.500\n", [[1, 2], [3.125, 4.5]], "spaces between cells."),
        ("a,y\nTrue,2\nFalse,1\n", [[1, 2], [0, 1]], "True is 1 and False is 0 in 'a'."),
        ("a,y\nTRUE,2\nFALSE,1\n", [[1, 2], [0, 1]], "True is 1 and False is 0 in 'a'."),
        ("Länge, cm;Breite, cm\n1,5;2,5\n3,5;4\n", [[1.5, 2.5], [3.5, 4]], "';' between cells"),
        ('a,b,y\n"x;y",1,2\n"z;u",3,4\n', None, "'x;y' is text"),
    ],
)  # fmt: skip
def test_marks_in_numbers(tmp_path, content, rows, words):
    path = file_of(tmp_path, content)
    if rows is None:
        with pytest.raises(DataError, match=words):
            used(path)
        return
    _, found, told = used(path)
    assert found == rows
    assert told is None if words is None else words in told


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("a;y\n1,000;2\n3;4\n", ["line 2, column 'a'", "'1,000' may be 1 or 1000", "1,0000", "1,000.0"]),
        ("a;y\n2;1.500\n3;4.250\n", ["line 2, column 'y'", "'1.500' may be 1.5 or 1500", "1.5000", "1.500,0"]),
        ("a\ty\n1\t-1,250\n", ["'-1,250' may be -1.25 or -1250"]),
        ('a,y\n"3,5",1.000\n"4,5",2.000\n', ["'1.000' may be 1 or 1000"]),
        ("a;y\n2,5;1,000\n2.5;2,000\n", ["line 2, column 'a' holds '2,5', and '2.5' elsewhere"]),
        ("59 2 32.1\n48 1 21.6\n", ["without a header", "Add a first line", "x1 x2 y"]),
        ("1,5;2;3\n2;1;4\n", ["without a header", "x1;x2;y"]),
        ("2,3,u,v\n1,2,3,0\n3,4,5,1\n", ["line 1 counts 2 samples and 3 features", "x1,x2,x3,y"]),
        ("2,4,u,v,w\n1,2,3,4,0\n3,4,5,6,1\n", ["line 1 counts 2 samples and 4 features", "x1,x2,x3,x4,y"]),
        ("# a,y\n1,2\n3,4\n", ["line 2 stands below comments", "take its '#' away"]),
        ("#id,a,y\nu,1,2\nv,3,4\n", ["line 2 stands below comments", "take its '#' away"]),
        ("a,y\nNA,2\n,1\n", ["line 2, column 'a' is blank ('NA')"]),
        ("a,y\nTrue,2\nNA,1\n", ["line 3, column 'a' is blank ('NA')"]),
        ("a,b,y\n1,2,3\n# note\n2,1,4\n", ["line 3 begins with '#'", "remove it"]),
        ("a,b\n1,2,3\n2,1,4\n", ["line 2 has 3 cells and the header has 2", "name"]),
        ('"a","b"\n"1","2","3"\n"2","1","4"\n', ["line 2 has 3 cells and the header has 2"]),
        ("name,a\nanna,1,5\nbob,2,7\n", ["line 2 has 3 cells and the header has 2"]),
        ("a b y\n1 2 3\n1 2\n", ["line 3 has 2 cells and the header has 3", "spaces"]),
        ("n,a;b\n1,x;2\n3,z;4\n", ["is a table with ',' or ';' between cells", "in quotes"]),
        (zipped("a.csv", "b.csv"), ["zip of 2 files"]),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), ["is a spreadsheet", "CSV UTF-8", "read_excel"]),
        (b"PAR1\x15\x04", ["is a Parquet file", "read_parquet"]),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ["is an Excel file", "CSV UTF-8"]),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], ["cannot be unpacked"]),
        (gzip.compress(b"PAR1", mtime=0), ["is a Parquet file"]),
    ],
)  # fmt: skip
def test_what_could_be_two_or_is_no_table_is_refused(tmp_path, content, parts):
    path = file_of(tmp_path, content)
    with pytest.raises(DataError) as caught:
        used(path)
    for part in ["data.csv", *parts]:
        assert part in str(caught.value)


def test_all_columns_of_text_are_said_at_once(tmp_path):
    table = tables.read_table(file_of(tmp_path, 'a,colour,"b, c",city,y\n1,red,3,Rom,1\n2,blue,4,Bonn,2\n'))
    features = tables.choose_features(table, "y")
    with pytest.raises(DataError) as caught:
        tables.check_features(table, features)
    message = str(caught.value)
    assert "line 2, column 'colour': 'red' is text" in message
    assert "'city'" in message
    assert "--features 'a,\"b, c\"'" in message
    tables.check_features(table, ["a", "b, c"])


NUMBERS = st.decimals(-(10**7), 10**7, places=3).map(lambda number: number.normalize())


@st.composite
def written_tables(draw):
    """Numbers, and a text that spells them in one dialect."""
    separator = draw(st.sampled_from([",", ";", "\t", " ", "|"]))
    decimal = draw(st.sampled_from(".,"))
    points = ["."] * (separator in ";\t")  # elsewhere 1.000 is 1, whatever was meant
    group = draw(st.sampled_from(["", "", "'", *{",": points, ".": [","]}[decimal]]))
    places = draw(st.sampled_from([None, 0, 1, 2, 3]))
    width = draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(NUMBERS, min_size=width, max_size=width), min_size=1, max_size=5))
    rows = [[round(number, places) if places is not None else number for number in row] for row in rows]

    def spelt(number):
        text = f"{number:,f}" if places is None else f"{number:,.{places}f}"
        text = text.replace(",", "g").replace(".", decimal).replace("g", group)
        return f'"{text}"' if separator in text else text

    names = [f"x{k}" for k in range(width)]
    index = draw(st.sampled_from(["", "pandas", "R"]))
    lines = [separator.join([*['""'] * (index == "pandas"), *names])]
    lines += [separator.join([*[f'"{k}"'] * bool(index), *map(spelt, row)]) for k, row in enumerate(rows)]
    above = draw(st.sampled_from([[], ["# a comment, with; marks"], ["# one", "# two"]]))
    return rows, "\n".join([*above, *lines]) + "\n"


@settings(max_examples=150, deadline=None)
@given(written_tables())
def test_a_table_is_read_as_it_was_meant_or_refused(tmp_path_factory, case):
    rows, text = case
    path = file_of(tmp_path_factory.getbasetemp(), text)
    try:
        found = used(path)[1]
    except DataError as refusal:
        found, said = None, str(refusal)
    meant = [[Fraction(number) for number in row] for row in rows]
    assert (
        found == meant
        if found is not None
        else any(words in said for words in ("may be", "cells and the header has"))
    )


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet='ay1209,;. \t"#\n\r-|NATrue\u00a0', max_size=40),
    st.sampled_from(["", "a,y\n", "a;y\n", "a y\n"]),
)
def test_whatever_a_file_holds_there_is_a_table_or_a_sentence(tmp_path_factory, text, header):
    path = file_of(tmp_path_factory.getbasetemp(), header + text)
    try:
        table, rows, _ = used(path)
    except DataError as refusal:
        assert str(refusal).endswith(".")  # noqa: PT017
        return
    assert len(rows) == len(table.rows) == len(table.lines)
    copy = file_of(
        tmp_path_factory.getbasetemp(),
        tables.plain_table(table, table.columns[:-1], table.columns[-1], False).text(),
    )
    assert used(copy)[1] == rows


def test_standard_input(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    table, rows, told = used(Path("-"))
    assert (table.source, rows) == ("standard input", PLAIN)
    assert told == "standard input was read with ',' between cells."
