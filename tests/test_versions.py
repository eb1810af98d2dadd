"""Sites of several versions side by side: each has the list of all, and the front page is the newest."""

import json
import re
import runpy
import shutil
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
main = runpy.run_path(str(DOCS / "versions.py"))["main"]


def listed(site):
    script = (site / "_static" / "versions.js").read_text(encoding="utf-8")
    return json.loads(re.match(r"const VERSIONS = (.*);\n", script)[1]), script


@pytest.fixture
def sites(tmp_path):
    for name in ("0.9.0", "0.10.0", "0.1.0", "latest"):
        (tmp_path / name / "_static").mkdir(parents=True)
        shutil.copy(DOCS / "_static" / "versions.js", tmp_path / name / "_static")
    (tmp_path / "1.0").mkdir()  # no site
    return tmp_path


def test_each_site_has_the_list_with_the_newest_first(sites, capsys):
    alone, script = listed(DOCS)
    assert alone == []
    for _ in range(2):  # again, when there is one more
        assert main(sites) == 0
        for name in ("0.9.0", "0.10.0", "0.1.0"):
            found, after = listed(sites / name)
            assert found == ["0.10.0", "0.9.0", "0.1.0"]
            assert after.partition("\n")[2] == script.partition("\n")[2]
    assert listed(sites / "latest")[0] == []
    assert 'href="0.10.0/index.html"' in (sites / "index.html").read_text(encoding="utf-8")
    assert capsys.readouterr().out.splitlines()[0] == "versions: 0.10.0 0.9.0 0.1.0"


def test_a_folder_without_sites_is_refused_and_left_alone(tmp_path, capsys):
    assert main(tmp_path) == 2
    assert "0.1.0" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
