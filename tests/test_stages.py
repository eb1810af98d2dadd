"""Which instances of a test the first stage has: some of each value, and never none."""

import importlib.util
import itertools
import re
from pathlib import Path

import pytest
from conftest import first_stage


@pytest.mark.parametrize("step", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("sizes", [(1,), (6,), (3, 2), (2, 3, 4), (22, 3, 2, 2)])
def test_each_value_that_occurs_often_enough_is_in_the_first_stage(sizes, step):
    table = list(itertools.product(*map(range, sizes)))
    instances = [{f"{name}={value}" for name, value in enumerate(row)} for row in table]
    kept = first_stage(instances, step)
    assert 0 in kept
    assert kept <= set(range(len(table)))
    for name, size in enumerate(sizes):
        if len(table) // size >= step:
            assert {table[place][name] for place in kept} == set(range(size))


def test_the_first_stage_is_a_small_part():
    instances = [
        {f"a={a}", f"b={b}", f"c={c}"} for a, b, c in itertools.product(range(22), range(3), range(4))
    ]
    assert len(first_stage(instances, 5)) <= 264 / 5 + 1


def test_no_file_of_tests_is_left_out_as_a_whole():
    """One that is would be counted in both stages: what a test alone needs is asked for by its fixture."""
    asked = {
        name
        for file in Path(__file__).parent.glob("test_*.py")
        for name in re.findall(r'^(?:\w+ = )?pytest\.importorskip\("(\w+)', file.read_text("utf-8"), re.M)
    }
    assert "distributed" in asked
    assert {name for name in asked if importlib.util.find_spec(name) is None} == set()
