"""Cholesky, eigenvalues and singular values: as numpy and torch, unique or refused."""

import numpy as np
import pytest

from backviz import check_grads, gradients_of, hessian, tensor
from backviz.errors import InputError, ShapeError
from backviz.ops import OPS

RANDOM = np.random.default_rng(6)
ANY = RANDOM.normal(size=(3, 4, 4))
SYMMETRIC = ANY + ANY.swapaxes(-1, -2)
POSITIVE = ANY @ ANY.swapaxes(-1, -2) + np.eye(4)
TALL, WIDE = RANDOM.normal(size=(2, 5, 3)), RANDOM.normal(size=(2, 5))


def again(factors):
    """The matrix of its factors, each cubed before: what does not ask for signs."""
    left, values, right = factors
    return (left**3 * values[..., None, :]) @ (right**3).mT


def test_numpy_s_functions_record():
    x = tensor(POSITIVE)
    for name in ("cholesky", "eigvalsh"):
        function = getattr(np.linalg, name)
        np.testing.assert_allclose(function(x).data, function(POSITIVE), rtol=1e-12)
    values, vectors = np.linalg.eigh(x)
    assert np.linalg.eigh(x).eigenvalues.requires_grad
    np.testing.assert_allclose((vectors @ (values[..., None] * vectors.mT)).data, POSITIVE)
    for given in (TALL, WIDE):
        u, s, vh = np.linalg.svd(tensor(given), full_matrices=False)
        np.testing.assert_allclose((u * s[..., None, :] @ vh).data, given)
        only = np.linalg.svd(tensor(given), compute_uv=False)
        np.testing.assert_array_equal(only.data, np.linalg.svd(given, compute_uv=False))
    upper = tensor(POSITIVE).cholesky(upper=True)
    np.testing.assert_allclose((upper.mT @ upper).data, POSITIVE)


@pytest.mark.peers
def test_gradients_are_torch_s():
    torch = pytest.importorskip("torch")
    calls = {
        "cholesky": (POSITIVE, lambda x: x.cholesky(), torch.linalg.cholesky),
        "upper": (
            POSITIVE, lambda x: OPS["cholesky"](x, upper=True),
            lambda x: torch.linalg.cholesky(x, upper=True),
        ),
        "eigvalsh": (SYMMETRIC, lambda x: np.linalg.eigh(x)[0], lambda x: torch.linalg.eigh(x)[0]),
        # squares and products do not ask for signs
        "eigh": (SYMMETRIC, lambda x: np.linalg.eigh(x)[1] ** 2,
                 lambda x: torch.linalg.eigh(x)[1] ** 2),
        "svd": (TALL, lambda x: again(x.svd()), lambda x: again(torch.svd(x))),
        "u": (WIDE, lambda x: np.linalg.svd(x, False)[0] ** 2,
              lambda x: torch.linalg.svd(x, False)[0] ** 2),
        "vh": (WIDE, lambda x: np.linalg.svd(x, False)[2] ** 2,
               lambda x: torch.linalg.svd(x, False)[2] ** 2),
        "svdvals": (WIDE, lambda x: np.linalg.svd(x, False)[1], torch.linalg.svdvals),
    }  # fmt: skip
    for name, (given, ours, theirs) in calls.items():
        leaf, peer = tensor(given), torch.tensor(given, requires_grad=True)
        made, other = ours(leaf), theirs(peer)
        np.testing.assert_allclose(made.data, other.detach().numpy(), 1e-10, 1e-12, err_msg=name)
        seed = np.cos(np.arange(made.size)).reshape(made.shape)
        (found,) = gradients_of(made, (leaf,), seed=seed)
        (wanted,) = torch.autograd.grad(other, peer, torch.tensor(seed))
        np.testing.assert_allclose(found, wanted.numpy(), 1e-9, 1e-11, err_msg=name)


def test_derivatives_to_order_2_by_differences():
    small = POSITIVE[0, :3, :3]
    for function in (
        lambda x: np.linalg.cholesky(x).sum(),
        lambda x: (np.linalg.eigh(x).eigenvectors ** 3).sum(),
        lambda x: (np.linalg.svd(x, full_matrices=False)[0] ** 3).sum(),
        lambda x: (np.linalg.svd(x, full_matrices=False)[2] ** 3).sum(),
    ):
        assert check_grads(function, small, order=2, tolerance=1e-5)
    # the second derivative of the largest eigenvalue of [[a, b], [b, c]], by hand
    a, b, c = 2.0, 0.7, -1.0

    def largest(x):
        return np.linalg.eigh(x[np.array([[0, 1], [1, 2]])]).eigenvalues[1]

    found = hessian(largest)(np.array([a, b, c]))
    root = np.hypot(a - c, 2 * b)
    assert found[0, 0] == pytest.approx(2 * b**2 / root**3)
    assert found[1, 1] == pytest.approx(2 * (a - c) ** 2 / root**3)


def test_vectors_that_are_not_unique_have_no_gradient():
    for function, said in (
        (lambda x: np.linalg.eigh(x).eigenvectors, "two eigenvalues are equal .2.,"),
        (lambda x: np.linalg.svd(x).U, "two singular values are equal"),
        (lambda x: np.linalg.svd(x).Vh, "two singular values are equal"),
    ):
        leaf = tensor(2 * np.eye(3))
        made = function(leaf)  # the numbers are there
        with pytest.raises(InputError, match=said) as caught:
            made.sum().backward()
        assert "\n" not in str(caught.value)
    flat = tensor(np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]]))
    with pytest.raises(InputError, match="a singular value is 0"):
        np.linalg.svd(flat, full_matrices=False).U.sum().backward()
    values = np.linalg.eigh(tensor(2 * np.eye(3))).eigenvalues
    assert gradients_of(values.sum(), (values.inputs[0],))[0].tolist() == np.eye(3).tolist()


def test_what_is_not_there_is_said():
    with pytest.raises(InputError, match="full_matrices=False"):
        np.linalg.svd(tensor(WIDE))
    with pytest.raises(InputError, match="hermitian=True is not there"):
        np.linalg.svd(tensor(SYMMETRIC), hermitian=True)
    with pytest.raises(TypeError, match="UPLO is 'L' or 'U'"):
        np.linalg.eigh(tensor(SYMMETRIC), "x")
    with pytest.raises(ShapeError, match="not positive definite"):
        np.linalg.cholesky(tensor(-np.eye(2)))
    for given in (2.0, np.ones(3), np.ones((2, 3))):
        with pytest.raises(ShapeError, match="a square matrix belongs here"):
            np.linalg.eigvalsh(tensor(given))
    for name in ("qr", "eig"):
        with pytest.raises(TypeError, match=f"np.linalg.{name} does not record"):
            getattr(np.linalg, name)(tensor(SYMMETRIC))
