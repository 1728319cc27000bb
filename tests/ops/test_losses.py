"""Losses against formulas and torch: extremes, kinks, second order; wrong use; short texts."""

import math
import os
import pickle
from functools import partial

import numpy as np
import pytest

from backviz import (
    OPS,
    Value,
    as_function,
    check_grads,
    describe,
    expanded,
    gradients_of,
    load,
    tape,
    tensor,
)
from backviz.autodiff.formula import contribution_formula
from backviz.autodiff.symbol import Symbol, writing
from backviz.errors import BackvizError, InputError, ShapeError, UsageError
from backviz.graphs.recorded import rules_of
from backviz.ops import (
    bce_with_logits,
    binary_cross_entropy,
    cross_entropy,
    hinge_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    multi_margin_loss,
    nll_loss,
    sigmoid,
    smooth_l1_loss,
    softmax,
)

RANDOM = np.random.default_rng(4)
LOSSES = [
    "mse_loss",
    "l1_loss",
    "huber_loss",
    "smooth_l1_loss",
    "hinge_loss",
    "multi_margin_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "nll_loss",
    "cross_entropy",
]


@pytest.fixture(scope="module")
def torch():
    if os.environ.get("CI_PEERS"):
        import torch
    else:
        torch = pytest.importorskip("torch")
    return torch


# What the course says ---------------------------------------------------------------


def test_a_saturated_sigmoid_learns_slowly_by_mse_and_not_by_cross_entropy():
    a, y = 0.99, 0.0
    z = Value(math.log(a / (1 - a)))
    (by_mse,) = gradients_of(mse_loss(sigmoid(z), y) / 2, (z,))
    (by_entropy,) = gradients_of(binary_cross_entropy(sigmoid(z), y), (z,))
    (fused,) = gradients_of(bce_with_logits(z, y), (z,))
    assert by_mse == pytest.approx((a - y) * a * (1 - a), rel=1e-12)
    assert by_mse == pytest.approx(0.009801, abs=1e-6)
    assert by_entropy == pytest.approx(a - y, rel=1e-12)
    assert fused == pytest.approx(a - y, rel=1e-12)


def test_the_gradient_of_softmax_regression_is_p_less_y():
    X, labels = RANDOM.normal(size=(6, 3)), np.array([0, 3, 1, 1, 2, 0])
    W, b = tensor(RANDOM.normal(size=(3, 4))), tensor(np.zeros(4))
    scores = tensor(X, requires_grad=False) @ W + b
    dW, db, ds = gradients_of(cross_entropy(scores, labels), (W, b, scores))
    p = np.exp(scores.data) / np.exp(scores.data).sum(1, keepdims=True)
    error = (p - np.eye(4)[labels]) / 6
    np.testing.assert_allclose(ds, error, rtol=1e-13)
    np.testing.assert_allclose(dW, X.T @ error, rtol=1e-12)
    np.testing.assert_allclose(db, error.sum(0), rtol=1e-12)


def test_no_knowledge_costs_the_logarithm_of_the_number_of_classes():
    for classes in (2, 10, 1000):
        loss = cross_entropy(np.zeros((3, classes)), [0, 1, 1])
        assert loss == pytest.approx(math.log(classes), rel=1e-14)


def test_huber_is_a_parabola_and_then_a_line():
    d = np.array([-3.0, -0.5, 0.0, 0.5, 2.0])
    for delta in (0.25, 1.0, 5.0):
        wanted = [
            0.5 * x * x if abs(x) <= delta else delta * (abs(x) - delta / 2) for x in d.tolist()
        ]
        ours = huber_loss(d, 0.0, reduction="none", delta=delta)
        np.testing.assert_allclose(ours, wanted, rtol=1e-14)
        smooth = smooth_l1_loss(d, 0.0, reduction="none", beta=delta)
        np.testing.assert_allclose(smooth, np.array(wanted) / delta, rtol=1e-14)


# torch ------------------------------------------------------------------------------


def compare(torch, name, arrays, labels=None, tolerance=1e-12, least=1e-300, **options):
    """Value and gradients of every operand, ours and torch's."""
    functional = getattr(torch.nn.functional, name)
    leaves = tuple(map(Value, arrays))
    theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in arrays]
    plain = {
        k: torch.tensor(v, dtype=torch.float64) if "weight" in k else v for k, v in options.items()
    }
    ours = OPS[name](*leaves, *([] if labels is None else [labels]), **options)
    peer = functional(*theirs, *([] if labels is None else [torch.tensor(labels)]), **plain)
    assert ours.shape == tuple(peer.shape)
    close = partial(np.testing.assert_allclose, rtol=tolerance, atol=least)
    close(ours.data, peer.detach().numpy())
    seed = np.cos(np.arange(ours.size)).reshape(ours.shape)
    peer.backward(torch.tensor(seed))
    for mine, other in zip(gradients_of(ours, leaves, seed=seed), theirs, strict=True):
        close(mine, other.grad.numpy())


EXTREMES = np.array(
    [[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4], [700.0, -800.0, 30.0], [40.0, 1.0, -40.0]]
)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_large_logits_stay_finite_and_equal_torch(torch, reduction):
    labels = np.array([1, 0, 1, 2])
    for options in ({}, {"label_smoothing": 0.1}, {"weight": [1.0, 2.0, 0.0]}):
        compare(torch, "cross_entropy", [EXTREMES], labels, reduction=reduction, **options)
    shares = softmax(RANDOM.normal(size=(4, 3)))
    compare(torch, "cross_entropy", [EXTREMES, shares], reduction=reduction)
    compare(torch, "multi_margin_loss", [EXTREMES], labels, reduction=reduction, p=2)
    targets = np.array([[0, 1, 0.5], [1, 0, 0], [0, 1, 1], [1, 0.25, 0]])
    for options in ({}, {"pos_weight": [0.5, 2.0, 3.0]}):
        compare(
            torch,
            "binary_cross_entropy_with_logits",
            [EXTREMES, targets],
            reduction=reduction,
            least=1e-15,  # torch's slope is a difference of numbers near 1
            **options,
        )
    # where labels are certain and wrong by 1e4, the loss is 1e4 and the gradient 1
    x = tensor([1e4, -1e4])
    assert gradients_of(bce_with_logits(x, [0, 1], reduction="sum"), (x,))[0].tolist() == [1, -1]
    assert bce_with_logits(x, [0, 1]).data == 1e4


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_probabilities_0_and_1_are_bounded_as_in_torch(torch, reduction):
    p = np.array([0.0, 1.0, 0.0, 1.0, 1e-300, 1e-30, 0.5])
    y = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 0.25, 0.75])
    compare(torch, "binary_cross_entropy", [p, y], reduction=reduction)
    loss = binary_cross_entropy(p, y, reduction="none")
    assert loss[:4].tolist() == [0, 100, 100, 0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_kinks_are_those_of_torch(torch, reduction):
    x, y = np.array([1.0, 2.0, 0.0, -1.0, 3.0]), np.array([1.0, 1.0, 1.0, -1.5, 2.5])
    for name, options in [
        ("l1_loss", {}),
        ("mse_loss", {}),
        ("smooth_l1_loss", {}),
        ("smooth_l1_loss", {"beta": 0.0}),
        ("smooth_l1_loss", {"beta": 0.5}),
        ("huber_loss", {}),
        ("huber_loss", {"delta": 0.5}),
    ]:
        compare(torch, name, [x, y], reduction=reduction, **options)
    scores = np.array([[1.0, 0.0, 2.0], [0.5, 0.5, 0.5], [0.0, 1.0, 0.0]])
    for p in (1, 2):
        compare(torch, "multi_margin_loss", [scores], [0, 1, 1], reduction=reduction, p=p)


def test_the_hinge_is_flat_at_its_kink():
    s, y = tensor([1.0, -1.0, 0.5, 2.0]), np.array([1.0, -1.0, 1.0, -1.0])
    for squared, wanted in ((False, [0, 0, -1, 1]), (True, [0, 0, -1, 6])):
        (ds,) = gradients_of(hinge_loss(s, y, squared=squared, reduction="sum"), (s,))
        assert ds.tolist() == wanted
    assert hinge_loss(s.data, y, reduction="none").tolist() == [0, 0, 0.5, 3]
    assert hinge_loss(s.data, y) == 0.875


def test_random_calls_equal_torch(torch):
    for seed in range(12):
        random = np.random.default_rng(seed)
        n, classes = random.integers(1, 6), random.integers(2, 7)
        more = () if seed % 3 else (2, 3)
        scores, labels = (
            random.normal(size=(n, classes, *more)),
            random.integers(0, classes, (n, *more)),
        )
        shares = random.dirichlet(np.ones(classes), (n, *more))
        shares = np.moveaxis(shares, -1, 1)
        for reduction in ("mean", "sum", "none"):
            options = {"reduction": reduction}
            if seed % 2:
                options["weight"] = random.uniform(0.5, 2, classes)
            compare(torch, "nll_loss", [scores], labels, ignore_index=1, **options)
            options["label_smoothing"] = [0.0, 0.2, 1.0][seed % 3]
            compare(
                torch,
                "cross_entropy",
                [scores],
                labels,
                ignore_index=0 if n > 2 else -100,
                **options,
            )
            compare(torch, "cross_entropy", [scores, shares], tolerance=1e-11, **options)


def test_ignored_labels_count_for_nothing(torch):
    x, none = tensor(RANDOM.normal(size=(2, 3))), np.array([-100, -100])
    for loss, name in ((cross_entropy, "cross_entropy"), (nll_loss, "nll_loss")):
        assert math.isnan(loss(x, none).data)
        assert math.isnan(getattr(torch.nn.functional, name)(torch.zeros(2, 3), torch.tensor(none)))
        assert loss(x, none, reduction="sum").data == 0
        (dx,) = gradients_of(loss(x, [2, -100], reduction="sum"), (x,))
        assert (dx[1] == 0).all()
        assert dx[0, 2] < 0
    # a class that is ruled out, at −inf, is harmless if it is not the label
    x = tensor([[0.0, -math.inf, 1.0]])
    compare(torch, "cross_entropy", [x.data], np.array([2]))
    compare(torch, "cross_entropy", [x.data], np.array([2]), weight=[1.0, 2.0, 3.0])


def test_second_derivatives_equal_torch(torch):
    def second(grad, loss, leaves, **more):
        first = grad(loss, leaves, create_graph=True)
        return grad(sum((g * g).sum() for g in first), leaves, **more)

    x, p, y = RANDOM.normal(size=(3, 4)), RANDOM.uniform(0.1, 0.9, (3, 4)), RANDOM.random((3, 4))
    far, labels = x + RANDOM.choice([-2.5, 0.3], (3, 4)), [3, 0, 2]
    for name, arrays, target, options in [
        ("mse_loss", (x, far), None, {}),
        ("huber_loss", (x, far), None, {}),
        ("smooth_l1_loss", (x, far), None, {"beta": 0.7}),
        ("binary_cross_entropy", (p, y), None, {}),
        ("binary_cross_entropy_with_logits", (x, y), None, {}),
        ("cross_entropy", (x,), labels, {}),
        ("cross_entropy", (x,), labels, {"label_smoothing": 0.2}),
        ("cross_entropy", (x, y), None, {}),
    ]:
        ours = tuple(map(tensor, arrays))
        theirs = tuple(torch.tensor(a, requires_grad=True) for a in arrays)
        more, peers = ([], []) if target is None else ([target], [torch.tensor(target)])
        mine = second(gradients_of, OPS[name](*ours, *more, **options), ours)
        peer = second(
            torch.autograd.grad,
            getattr(torch.nn.functional, name)(*theirs, *peers, **options),
            theirs,
            allow_unused=True,
        )
        for a, b in zip(mine, peer, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-10, atol=1e-14, err_msg=name)


# Wrong use ---------------------------------------------------------------------------

X = np.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (
            lambda: mse_loss(X, X[:, 0]),
            ShapeError,
            r"prediction has the shape \(4, 3\) and the target",
        ),
        (lambda: hinge_loss(X[:, :1], np.ones(4)), ShapeError, r"the target \(4,\); reshape one"),
        (
            lambda: bce_with_logits(X, X[:2]),
            ShapeError,
            "binary_cross_entropy_with_logits: the pre",
        ),
        (lambda: mse_loss(X, X, reduction="meen"), UsageError, "'meen'; did you mean 'mean'"),
        (lambda: cross_entropy(X, [0] * 4, reduction=None), UsageError, "did you mean 'none'"),
        (lambda: hinge_loss([0.5, 1.0], [1, 0]), InputError, r"−1 or 1, not 0; write 2\*y − 1"),
        (lambda: hinge_loss(0.5, 2), InputError, "not 2"),
        (lambda: hinge_loss([0.5], [math.nan]), InputError, "not nan"),
        (
            lambda: binary_cross_entropy([0.5, 1.5], [0, 1]),
            InputError,
            "between 0 and 1, not 1.5; for",
        ),
        (lambda: binary_cross_entropy(-0.25, 1), InputError, r"not -0\.25"),
        (lambda: binary_cross_entropy([math.nan], [1]), InputError, "not nan"),
        (
            lambda: cross_entropy(X, [0, 1, 3, 2]),
            InputError,
            r"the label 3 at \[2\] is out of range; 3 cl",
        ),
        (lambda: nll_loss(X, [0, -1, 1, 2]), InputError, r"the label -1 at \[1\].* labels 0 to 2"),
        (lambda: multi_margin_loss(X, [0, -100, 0, 0]), InputError, "the label -100"),
        (lambda: cross_entropy(X[0], 7), InputError, "the label 7 is out of range"),
        (lambda: cross_entropy(X, [0, 1.5, 0, 0]), InputError, "whole numbers, not 1.5"),
        (lambda: cross_entropy(X, ["cat"] * 4), InputError, "whole numbers, not cat"),
        (lambda: cross_entropy(X, [0, 1]), ShapeError, r"need labels of shape \(4,\), not \(2,\)"),
        (lambda: cross_entropy(X, np.zeros((4, 1), int)), ShapeError, r"not \(4, 1\)"),
        (lambda: cross_entropy(1.0, 0), ShapeError, "a single number has no classes"),
        (lambda: cross_entropy(X, X, ignore_index=1), InputError, "not for probabilities"),
        (
            lambda: cross_entropy(X, [0] * 4, label_smoothing=2),
            InputError,
            "between 0 and 1, not 2",
        ),
        (
            lambda: cross_entropy(X, [0] * 4, weight=[1, 2]),
            ShapeError,
            r"needs the shape \(3,\), not",
        ),
        (lambda: mse_loss(X, X, weight=[1, 2]), ShapeError, r"the weight has the shape \(2,\)"),
        (lambda: mse_loss(X, X, weight="a"), InputError, "the weight is an array of numbers, not"),
        (lambda: bce_with_logits(X, X, pos_weight="a"), InputError, "the pos_weight is an array"),
        (lambda: mse_loss(X, X, weight=tensor(X)), TypeError, "without a gradient of its own"),
        (lambda: multi_margin_loss(X, [0] * 4, p=3), InputError, "the power p is 1 or 2, not 3"),
        (lambda: multi_margin_loss(X[None], [[0] * 3]), ShapeError, "one axis or two"),
        (lambda: huber_loss(X, X, delta=0), InputError, "delta is above 0, not 0"),
        (lambda: smooth_l1_loss(X, X, beta=-1), InputError, "beta is at least 0, not -1"),
        (lambda: l1_loss(X, X, delta=1), TypeError, "l1_loss"),
    ],
)
def test_wrong_use_is_answered_with_a_sentence(call, kind, said):
    with pytest.raises(kind, match=said) as caught:
        call()
    assert isinstance(caught.value, BackvizError | TypeError)
    assert "\n" not in str(caught.value)
    with expanded(), pytest.raises(kind, match=said):
        call()


# As options, in a record and in a picture ---------------------------------------------


def test_labels_and_weights_are_plain_data_of_the_call():
    x, labels, weight = tensor(X), np.array([0, 1, 2, 0]), np.array([1.0, 2.0, 3.0])
    loss = cross_entropy(x, labels, weight=weight)
    before = gradients_of(loss, (x,))[0]
    labels[:] = 1
    weight[:] = 0
    assert (gradients_of(loss, (x,))[0] == before).all()
    assert [v.op is None for v in tape(loss)] == [True, False]
    assert cross_entropy(x, Value([0.0, 1, 2, 0])).data == cross_entropy(x, [0, 1, 2, 0]).data
    assert (
        cross_entropy(x, np.array([0, 1, 2, 0], np.uint8)).data
        == cross_entropy(x, (0, 1, 2, 0)).data
    )
    again = pickle.loads(pickle.dumps(loss))
    assert (gradients_of(again, again.inputs)[0] == before).all()


def test_a_record_runs_again_on_other_data():
    x = tensor(X)
    for make in (
        lambda v: cross_entropy(v, [0, 1, 2, -100], weight=[1, 2, 3], label_smoothing=0.1),
        lambda v: multi_margin_loss(v, [0, 1, 2, 0], p=2),
        lambda v: hinge_loss(v, np.sign(X - 5.5), squared=True),
    ):
        again = as_function(make(x), [x])(tensor(X[::-1] / 7))
        assert again.data == make(X[::-1] / 7)


def as_formula(value):
    inputs = tuple(Symbol(v.label) if v.label else v.data for v in value.inputs)
    return inputs[0].interpret(value.op, inputs, value.params)


def test_texts_stay_short_however_large_the_data():
    x, y = tensor(np.zeros((500, 20)), "x"), np.arange(500) % 20
    made = {
        "ce": cross_entropy(x, y, weight=np.ones(20)),
        "margin": multi_margin_loss(x, y),
        "mse": mse_loss(x, np.ones((500, 20)), weight=np.ones((500, 20))),
    }
    for each in made.values():
        forward = describe(each).split("Forward")[1].split("Backward")[0]
        assert all(len(line) < 120 for line in forward.splitlines())
    ce, mse = (str(as_formula(made[name])) for name in ("ce", "mse"))
    assert ce == ("cross_entropy(x, target=[0, 1, ..., 18, 19], weight=[1, 1, ..., 1, 1])")
    assert mse == "mse_loss(x, […], weight=array (500, 20))"


def test_printed_rules_follow_the_options():
    x, y = tensor(np.ones((2, 3)), "x"), tensor(np.zeros((2, 3)), "y")
    w = [1.0, 2.0, 4.0]
    for made, text in (
        (mse_loss(x, y), "(g / 6)·2·(x − y)"),
        (mse_loss(x, y, reduction="sum"), "g·2·(x − y)"),
        (mse_loss(x, y, weight=w), "(g / 14)·2·(x − y)·weight"),
        (cross_entropy(x, [0, 1]), "(g / 2)·(softmax(x, axis=1) − y′)"),
        (cross_entropy(tensor(np.ones(3), "x"), 1), "g·(softmax(x) − y′)"),
        (cross_entropy(x, [0, 1], weight=w), "(g / 3)·(softmax(x, axis=1)·sum₁(y′) − y′)"),
        (nll_loss(x, [0, 1], reduction="sum"), "−g·one_hot(target, 3, 1)"),
    ):
        with writing(["y"]):
            out, g = Symbol("out", data=made.data), Symbol("g", shape=made.shape)
            args = [Symbol(v.label, data=v.data) for v in made.inputs]
            formula = contribution_formula(made.op, 0, g, out, args, made.params)
        assert str(formula) == text
    counts = dict(rules_of(cross_entropy(x, [0, 1], weight=w), [0])[0].parts)
    assert counts == {"y": "one_hot(target, 3, 1)·weight"}
    counts = dict(rules_of(cross_entropy(x, [0, 1]), [0])[0].parts)
    assert counts == {"y": "one_hot(target, 3, 1)"}


def test_expressions_know_them():
    loss = load("L=cross_entropy(x, [0, 2]); x=[[1, 2, 3], [1, 1, 1]]")
    assert loss.data == cross_entropy(np.array([[1.0, 2, 3], [1, 1, 1]]), [0, 2])
    loss = load("L=hinge_loss(w*x, y, squared=True); w=0.5; x=3; y=-1")
    assert loss.data == 2.5**2


def test_float32_stays_float32():
    x, y = tensor(X.astype(np.float32)), X.astype(np.float32) / 20
    labels = [0, 1, 2, 0]
    for loss in (
        mse_loss(x, y, reduction="none", weight=X),
        bce_with_logits(x, y, reduction="none", pos_weight=2),
        cross_entropy(x, labels, reduction="none", weight=[1, 2, 3], label_smoothing=0.1),
        nll_loss(x, labels, reduction="none", weight=[1, 2, 3]),
        multi_margin_loss(x, labels, reduction="none"),
    ):
        assert loss.data.dtype == np.float32, loss.op.name
        loss.backward(np.ones_like(loss.data))
        assert x.grad.dtype == np.float32


def test_gradient_checks_may_move_the_targets():
    s = np.array([0.3, -1.2])
    assert check_grads(partial(hinge_loss, squared=True), s, np.array([1.0, 1.0]))


def test_plain_arrays_give_plain_numbers():
    assert type(mse_loss(X, X)) is type(cross_entropy(X, [0] * 4)) is float
    assert mse_loss(X, 0.0) == pytest.approx((X**2).mean(), rel=1e-15)
    assert math.isnan(mse_loss(np.ones((0, 2)), np.ones((0, 2))))


def test_all_of_them_can_be_opened_and_say_what_the_gradient_is():
    for name in LOSSES:
        assert OPS[name].parts is not None
    assert "p − y" in OPS["cross_entropy"].gradient
    assert OPS["bce_with_logits"] is OPS["binary_cross_entropy_with_logits"]
