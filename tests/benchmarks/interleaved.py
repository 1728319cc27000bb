"""Ratios of two ways of doing the same, measured in turns in one run.

Only ratios mean anything: both sides see the same machine in the same minute. The
median of many short turns is taken, after one turn that does not count.
"""

import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """What was compared, both medians in seconds, and the limit it should stay under."""

    what: str
    ours: float
    theirs: float
    limit: float

    @property
    def ratio(self):
        return self.ours / self.theirs

    def __str__(self):
        verdict = "ok" if self.ratio <= self.limit else "OVER"
        return (
            f"{self.what}: {self.ratio:.2f} (limit {self.limit:g}, {verdict}; "
            f"{1e3 * self.ours:.1f} ms against {1e3 * self.theirs:.1f} ms)"
        )


def compare(what, ours, theirs, limit, turns=15):
    """Run both in turns and compare their medians."""
    times = ([], [])
    for turn in range(turns + 1):
        for job, spent in zip((ours, theirs), times, strict=True):
            start = time.perf_counter()
            job()
            if turn:
                spent.append(time.perf_counter() - start)
    return Ratio(what, statistics.median(times[0]), statistics.median(times[1]), limit)
