"""The network that hidden_lines draws: weights, gradients and maps against torch and numpy."""

import re

import numpy as np
import pytest
from peers import needs_torch, torch

from backviz import scenes
from backviz.nn import MLP


def points_of(data):
    x = [np.stack([data[f"map.class {n}.{c}"][0] for c in "xy"], axis=1) for n in ("−1", "+1")]
    return np.concatenate(x), np.repeat([-1.0, 1.0], [len(part) for part in x])


@needs_torch
def test_the_numbers_on_the_arrows_are_torch_s_gradients():
    units, steps = 3, 4
    film = scenes.hidden_lines(units=units, steps=steps, optimizer="sgd", rate=0.5, seed=2)
    x, sign = points_of(film.data())
    weights = [
        torch.tensor(np.array(p.data), requires_grad=True)
        for p in MLP(2, (units, 1), "tanh", seed=2, init="xavier_normal").parameters()
    ]
    w1, b1, w2, b2 = weights
    descent = torch.optim.SGD(weights, lr=0.5)
    for k in range(steps + 1):
        descent.zero_grad()
        score = torch.tanh(torch.tensor(x) @ w1 + b1) @ w2 + b2
        loss = torch.nn.functional.softplus(-torch.tensor(sign)[:, None] * score).mean()
        loss.backward()
        _frame, seen = film.at(k)
        for i in range(units):
            for name, panel, gradient in (
                (f"1 {i + 1}", "in", w1.grad[0, i]), (f"2 {i + 1}", "in", w1.grad[1, i]),
                (f"{i + 1}", "out", w2.grad[i, 0]),
            ):  # fmt: skip
                shown = float(seen[panel][f"∂L/∂w {name}"].text.replace("−", "-"))
                assert shown == pytest.approx(gradient.item(), abs=5.1e-4)
                dashed = seen[panel][f"w {name}"].dash == "dashed"
                weight = {"in": w1, "out": w2}[panel].detach().numpy()
                value = weight[int(name[0]) - 1, i] if panel == "in" else weight[i, 0]
                assert dashed == (value < 0)
        descent.step()


def test_a_unit_s_line_is_where_its_map_changes_sign():
    film = scenes.hidden_lines(steps=12)
    _frame, seen = film.at(-1)
    panel = next(p for p in film.panels if p.key == "unit 1")
    heat, line = seen["unit 1"]["tanh"], seen["unit 1"]["line"]
    side = np.linspace(panel.x.low, panel.x.high, 2 * heat.values.shape[1] + 1)[1::2]
    up = np.linspace(panel.y.low, panel.y.high, 2 * heat.values.shape[0] + 1)[1::2]
    (x0, x1), (y0, y1) = line.x, line.y
    x, y = np.meshgrid(side, up)
    across = (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)
    signs = np.sign(across) * np.sign(heat.values)
    assert (signs == signs[0, 0]).all()


def test_heavier_weights_have_thicker_arrows():
    _frame, seen = scenes.hidden_lines(steps=30).at(-1)
    widths = [a.width for key, a in seen["in"].items() if key.startswith("w ")]
    assert len(widths) == 8 and max(widths) <= 6 and min(widths) > 0.5 and np.ptp(widths) > 1


def test_one_hidden_unit_does_not_part_xor_and_four_do():
    shares = {}
    for units in (1, 4):
        said = scenes.hidden_lines(units=units).at(-1)[0].caption
        right, n = map(int, re.search(r"(\d+) of (\d+)", said).groups())
        shares[units] = right / n
    assert shares[1] < 0.85 < shares[4] == 1
