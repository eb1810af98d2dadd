"""Random problems, most of them degenerate, by every way into the package, for as long as you like.

    python tests/fuzz.py --cases 500 --seed 0
    python tests/fuzz.py --seconds 60 --jobs 2

Case k is drawn from the whole number seed + k alone.  Every complaint is printed with the line that repeats it: an
exception or a warning that is not ours, or of ours where it is not true; more than 20 CPU seconds; and what
`fuzz_judge.py` finds wrong with a solution.  A summary follows.  Exit status 1 if there was a complaint.

The kernel of OpenBLAS is chosen by OPENBLAS_CORETYPE before Python starts; which one that is, is printed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import signal
import sys
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice

import numpy as np
from fuzz_cases import ALL_ATOMS, Case, correlation, draw, residual_of_a_constant
from fuzz_judge import complaints, of_rounding
from threadpoolctl import threadpool_info

import geomnn as gm
from geomnn.dictionaries import LocalDictionary
from geomnn.samples import Samples

LONGEST = 20.0  # CPU seconds of a case
TOL = 1e-9
BATCH = 20  # cases that a process takes at a time


class TooLongError(BaseException):
    """A case has not ended in its time; no `except Exception` is to hold it up."""


@dataclass
class Outcome:
    """What came of a case."""

    seed: int
    labels: dict[str, str]
    found: list[str] = field(default_factory=list)  # complaints
    refusals: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    trace: str = ""
    seconds: float = 0.0


def solved(case: Case) -> Iterator[tuple[gm.Solution, float, float, str]]:
    """(solution, reg, tol, complaint) of a case: the last one empty, or what else is wrong."""
    common = {"norm": case.norm, "bias": case.bias}
    if case.is_estimator:
        yield from _fitted(case, common)
        return
    options = dict(case.options)
    if case.entry == "path":
        yield from _along_the_path(case, common | options)
    elif case.entry == "grid of regs":
        regs = [share * case.reg for share in options.pop("shares")]
        for reg, solution in zip(
            regs, gm.grid(case.X, case.y, regs, loss=case.loss, **common, **options), strict=True
        ):
            yield solution, reg, TOL, ""
    else:
        name = "all" if case.entry == "all atoms" else case.entry
        if starts := options.pop("starts", 0):
            name = LocalDictionary(Samples(case.X, case.bias), case.norm, starts=starts)
        common |= {"loss": case.loss, "dictionary": name}
        solution = gm.derive(case.X, case.y, reg=case.reg, **common, **options)
        yield solution, case.reg, TOL, _constant_or_not(case, solution, common)
        yield from _searched(case, solution)


def _searched(case: Case, solution: gm.Solution) -> Iterator[tuple[gm.Solution, float, float, str]]:
    """No network that a short search finds is better than the bound on all networks."""
    if solution.certificate.coverage.scope != "global" or case.seed % 3 != 1:
        return
    few = LocalDictionary(Samples(case.X, case.bias), case.norm, starts=8, seed=case.seed)
    options = {"reg": case.reg, "norm": case.norm, "bias": case.bias, "loss": case.loss, "dictionary": few}
    other, bound = gm.derive(case.X, case.y, **options), solution.certificate.dual
    better = other.objective < bound * (1 - TOL) - of_rounding(case)
    yield other, case.reg, TOL, f"bound {bound!r}, and a search finds {other.objective!r}" if better else ""


def _constant_or_not(case: Case, solution: gm.Solution, options: dict) -> str:
    """`reg_max` is where networks begin to be constants, and no random neuron tells of a larger one."""
    if solution.certificate.coverage.scope == "local" or case.entry == "sampled" or case.seed % 3:
        return ""
    largest = gm.reg_max(case.X, case.y, **options)
    v = residual_of_a_constant(case)
    y, s = case.targets
    rounded = 1e-11 * np.abs(v).sum() + 1e-14 * np.abs(s[:, None] * y).sum()  # of v, where y is a constant
    noise = rounded * np.abs(case.X - case.bias * case.X.mean(axis=0)).sum(axis=1).max()
    if len(solution.network) and case.reg > largest * (1 + 1e-9) + noise:
        return f"{len(solution.network)} neurons at {case.reg / largest!r} times reg_max"
    if not len(solution.network) and case.reg < largest * (1 - 1e-5):
        return f"no neurons at {case.reg / largest!r} times reg_max"
    if solution.certificate.coverage.scope == "global":
        found = correlation(case, v, np.random.default_rng(case.seed), 300)
        if found > largest * (1 + 1e-9) + noise:
            return f"reg_max is {largest!r}, and a random neuron has {found!r}"
    return ""


def _along_the_path(case: Case, options: dict) -> Iterator[tuple[gm.Solution, float, float, str]]:
    """At its end, on a kink, between two and before all of them."""
    path = gm.path(case.X, case.y, reg_min=case.reg, **options)
    kinks, rng = path.kinks, np.random.default_rng(case.seed)
    falls = np.isfinite(kinks).all() and (np.diff(kinks) <= 0).all() and (kinks <= path.reg_max).all()
    regs = [path.reg_min, *rng.uniform(path.reg_min, max(path.reg_max, path.reg_min), 2)]
    regs += [*kinks[: 1 + len(kinks) // 2][-1:], 1.1 * max(path.reg_max, path.reg_min)]
    for reg, values in zip(regs, path.predict(case.elsewhere, regs), strict=True):
        solution = path(reg)
        f = solution.network(case.elsewhere).reshape(values.shape)
        same = np.abs(values - f).max() <= 1e-9 * np.abs(case.targets[0]).max() + 1e-7 * np.abs(f).max()
        yield (
            solution,
            float(reg),
            TOL,
            "" if same and falls else f"path: falls {falls}, predicts its network {same}",
        )


def _fitted(case: Case, options: dict) -> Iterator[tuple[gm.Solution, float, float, str]]:
    made = gm.WedgeRegressor if case.entry == "regressor" else gm.WedgeClassifier
    given = dict(case.options)
    if starts := given.pop("starts", 0):
        rows = slice(None) if case.weights is None else case.weights > 0
        given["dictionary"] = LocalDictionary(Samples(case.X[rows], case.bias), case.norm, starts=starts)
    model = made(case.reg, **options, **given).fit(case.X, case.y, case.weights)
    wrong = (
        []
        if _predicts_its_network(model, case.elsewhere)
        else ["predictions are not those of solution_.network"]
    )
    wrong += _repeated(case, model.solution_, options)
    yield model.solution_, case.reg, given["tol"], "; ".join(wrong)


def _predicts_its_network(model, X: np.ndarray) -> bool:
    f = model.solution_.network(X)
    if isinstance(model, gm.WedgeRegressor):
        return np.array_equal(model.predict(X), f)
    shares, classes = model.predict_proba(X), model.classes_
    best = (f > 0).astype(int) if f.ndim == 1 else f.argmax(axis=1)
    best = best if len(classes) > 1 else 0 * best
    right = np.array_equal(model.decision_function(X), f) and np.array_equal(model.predict(X), classes[best])
    return right and np.isfinite(shares).all() and np.abs(shares.sum(axis=1) - 1).max() <= 1e-12


def _repeated(case: Case, solution: gm.Solution, options: dict) -> list[str]:
    """Whole weights are repeated rows: `derive` from the rows themselves comes to the same objective."""
    y, s = case.targets
    n, d = case.X.shape
    covered = solution.certificate.coverage
    listed = covered.scope == "global" or covered.program == "wedge"
    few = d <= len(ALL_ATOMS[case.norm]) and n <= ALL_ATOMS[case.norm][d - 1] and s.sum() <= 100
    if not listed or not few or (s % 1).any():
        return []
    rows = np.repeat(np.arange(n), s.astype(int))
    name = "all" if covered.scope == "global" else "wedge"
    options = options | {"loss": case.loss, "dictionary": name}
    other = gm.derive(case.X[rows], y[rows], reg=case.reg, **options)
    allowed = max(1e-6, 2 * case.options["tol"]) * abs(other.objective) + of_rounding(case)
    if abs(solution.objective - other.objective) <= allowed:
        return []
    return [f"objective {solution.objective!r} with weights, {other.objective!r} with repeated rows"]


def refused_rightly(case: Case, error: gm.errors.GeomnnError) -> bool:
    """Whether an exception of ours is true of the case."""
    y, s = case.targets
    if case.loss == "logistic":
        absent = len(np.unique(y[s > 0])) < 2
    else:
        absent = case.loss == "softmax" and not y[s > 0].any(axis=0).all()
    return isinstance(error, gm.errors.DataError) and "class" in str(error) and case.bias and absent


def examine(seed: int) -> Outcome:
    """Everything that is wrong with what the package makes of a case."""
    case = draw(seed)
    outcome = Outcome(seed, labels_of(case))
    begun = time.process_time()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            for solution, reg, tol, wrong in solved(case):
                outcome.found += [wrong] if wrong else []
                outcome.found += complaints(solution, case, reg, tol)
        except gm.errors.GeomnnError as error:
            outcome.refusals.append(f"{type(error).__name__}: {error}")
            if not refused_rightly(case, error):
                outcome.found.append(outcome.refusals[-1])
        except (Exception, TooLongError) as error:
            outcome.found.append(f"{type(error).__name__}: {error}")
            outcome.trace = "".join(traceback.format_tb(error.__traceback__)[-3:])
    outcome.seconds = time.process_time() - begun
    for warning in caught:
        words = f"{warning.category.__name__}: {warning.message}"
        if issubclass(warning.category, gm.errors.GeomnnWarning):
            outcome.warned.append(words)
        else:
            outcome.found.append(f"{words} ({warning.filename}:{warning.lineno})")
    return outcome


def labels_of(case: Case) -> dict[str, str]:
    """What a case is counted by."""
    dictionary = case.options.get("dictionary", "few starts" if "starts" in case.options else case.entry)
    return {
        "entry": case.entry,
        "data": case.kind,
        "loss": case.loss,
        "norm": f"p = {case.norm}",
        "dictionary": str(dictionary),
        "bias": f"bias {case.bias}",
        "outputs": f"{case.outputs} outputs",
        "weights": "weights" if case.weights is not None else "no weights",
        "size": f"{case.X.shape[0]} x {case.X.shape[1]}",
    }


def timed(seed: int) -> Outcome:
    """`examine` with an end."""

    def stop(*_) -> None:
        raise TooLongError(f"more than {LONGEST:g} CPU seconds")

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        return examine(seed)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def warm_up() -> None:
    """Compile all inner loops, whose time is none of a case."""
    rng = np.random.default_rng(0)
    for d in (1, 2, 3):
        X, y = rng.normal(size=(7, d)), rng.normal(size=(7, 2))
        for norm in (1, 2, np.inf):
            for name in ("all", "local"):
                gm.derive(X, y[:, 0], norm=norm, dictionary=name), gm.derive(X, y, norm=norm, dictionary=name)


def outcomes(seeds: Iterator[int], jobs: int) -> Iterator[Outcome]:
    """What came of each, as long as it is asked for."""
    if jobs == 1:
        yield from map(timed, seeds)
        return
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawned, initializer=warm_up) as pool:
        while batch := list(islice(seeds, jobs * BATCH)):
            yield from pool.map(timed, batch)


def show(outcome: Outcome, coretype: str) -> None:
    """A complaint, with the line that repeats it."""
    print(f"\nseed {outcome.seed}: {', '.join(outcome.labels.values())}; {outcome.seconds:.1f} s")
    for words in outcome.found:
        print(f"  {words}")
    if outcome.trace:
        print(outcome.trace.rstrip())
    print(f"  {coretype}python tests/fuzz.py --cases 1 --seed {outcome.seed}", flush=True)


def kind_of(words: str) -> str:
    """A message without its numbers."""
    return re.sub(r"-?\d[\d.,]*(e[+-]?\d+)?", "#", words)[:150]


def summarise(all_of_them: list[Outcome]) -> None:
    """Cases, complaints, refusals and CPU seconds by what they are counted by, and messages by their kind."""
    tables: dict[str, dict[str, list[Outcome]]] = defaultdict(lambda: defaultdict(list))
    for outcome in all_of_them:
        for name, label in outcome.labels.items():
            if name != "size":
                tables[name][label].append(outcome)
    print(f"\n{'':34}{'cases':>8}{'complaints':>12}{'refused':>9}{'CPU s':>9}")
    for name, rows in tables.items():
        for label, those in sorted(rows.items()):
            figures = sum(bool(o.found) for o in those), sum(bool(o.refusals) for o in those)
            seconds = sum(o.seconds for o in those)
            print(f"{name:12}{label:22}{len(those):8}{figures[0]:12}{figures[1]:9}{seconds:9.1f}")
    for title, part in (("refusals", "refusals"), ("warnings of ours", "warned"), ("complaints", "found")):
        kinds = Counter(kind_of(words) for outcome in all_of_them for words in getattr(outcome, part))
        print(f"\n{title}, by kind" if kinds else f"\nno {title}")
        for kind, times in kinds.most_common():
            print(f"{times:6}  {kind}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, help="how many, without end if not given")
    parser.add_argument("--seed", type=int, default=0, help="of the first case")
    parser.add_argument("--seconds", type=float, default=np.inf, help="after which no case is begun")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    if options.cases is None and options.seconds == np.inf:
        parser.error("give --cases or --seconds")
    kernels = {f"{each['internal_api']} {each.get('architecture', '')}" for each in threadpool_info()}
    print(f"{', '.join(sorted(kernels))}; seeds from {options.seed}", flush=True)
    chosen = os.environ.get("OPENBLAS_CORETYPE")
    coretype = f"OPENBLAS_CORETYPE={chosen} " if chosen else ""
    warm_up()
    begun, done = time.monotonic(), []
    seeds = (
        count(options.seed)
        if options.cases is None
        else iter(range(options.seed, options.seed + options.cases))
    )
    try:
        for outcome in outcomes(seeds, options.jobs):
            done.append(outcome)
            if outcome.found:
                show(outcome, coretype)
            if time.monotonic() - begun > options.seconds:
                break
    except KeyboardInterrupt:
        print(f"\nstopped before seed {options.seed + len(done)}")
    summarise(done)
    failed, cpu = sum(bool(outcome.found) for outcome in done), sum(outcome.seconds for outcome in done)
    print(f"\n{len(done)} cases, {failed} complaints, {cpu:.0f} CPU seconds")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
