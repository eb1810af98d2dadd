"""The choice of reg for a table: by samples that are left out, or what to say where none was given."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from geomnn.cross_validation import CrossValidation, cross_validate
from geomnn.deadline import Deadline
from geomnn.errors import OptionError
from geomnn.paths import reg_max
from geomnn.programs.solve import SUGGESTED

__all__ = ["RegChoice", "chosen_reg", "refuse_missing_reg"]

FOLDS = 5
MOST_SECONDS = 60.0  # of cross-validation, where no time limit is given
LEAST = 0.1  # where hardly any time is left
ENOUGH = 4  # regs that are compared, below which that tells nothing: the largest of them is a constant
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
    def sentence(self) -> str:
        """What was chosen, and why."""
        found = self.validation
        if not _tells(found):
            return (
                f"--reg auto chose {self.reg}, a hundredth of reg_max = {found.regs[0]:.3g}: the time was over before "
                "networks could be compared on rows left out. Allow more (--time-limit), or give a number."
            )
        least, regs = int(np.flatnonzero(found.regs == found.best)[0]), found.regs
        here = int(np.flatnonzero(regs == found.cautious)[0])
        what = "mean loss, in nats," if self.in_nats else "mean squared error"
        largest = " That is reg_max: no network was clearly better than a constant." * (here == 0)
        late = " The time was over before all of these networks were optimal." * found.stopped
        return (
            f"--reg auto chose {self.reg}: of {len(regs)} values from reg_max = {regs[0]:.3g} down to {regs[-1]:.3g} "
            f"the largest whose {what} on rows left out, {found.mean[here]:.3g}, is within one standard error, "
            f"{found.spread[least]:.2g}, of the least, {found.mean[least]:.3g} at {regs[least]:.3g} "
            f"({len(found.errors)} parts, each left out once, seed {self.seed}).{largest}{late}"
        )


def chosen_reg(
    X: np.ndarray,
    y: np.ndarray,
    labels: np.ndarray,
    seed: int,
    in_nats: bool,
    deadline: Deadline,
    **options: Any,
) -> RegChoice:
    """The reg that the one-standard-error rule takes of 30, in half of the time that is left.

    Parameters
    ----------
    X, y
        As in `geomnn.derive`.
    labels : ndarray, shape (n,)
        Numbers of classes; all the same where there are none.
    seed : int
    in_nats : bool
    deadline : Deadline
    **options
        Those of `geomnn.cross_validate`.

    Raises
    ------
    OptionError
        If there are fewer than two rows (of each class).
    """
    folds = min(FOLDS, int(np.unique(labels, return_counts=True)[1].min()))
    if folds < 2:
        raise OptionError(
            "--reg auto derives networks without some of the rows, and needs two rows at least, of each class; give a "
            "number."
        )
    limit = min(deadline.left() / 2, MOST_SECONDS)
    found = cross_validate(X, y, folds=folds, seed=seed, time_limit=max(limit, LEAST),
                           progress=deadline.clock.line, **options)  # fmt: skip
    reg = found.cautious if _tells(found) else SUGGESTED * found.regs[0]
    return RegChoice(Decimal(f"{Decimal(f'{reg:.3g}'):f}"), found, seed, in_nats)


def _tells(found: CrossValidation) -> bool:
    """Whether enough regs were compared to choose one of them."""
    return not found.stopped or len(found.regs) >= ENOUGH


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
