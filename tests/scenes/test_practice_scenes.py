"""Scenes of practice: saving, batches and libraries, with torch and numpy as the truth."""

import numpy as np
import pytest
from bilingual import check_both_languages
from peers import needs_torch, torch

from backviz import scenes
from backviz.data import SETS
from backviz.errors import UsageError
from backviz.scenes.optimizer_choice import one_choice
from backviz.scenes.provider import provided
from backviz.scenes.resumed_runs import Training


@pytest.mark.parametrize("name", ["resume", "batches", "conventions"])
def test_the_captions_are_whole_sentences_in_both_languages(name):
    check_both_languages(name)


@pytest.mark.parametrize("optimizer", ["adam", "sgd:momentum=.9", "rmsprop", "adagrad", "nadam"])
def test_with_the_state_a_resumed_run_is_the_same_to_the_last_bit(optimizer):
    data = scenes.resume(optimizer=optimizer, epochs=8, saved=4).data()
    assert np.array_equal(data["loss.with.y"], data["loss.whole.y"], equal_nan=True)
    assert np.nanmax(data["apart.with.y"]) == 0 < data["apart.without.y"][-1, -1]
    place = int(data["loss.saved.at"])
    assert not data["apart.without.y"][-1, : place + 1].any()


def test_plain_descent_has_no_state_to_lose():
    data = scenes.resume(optimizer="sgd", epochs=6, saved=3).data()
    assert np.nanmax(data["apart.without.y"]) == 0


def test_the_saved_state_goes_through_a_file(tmp_path):
    x, kind = SETS["moons"](40, noise=0.2, seed=1)
    given = provided(None, x, np.where(kind > 0, 1.0, -1.0))
    one = Training(given, one_choice("adam"), 0.05, 16, 3)
    list(one.epoch())
    file = tmp_path / "run.npz"
    flat = {f"{part}/{k}": v for part, state in one.saved().items() for k, v in state.items()}
    np.savez(file, **flat)
    other = Training(given, one_choice("adam"), 0.05, 16, 3)
    with np.load(file) as held:
        for part, target in (("net", other.net), ("optimizer", other.optimizer),
                             ("batches", other.batches)):  # fmt: skip
            names = [k for k in held.files if k.startswith(f"{part}/")]
            target.load_state_dict({k.partition("/")[2]: held[k] for k in names})
    for (a, w), (b, v) in zip(one.epoch(), other.epoch(), strict=True):
        assert a == b
        assert np.array_equal(w, v)


@needs_torch
def test_the_run_is_torch_s_with_and_without_the_state():
    x, kind = SETS["moons"](96, noise=0.2, seed=0)
    y = torch.tensor(np.where(kind > 0, 1.0, -1.0)[:, None])
    given = provided(None, x, np.where(kind > 0, 1.0, -1.0))
    start = Training(given, one_choice("adam"), 0.1, 96, 0).net.parameters()
    for resumed in (False, True):
        ws = [torch.tensor(np.asarray(p.data), requires_grad=True) for p in start]
        descent, losses = torch.optim.Adam(ws, lr=0.1), []
        for k in range(12):
            if resumed and k == 6:
                descent = torch.optim.Adam(ws, lr=0.1)
            out = torch.tanh(torch.tensor(x) @ ws[0] + ws[1]) @ ws[2] + ws[3]
            loss = torch.nn.functional.softplus(-y * out).mean()
            losses.append(loss.item())
            descent.zero_grad()
            loss.backward()
            descent.step()
        data = scenes.resume(epochs=12, saved=6, batch=96).data()
        shown = data["loss.without.y" if resumed else "loss.whole.y"][-1]
        np.testing.assert_allclose(shown, losses, rtol=1e-8)


def test_own_points_of_two_classes_are_trained_on(tmp_path):
    path = tmp_path / "pets.csv"
    path.write_text("1,50,cat\n2,60,dog\n1.5,40,cat\n3,90,dog\n0.5,55,cat\n2.5,70,dog\n")
    data = scenes.resume(data=str(path), epochs=4, saved=2, batch=3).data()
    assert data["loss.whole.y"].shape[1] == 8  # two batches in each of four epochs
    assert np.nanmax(data["apart.with.y"]) == 0


@pytest.mark.parametrize(("samples", "size"), [(12, 4), (7, 3), (20, 1), (5, 20)])
def test_every_sample_is_used_once_an_epoch(samples, size):
    data = scenes.batches(samples=samples, size=size, epochs=3).data()
    rows, uses = data["orders.table.rows"], data["used.uses.heights"]
    many = rows.shape[2] - 2
    for epoch in range(3):
        taken = sorted(int(n) for cell in rows[-1][epoch, 2:] for n in cell.split())
        assert taken == list(range(1, samples + 1))
        assert (uses[(epoch + 1) * many - 1] == epoch + 1).all()
    first, again, other = rows[-1][:3, 2:], rows[-1][3:6, 2:], rows[-1][6:, 2:]
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])  # a new order in each epoch
    wanted = [np.random.default_rng((0, e)).permutation(samples) + 1 for e in range(3)]
    assert [int(n) for cell in first[1] for n in cell.split()] == wanted[1].tolist()


def _ways(data):
    return {n: np.stack([data[f"map.{n}.{c}"][-1] for c in "xy"], axis=1)
            for n in ("torch", "keras", "optax")}  # fmt: skip


@needs_torch
@pytest.mark.parametrize(
    ("name", "theirs"), [("rmsprop", "RMSprop"), ("adagrad", "Adagrad"), ("nadam", "NAdam"),
                         ("adam", "Adam"), ("adamax", "Adamax")],
)  # fmt: skip
def test_torch_s_way_is_torch_s(name, theirs):
    way = _ways(scenes.conventions(optimizer=name, rate=0.1, steps=15).data())["torch"]
    at = torch.tensor([-5.0, -2.0], dtype=torch.float64, requires_grad=True)
    descent = getattr(torch.optim, theirs)([at], lr=0.1)
    close = 1e-7 if name == "nadam" else 1e-9  # torch keeps its product of momenta in float32
    for k in range(16):
        np.testing.assert_allclose(way[k], at.detach(), rtol=close, atol=1e-12)
        descent.zero_grad()
        (0.1 * at[0] ** 2 + 2 * at[1] ** 2).backward()
        descent.step()


def test_the_others_are_what_their_pages_say():
    """keras: ε in the root, ρ = .9; optax the same with ε = 1e−8; by hand."""
    ways = _ways(scenes.conventions(steps=10, rate=0.1).data())
    for name, eps in (("keras", 1e-7), ("optax", 1e-8)):
        at, s = np.array([-5.0, -2.0]), np.zeros(2)
        for k in range(11):
            np.testing.assert_allclose(ways[name][k], at, rtol=1e-9)
            g = np.array([0.2, 4.0]) * at
            s = 0.9 * s + 0.1 * g**2
            at = at - 0.1 * g / np.sqrt(s + eps)


def test_the_rate_in_the_buffer_matters_only_when_it_changes():
    for schedule, apart in (("constant", False), ("step", True)):
        data = scenes.conventions(
            optimizer="sgd", momentum=0.9, rate=0.02, schedule=schedule, steps=40
        ).data()
        ways = _ways(data)
        assert np.allclose(ways["torch"], ways["optax"], rtol=1e-12)
        gap = np.abs(ways["torch"] - ways["keras"]).max()
        assert (gap > 0.05) == apart, gap
        if not apart:
            assert gap < 1e-12
    with pytest.raises(UsageError, match="adam has no momentum of its own"):
        scenes.conventions(optimizer="adam", momentum=0.5)
