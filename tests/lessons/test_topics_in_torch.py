"""What the topics say about torch is what torch does."""

import numpy as np
import pytest
from peers import needs_torch, torch

from backviz.lessons import explanation
from backviz.lessons.model import Table

pytestmark = needs_torch


def rows(name, which=0):
    """The rows of a table of a topic."""
    return [b for b in explanation(name).blocks if isinstance(b, Table)][which].rows


def leaf(data):
    return torch.tensor(data, dtype=torch.float64, requires_grad=True)


def plain(gradient):
    return None if gradient is None else gradient.numpy()


def agree(got, expected):
    if got is None or expected is None:
        return got is expected
    return np.allclose(got, expected, rtol=1e-6, atol=1e-9, equal_nan=True)


def test_a_second_backward_is_refused_unless_the_graph_was_retained():
    for retained in (False, True):
        a, b, c = (leaf(x) for x in (2.0, 3.0, 4.0))
        loss = a * b * c
        loss.backward(retain_graph=retained)
        if not retained:
            with pytest.raises(RuntimeError, match="backward through the graph a second time"):
                loss.backward()
            continue
        once = [v.grad.item() for v in (a, b, c)]
        loss.backward()
        shown = rows("backward-twice")[:3]
        assert [(row[2], row[3]) for row in shown] == [
            (x, v.grad.item()) for x, v in zip(once, (a, b, c), strict=True)
        ]


def test_retain_graph_goes_back_through_all_steps_and_detach_through_one():
    for column, detached in ((2, True), (4, False)):
        w, h, found = leaf(0.9), torch.tensor(0.5, dtype=torch.float64), []
        for _ in range(4):
            h = torch.tanh(w * h + 0.2)
            ((h - 1) ** 2).backward(retain_graph=not detached)
            found.append(w.grad.item())
            w.grad = None
            h = h.detach() if detached else h
        assert agree([row[column] for row in rows("retain-graph")], found)
    w, h = leaf(0.9), torch.tensor(0.5, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="a second time"):
        for _ in range(2):
            h = torch.tanh(w * h + 0.2)
            ((h - 1) ** 2).backward()


def test_detach_no_grad_and_requires_grad_cut_what_the_table_says():
    def made(way):
        a, b, c = (leaf(x) for x in (2.0, 3.0, 4.0))
        if way == "frozen":
            a.requires_grad_(False)
        if way == "no_grad":
            with torch.no_grad():
                p = a * b
        else:
            p = (a * b).detach() if way == "detach" else a * b
        (p * (a * c)).backward()
        return [plain(v.grad) for v in (a, b, c)]

    for row, way in zip(rows("detach"), ("", "detach", "no_grad", "frozen"), strict=True):
        for shown, found in zip(row[2:], made(way), strict=True):
            assert agree(shown, found), way


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")
def test_inner_values_keep_no_gradient_unless_they_are_asked_to():
    for asked in (False, True):
        w, x, b = leaf(2.0), leaf(3.0), leaf(-1.0)
        h = w * x
        z = h + b
        if asked:
            h.retain_grad()
            z.retain_grad()
        (z**2).backward()
        for row, v in zip(rows("inner-gradients"), (w, x, h, b, z), strict=True):
            assert agree(row[1 if asked else 2], plain(v.grad)), row[0]
    with pytest.raises(ValueError, match="can't optimize a non-leaf Tensor"):
        torch.optim.SGD([leaf([1.0, 2.0]) * 0.1], lr=0.1)


def test_a_changed_value_is_refused():
    a, b = leaf(2.0), leaf(3.0)
    h = a * b
    loss = h * a
    with torch.no_grad():
        a *= 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_choices_and_samples():
    w = leaf(1.3)
    torch.round(w).backward()
    assert w.grad.item() == rows("hard-choice")[0][2] == 0
    assert not torch.argmax(leaf([1.0, 2.0])).requires_grad
    noise = np.random.default_rng(0).normal()
    mean, spread = leaf(1.0), leaf(0.5)
    ((mean + spread * noise) ** 2).backward()
    for row, v in zip(rows("hard-choice", 1), (mean, spread), strict=True):
        assert agree(row[1], v.grad.item())


def test_a_vector_needs_a_seed():
    x = leaf([1.0, 2.0])
    y = torch.cumsum(x, 0) * x
    with pytest.raises(RuntimeError, match="implicitly created only for scalar outputs"):
        y.backward()
    for row, seed in zip(rows("vjp"), ([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]), strict=True):
        x.grad = None
        y.backward(torch.tensor(seed, dtype=torch.float64), retain_graph=True)
        assert agree(row[1], plain(x.grad))
    whole = torch.autograd.functional.jacobian(lambda x: torch.cumsum(x, 0) * x, x)
    assert agree(rows("vjp", 1)[0][2], np.diag(whole.numpy()))


def test_ties_are_shared_by_amax_and_given_to_the_first_by_pooling_and_max_of_an_axis():
    def gradient(f):
        x = leaf([2.0, 2.0, 1.0])
        f(x).sum().backward()
        return plain(x.grad)

    shared, pooled, _ = (row[1] for row in rows("ties"))
    assert agree(gradient(lambda x: torch.amax(x, 0)), shared)
    assert agree(gradient(lambda x: x.max(0).values), pooled)
    assert agree(gradient(lambda x: torch.nn.functional.max_pool1d(x[None, None], 3)), pooled)
    assert agree(gradient(lambda x: x[torch.argmax(x)]), pooled)


def test_softmax_with_cross_entropy():
    z = leaf([1.0, 2.0, 0.5])
    torch.nn.functional.cross_entropy(z, torch.tensor(1)).backward()
    assert agree([row[5] for row in rows("softmax-loss")], plain(z.grad))


def test_batch_norm_in_both_modes():
    for row, training in zip(rows("batch-modes"), (True, False), strict=True):
        norm = torch.nn.BatchNorm1d(1, affine=False, dtype=torch.float64).train(training)
        x = leaf([[1.0], [2.0], [4.0]])
        n = norm(x)
        (n * torch.tensor([[1.0], [0.0], [2.0]])).sum().backward()
        assert agree(row[1], n.detach().numpy().ravel())
        assert agree(row[2], plain(x.grad).ravel())


def test_what_decay_takes():
    make = {"SGD": (torch.optim.SGD, None), "Adam": (torch.optim.Adam, torch.optim.AdamW)}

    def after(optimizer, gradient, **given):
        w = leaf(1.0)
        w.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer([w], lr=0.1, **given).step()
        return w.item()

    for name, gradient, decoupled, inside in rows("weight-decay"):
        optimizer, apart = make[name]
        without = after(optimizer, gradient, weight_decay=0)
        assert inside == pytest.approx(
            without - after(optimizer, gradient, weight_decay=0.5), abs=1e-7
        )
        if apart:
            taken = without - after(apart, gradient, weight_decay=0.5)
            assert decoupled == pytest.approx(taken, abs=1e-7)


def test_clipping_by_norm_and_by_value():
    shown = rows("clipping", 1)
    for column, clip in (
        (1, torch.nn.utils.clip_grad_norm_),
        (2, torch.nn.utils.clip_grad_value_),
    ):
        w, v = leaf(2.0), leaf(3.0)
        ((w**10 - 1) ** 2 + v**2).backward()
        clip([w, v], 1.0)
        assert np.allclose([row[column] for row in shown[:2]], [w.grad, v.grad], rtol=1e-5)


def test_nan_where_zero_meets_infinity():
    def entropy(z, safe):
        if safe:
            one = torch.tensor(1.0, dtype=torch.float64)
            return torch.nn.functional.binary_cross_entropy_with_logits(z, one)
        p = torch.sigmoid(z)
        return -(torch.log(p) * 1.0 + torch.log(1 - p) * 0.0)

    def root(x, safe):
        inside = torch.where(x > 0, x, 1.0) if safe else x
        return torch.where(x > 0, torch.sqrt(inside), 0.0)

    def log_sum(z, safe):
        return torch.logsumexp(z, 0) if safe else torch.log(torch.exp(z).sum())

    made = ((root, -1.0), (entropy, 800.0), (log_sum, [1000.0, 0.0]))
    for row, (f, at) in zip(rows("nan-where"), made, strict=True):
        for column, safe in ((1, True), (2, False)):
            x = leaf(at)
            f(x, safe).backward()
            assert agree(row[column], plain(x.grad)), row[0].en


def test_a_weight_that_is_shared_through_time():
    w, h0 = leaf(0.8), 0.5
    h2 = torch.tanh(w * torch.tanh(w * h0 + 1) - 1)
    ((w * h2) ** 2).backward()
    assert agree(rows("shared-weights")[-1][-1], w.grad.item())


def test_pieces_of_a_batch_add_up():
    x = torch.tensor([0.5, 1, 1.5, 2, 2.5, 3], dtype=torch.float64)
    sixths = {2: 1 / 3, 4: 2 / 3}
    ways = (((2, 2, 2), {2: 1}), ((4, 2), {2: 0.5, 4: 0.5}))
    for row, (sizes, wrong) in zip(rows("gradient-accumulation"), ways, strict=True):
        for column, weights in ((1, sixths), (2, wrong)):
            w = leaf(0.0)
            for part in x.split(list(sizes)):
                (((part * w - 2 * part) ** 2).mean() * weights[len(part)]).backward()
            assert agree(row[column], w.grad.item())


def test_forward_mode_moves_one_input_or_all():
    def f(a, b):
        return a * b * a + b

    at = tuple(torch.tensor(x, dtype=torch.float64) for x in (2.0, 3.0))
    one, none = torch.ones((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for row, tangent in zip(rows("forward-mode"), ((one, none), (none, one)), strict=True):
        assert row[1] == torch.func.jvp(f, at, tangent)[1].item()
        assert row[2] == torch.func.jvp(f, at, (one, one))[1].item()


def test_small_steps_in_single_precision():
    for row in rows("check-step"):
        h = row[0]
        sides = [torch.tensor(1.3 + s * h, dtype=torch.float32) for s in (1, -1)]
        a, b = (x * x * x * x - 1 / x for x in sides)
        found = (a - b) / torch.tensor(2 * h, dtype=torch.float32)
        right = 4 * 1.3**3 + 1 / 1.3**2
        assert abs(float(found) - right) == pytest.approx(row[3], rel=1e-4)
    assert row[3] == pytest.approx(right)  # the smallest step finds nothing
