"""Initial variance of deep networks against the same in numpy by hand, on one thread.

    python tests/benchmarks/test_deep.py        one JSON line: seconds a network, ours and by hand

A network has 50 layers of 512 units; signal and gradient are measured in every layer, and
the film's 20 networks are 20 of these one after the other.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import numpy as np

from backviz.nn import init
from backviz.scenes.sampled import sampled

DEPTH, WIDTH, BATCH, SEEDS = 50, 512, 16, 20


def by_hand(seed, depth=DEPTH, width=WIDTH):
    """Mean squares of z and ∂L/∂z in a network of He's ReLU layers."""
    draw = np.random.default_rng(seed)
    h = draw.standard_normal((BATCH, width))
    weights, inputs = [], []
    for _ in range(depth):
        weights.append(draw.standard_normal((width, width)) * np.sqrt(2 / width))
        inputs.append(h @ weights[-1])
        h = np.maximum(inputs[-1], 0)
    g = draw.standard_normal((BATCH, width))
    backward = []
    for w, z in zip(weights[::-1], inputs[::-1], strict=True):
        g = g * (z > 0)
        backward.append(np.mean(g * g))
        g = g @ w.T
    return [np.mean(z * z) for z in inputs], backward[::-1]


def ours(seed, depth=DEPTH, width=WIDTH):
    made = sampled(
        "relu", init.he_normal, depth=depth, width=width, seeds=1, batch=BATCH, seed=seed
    )
    return made.forward[0], made.backward[0]


def timed(job, seed):
    start = time.perf_counter()
    job(seed)
    return time.perf_counter() - start


def measure():
    """Median seconds a network, both in turns, after one turn that does not count."""
    spent = {ours: [], by_hand: []}
    for seed in range(SEEDS + 1):
        for job, times in spent.items():
            times.append(timed(job, seed))
    return {job.__name__: statistics.median(times[1:]) for job, times in spent.items()}


def test_both_measure_the_same():
    # the random numbers differ, so the averages over networks are compared
    mine, theirs = (
        np.mean([np.log(job(seed, 5, 128)) for seed in range(30)], axis=0)
        for job in (ours, by_hand)
    )
    np.testing.assert_allclose(mine, theirs, atol=0.25)


def test_initial_variance(record_ratio):
    from interleaved import Ratio

    made = subprocess.run([sys.executable, str(Path(__file__))], check=True, capture_output=True)
    times = json.loads(made.stdout)
    what = "initial variance, 50 layers of 512 / numpy by hand"
    record_ratio(Ratio(what, times["ours"], times["by_hand"], 2))


if __name__ == "__main__":
    json.dump(measure(), sys.stdout)
