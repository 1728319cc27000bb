"""Clipping and averages of weights, against torch."""

import doctest
import math
import re
from pathlib import Path

import numpy as np
import pytest
from peers import needs_torch, torch

from backviz import Value, tensor
from backviz.errors import InputError, NotFiniteError
from backviz.optim import EMA, OPTIMIZERS, clip_by_norm, clip_by_value


def started(shapes=((3, 2), (4,), (), ()), seed=3):
    draw = np.random.default_rng(seed)
    return [draw.normal(size=shape) for shape in shapes]


ONE = np.ones(2)


# Clipping and averages ----------------------------------------------------------------


@needs_torch
@pytest.mark.parametrize("norm_type", [1, 2, 3, math.inf])
@pytest.mark.parametrize("most", [0.5, 100.0])
def test_clipping_by_norm_is_torch_s(norm_type, most):
    grads = [*started(), None]
    ours = [tensor(np.zeros(np.shape(g))) for g in grads[:-1]] + [Value(0.0)]
    theirs = [torch.zeros(np.shape(g), dtype=torch.float64) for g in grads[:-1]] + [torch.zeros(1)]
    for x, y, g in zip(ours, theirs, grads, strict=True):
        if g is not None:
            x.grad, y.grad = g.copy() if g.shape else float(g), torch.tensor(g)
    plain = [np.atleast_1d(g).copy() for g in grads[:-1]]
    norm = clip_by_norm(ours, most, norm_type)
    assert norm == pytest.approx(
        float(torch.nn.utils.clip_grad_norm_(theirs, most, norm_type)), 1e-14
    )
    assert clip_by_norm(plain, most, norm_type) == norm
    for x, y, g in zip(ours, theirs, plain, strict=False):
        np.testing.assert_allclose(x.grad, y.grad.numpy(), rtol=1e-14)
        assert np.array_equal(np.atleast_1d(x.grad), g)
    assert ours[-1].grad is None
    assert type(ours[2].grad) is float


@needs_torch
def test_clipping_by_value_is_torch_s():
    x, y = tensor(np.zeros((3, 2))), torch.zeros(3, 2, dtype=torch.float64)
    x.grad = started()[0]
    y.grad = torch.tensor(x.grad)
    torch.nn.utils.clip_grad_value_([y], 0.4)
    clip_by_value(x, 0.4)
    assert np.array_equal(x.grad, y.grad.numpy())
    assert np.abs(x.grad).max() == 0.4


def test_a_norm_that_is_no_number_is_a_sentence():
    for bad in (np.nan, np.inf):
        g = np.array([1.0, bad])
        with pytest.raises(NotFiniteError, match="cannot be clipped"):
            clip_by_norm(g, 1.0)
        assert g[0] == 1.0
        clip_by_norm(g, 1.0, error_if_nonfinite=False)
        assert np.isnan(g[1])
    with pytest.raises(InputError, match="max_norm=0"):
        clip_by_norm(ONE.copy(), 0)
    with pytest.raises(InputError, match="clip_value=-1"):
        clip_by_value(ONE.copy(), -1)
    assert clip_by_norm([], 1.0) == 0.0
    x = Value(2.0)
    (x * x).backward(create_graph=True)
    clip_by_norm(x, 1.0)
    assert x.grad == pytest.approx(1.0, rel=1e-5)


@needs_torch
def test_averages_are_torch_s():
    layer = torch.nn.Linear(3, 2).double()
    params = list(layer.parameters())
    average = torch.optim.swa_utils.AveragedModel(
        layer, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    )
    average.update_parameters(layer)
    ours = [tensor(p.detach().numpy()) for p in params]
    ema = EMA(ours, decay=0.9)
    draw = np.random.default_rng(0)
    for _ in range(20):
        for x, p in zip(ours, params, strict=True):
            x.data += draw.normal(size=x.shape)
            p.data = torch.tensor(x.data)
        ema.update()
        average.update_parameters(layer)
    for a, p in zip(ema.averages(), average.module.parameters(), strict=True):
        np.testing.assert_allclose(a, p.detach().numpy(), rtol=1e-13)


def test_corrected_and_warmed_up_averages_are_weighted_means():
    for warmup in (False, True):
        w = Value(0.0)
        ema = EMA(w, decay=0.9, bias_correction=True, warmup=warmup)
        seen, weights = [], []
        for t in range(1, 8):
            w.data = float(t * t)
            ema.update()
            decay = min(0.9, (1 + t) / (10 + t)) if warmup else 0.9
            seen.append(w.data)
            weights = [decay * x for x in weights] + [1 - decay]
        assert ema.averages()[0] == pytest.approx(np.average(seen, weights=weights), rel=1e-13)


def test_swapping_in_and_out_is_exact_and_the_state_goes_on():
    values = [tensor([1.0, 2.0]), Value(0.1)]
    for correct in (False, True):
        ema = EMA(values, decay=0.7, bias_correction=correct)
        for k in range(5):
            values[0].data += 0.1 * k
            values[1].data *= 1.1
            ema.update()
        before = [np.array(v.data) for v in values]
        with ema.swapped():
            for v, a in zip(values, ema.averages(), strict=True):
                assert np.array_equal(v.data, a)
            with pytest.raises(InputError, match="swap back"):
                ema.update()
        for v, x in zip(values, before, strict=True):
            assert np.array_equal(v.data, x)
        other = EMA(values, decay=0.7, bias_correction=correct)
        other.load_state_dict(ema.state_dict())
        for each in (ema, other):
            each.update()
        for a, b in zip(ema.averages(), other.averages(), strict=True):
            assert np.array_equal(a, b)
        with pytest.raises(InputError, match="other parameters"):
            EMA(Value(1.0)).load_state_dict({"updates": 1})
    with pytest.raises(InputError, match="decay=1"):
        EMA(Value(1.0), decay=1)
    with pytest.raises(InputError, match="nothing has been averaged"):
        EMA(Value(1.0), bias_correction=True).averages()


def test_averages_are_not_swapped_in_twice():
    w = Value(1.0)
    ema = EMA(w, decay=0.5)
    w.data = 3.0
    with ema.swapped():
        with pytest.raises(InputError, match="for the weights already; swap back first"):
            ema.swapped().__enter__()
        assert w.data == 1.0  # the average still
    assert w.data == 3.0
    with ema.swapped():
        ema.swap()  # back before the end: the end does not swap again
        assert w.data == 3.0
    assert w.data == 3.0


def test_whole_gradients_of_recorded_leaves_are_clipped():
    for clip, wanted in ((clip_by_norm, [0.6, 0.8]), (clip_by_value, [1.0, 1.0])):
        x = tensor(np.zeros(2))
        x.grad = np.array([3, 4])
        clip(x, 1.0)
        np.testing.assert_allclose(x.grad, wanted, rtol=1e-6)


@needs_torch
@pytest.mark.parametrize("semantics", ["torch", "keras"])
def test_a_centered_rmsprop_stays_finite_where_nothing_deviates(semantics):
    g, lr, alpha, eps = np.array([0.1, 0.7, 1.1, 1.4]), 0.01, 0.5, 1e-3
    x, y = np.zeros(4), torch.zeros(4, dtype=torch.float64, requires_grad=True)
    opt = OPTIMIZERS["rmsprop"](x, lr=lr, alpha=alpha, eps=eps, centered=True, semantics=semantics)
    peer = torch.optim.RMSprop([y], lr=lr, alpha=alpha, eps=eps, centered=True)
    for t in range(200):
        before = x.copy()
        opt.step(g)
        y.grad = torch.tensor(g)
        peer.step()
        if semantics == "torch" and t < 15:  # later v − a² is what rounding leaves
            np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-11)
    assert not y.isfinite().all()  # torch takes the root of it
    largest = lr * g / (eps if semantics == "torch" else math.sqrt(eps))
    np.testing.assert_allclose(before - x, largest, rtol=1e-3)
    np.testing.assert_allclose(opt.anatomy(0, g).terms["rate"], largest / g, rtol=1e-3)


def test_the_page_is_up_to_date():
    docs = Path(__file__).parents[2] / "docs"
    space = {"__name__": "generate", "__file__": str(docs / "generate.py")}
    exec((docs / "generate.py").read_text("utf-8"), space)
    page = (docs / "optimizers.md").read_text("utf-8")
    assert page == space["optimizers_page"]()
    for made in OPTIMIZERS.values():
        assert f"## {made.title}\n" in page
    (session,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(session, {}, "optimizers.md", None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
