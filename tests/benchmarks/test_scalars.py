"""The scalar engine against micrograd, and against itself on a chain ten times as long."""

import gc
import json
import os
import subprocess
import sys
import tracemalloc

import networkx as nx
import pytest
import scalar_net
from interleaved import Ratio, compare, paused_collector
from scalar_net import Training

import backviz

if os.environ.get("CI_PEERS"):
    import micrograd.engine as micrograd
else:
    micrograd = pytest.importorskip("micrograd.engine")


@pytest.fixture(autouse=True)
def heap_of_our_own():
    """Nothing that other tests left behind takes part in the collector's work, or delays it."""
    gc.collect()
    gc.freeze()
    gc.collect()
    yield
    gc.unfreeze()


@pytest.fixture
def both():
    return Training(backviz.Value, None), Training(micrograd.Value, 0)


def test_same_numbers(both):
    for training in both:
        for _ in range(3):
            training.step()
    ours, theirs = ([p.data for p in t.net.parameters] for t in both)
    assert ours == pytest.approx(theirs, rel=1e-12)


def test_same_bits_from_run_to_run():
    runs = [Training(backviz.Value, None) for _ in range(2)]
    for training in runs:
        training.step()
    assert [p.grad for p in runs[0].net.parameters] == [p.grad for p in runs[1].net.parameters]


@pytest.fixture(scope="module")
def measured():
    made = subprocess.run([sys.executable, scalar_net.__file__], check=True, capture_output=True)
    return json.loads(made.stdout)


@pytest.mark.parametrize(
    ("mode", "limit"), [("steady", 0.05), ("collected", 0.09), ("paused", 0.3)]
)
def test_a_training_step(record_ratio, measured, mode, limit):
    how = {"steady": "steady loop", "collected": "heap collected", "paused": "collector paused"}
    times = measured[mode]
    record_ratio(
        Ratio(
            f"micrograd's demo, a training step, {how[mode]}",
            times["backviz"],
            times["micrograd"],
            limit,
        )
    )


def test_memory(record_ratio, both):
    held = []
    for training in both:
        training.step()
        gc.collect()
        tracemalloc.start()
        loss = training.loss()
        loss.backward()
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        nodes = len(backviz.tape(loss)) if training is both[0] else nodes  # noqa: F821
    amounts = [bytes_ / nodes for bytes_ in held]
    record_ratio(Ratio("memory of a node after backward", *amounts, 0.2, "bytes"))


def chain(length):
    def run():
        factor, y = backviz.Value(0.99999), backviz.Value(0.5)
        for _ in range(length):
            y = y * factor
        y.backward()

    return run


CHAINS = "chain of 1,000,000 / chain of 100,000"


def test_a_chain_takes_linear_time(record_ratio):
    long, short = chain(1_000_000), chain(100_000)
    with paused_collector():
        record_ratio(compare(f"{CHAINS}, collector paused", long, short, 12, turns=5))


def test_a_chain_with_the_collector(record_ratio):
    # Python looks through all values again whenever a quarter more have come up
    long, short = chain(1_000_000), chain(100_000)
    record_ratio(compare(CHAINS, long, short, 12, turns=5, before=gc.collect))


def into_networkx(values):
    """What recording into networkx itself would cost: a node and its edges for each op."""
    graph = nx.MultiDiGraph()
    for node, about, edges in values:
        graph.add_node(node, **about)
        for tail, key, data in edges:
            graph.add_edge(tail, node, key, **data)
    return graph


@pytest.fixture
def recorded():
    training = Training(backviz.Value, None, samples=20)
    loss = training.loss()
    loss.backward()
    graph = backviz.to_graph(loss)
    into = {n: [] for n in graph}
    for tail, head, key, data in graph.edges(keys=True, data=True):
        into[head].append((tail, key, data))
    return training, loss, [(n, d, into[n]) for n, d in graph.nodes(data=True)]


def test_recording_against_adding_to_networkx(record_ratio, recorded):
    training, _, values = recorded
    record_ratio(
        compare("recording / adding to networkx", training.loss, lambda: into_networkx(values), 0.1)
    )


def test_graph_from_the_record(record_ratio, recorded):
    _, loss, values = recorded
    record_ratio(
        compare(
            "to_graph / add_node and add_edge",
            lambda: backviz.to_graph(loss),
            lambda: into_networkx(values),
            0.5,
        )
    )
