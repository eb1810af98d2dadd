"""How much is done for a solution: one object, handed down to everything that computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import numpy as np

from geomnn.deadline import NEVER, Deadline, Line, limited, shown
from geomnn.errors import OptionError
from geomnn.validation import check_integer

__all__ = ["USUAL", "Effort"]


@dataclass(frozen=True)
class Effort:
    """How closely, how long and from where a problem is solved.

    Parameters
    ----------
    tol : float
        Relative duality gap.
    seed : int
        Of all that is drawn.
    progress : bool or Line, optional
        Whether to show what goes on, or where.
    time_limit : float, optional
        Seconds for all of a call; None for no end.
    affordable : float
        The seconds up to which a solve over all atoms is what "auto" stands for.
    rounds : int
        The most rounds of a search.
    far_off : float
        The largest correlation, in units of reg, from which on a search says that its network is not optimal.
    deadline : Deadline
        The moment at which the time is over, once `begun`.

    Raises
    ------
    OptionError
        If one of the first four is not of these.
    """

    tol: float = 1e-9
    seed: int = 0
    progress: bool | Line | None = False
    time_limit: float | None = None
    affordable: float = 60.0
    rounds: int = 1000
    far_off: float = 1.1
    deadline: Deadline = NEVER

    def __post_init__(self) -> None:
        if not _is_number(self.tol) or not 0 < self.tol < 1:
            raise OptionError(
                "{tol}; a relative gap between 0 and 1 was expected, such as 1e-9.", tol=self.tol
            )
        check_integer("seed", self.seed, 0)
        check_integer("rounds", self.rounds, 1)
        if not isinstance(self.progress, bool | Line | None):
            raise OptionError("{progress}; True or False was expected.", progress=self.progress)
        if self.time_limit is not None and not (_is_number(self.time_limit) and self.time_limit > 0):
            raise OptionError(
                "{time_limit}; seconds above 0 were expected, or no limit.", time_limit=self.time_limit
            )

    @contextmanager
    def begun(self) -> Iterator[Effort]:
        """The effort with the deadline of a call that begins now."""
        seconds = inf if self.time_limit is None else float(self.time_limit)
        with shown(self.progress) as line, limited(seconds, line) as deadline:
            yield replace(self, progress=line, deadline=deadline)

    def part(self, share: float) -> Effort:
        """The effort of this share of the time that is left."""
        return replace(self, deadline=self.deadline.part(share))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


USUAL = Effort()
