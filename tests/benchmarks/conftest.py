"""Ratios are printed and kept, never asserted: machines differ."""

import pytest

import backviz


@pytest.fixture
def record_ratio():
    def record(ratio):
        print(f"\n{ratio}")
        assert ratio.ours > 0

    return record


@pytest.fixture
def neuron():
    output = backviz.load("@karpathy-neuron")
    output.backward()
    return output
