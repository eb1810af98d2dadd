"""What a new user meets at the shell: one thing a test."""

import json
from pathlib import Path

import numpy as np
import pytest

from geomnn.cli import main
from geomnn.report import study

ROWS = [(k, (3 * k) % 7, (k * k) % 5) for k in range(12)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("t.csv")
    return tmp_path


def write(name, head="a,b,y\n", rows=ROWS, encoding="utf-8"):
    Path(name).write_bytes((head + "".join(",".join(map(str, row)) + "\n" for row in rows)).encode(encoding))


def run(capsys, words, status=0):
    assert main(words.split()) == status
    return capsys.readouterr()


def derived(capsys, more="", status=0):
    return run(capsys, f"derive t.csv --target y --reg 1 --out r {more}", status)


def test_verify_checks_that_a_folder_is_one_thing(folder, capsys):
    random = np.random.default_rng(0)
    X = random.normal(size=(20, 4)).round(2)
    write("t.csv", "a,b,c,d,y\n", [[*x, round(x[0] * x[1], 3)] for x in X.tolist()])
    derived(capsys, "--certify transport --dictionary local")
    out = run(capsys, "verify r --data t.csv").out
    assert "holds: The weights of network.json have the training objective" in out
    assert "holds: network.py is the function of network.json" in out
    assert "note: report.html, network.tex and the pictures were not checked." in out
    network, function = Path("r/network.json"), Path("r/network.py")
    old, text = network.read_text(), function.read_text()
    function.write_text(text.replace("0.0", "0.5", 1))
    assert "network.py is not the function" in run(capsys, "verify r --data t.csv", 1).err
    function.unlink()
    assert "note: network.py is not in the folder" in run(capsys, "verify r --data t.csv").out
    network.write_text(old.replace('"bias": ', '"bias": 1', 2).replace('"bias": 1true', '"bias": true'))
    assert "network.json" in run(capsys, "verify r --data t.csv", 1).err
    claimed = json.loads(Path("r/certificate.json").read_text())["claim"]["primal"]
    scale = claimed + sum(round(x[0] * x[1], 3) ** 2 for x in X.tolist()) / 2
    for share, status in (
        (1e-10, 0),
        (1e-8, 1),
    ):  # of the objective, which is at its minimum in the intercept
        document = json.loads(old)
        document["intercept"] += (2 * share * scale / len(X)) ** 0.5
        network.write_text(json.dumps(document))
        run(capsys, "verify r --data t.csv", status)
    for huge in (1e308, -1e308, 10**400):
        document = json.loads(old)
        document["neurons"][0]["weight"] = [huge] * 4
        network.write_text(json.dumps(document))
        assert "network.json" in run(capsys, "verify r --data t.csv", 1).err
    network.unlink()
    assert "network.json cannot be read" in run(capsys, "verify r --data t.csv", 2).err


def test_certify_without_effect_is_said(folder, capsys):
    assert "--certify had nothing to add" in derived(capsys, "--certify auto").out
    assert "had nothing to add" not in derived(capsys, "--force").out


def test_predict_judges_what_can_be_judged(folder, capsys):
    write("t.csv", "a,b,y\n", [(a, b, "low" if y < 2 else "high") for a, b, y in ROWS])
    derived(capsys, "--classify")
    write("new.csv", "a,b,y\n", [(0, 0, "low"), (1, 2, "tall"), (2, 1, "")])
    found = run(capsys, "predict r new.csv --out -")
    assert len(found.out.splitlines()) == 4
    assert "of 2 rows" in found.err
    assert "1 row without a target could not be judged." in found.err
    assert "1 row of 'y' has a class that the network does not know, 'tall'" in found.err
    assert not Path("-").exists()
    write("new.csv", "a,b\n", [(0, "x")])
    error = run(capsys, "predict r new.csv", 2).err
    assert "'x' is text" in error
    assert "--features" not in error


def test_verify_of_a_part_names_the_part(folder, capsys):
    derived(capsys, "--exact --holdout 0.25")
    assert f"{Path('r') / 'training.csv'}; give that as --data" in run(capsys, "verify r --data t.csv", 1).err


def test_no_row_to_leave_out(folder, capsys):
    write("t.csv", rows=ROWS[:4])
    error = derived(capsys, "--holdout 0.05", 2).err
    assert "of 4 rows is none; give a larger share" in error


@pytest.mark.parametrize(
    ("more", "said"),
    [("--time-limit -1", "--time-limit -1.0; seconds above 0"), ("--seed -1", "--seed -1; an integer"),
     ("--certify semidefinite", "--certify semidefinite is not made for this")],
)  # fmt: skip
def test_messages_speak_of_options(folder, capsys, more, said):
    error = derived(capsys, more, 2).err
    assert said in error
    assert "None" not in error
    assert "=" not in error


def test_other_letters_and_signs(folder, capsys):
    write("t.csv", rows=[(str(a - 5).replace("-", "\u2212"), b, y) for a, b, y in ROWS], encoding="utf-32")
    assert "decoded as UTF-32 and read with '\u2212' for minus" in derived(capsys).out
    assert Path("r/t.plain.csv").read_text().splitlines()[1].startswith("-5,")


def test_percent_commas_and_targets(folder, capsys):
    write("t.csv", rows=[(f"{a}%", b, y) for a, b, y in ROWS])
    assert "take the % out of the column" in derived(capsys, status=2).err
    write("t.csv", '"a, in m",b,y\n')
    assert (
        main(["derive", "t.csv", "--target", "y", "--reg", "1", "--out", "r", "--features", "a, in m"]) == 2
    )
    error = capsys.readouterr().err
    assert "--features '\"a, in m\"'" in error
    assert "'y'" not in error


def test_a_file_without_a_header(folder, capsys):
    write("t.csv", head="")
    assert "--no-header" in run(capsys, "derive t.csv --target 0 --reg 1 --out r", 2).err
    words = "derive t.csv --no-header --target c2 --reg 1 --exact --out r"
    assert "t.csv was given the names 'c0', 'c1', 'c2' for its columns" in run(capsys, words).out
    assert "12 rows" in run(capsys, "predict r t.csv --no-header").err
    assert "holds: " in run(capsys, "verify r --data t.csv --no-header").out
    assert "holds: " in run(capsys, "verify r --data r/t.plain.csv").out


def test_an_exact_folder_that_lacks_files_is_checked_as_far_as_it_goes(folder, capsys):
    derived(capsys, "--exact")
    Path("r/network.json").unlink()
    said = run(capsys, "verify r --data t.csv").out
    assert "note: network.json is not in the folder, and so network.py was not checked." in said
    assert "holds: No two-layer ReLU network" in said


def test_names_in_any_script_give_no_warning(folder, capsys, recwarn):
    random = np.random.default_rng(0)
    rows = [[*x, x[0]] for x in random.normal(size=(20, 4)).round(2).tolist()]
    Path("t.csv").write_text(
        "身高,体重,c,d,目標\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), "utf-8"
    )
    said = run(capsys, "derive t.csv --target 目標 --reg 1 --out r --dictionary local")
    assert "Glyph" not in said.err + "".join(str(each.message) for each in recwarn)


def test_a_page_that_was_changed_is_refused_before_any_work(folder, capsys):
    """As what else was written with it is not known, and would stay beside another network."""
    derived(capsys)
    page = Path("r/report.html")
    changed = page.read_text(encoding="utf-8").replace('name="files" content="', 'name="files" content="{')
    page.write_text(changed, encoding="utf-8")
    assert "report.html was changed" in derived(capsys, "--force", 2).err
    assert page.read_text(encoding="utf-8") == changed


def test_auto_that_finds_nothing_better_than_a_constant_says_so_once(folder, capsys):
    random = np.random.default_rng(0)
    write("t.csv", "a,b,y\n", random.normal(size=(40, 3)).round(3).tolist())
    out, err = run(capsys, "derive t.csv --target y --reg auto --out r")
    assert "That is reg_max: no network was clearly better than a constant." in out
    assert "u ∝" not in out
    assert "reg_max" not in err


@pytest.mark.parametrize("around", [0.0, 4.0, 1e9])
def test_a_time_limit_holds_for_what_comes_before_and_after(folder, around, monkeypatch):
    """The study has what is left of it, and half of it in any case."""
    seen = []
    limited = study.limited
    monkeypatch.setattr(
        study, "limited", lambda seconds, line: seen.append(seconds) or limited(seconds, line)
    )
    study.study_table(study.Request("t.csv", target="y", reg=1.0, time_limit=10.0), around=around)
    assert seen == [max(10.0 - around, 5.0)]
