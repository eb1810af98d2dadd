"""The choice of reg for a table: by samples that are left out, or what to say where none was given."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from geomnn.cross_validation import MOST_SECONDS, CrossValidation, choose_reg
from geomnn.deadline import Deadline
from geomnn.errors import OptionError
from geomnn.paths import reg_max
from geomnn.programs.effort import Effort
from geomnn.programs.problem import pose
from geomnn.programs.solve import SUGGESTED

__all__ = ["RegChoice", "chosen_reg", "refuse_missing_reg"]

LEAST = 0.1  # where hardly any time is left
LOOKING = 5.0  # and for the largest reg, where none is given


@dataclass(frozen=True)
class RegChoice:
    """A reg by cross-validation and the one-standard-error rule.

    Parameters
    ----------
    reg : Decimal
        The choice, to three digits.
    validation : CrossValidation
    seed : int
        Of the parts.
    in_nats : bool
        Whether errors are those of a loss of classes.
    """

    reg: Decimal
    validation: CrossValidation
    seed: int
    in_nats: bool

    @property
    def is_largest(self) -> bool:
        """Whether no network was clearly better than a constant."""
        return bool(self.validation.tells and self.validation.cautious == self.validation.regs[0])

    @property
    def sentence(self) -> str:
        """What was chosen, and why."""
        found = self.validation
        if not found.tells:
            return (
                f"--reg auto chose {self.reg}, a hundredth of reg_max = {found.regs[0]:.3g}: the time was over before "
                "networks could be compared on rows left out. Allow more (--time-limit), or give a number."
            )
        least, regs = int(np.flatnonzero(found.regs == found.best)[0]), found.regs
        here = int(np.flatnonzero(regs == found.cautious)[0])
        what = "mean loss, in nats," if self.in_nats else "mean squared error"
        largest = " That is reg_max: no network was clearly better than a constant." * self.is_largest
        late = " The time was over before all of these networks were optimal." * found.stopped
        return (
            f"--reg auto chose {self.reg}: of {len(regs)} values from reg_max = {regs[0]:.3g} down to {regs[-1]:.3g} "
            f"the largest whose {what} on rows left out, {found.mean[here]:.3g}, is within one standard error, "
            f"{found.spread[least]:.2g}, of the least, {found.mean[least]:.3g} at {regs[least]:.3g} "
            f"({len(found.errors)} parts, each left out once, seed {self.seed}).{largest}{late}"
        )


def chosen_reg(
    X: np.ndarray, y: np.ndarray, seed: int, deadline: Deadline, dictionary: str, **options: Any
) -> RegChoice:
    """The reg that the one-standard-error rule takes of 30, in half of the time that is left.

    Parameters
    ----------
    X, y
        As in `geomnn.derive`.
    seed : int
    deadline : Deadline
    dictionary : str
    **options
        Those of `pose`: norm, bias and loss.

    Raises
    ------
    OptionError
        If there are fewer than two rows (of each class).
    """
    problem = pose(X, y, reg=1.0, **options)
    limit = max(min(deadline.left() / 2, MOST_SECONDS), LEAST)
    effort = Effort(seed=seed, progress=deadline.clock.line)
    reg, found = choose_reg(problem, dictionary, effort, limit)
    return RegChoice(reg, found, seed, not problem.loss.is_quadratic)


def refuse_missing_reg(X: np.ndarray, y: np.ndarray, **options: Any) -> None:
    """Say which reg there could be, of a table that came without.

    Raises
    ------
    OptionError
        In any case.
    """
    largest = reg_max(X, y, time_limit=LOOKING, **options)
    if not largest:
        raise OptionError(
            "--reg is missing; no neuron is of use for this target, so any will do: give --reg 1."
        )
    raise OptionError(
        f"--reg is missing; it is the weight of the penalty. From reg_max = {largest:.4g} on the network of this table "
        f"is a constant: begin with --reg {SUGGESTED * largest:.2g}, a hundredth of it, or let --reg auto choose."
    )
