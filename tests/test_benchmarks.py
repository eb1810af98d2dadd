"""Benchmarks that remember: what moved is named, what did not is not, and every job of the list runs."""

import json

import compare
import jobs
import numpy as np
import pytest

NAMES = [*jobs.RATIOS, *jobs.GROWTH]


@pytest.fixture
def remembered(tmp_path):
    """A file in which every cost is 2."""
    compare.write(dict.fromkeys(NAMES, 2.0), tmp_path / "ratios.json")
    return tmp_path / "ratios.json"


def test_what_moved_is_what_is_more_than_one_and_a_half_times_larger_or_smaller():
    before = {"same": 2.0, "slower": 2.0, "much slower": 2.0, "faster": 3.0, "much faster": 3.0}
    now = {"same": 2.0, "slower": 2.99, "much slower": 3.01, "faster": 2.01, "much faster": 1.99}
    assert compare.moved(before, now) == {"much slower": 3.01 / 2, "much faster": 1.99 / 3}


@pytest.mark.parametrize(
    ("first", "again", "named"),
    [
        ({}, None, []),
        ({"plane": 2.9}, None, []),
        ({"plane": 3.1, "path": 1.3}, {"plane": 3.2, "path": 1.2}, ["plane", "path"]),
        ({"plane": 3.1, "path": 1.3}, {"plane": 3.2, "path": 2.0}, ["plane"]),  # noise
        ({"plane": 3.1}, {"plane": 1.2}, []),  # noise, the other way
    ],
)
def test_only_what_moved_twice_the_same_way_is_named(remembered, capsys, first, again, named):
    asked = []

    def measure(names):
        asked.append(names)
        return {
            name: {**dict.fromkeys(NAMES, 2.0), **(first if len(asked) == 1 else again)}[name]
            for name in names
        }

    assert compare.main([], remembered, measure) == bool(named)
    assert asked == ([NAMES] if again is None else [NAMES, [name for name in NAMES if name in first]])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("MOVED")]
    assert sorted(line.split()[1] for line in lines) == sorted(named)
    assert all(("larger" in line) == ("plane" in line) for line in lines)


def test_what_is_written_is_compared_with(tmp_path, capsys):
    file, costs = tmp_path / "ratios.json", {name: 1 + k / 7 for k, name in enumerate(NAMES)}
    assert compare.main(["--write"], file, lambda names: {name: costs[name] for name in names}) == 0
    assert compare.main([], file, lambda names: {name: costs[name] for name in names}) == 0
    assert "Nothing moved" in capsys.readouterr().out
    text = file.read_text(encoding="utf-8").replace('"plane":', '"plain":')
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match="plain, plane: run"):
        compare.main([], file, lambda names: costs)


def test_other_versions_are_said(remembered, monkeypatch, capsys):
    monkeypatch.setattr(
        compare, "conditions", lambda: {**json.loads(remembered.read_text())["measured with"], "numpy": "9"}
    )
    assert compare.main([], remembered, lambda names: dict.fromkeys(names, 2.0)) == 0
    assert "and is 9 now" in capsys.readouterr().out


def test_the_file_of_the_tree_has_the_jobs_of_the_list():
    remembered = json.loads(compare.REMEMBERED.read_text(encoding="utf-8"))
    assert list(remembered) == ["measured with", "ratios", "growth"]
    assert list(remembered["ratios"]) == list(jobs.RATIOS)
    assert list(remembered["growth"]) == list(jobs.GROWTH)
    assert list(remembered["measured with"]) == list(compare.conditions())
    assert all(value > 0 for part in ("ratios", "growth") for value in remembered[part].values())


def test_a_cost_is_the_median_beside_the_yardstick_without_first_calls(monkeypatch):
    """A clock that the work itself sets: the machine slows down with each round, and the job once by itself."""
    clock, calls = [0.0], {"job": 0, "yardstick": 0}

    def work(name, seconds):
        calls[name] += 1
        clock[0] += seconds(calls[name])

    # call 1 compiles; the yardstick has two calls a round, and the machine is a round slower in each
    job = {1: 100.0, 2: 3.0, 3: 6.0, 4: 90.0}
    pair = (
        lambda: work("job", job.get),
        lambda: work("yardstick", lambda call: 50.0 if call == 1 else call // 2),
    )
    monkeypatch.setattr(jobs, "process_time", lambda: clock[0])
    assert jobs.measured({"job": pair}, 3) == {"job": pytest.approx(3.0)}
    assert calls == {"job": 4, "yardstick": 7}


@pytest.mark.slow
def test_a_process_of_its_own_measures():
    ((name, cost),) = compare.run(["written"], rounds=1).items()
    assert name == "written"
    assert cost > 0


@pytest.mark.one_in(4)
@pytest.mark.parametrize("job", [jobs.yardstick, *jobs.JOBS], ids=lambda job: job.__name__)
def test_every_job_does_the_same_each_time(job):
    value = job()
    assert np.isfinite(value)
    assert job() == value
