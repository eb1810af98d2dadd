"""When the time of a call is over: one clock for all of it, handed down to every loop that may be long.

A loop that is handed a `Deadline` ends with the best that it has by then. A `Pace` keeps it from beginning a round
that, by the longest before it, would end too late. Without a limit no clock is read at all. What a loop is at goes the
same way, to the `Line` of the call, if there is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from shutil import get_terminal_size
from threading import Event, Thread
from time import monotonic, time
from typing import Any

from numba.core import event
from tqdm import tqdm

from geomnn.checker.digits import printable

__all__ = ["NEVER", "Deadline", "Line", "OutOfTime", "Pace", "limited", "shown"]

COMPILING = "compiling, once on this machine: some ten seconds that no time limit counts"
# seconds: from when on a line is shown, how often it is written anew, and how often at most, as rounds may be short
SHOWN_AFTER, TICK, OFTEN = 2.0, 0.5, 0.1
SECONDS_WIDE = 10  # characters of the seconds behind it


class OutOfTime(Exception):
    """Raised by `Deadline.check` where what has been done by then is no answer, and caught where there is one."""


class Line:
    """One line on stderr that says what goes on and the seconds since it began: shown after two seconds, kept up to
    date, and removed at the end."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar = tqdm(
            bar_format="{desc}, {elapsed_s:.0f} s", delay=SHOWN_AFTER, miniters=0, mininterval=OFTEN, leave=False,
            ncols=get_terminal_size().columns, nrows=2,  # as a terminal that has no size says it has less than none
        )  # fmt: skip
        self._closed, self._ticking = Event(), Thread(target=self._tick, daemon=True)
        self._ticking.start()

    def say(self, stage: str) -> str:
        """What goes on from now on; what did before."""
        before, self._stage = self._stage, stage
        room = get_terminal_size().columns - SECONDS_WIDE  # a line that is longer would not be overwritten
        text = printable(stage if len(stage) <= room else f"{stage[: room - 3]}...")
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        self._bar.set_description_str(text.encode(encoding, "replace").decode(encoding), refresh=False)
        self._bar.update(0)
        return before

    def close(self) -> None:
        """Take the line away."""
        self._closed.set()
        self._ticking.join()
        self._bar.close()

    def _tick(self) -> None:
        while not self._closed.wait(TICK):
            self._bar.update(0)


@contextmanager
def shown(progress: bool | Line | None) -> Iterator[Line | None]:
    """The line that is given, one of its own for True, and none for False."""
    if not isinstance(progress, bool):
        yield progress
        return
    line = Line() if progress else None
    try:
        yield line
    finally:
        if line is not None:
            line.close()


class Clock(event.Listener):
    """Seconds that go by, but for those in which this process compiles, and the line that says what is done in them."""

    def __init__(self, line: Line | None = None):
        self.line, self._compiling, self._since, self._stood, self._before = line, 0, 0.0, 0.0, ""

    def seconds(self) -> float:
        """The seconds since some moment."""
        return (self._since if self._compiling else monotonic()) - self._stood

    def on_start(self, _: Any) -> None:
        """A function begins to be compiled, perhaps for one that is."""
        if not self._compiling:
            self._since = monotonic()
            if self.line is not None:
                before = self.line.say(COMPILING)
                self._before = "" if before == COMPILING else before  # of a call within a call
        self._compiling += 1

    def on_end(self, _: Any) -> None:
        """It has been compiled."""
        self._compiling -= 1
        if not self._compiling:
            self._stood += monotonic() - self._since
            if self.line is not None and self._before:
                self.line.say(self._before)


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

    def say(self, stage: str) -> None:
        """Show what goes on from now on, where the call has a line for it."""
        if self.clock.line is not None:
            self.clock.line.say(stage)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_arrived, (time() + self.left(),)) if self.end < inf else (Deadline, ())


def _arrived(end: float) -> Deadline:
    """The deadline at a moment of the wall clock, in this process."""
    return Deadline.after(end - time())


NEVER = Deadline()


class Pace:
    """Rounds of a loop: the next one begins only if it would end in time when it takes as long as the longest so far.

    Parameters
    ----------
    deadline : Deadline
    times : float
        How many of the longest have to fit in: more than one where similar work follows the last round.
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
def limited(seconds: float, progress: bool | Line | None) -> Iterator[Deadline]:
    """The deadline of a call, on a clock that stands still while numba compiles, with the line that shows progress.

    Parameters
    ----------
    seconds : float
        Infinite for no limit.
    progress : bool or Line, optional
        As `shown` takes it.
    """
    with shown(progress) as line:
        if seconds == inf and line is None:
            yield NEVER
            return
        clock = Clock(line)
        with event.install_listener("numba:compile", clock):
            yield Deadline(clock.seconds() + seconds, clock)
