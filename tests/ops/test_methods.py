"""torch's and numpy's other names on recorded values: the same numbers and gradients as theirs."""

import numpy as np
import pytest

import backviz
from backviz import Value, tensor
from backviz.ops.methods import FACTS, METHODS

X = np.array([[0.5, -1.5, 2.0], [3.0, 0.25, -0.75]])
SQUARE = np.array([[2.0, 0.5, 1.0], [0.25, 3.0, -1.0], [1.0, 0.5, 4.0]])
PLACES = np.array([[2, 0], [1, 1]])
MASK = X > 0.4
STACK = np.arange(1.0, 13.0).reshape(2, 3, 2)

# calls with t for torch's or our tensor of X, s for SQUARE, k for STACK, p for places, m for a mask
CALLS = {
    "mm": "t.mm(s)",
    "bmm": "k.bmm(k.swapaxes(1, 2))",
    "mv": "t.mv(s[0])",
    "ger": "s[0].ger(t[0])",
    "inverse": "s.inverse()",
    "slogdet": "s.slogdet()[1]",
    "svd": "s.svd()[1]",
    "dist": "t.dist(t * t, p=3)",
    "addmm": "s.addmm(s, t.T @ t, beta=0.5, alpha=2)",
    "addmv": "t[0].addmv(s, t[1], beta=3, alpha=-1)",
    "addr": "s.addr(t[0], t[1], beta=-1, alpha=2)",
    "addcmul": "t.addcmul(t, t + 1, value=0.5)",
    "addcdiv": "t.addcdiv(t, t * t + 1, value=-1)",
    "rsqrt": "(t * t).rsqrt()",
    "logit": "t.sigmoid().logit()",
    "lerp": "t.lerp(t * t, 0.3)",
    "float_power": "(t * t + 1).float_power(1.5)",
    "sgn": "t.sgn() * t",
    "frac": "t.frac()",
    "positive": "t.positive()",
    "clamp_min": "t.clamp_min(0.3)",
    "clamp_max": "t.clamp_max(0.3)",
    "eq": "t.eq(0.5) * t", "ne": "t.ne(0.5) * t", "lt": "t.lt(0.3) * t",
    "le": "t.le(0.25) * t", "gt": "t.gt(0.25) * t", "ge": "t.ge(0.25) * t",
    "bitwise_and": "(t > 0).bitwise_and(t < 1) * t", "bitwise_or": "(t > 2).bitwise_or(t < 0) * t",
    "bitwise_xor": "(t > 0).bitwise_xor(t < 1) * t", "bitwise_not": "(t > 0).bitwise_not() * t",
    "where": "t.where(m, t * t)",
    "masked_fill": "t.masked_fill(m, -9.0) + t.masked_fill(m, s[0, 0])",
    "masked_select": "t.masked_select(m)",
    "split": "t.split(2, dim=1)", "split_with_sizes": "t.split_with_sizes([1, 2], dim=-1)",
    "unsafe_split": "k.unsafe_split(2, 1)",
    "unsafe_split_with_sizes": "k.unsafe_split_with_sizes([2, 1], 1)",
    "chunk": "t.chunk(2, dim=1)", "unsafe_chunk": "t.unsafe_chunk(5)",
    "tensor_split": "t.tensor_split(2, dim=1)",
    "hsplit": "t.hsplit(3)", "vsplit": "t.vsplit(2)", "dsplit": "k.dsplit(2)",
    "unbind": "k.unbind(1)",
    "narrow": "t.narrow(1, -2, 2)", "narrow_copy": "t.narrow_copy(0, 1, 1)",
    "unfold": "k.unfold(1, 2, 2)",
    "select": "k.select(-1, 1)",
    "index_select": "t.index_select(1, p[0])",
    "take": "t.take(p)",
    "sort": "t.sort(dim=0, descending=True)[0]", "msort": "t.msort()",
    "topk": "t.topk(2, dim=1, largest=False).values",
    "cummax": "t.cummax(1)[0]", "cummin": "k.cummin(dim=0).values",
    "diagflat": "t.diagflat(offset=-1)",
    "take_along_dim": "t.take_along_dim(p, dim=1)",
    "expand": "t[:, None].expand(2, -1, 3)", "expand_as": "t[0].expand_as(t)",
    "view_as": "t.view_as(t.T)", "reshape_as": "k.reshape_as(k.reshape(4, 3))",
    "sum_to_size": "t.sum_to_size(1, 3)",
    "unflatten": "t.unflatten(-1, (3, 1))",
    "fliplr": "t.fliplr()", "flipud": "t.flipud()",
    "adjoint": "k.adjoint()",
    "contiguous": "t.contiguous()", "conj": "t.conj()", "conj_physical": "t.conj_physical()",
    "resolve_conj": "t.resolve_conj()", "resolve_neg": "t.resolve_neg()",
    "cpu": "t.cpu() * 2", "double": "t.double()", "to": "t.to('cpu').to(t)",
    "type_as": "t.type_as(s)",
}  # fmt: skip
FACT_CALLS = """
nelement() ndimension() element_size() is_floating_point() is_signed() is_complex()
is_contiguous() is_cuda is_cpu itemsize nbytes ndim shape size() size(1) dim() numel()
is_same_size(t) is_same_size(t[0]) int().sum() long()[0,1] bool().sum() short().sum()
count_nonzero() count_nonzero(0)[1] argwhere()[0,1] retains_grad allclose(t) allclose(t+1)
requires_grad_().requires_grad requires_grad_(False).requires_grad
""".split()  # noqa: SIM905
# numpy's or nobody's in torch, or not to be compared by value
OTHERS = {"copy", "conjugate", "astype", "float", "byte", "char", "retain_grad"}


def listed(made):
    return list(made) if isinstance(made, tuple | list) else [made]


@pytest.mark.peers
@pytest.mark.parametrize("name", CALLS)
def test_a_method_is_torch_s(name):
    torch = pytest.importorskip("torch")
    given = {"t": X, "s": SQUARE, "k": STACK}
    results = []
    for ours in (True, False):
        leaves = {
            n: tensor(x) if ours else torch.tensor(x, requires_grad=True) for n, x in given.items()
        }
        more = {"m": MASK, "p": PLACES}
        if not ours:
            more = {n: torch.tensor(x) for n, x in more.items()}
        parts = listed(eval(CALLS[name], {**leaves, **more}))
        total = sum(
            ((part * part).sum() + part.sum() for part in parts), start=0 * leaves["t"].sum()
        )
        total.backward()
        shapes = [tuple(part.shape) for part in parts]
        data = [part.data if ours else part.detach().numpy() for part in parts]
        grads = [leaves[n].grad for n in given]
        results.append((shapes, data, [None if g is None else np.asarray(g) for g in grads]))
    (shapes, data, grads), (their_shapes, their_data, their_grads) = results
    assert shapes == their_shapes
    for mine, theirs in zip(data + grads, their_data + their_grads, strict=True):
        if theirs is None or mine is None:
            assert mine is None or not np.any(mine)
            assert theirs is None or not np.any(theirs)
        else:
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.peers
@pytest.mark.parametrize("call", FACT_CALLS)
def test_a_fact_is_torch_s(call):
    torch = pytest.importorskip("torch")
    mine = eval(f"t.{call}", {"t": tensor(X)})
    theirs = eval(f"t.{call}", {"t": torch.tensor(X, requires_grad=True)})
    theirs = theirs.item() if isinstance(theirs, torch.Tensor) else theirs
    assert (tuple(mine) if call.startswith("s") and isinstance(theirs, tuple) else mine) == theirs


def test_no_method_is_left_out():
    called = {c.partition("(")[0] for c in FACT_CALLS}
    assert set(METHODS) - set(CALLS) - called == OTHERS
    assert set(FACTS) - called == {"H", "mH", "real", "values", "device", "grad_fn"}


def test_what_is_numpy_s_or_only_looks_on():
    x = tensor(X)
    assert x.values is x.real is x
    assert (x.device, x.grad_fn, (x * 2).grad_fn.name) == ("cpu", None, "mul")
    assert x.H.shape == x.mH.shape == (3, 2)
    assert x.retain_grad() is None
    y = x.copy()
    assert (y.op.name, y.tolist()) == ("identity", X.tolist())
    assert x.conjugate() is x
    assert x.astype(float) is x.astype("float64") is x.float() is x
    assert x.astype(int).tolist() == [[0, -1, 2], [3, 0, 0]]
    assert (abs(x) > 1).byte().tolist() == [[0, 1, 1], [1, 0, 0]]
    assert x.char().dtype == np.int8
    assert x.max(dim=1).values.tolist() == [2.0, 3.0]
    assert Value(3.0).size() == ()
    assert f"{x.size:d} {x.size + 1}" == "6 7"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("x.astype(np.float32)", r"this one is float64, not float32; give the leaves so"),
        ("x.astype(complex)", "a real number, so it cannot be complex128"),
        ("x.to('cuda:0')", "there is no cuda:0"),
        ("x.to(device='mps')", "there is no mps"),
        ("x.split(0)", "a part has at least one entry, not 0"),
        ("x.split([1, 4], 1)", r"the sizes \[1, 4\] do not add up to 3"),
        ("x.chunk(0)", "chunk: into 0 parts"),
        ("x.expand(5, 3)", "expand|broadcast"),
        ("x.expand(3)", "expand"),
        ("x.gather(1, np.array([[5]]))", "out of bounds"),
        ("x.gather(1, np.array([0]))", "gather: the index has the shape"),
        ("(x * 2).requires_grad_(False)", "detach"),
        ("x.narrow(5, 0, 1)", "has no axis 5"),
        ("x.split(1, 7)", "has no axis 7"),
        ("x.unflatten(0, (3, 5))", "reshape|unflatten"),
    ],
)
def test_wrong_arguments_get_a_sentence(call, message):
    with pytest.raises((backviz.BackvizError, TypeError, IndexError), match=message) as caught:
        eval(call, {"x": tensor(X), "np": np, "tensor": tensor})
    assert "Operand" not in str(caught.value)
