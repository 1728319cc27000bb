"""What stays out is refused in a sentence: complex numbers, Fourier transforms, sparse arrays."""

import inspect

import numpy as np
import pytest

import backviz
from backviz import Value, grad, load, tensor, vjp
from backviz.errors import BackvizError

Z = np.array([1j, 2.0])
REAL = "is a real number or an array of real numbers, not complex"


@pytest.mark.parametrize(
    "call",
    [
        lambda x: tensor(Z), lambda x: Value(1j), lambda x: Value(np.complex64(1j)),
        lambda x: Z * x, lambda x: x + 1j, lambda x: 1j * x, lambda x: np.complex64(1j) * x,
        lambda x: (np.eye(2) * 1j) @ x, lambda x: np.where([True, False], x, 1j),
        lambda x: np.concatenate([x, Z]), lambda x: backviz.ops.tanh(Z), lambda x: x.backward(Z),
        lambda x: setattr(x, "data", Z), lambda x: grad(abs)(1j), lambda x: vjp(abs, 1.0)[1](1j),
    ],
)  # fmt: skip
def test_complex_numbers(call):
    with pytest.raises(TypeError, match=REAL) as caught:
        call(tensor([1.0, 2.0]))
    assert "z.real, z.imag" in str(caught.value)  # what to do
    assert "\n" not in str(caught.value)


def test_complex_numbers_of_other_kinds():
    x = tensor([1.0, 2.0])
    with pytest.raises(BackvizError, match="so it cannot be complex128"):
        x.astype(complex)
    with pytest.raises(BackvizError, match="only real numbers can stand here"):
        load("L = x * 2j; x = 1")
    with pytest.raises(TypeError, match=r"np\.emath answers with complex numbers"):
        np.emath.sqrt(x)


OF_ARRAYS = [
    name
    for name, function in vars(np.fft).items()
    if inspect.isfunction(inspect.unwrap(function)) and not name.startswith("_")
    if name not in ("fftfreq", "rfftfreq")  # of a length
]


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_fourier_transforms(name):
    with pytest.raises(TypeError) as caught:
        getattr(np.fft, name)(tensor([[1.0, 2.0], [3.0, 4.0]]))
    assert str(caught.value) == (
        f"np.fft.{name} does not record; there are no Fourier transforms that record; for the "
        f"numbers alone write np.fft.{name}(x.data)"
    )


def test_there_are_fourier_transforms_in_numpy():
    assert {"fft", "ifft", "rfft2", "irfftn", "hfft", "fftshift"} <= set(OF_ARRAYS)


class csr_array:  # noqa: N801  (what scipy's looks like from outside)
    """A stand-in where scipy is not installed."""

    shape = (2, 2)

    def toarray(self):
        return np.eye(2)


csr_array.__module__ = "scipy.sparse._csr"


@pytest.mark.parametrize(
    "call",
    [
        tensor, Value, lambda s: tensor([1.0, 2.0]) @ s, lambda s: tensor([1.0, 2.0]) * s,
        lambda s: np.matmul(s, tensor([1.0, 2.0])), lambda s: backviz.ops.matmul(s, np.ones(2)),
    ],
)  # fmt: skip
def test_sparse_arrays(call):
    with pytest.raises(TypeError, match=r"not a sparse csr_array; x.toarray\(\) makes it a whole"):
        call(csr_array())


def test_sparse_arrays_of_scipy():
    sparse = pytest.importorskip("scipy.sparse")
    s, x = sparse.csr_array(np.eye(2)), tensor([1.0, 2.0])
    with pytest.raises(TypeError, match="not a sparse csr_array"):
        tensor(s)
    for call in (lambda: s @ x, lambda: s * x, lambda: s.dot(x)):
        with pytest.raises(backviz.LostGradientError, match=r"write S.toarray\(\) @ x"):
            call()
    assert (s.toarray() @ x).tolist() == [1.0, 2.0]


def test_who_asks_for_a_plain_array_is_told_what_stays_out():
    """The same without scipy: the sentence goes by the folder of who asks."""
    ask = {}
    for folder in ("scipy/sparse/_base.py", "scipy/fft/_basic.py"):
        exec(compile("def plain(x):\n    return x.__array__()", f"/lib/{folder}", "exec"), ask)
        with pytest.raises(backviz.LostGradientError) as caught:
            ask["plain"](tensor([1.0]))
        said = "S.toarray() @ x" if "sparse" in folder else "no Fourier transforms that record"
        assert said in str(caught.value)
