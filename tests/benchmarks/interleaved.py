"""Ratios of two ways of doing the same, measured in turns in one run.

Only ratios mean anything: both sides see the same machine in the same minute. The
median of many short turns is taken, after one turn that does not count.
"""

import gc
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """What was compared, both amounts, and the limit that the ratio should stay under."""

    what: str
    ours: float
    theirs: float
    limit: float
    unit: str = "s"

    @property
    def ratio(self):
        return self.ours / self.theirs

    def _amount(self, amount):
        if self.unit == "s":
            return f"{1e3 * amount:.3g} ms"
        return f"{amount:.4g} {self.unit}"

    def __str__(self):
        verdict = "ok" if self.ratio <= self.limit else "OVER"
        return (
            f"{self.what}: {self.ratio:.3g} (limit {self.limit:g}, {verdict}; "
            f"{self._amount(self.ours)} against {self._amount(self.theirs)})"
        )

    def row(self):
        over = "" if self.ratio <= self.limit else " (over)"
        cells = (
            self.what, f"{self.ratio:.3g}{over}", f"{self.limit:g}",
            self._amount(self.ours), self._amount(self.theirs),
        )  # fmt: skip
        return f"| {' | '.join(cells)} |\n"


def compare(what, ours, theirs, limit, turns=15, before=None):
    """Run both in turns and compare their medians; `before` is called ahead of every turn."""
    times = ([], [])
    for turn in range(turns + 1):
        for job, spent in zip((ours, theirs), times, strict=True):
            if before:
                before()
            start = time.perf_counter()
            job()
            if turn:
                spent.append(time.perf_counter() - start)
    return Ratio(what, statistics.median(times[0]), statistics.median(times[1]), limit)


def against_a_slow_run(what, ours, theirs, limit, turns=3):
    """The same where the other takes many seconds: it runs once, between two halves of ours.

    `theirs(most)` may give up after `most` seconds, which is enough to show that the limit is
    kept; the ratio is then an upper bound.
    """
    ours()
    times = [_timed(ours) for _ in range(turns)]
    spent = _timed(lambda: theirs(1.3 * max(times) / limit))
    times += [_timed(ours) for _ in range(turns)]
    return Ratio(what, statistics.median(times), spent, limit)


def _timed(job):
    start = time.perf_counter()
    job()
    return time.perf_counter() - start


class paused_collector:  # noqa: N801
    """A block in which the garbage collector does not run by itself."""

    def __enter__(self):
        gc.collect()
        gc.disable()

    def __exit__(self, *_):
        gc.enable()
