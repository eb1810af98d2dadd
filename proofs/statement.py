"""What a proof is: a statement, an argument in prose, and steps that a machine checks.

A step says how much it establishes, and the table of ``python -m proofs`` repeats it:

identity    a polynomial identity in symbols, so for all entries, in every dimension up to a stated one;
exhaustive  every case of a finite family (all sign patterns, all subsets, …) in exact arithmetic;
decided     a statement with quantifiers over the reals, of a stated size, decided by an SMT solver;
instance    chosen examples in exact arithmetic: evidence, not proof.

What carries from there to every size is the argument in prose.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

__all__ = ["KINDS", "ProofFailed", "Record", "Step", "Theorem", "require"]

KINDS = ("identity", "decided", "exhaustive", "instance")


class ProofFailed(Exception):
    """A step found its statement false; the message is the counterexample."""


def require(holds: Any, counterexample: str) -> None:
    """Raise `ProofFailed` unless a statement holds (it must be a plain True, not a SymPy relation)."""
    if not isinstance(holds, bool):
        raise TypeError(f"{holds!r} is neither True nor False: decide it before it is required.")
    if not holds:
        raise ProofFailed(counterexample)


@dataclass(frozen=True)
class Step:
    """One machine-checked part of a proof.

    Parameters
    ----------
    kind : {"identity", "decided", "exhaustive", "instance"}
    claim : str
        What it establishes, in words.
    scope : str
        For what it does, such as "all entries, d ≤ 6".
    check : callable
        Raises `ProofFailed` if the claim is false. Its keywords are the ingredients of the statement, so that
        a test can put a wrong one in their place and see the proof fail.
    needs : str
        An optional package, "" for none.
    """

    kind: str
    claim: str
    scope: str
    check: Callable[..., None]
    needs: str = ""


@dataclass(frozen=True)
class Record:
    """What became of a step: the seconds it took, and why it was left out or failed ("" if it holds)."""

    step: Step
    seconds: float
    left_out: str = ""
    failed: str = ""


@dataclass(frozen=True)
class Theorem:
    """A statement with its argument and its steps.

    Parameters
    ----------
    title : str
        A few words.
    section : str
        Where the theory has it, such as "section 1, equation (1)".
    words, latex : str
        The statement in prose and as LaTeX.
    argument : str
        The general argument, and which part of it each step checks.
    """

    title: str
    section: str
    words: str
    latex: str
    argument: str
    steps: list[Step] = field(default_factory=list)

    def step(self, kind: str, claim: str, scope: str, needs: str = "") -> Callable[[Callable], Callable]:
        """Decorator: the function checks a step of this theorem."""
        if kind not in KINDS:
            raise ValueError(f"kind={kind!r}; one of {', '.join(KINDS)} was expected.")

        def register(check: Callable[..., None]) -> Callable[..., None]:
            self.steps.append(Step(kind, claim, scope, check, needs))
            return check

        return register

    def prove(self) -> list[Record]:
        """Check every step, in order; a step whose package is missing is left out and says so."""
        return [_run(step) for step in self.steps]


def _run(step: Step) -> Record:
    if step.needs and find_spec(step.needs.replace("-solver", "")) is None:
        return Record(step, 0.0, left_out=f"{step.needs} is not installed")
    begin = time.perf_counter()
    try:
        step.check()
    except ProofFailed as reason:
        return Record(step, time.perf_counter() - begin, failed=str(reason))
    return Record(step, time.perf_counter() - begin)
