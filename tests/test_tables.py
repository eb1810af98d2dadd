"""CSV files: what is read from good ones, and what is said about bad ones."""

import hashlib

import numpy as np
import pytest

from geomnn.errors import DataError
from geomnn.report import csv_table as tables


def read(tmp_path, content):
    path = tmp_path / "data.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return tables.read_table(path)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\r\n1,2\r\n3,4\r\n",
        "a,b\r1,2\r3,4",
        "\ufeffa,b\n1,2\n3,4\n",
        '"a","b"\n"1","2"\n"3","4"\n',
        '\ufeff"a", "b" \n "1" , 2\n3 ,  "4"\n',
        "a,b\n1,2\n3,4\n\n\n   \n",
    ],
)
def test_the_same_table_in_many_spellings(tmp_path, content):
    table = read(tmp_path, content)
    assert table.columns == ("a", "b")
    assert table.rows == (("1", "2"), ("3", "4"))
    assert table.lines == (2, 3)


def test_lines_count_the_line_breaks_in_quoted_cells(tmp_path):
    table = read(tmp_path, 'a,"b\nunit"\n1,"x\ny"\n2,z\n')
    assert table.columns == ("a", "b\nunit")
    assert table.lines == (3, 5)


def test_quoted_commas_and_quotes(tmp_path):
    table = read(tmp_path, 'a,"b, of c"\n1,"he said ""2"""\n')
    assert table.columns[1] == "b, of c"
    assert table.rows == (("1", 'he said "2"'),)


def test_digest_is_that_of_the_file(tmp_path):
    content = b"a,b\n1,2\n"
    assert read(tmp_path, content).digest == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("", ["is empty", "header"]),
        ("\n\n", ["is empty"]),
        ("\ufeff", ["is empty"]),
        ("a,b\n", ["no rows"]),
        ("\na,b\n1,2\n", ["line 1 is blank"]),
        (",,\n1,2,3\n", ["column 1", "no name"]),
        ("a,b,a\n1,2,3\n", ["'a' twice"]),
        ("a,b\n1,2\n3\n", ["line 3", "1 cells", "header has 2"]),
        ("a,b\n1,2,3\n", ["line 2", "3 cells"]),
        ("a,b\n1,2\n\n3,4\n", ["line 3 is blank"]),
        (b"a,b\n1,2\n\xe9,4\n", ["line 3", "0xe9", "UTF-8"]),
        (b"\xef\xbb\xbfa,b\n1,\xff\n", ["line 2", "0xff", "UTF-8"]),
        (b"a,b\n1,\x002\n", ["line 2", "NUL"]),
        ("a,b\n1,2\n".encode("utf-16")[:-1], ["not UTF-16", "CSV UTF-8"]),
        ("a,b\n1,2\n".encode("utf-32")[:-1], ["not UTF-32"]),
        ('a,b\n1,2\n3,"4\n5,6\n', ["quote", "line 3", "never closed"]),
        ("a,b\n1," + "2" * 200_000 + "\n", ["line 2", "not CSV"]),
    ],
)
def test_what_is_said_about_a_bad_file(tmp_path, content, parts):
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    for part in ["data.csv", *parts]:
        assert part in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        tables.read_table(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match="is a folder"):
        tables.read_table(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        tables.read_table("a\0b.csv")


@pytest.mark.parametrize(
    "first", ["1,2,3", "1, 2 ,-3e5", "1,1,1", "1,,3", "0.5,.5,5.", '"1","2","3"', "2019,2020,2021"]
)
def test_a_first_line_of_numbers_is_a_sample_and_no_header(tmp_path, first):
    with pytest.raises(DataError, match=r"looks like a file without a header.*Add a first line"):
        read(tmp_path, f"{first}\n2,1,4\n3,3,1\n")


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        ("5.1,3.5,setosa", "2 of 3 columns by numbers ('5.1', '3.5')"),
        ("a,b,2020", "1 of 3 columns by numbers ('2020')"),
    ],
)
def test_a_header_with_numbers_is_doubted(tmp_path, first, shown):
    table = read(tmp_path, f"{first}\n2,1,4\n3,3,1\n")
    assert table.columns == tuple(first.split(","))
    assert "looks like data or metadata" in table.doubt
    assert shown in table.doubt


@pytest.mark.parametrize("first", ["a,b,y", "x1,x2,y2020", "nan,inf,y", "1_0,1 000,1/2"])
def test_other_headers_are_not_doubted(tmp_path, first):
    assert read(tmp_path, f"{first}\n2,1,4\n3,3,1\n").doubt is None


@pytest.fixture
def table(tmp_path):
    return read(tmp_path, "a,b,c\n1,2,red\n3,4,blue\n5,6,red\n")


def test_choosing_features(table):
    assert tables.choose_features(table, "b") == ("a", "c")
    assert tables.choose_features(table, "a", ["c", "b"]) == ("c", "b")


@pytest.mark.parametrize(
    ("target", "wanted", "parts"),
    [
        ("d", None, ["no column 'd'", "target", "'a', 'b', 'c'"]),
        ("A", None, ["no column 'A'", "the nearest name is 'a'"]),
        ("a", ["b", "z"], ["no column 'z'", "feature"]),
        ("a", ["b", "a"], ["'a' is the target"]),
        ("a", ["b", "b"], ["'b' twice"]),
        ("a", [], ["no column"]),
        ("a", [""], ["no column"]),
    ],
)
def test_choices_that_cannot_be_made(table, target, wanted, parts):
    with pytest.raises(DataError) as caught:
        tables.choose_features(table, target, wanted)
    for part in parts:
        assert part in str(caught.value)


def test_only_the_target(tmp_path):
    with pytest.raises(DataError, match="only, which is the target"):
        tables.choose_features(read(tmp_path, "y\n1\n2\n"), "y")


def test_numbers(tmp_path):
    table = read(tmp_path, "a,b\n1,-1e-6\n +2.5 ,1E6\n")
    assert tables.number_column(table, "a").tolist() == [1.0, 2.5]
    assert tables.number_column(table, "b").tolist() == [-1e-6, 1e6]


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("", "blank"),
        ("red", "'red' is text"),
        ("1_000", "'1_000' is text"),
        (
            '"1,000"',
            "may be 1 or 1000; write 1,0000 if the comma is a decimal one, or 1,000.0 if it separates thousands",
        ),
        ('"12,345"', "may be 12.345 or 12345; write 12,3450 if the comma is a decimal one"),
        ("NA", "is blank ('NA')"),
        ("N/A", "is blank ('N/A')"),
        ("?", "is blank ('?')"),
        ("null", "is blank ('null')"),
        ("-", "is blank ('-')"),
        ('"1,2,3"', "leave the column out"),
        ("nan", "'nan' is not a finite number"),
        ("-inf", "not a finite number"),
        ("1e999", "not a finite number"),
        ("x" * 99, "…"),
    ],
)
def test_cells_that_are_no_numbers(tmp_path, cell, part):
    table = read(tmp_path, f"a,b\n1,2\n\n\n3,{cell}\n".replace("\n\n\n", "\n"))
    with pytest.raises(DataError) as caught:
        tables.number_column(table, "b")
    assert "line 3, column 'b'" in str(caught.value)
    assert part in str(caught.value)


def test_advice_depends_on_the_role(table):
    with pytest.raises(DataError, match="--features"):
        tables.number_column(table, "c")
    with pytest.raises(DataError, match="--classify"):
        tables.number_column(table, "c", "target")


@pytest.mark.parametrize(
    ("cells", "targets", "names"),
    [
        (["red", "blue", "red"], [1, -1, 1], ("blue", "red")),
        (["1", "-1", "1"], [1, -1, 1], ("-1", "1")),
        (["9", "10", "9"], [-1, 1, -1], ("9", "10")),
        (["1.0", "0", "1"], [1, -1, 1], ("0", "1.0")),
        (["1", "no", "1"], [-1, 1, -1], ("1", "no")),
        (["ä b", "Ω", "Ω"], [-1, 1, 1], ("ä b", "Ω")),
        (["+", "-", "+"], [-1, 1, -1], ("+", "-")),
        (["True", "False", "True"], [1, -1, 1], ("False", "True")),
        (
            ["16777217", "16777217.00000000001", "16777217.0"],
            [-1, 1, -1],
            ("16777217", "16777217.00000000001"),
        ),
        (["1e400", "7", "10E+399"], [1, -1, 1], ("7", "1e400")),
        (["-1e400", "-1e401", "-1e400"], [1, -1, 1], ("-1e401", "-1e400")),
        (["1e-400", "0", "0.0"], [1, -1, -1], ("0", "1e-400")),
        (["0.1", "0.10000000000000000001", "1e-1"], [-1, 1, -1], ("0.1", "0.10000000000000000001")),
        (["1e99999999", "1", "+1."], [1, -1, -1], ("1", "1e99999999")),
    ],
)
def test_two_classes(tmp_path, cells, targets, names):
    table = read(tmp_path, "x,y\n" + "".join(f"0,{cell}\n" for cell in cells))
    found, found_names = tables.class_column(table, "y")
    np.testing.assert_array_equal(found, targets)
    assert found_names == names


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        (["a", "b", "c"], "3 classes ('a', 'b', 'c')"),
        ([*"abcdefg"], "7 classes ('a', 'b', 'c', 'd', …)"),
        (["a", "a"], "1 class ('a')"),
        (["1", "1.0"], "1 class ('1')"),
        (["0", "-0", "0e9"], "1 class ('0')"),
        (["1", "1.0", "x"], "3 classes ('1', '1.0', 'x')"),
        (["1", "2", "2.000000000000000000001"], "3 classes"),
        (["inf", "1"], "not a finite number"),
        (["a", ""], "line 3, column 'y' is blank"),
        (["a", "nan"], "not a finite number"),
        (["a", "?"], "line 3, column 'y' is blank ('?')"),
        (["a", "-"], "line 3, column 'y' is blank ('-')"),
    ],
)
def test_not_two_classes(tmp_path, cells, part):
    table = read(tmp_path, "x,y\n" + "".join(f"0,{cell}\n" for cell in cells))
    with pytest.raises(DataError) as caught:
        tables.class_column(table, "y")
    assert part in str(caught.value)
