"""Which instances of a test the first stage has: some of each value, and never none."""

import itertools

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
