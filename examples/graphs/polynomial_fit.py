"""A cubic through five points: the mean squared error and its gradient in each coefficient."""

import numpy as np

x = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
y = np.array([-0.8, -0.5, 0.1, 0.5, 0.9])


def loss(a=0.1, b=0.5, c=-0.2, d=0.3):
    fit = a + b * x + c * x**2 + d * x**3
    mse = ((fit - y) ** 2).mean()
    return mse
