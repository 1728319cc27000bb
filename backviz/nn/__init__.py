"""Networks: modules with parameters, layers, initial weights, and a form neuron by neuron.

A network is built from one seed, called like a function, and drawn like any computation:

>>> from backviz import nn
>>> net = nn.MLP(2, [3, 1], seed=0)
>>> loss = (net([1.0, -1.0]) ** 2).sum()
>>> loss.backward()
>>> [p.label for p in net.parameters()], net.parameters()[0].grad.shape
(['W1', 'b1', 'W2', 'b2'], (2, 3))
"""

from backviz.nn import init, losses, scalar
from backviz.nn.activations import (
    ACTIVATIONS,
    CELU,
    ELU,
    GELU,
    SELU,
    Activation,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Maxout,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softmin,
    Softplus,
    Softsign,
    Tanh,
)
from backviz.nn.arguments import streams
from backviz.nn.attention import MultiheadAttention
from backviz.nn.embedding import Embedding
from backviz.nn.exchange import load_torch, to_torch
from backviz.nn.init import INITIALIZERS
from backviz.nn.layers import Conv2d, Dropout, Flatten, Identity, Linear
from backviz.nn.module import Module
from backviz.nn.networks import MLP, Residual, Sequential
from backviz.nn.norms import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm
from backviz.nn.pooling import AvgPool1d, AvgPool2d, MaxPool1d, MaxPool2d
from backviz.nn.recurrent import GRU, LSTM, RNN
from backviz.nn.transposed import ConvTranspose2d

__all__ = [
    "ACTIVATIONS", "CELU", "ELU", "GELU", "GRU", "INITIALIZERS", "LSTM", "MLP", "RNN", "SELU",
    "Activation", "AvgPool1d", "AvgPool2d", "BatchNorm1d", "BatchNorm2d", "Conv2d",
    "ConvTranspose2d", "Dropout", "Embedding", "Flatten", "GroupNorm", "Hardsigmoid",
    "Hardswish", "Hardtanh", "Identity", "LayerNorm", "LeakyReLU", "Linear", "LogSigmoid",
    "LogSoftmax", "MaxPool1d", "MaxPool2d", "Maxout", "Mish", "Module", "MultiheadAttention",
    "PReLU", "ReLU", "ReLU6", "Residual", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softmin",
    "Softplus", "Softsign", "Tanh", "init", "load_torch", "losses", "scalar", "streams",
    "to_torch",
]  # fmt: skip
