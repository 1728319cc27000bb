"""Published numbers, each to the digits in which it was printed."""

import math

import numpy as np
import pytest

from backviz.autodiff.backward import tape
from backviz.sources import EXAMPLES, load


def solved(name):
    """The example after its backward pass: its values by name, and the result."""
    output = load(f"@{name}")
    output.backward()
    return {v.label: v for v in tape(output) if v.label}, output


def grads(values, names):
    return [values[n].grad for n in names.split()]


def close(actual, expected, digits=16):
    """Equal to the last printed digit, or to the last bit but a few."""
    return actual == pytest.approx(expected, abs=0.5001 * 10**-digits, rel=4e-16)


def test_simple():
    v, f = solved("simple")
    assert (v["q"].data, f.data) == (3, -12)
    assert grads(v, "q f x y z") == [-4, 1, -4, -4, 3]


@pytest.mark.parametrize("name", ["sigmoid-neuron", "sigmoid-gate"])
def test_sigmoid_neuron_is_the_same_in_one_gate_or_five(name):
    v, f = solved(name)
    assert close(f.data, 0.7310585786300049)
    assert v["dot"].data == 1
    printed = {
        "dot": 0.19661193324148188,
        "w0": -0.19661193324148188,
        "x0": 0.39322386648296376,
        "w1": -0.39322386648296376,
        "x1": -0.5898357997244457,
        "w2": 0.19661193324148188,
    }
    for label, gradient in printed.items():
        assert v[label].grad == pytest.approx(gradient, rel=1e-15), label


def test_gates():
    v, f = solved("gates")
    assert f.data == -20
    assert grads(v, "x y z w") == [-8, 6, 2, 0]


def test_karpathy_l():
    v, f = solved("karpathy-l")
    assert f.data == -8
    assert grads(v, "a b c e d f") == [6, -4, -2, -2, -2, 4]


@pytest.mark.parametrize("name", ["karpathy-neuron", "karpathy-neuron-exp"])
def test_karpathy_neuron(name):
    v, o = solved(name)
    assert o.data == pytest.approx(0.7071067811865476, rel=4e-16)
    assert grads(v, "x1 w1 x2 w2 b") == pytest.approx([-1.5, 1, 0.5, 0, 0.5], rel=1e-14)


def test_diamond_accumulates_at_a_and_c():
    v, f = solved("diamond")
    assert f.data == -20
    assert grads(v, "a b c") == [4, -4, -12]


def test_order_needs_a_topological_order():
    v, y = solved("order")
    assert y.data == 41
    assert grads(v, "a b c d") == [25, 19, 7, 6]


def test_colah():
    v, e = solved("colah")
    assert (v["c"].data, v["d"].data, e.data) == (3, 2, 6)
    assert e.locals == (2, 3)
    assert v["c"].locals == (1, 1)
    assert v["d"].locals == (1, None)
    assert grads(v, "a b") == [2, 5]


def test_micrograd():
    v, g = solved("micrograd")
    assert close(g.data, 24.70408163265306, 14)
    assert close(v["a"].grad, 138.83381924198252, 14)
    assert close(v["b"].grad, 645.5772594752186, 13)


def test_mazur_scalar():
    v, e = solved("mazur-scalar")
    assert close(e.data, 0.298371109, 9)
    assert close(v["h1"].data, 0.593269992, 9)
    assert close(v["h2"].data, 0.596884378, 9)
    assert close(v["o1"].data, 0.75136507, 8)
    assert close(v["o2"].data, 0.772928465, 9)
    assert close(v["w5"].grad, 0.082167041, 9)
    assert close(v["w1"].grad, 0.000438568, 9)


def test_mazur_with_matrices_is_the_same():
    v, e = solved("mazur")
    assert close(e.data, 0.298371109, 9)
    assert np.allclose(v["h"].data, [0.593269992, 0.596884378], atol=5e-10, rtol=0)
    assert np.allclose(v["o"].data, [0.75136507, 0.772928465], atol=5e-9, rtol=0)
    assert close(v["W2"].grad[0, 0], 0.082167041, 9)
    assert close(v["W1"].grad[0, 0], 0.000438568, 9)
    scalars, _ = solved("mazur-scalar")
    assert np.allclose(v["W1"].grad.ravel(), grads(scalars, "w1 w2 w3 w4"), rtol=1e-14)
    assert np.allclose(v["W2"].grad.ravel(), grads(scalars, "w5 w6 w7 w8"), rtol=1e-14)
    assert v["b1"].grad == pytest.approx(scalars["b1"].grad, rel=1e-14)


def mazur_loss(w, b1=0.35, b2=0.60):
    """The network in plain Python, as an independent witness."""
    h = [1 / (1 + math.exp(-(w[k] * 0.05 + w[k + 1] * 0.10 + b1))) for k in (0, 2)]
    o = [1 / (1 + math.exp(-(w[k] * h[0] + w[k + 1] * h[1] + b2))) for k in (4, 6)]
    return 0.5 * ((0.01 - o[0]) ** 2 + (0.99 - o[1]) ** 2)


def test_mazur_update_comes_after_backward_not_during_it():
    """The post's loss after one update does not follow from its own weights."""
    v, _ = solved("mazur-scalar")
    names = [f"w{k}" for k in range(1, 9)]
    right = [v[n].data - 0.5 * v[n].grad for n in names]
    assert right[:4] == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9)
    assert right[4:] == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9)
    assert mazur_loss(right) == pytest.approx(0.291027774, abs=5e-10)
    # the hidden layer's gradient taken through output weights that were already updated
    new = load("@mazur-scalar")
    leaves = {u.label: u for u in tape(new) if u.label}
    moved = dict(zip(names, right, strict=True))
    delta = [v["o1"].grad * v["o1"].locals[0], v["o2"].grad * v["o2"].locals[0]]
    hidden = {
        "h1": delta[0] * moved["w5"] + delta[1] * moved["w7"],
        "h2": delta[0] * moved["w6"] + delta[1] * moved["w8"],
    }
    wrong = dict(moved)
    for unit, (wa, wb) in {"h1": ("w1", "w2"), "h2": ("w3", "w4")}.items():
        slope = hidden[unit] * leaves[unit].data * (1 - leaves[unit].data)
        wrong[wa] = leaves[wa].data - 0.5 * slope * 0.05
        wrong[wb] = leaves[wb].data - 0.5 * slope * 0.10
    published = 0.291027924
    assert mazur_loss(right) != pytest.approx(published, abs=5e-10)
    assert mazur_loss([wrong[n] for n in names]) == pytest.approx(published, abs=5e-10)


def test_course_forward_by_hand_and_with_matrices():
    v, y = solved("course-forward")
    assert (v["h1"].data, v["h2"].data, y.data) == (40, 40, 0)
    m, z = solved("course-forward-matrix")
    assert list(m["h"].data) == [40, 40]
    assert z.data == 0
    assert list(m["x"].grad) == grads(v, "x1 x2")


def test_matmul_norm():
    v, f = solved("matmul-norm")
    assert close(f.data, 0.116, 15)
    assert np.allclose(v["W"].grad, [[0.088, 0.176], [0.104, 0.208]], atol=1e-15)
    assert np.allclose(v["x"].grad, [-0.112, 0.636], atol=1e-15)


def test_every_example_is_finite_and_says_what_it_is():
    for example in EXAMPLES.values():
        output = load(f"@{example.name}")
        assert np.isfinite(output.data), example.name
        assert output.label, example.name
        assert example.about, example.name
