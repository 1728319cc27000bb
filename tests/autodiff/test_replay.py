"""A record run again on other numbers: what a fresh trace gives, or one sentence."""

import re

import numpy as np
import pytest
from random_graphs import random_graph

import backviz
from backviz import Value, tensor
from backviz.autodiff import decisions
from backviz.autodiff.replay import Replay, forward
from backviz.autodiff.tape import tape
from backviz.errors import InputError


def moved(values, seed):
    """Other numbers of the same kind for every leaf that wants a gradient."""
    rng = np.random.default_rng(seed)
    return {
        i: v.data + 0.1 * rng.normal(size=v.shape) if v.shape else v.data + 0.1 * rng.normal()
        for i, v in enumerate(values)
        if v.is_leaf and v.requires_grad
    }


def retraced(values, data):
    """The same ops called anew by their rows, not by the replay: an independent second record."""
    made = []
    place = {v.serial: i for i, v in enumerate(values)}
    for i, v in enumerate(values):
        if v.is_leaf:
            made.append(Value(data.get(i, v.data), requires_grad=v.requires_grad))
        else:
            args = [made[place[x.serial]] for x in v.inputs]
            made.append(v.op(*args, **v.params) if v.params else v.op(*args))
    return made


@pytest.mark.parametrize("part", range(4))
def test_300_random_graphs_give_what_a_fresh_trace_gives(part):
    for seed in range(part * 75, (part + 1) * 75):
        output = random_graph(seed)
        values = tape(output)
        before = [np.array(v.data) for v in values]
        data = moved(values, seed)
        replay = Replay(output)
        run = replay(data)
        fresh = retraced(values, data)
        for a, b in zip(run, fresh, strict=True):
            np.testing.assert_allclose(a.data, b.data, rtol=1e-12, atol=1e-12)
        if output.requires_grad:
            fresh[-1].backward(np.ones(output.shape) if output.shape else None)
            gradients = replay.gradients(run)
            for i, b in enumerate(fresh):
                assert (i in gradients) == (b.grad is not None)
                if i in gradients:
                    np.testing.assert_allclose(gradients[i], b.grad, rtol=1e-12, atol=1e-12)
        assert all(np.array_equal(v.data, x) for v, x in zip(values, before, strict=True))


def test_a_planted_fault_in_the_replay_falls(monkeypatch):
    def lazy(values, made):  # one op that is not computed again
        found = forward(values, made)
        ops = [serial for serial in found if serial in {v.serial for v in values if v.op}]
        del found[ops[0]]
        return found

    monkeypatch.setattr("backviz.autodiff.replay.forward", lazy)
    with pytest.raises(AssertionError):
        test_300_random_graphs_give_what_a_fresh_trace_gives(0)


def refused(output, data):
    with pytest.raises(InputError) as error:
        Replay(output)(data)
    said = str(error.value)
    assert "\n" not in said and re.search(r"test_replay\.py:\d+", said), said
    return said


def test_a_condition_that_would_turn_is_refused_and_one_that_holds_is_not():
    a = Value(2.0, "a")
    L = a * 2 if a > 1 else a * 3
    assert Replay(L)({0: 5.0})[-1].data == 10.0
    assert "was true when this was recorded and is false" in refused(L, {0: 0.5})
    b = Value(-2.0, "b")
    L = b * 2 if b > 1 else b * 3
    assert "was false when this was recorded and is true" in refused(L, {0: 4.0})


def test_a_condition_far_behind_the_record_is_asked_by_its_place_on_the_tape():
    x = Value(0.5, "x")
    h = x
    for _ in range(30):
        h = h * 1.01 + 0.001
    L = h * 2 if h * h > 0.1 else h
    assert Replay(L)({0: 0.6})[-1].data == pytest.approx(2 * Replay(h)({0: 0.6})[-1].data)
    assert "would take another branch" in refused(L, {0: 0.01})


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda x: x.sum() * x.max().item(), id="item"),
        pytest.param(lambda x: x.sum() * float(x.max()), id="float"),
        pytest.param(lambda x: x[x.argmax()] * 2.0, id="argmax"),
        pytest.param(lambda x: x[x > 1.5].sum(), id="mask"),
        pytest.param(lambda x: (x * x.detach()).sum(), id="detach"),
        pytest.param(lambda x: (x * x.numpy()).sum(), id="numpy"),
        pytest.param(lambda x: x.sum() * x.tolist()[1], id="tolist"),
        pytest.param(lambda x: max(x[0], x[1]) * 2.0, id="max"),
        pytest.param(lambda x: sorted([x[0], x[1], x[2]])[0] * 3.0, id="sorted"),
        pytest.param(lambda x: sum(x[i] for i in range(int(x[1]))), id="range"),
    ],
)
@pytest.mark.filterwarnings("ignore::backviz.errors.LostGradientWarning")
def test_whatever_reads_a_number_out_of_the_record_is_refused_when_it_would_be_another(ask):
    x = tensor([1.0, 3.0, 2.0], "x")
    L = ask(x)
    same = [i for i, v in enumerate(tape(L)) if v.label == "x"]
    assert Replay(L)({same[0]: [1.0, 3.0, 2.0]})[-1].data == L.data
    with pytest.raises(InputError) as error:
        Replay(L)({same[0]: [5.0, 1.0, 0.5]})
    assert "\n" not in str(error.value)


def test_ops_that_choose_inside_their_rule_are_replayed_as_they_are():
    x = tensor([1.0, 3.0, 2.0], "x")
    cases = [
        np.where(x > 1.5, x * 2, x).sum(), x.max() * 2, np.sort(x)[0] * 1.0,
        backviz.ops.relu(x - 2).sum(), np.clip(x, 0.0, 2.0).sum(),
    ]  # fmt: skip
    new = np.array([5.0, 1.0, 0.5])
    wanted = [np.where(new > 1.5, new * 2, new).sum(), 10.0, 0.5, 3.0, 3.5]
    for L, number in zip(cases, wanted, strict=True):
        assert Replay(L)({0: new})[-1].data == number


def test_questions_about_older_numbers_or_after_the_result_do_not_count():
    w = Value(2.0, "w")
    if w > 1:  # before the step: about another number
        w.data = 0.5
    L = w * w
    if L > 0.1 and L.item() > 0.1:  # after the result
        pass
    assert Replay(L)({0: 3.0})[-1].data == 9.0
    print(f"{w:.2f}", L.item(), float(L))
    assert Replay(w * 2.0)({0: 3.0})[-1].data == 6.0
    assert "read the number 0.25" in refused(w * (w * w).item(), {0: 3.0})


def test_a_whole_number_made_of_a_value_holds_as_long_as_it_is_the_same():
    x = Value(3.5, "x")
    L = sum(x * i for i in range(int(x))) * 1.0
    place = [v.label for v in tape(L)].index("x")
    assert Replay(L)({place: 3.75})[-1].data == 3.75 * 3
    assert "read the number 3 " in refused(L, {place: 4.25})


def test_a_copy_of_a_record_is_guarded_as_the_record_is():
    from copy import deepcopy

    a = Value(2.0, "a")
    L = deepcopy(a * 2 if a > 1 else a * 3)
    assert Replay(L)({0: 5.0})[-1].data == 10.0
    assert "another branch" in refused(L, {0: 0.5})


def test_what_cannot_be_asked_anew_is_refused(monkeypatch):
    monkeypatch.setattr(decisions, "NEAR", 1)
    a = Value(2.0, "a")
    L = a * 2 if a * a > 1 else a * 3
    assert "cannot be told" in refused(L, {0: 5.0})


def test_questions_keep_no_record_alive():
    import gc

    gc.collect()
    before = sum(issubclass(type(x), Value) for x in gc.get_objects())
    for _ in range(50):
        a = Value(2.0)
        L = a * 2 if a > 1 else a
    del a, L
    gc.collect()
    assert sum(issubclass(type(x), Value) for x in gc.get_objects()) <= before + 3


def test_shapes_that_do_not_fit_are_one_sentence():
    x = tensor([1.0, 2.0], "x")
    with pytest.raises(InputError, match=r"x has shape \(2,\), but the value has \(3,\)"):
        Replay(x.sum())({0: [1.0, 2.0, 3.0]})


FILE = """
from backviz import Value
w = Value(4.0, "w")
for k in range(5):
    L = (w - 1) ** 2
    w.grad = None
    L.backward()
    w.data -= 0.1 * w.grad
    print(k, L.data, w.data, f"{w.item():.3f} {L.data}")
M = w * w if w.data > 1 else w
N = w * 3
seen = []
seen.append(N.data)
print(f"{float(w):.2f}")
K = N * w
"""


def test_a_file_that_prints_while_it_trains_is_replayed_and_one_that_asks_is_not(tmp_path, capsys):
    path = tmp_path / "trains.py"
    path.write_text(FILE)
    L = backviz.load(f"{path}:L")
    assert Replay(L)({0: 3.0})[-1].data == 4.0
    with pytest.raises(InputError, match=r"at trains\.py:10"):
        Replay(backviz.load(f"{path}:M"))({0: 0.5})
    with pytest.raises(InputError, match=r"at trains\.py:1[03]"):
        Replay(backviz.load(f"{path}:K"))({0: 0.5})


def test_of_large_arrays_little_is_kept_and_they_are_guarded_all_the_same():
    x = tensor(np.linspace(-1, 1, 5000), "x")
    L = (x * x.numpy()).sum()
    assert all(
        isinstance(asked.answer, decisions.Large) or np.size(asked.answer) <= decisions.LARGEST
        for asked in decisions._asked
    )
    place = [v.label for v in tape(L)].index("x")
    assert Replay(L)({place: np.linspace(-1, 1, 5000)})[-1].data == L.data
    with pytest.raises(InputError, match="read an array"):
        Replay(L)({place: np.linspace(-1, 2, 5000)})
