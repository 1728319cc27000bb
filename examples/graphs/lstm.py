"""One step of an LSTM cell: four gates, the cell state and the hidden state."""

import numpy as np

rng = np.random.default_rng(5)
x = np.array([1.0, -0.5])
h_prev, c_prev = np.array([0.2, -0.1]), np.array([0.5, 0.3])
START = [rng.normal(0, 0.6, (2, 4)).round(2) for _ in range(4)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss(W_f=START[0], W_i=START[1], W_g=START[2], W_o=START[3]):
    xh = np.concatenate([x, h_prev])
    f = sigmoid(W_f @ xh)
    i = sigmoid(W_i @ xh)
    g = np.tanh(W_g @ xh)
    o = sigmoid(W_o @ xh)
    c = f * c_prev + i * g
    h = o * np.tanh(c)
    return (h**2).sum()
