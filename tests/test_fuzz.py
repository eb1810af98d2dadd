"""A few cases of `fuzz.py`, and that it finds what it looks for."""

import warnings
from dataclasses import replace

import fuzz
import numpy as np
import pytest
from fuzz_cases import ENTRIES, KINDS, LOSSES, NORMS, draw
from fuzz_judge import complaints

import geomnn as gm
from geomnn import errors

SEEDS = range(30)
SOLVED = draw(0)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_wrong_with_what_comes_of_a_case(seed):
    assert fuzz.examine(seed).found == []


def test_a_seed_is_a_case_and_all_kinds_of_them_come():
    cases = [draw(seed) for seed in range(400)]
    for case in cases[:20]:
        again = draw(case.seed)
        assert repr(again) == repr(case)
    assert {case.entry for case in cases} == set(ENTRIES)
    assert {case.kind for case in cases} == set(KINDS)
    assert {case.norm for case in cases} == set(NORMS)
    assert {case.loss for case in cases} == set(LOSSES)
    assert {case.bias for case in cases} == {True, False}
    assert {case.outputs for case in cases} >= {1, 2, 3}
    assert {case.X.shape[1] for case in cases} == set(range(1, 9))
    assert any(case.weights is not None and (case.weights == 0).any() for case in cases)


def spoilt(solution, **parts):
    """A solution whose certificate says something else."""
    return replace(solution, certificate=replace(solution.certificate, **parts))


def test_wrong_solutions_are_found():
    X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0, 0.0, 1.0, 3.0])
    case = replace(
        SOLVED, entry="all atoms", X=X, y=y, loss="squared", norm=1, bias=True, weights=None, elsewhere=X
    )
    right = gm.derive(X, y, reg=0.1)
    value = right.objective
    assert list(complaints(right, case, 0.1, 1e-9)) == []
    wrong = {
        "off (T)": spoilt(right, primal=value * (1 + 1e-8)),
        "above objective": spoilt(right, dual=value * (1 + 1e-8)),
        "gap": spoilt(right, dual=value * (1 - 1e-8)),
        "a random neuron": spoilt(right, largest_correlation=0.5),
        "neurons for": replace(right, network=gm.AnalyticNetwork(right.network.neurons * 3, 0.0, 1, 1, True)),
        "a number that is none": replace(right, dual=right.dual * np.nan),
    }
    for words, solution in wrong.items():
        found = list(complaints(solution, case, 0.1, 1e-9))
        assert any(words in each for each in found), (words, found)


def ending_in(error):
    """What stands for `fuzz.solved`, and raises or warns."""

    def solved(case):
        if not isinstance(error, Warning):
            raise error
        warnings.warn(error, stacklevel=1)
        return []

    return solved


@pytest.mark.parametrize(
    "error",
    [
        IndexError("index 0 is out of bounds"),
        np.linalg.LinAlgError("Singular matrix"),
        errors.DataError("X is of no class"),
        errors.EnumerationTooLarge("There are 3 atoms"),
        RuntimeWarning("overflow encountered in multiply"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_ours_or_not_true_is_a_complaint_with_the_line_that_repeats_it(
    monkeypatch, capsys, error
):
    seed = next(seed for seed in range(100) if draw(seed).entry == "wedge" and draw(seed).loss == "squared")
    monkeypatch.setattr(fuzz, "solved", ending_in(error))
    monkeypatch.setattr(fuzz, "warm_up", lambda: None)
    assert fuzz.main(["--cases", "1", "--seed", str(seed)]) == 1
    shown = capsys.readouterr().out
    assert f"{type(error).__name__}: {error}" in shown
    assert f"python tests/fuzz.py --cases 1 --seed {seed}" in shown
    assert "1 cases, 1 complaints" in shown


def test_a_refusal_that_is_true_is_counted_and_no_complaint(monkeypatch, capsys):
    seed = next(seed for seed in range(1000) if is_of_one_class(draw(seed)))
    monkeypatch.setattr(fuzz, "warm_up", lambda: None)
    assert fuzz.main(["--cases", "1", "--seed", str(seed)]) == 0
    assert "refusals, by kind" in capsys.readouterr().out


def is_of_one_class(case):
    y, s = case.targets
    return case.loss == "logistic" and case.bias and len(np.unique(y[s > 0])) == 1
