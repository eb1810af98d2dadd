"""The two stages of the tests: pytest -m "not slow" is the first, and pytest -m slow the second."""

from collections import Counter, defaultdict

import pytest

MOST = 2  # instances of a test in the first stage, or some more until each of their values is among them


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(items):
    groups = defaultdict(list)
    for item in items:
        if hasattr(item, "callspec"):
            groups[item.nodeid.partition("[")[0]].append(item)
    for group in groups.values():
        mark = group[0].get_closest_marker("one_in")
        step = max(mark.args[0] if mark else 1, -(-len(group) // MOST))
        kept = first_stage([values_of(item) for item in group], step)
        for place, item in enumerate(group):
            if place not in kept:
                item.add_marker(pytest.mark.slow)


def values_of(item):
    return {f"{name}={value!r}" for name, value in item.callspec.params.items()}


def first_stage(instances, step):
    """Places of instances: each step-th, and more until every value that occurs `step` times is among them."""
    often = {value for value, count in Counter(v for one in instances for v in one).items() if count >= step}
    kept = set(range(0, len(instances), step))
    covered = {value for place in kept for value in instances[place]}
    for place, values in enumerate(instances):
        if not values & often <= covered:
            kept.add(place)
            covered |= values
    return kept
