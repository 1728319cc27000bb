"""The tensor engine against hand-written numpy, torch and autograd, one thread, float32."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensor_nets
from interleaved import Ratio

if not os.environ.get("CI_PEERS"):
    pytest.importorskip("torch")
    pytest.importorskip("autograd")

SMALL, MIDDLE, DEEP = tensor_nets.NETS
LIMITS = [
    (SMALL, "by hand", 1.35), (MIDDLE, "by hand", 1.08), (DEEP, "by hand", 1.2),
    (SMALL, "torch", 1 / 4), (MIDDLE, "torch", 1.1), (DEEP, "torch", 1.1),
    (SMALL, "autograd", 1 / 9), (MIDDLE, "autograd", 1.0), (DEEP, "autograd", 1.0),
]  # fmt: skip


@pytest.mark.parametrize("net", tensor_nets.NETS)
def test_all_engines_compute_the_same(net):
    truth = tensor_nets.losses(net, "by hand")
    for engine in ("backviz", "torch", "autograd"):
        assert tensor_nets.losses(net, engine) == pytest.approx(truth, rel=2e-5), engine


@pytest.fixture(scope="module")
def measured():
    # a process of its own, so that one thread is set before numpy is loaded
    script = Path(tensor_nets.__file__)
    made = subprocess.run([sys.executable, str(script)], check=True, capture_output=True)
    return json.loads(made.stdout)


@pytest.mark.parametrize(("net", "peer", "limit"), LIMITS)
def test_a_training_step(record_ratio, measured, net, peer, limit):
    times = measured[net]
    record_ratio(Ratio(f"{net}: a step / {peer}", times["backviz"], times[peer], limit))
