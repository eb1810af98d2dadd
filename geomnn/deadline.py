"""When the time of a call is over: one clock for all of it, handed down to every loop that may be long.

A loop that is handed a `Deadline` ends with the best that it has by then. A `Pace` keeps it from beginning a round
that, by the longest before it, would end too late. Without a limit no clock is read at all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from time import monotonic, time
from typing import Any

from numba.core import event
from tqdm import tqdm

__all__ = ["NEVER", "Deadline", "OutOfTime", "Pace", "limited"]


class OutOfTime(Exception):
    """Raised by `Deadline.check` where what has been done by then is no answer, and caught where there is one."""


class Clock(event.Listener):
    """Seconds that go by, but for those in which this process compiles."""

    def __init__(self, announce: Callable[[], None] | None = None):
        self._announce, self._compiling, self._since, self._stood = announce, 0, 0.0, 0.0

    def seconds(self) -> float:
        """The seconds since some moment."""
        return (self._since if self._compiling else monotonic()) - self._stood

    def on_start(self, _: Any) -> None:
        """A function begins to be compiled, perhaps for one that is."""
        if not self._compiling:
            self._since = monotonic()
            if self._announce is not None:
                self._announce()
                self._announce = None
        self._compiling += 1

    def on_end(self, _: Any) -> None:
        """It has been compiled."""
        self._compiling -= 1
        if not self._compiling:
            self._stood += monotonic() - self._since


@dataclass(frozen=True)
class Deadline:
    """The moment at which the time of a call is over.

    On the way to another process it is the wall clock's moment, as monotonic clocks of two machines have nothing to do
    with each other, and as seconds that are left would not count those in which a job waits for its turn. It is off by
    as much as the clocks of the two machines differ.

    Parameters
    ----------
    end : float
        On the clock; infinite if there is no such moment.
    clock : Clock
    """

    end: float = inf
    clock: Clock = field(default_factory=Clock, repr=False, compare=False)

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now on."""
        clock = Clock()
        return cls(clock.seconds() + seconds, clock) if seconds < inf else NEVER

    def left(self) -> float:
        """Seconds until then, 0 if it is over."""
        return max(self.end - self.clock.seconds(), 0.0) if self.end < inf else inf

    def over(self, ahead: float = 0.0) -> bool:
        """Whether it is over, or will be in so many seconds."""
        return self.end < inf and self.clock.seconds() + ahead >= self.end

    def part(self, share: float) -> Deadline:
        """The moment at which this share of the seconds that are left is over."""
        return self if self.end == inf else Deadline(self.end - (1 - share) * self.left(), self.clock)

    def check(self) -> None:
        """Raise `OutOfTime` if it is over."""
        if self.over():
            raise OutOfTime

    def __reduce__(self) -> tuple[Any, ...]:
        return (_arrived, (time() + self.left(),)) if self.end < inf else (Deadline, ())


def _arrived(end: float) -> Deadline:
    """The deadline at a moment of the wall clock, in this process."""
    return Deadline.after(end - time())


NEVER = Deadline()


class Pace:
    """Rounds of a loop, of which none begins that, by the longest before it, would end too late.

    Parameters
    ----------
    deadline : Deadline
    times : float
        How many of the longest have to fit in: more than one where something of the kind comes after the last.
    """

    def __init__(self, deadline: Deadline, times: float = 1.0):
        self._deadline, self._times, self._longest = deadline, times, 0.0
        self._left = deadline.left()

    def over(self) -> bool:
        """Whether no round should begin; asked once before each."""
        if self._deadline.end == inf:
            return False
        left = self._deadline.left()
        self._longest, self._left = max(self._longest, self._left - left), left
        return left <= self._times * self._longest


@contextmanager
def limited(seconds: float, progress: bool) -> Iterator[Deadline]:
    """The deadline of a call, on a clock that stands still while numba compiles, which is said where progress is shown.

    Parameters
    ----------
    seconds : float
        Infinite for no limit.
    progress : bool
    """
    clock = Clock(_announce if progress else None)
    if seconds == inf and not progress:
        yield NEVER
        return
    with event.install_listener("numba:compile", clock):
        yield Deadline(clock.seconds() + seconds, clock)


def _announce() -> None:
    tqdm.write("compiling, once on this machine: some ten seconds that no time limit counts", file=sys.stderr)
