"""Corners of the engine that other engines' suites and probes found, against torch's answers."""

import copy

import numpy as np
import pytest
from command_line import call

import backviz
from backviz import Value, nn, no_grad, optim, tensor
from backviz.errors import BackvizError, InputError
from backviz.ops import OPS

NAN, INF = np.nan, np.inf

# What carries no gradient has gradient 0 -------------------------------------------------------

FLAT = {
    "greater": lambda x: x > 1,
    "less": lambda x: x < x * 2,
    "equal": lambda x: x == 2,
    "not equal": lambda x: x != 2,
    "at least": lambda x: x >= 2,
    "at most": lambda x: x <= 2,
    "argmax": lambda x: np.argmax(x, axis=-1),
    "argmin": np.argmin,
    "sign of the determinant": lambda x: np.linalg.slogdet(x)[0],
    "both": lambda x: (x > 1) & (x < 3),
    "not": lambda x: ~(x > 1),
    "any": np.any,
    "isnan": np.isnan,
    "constant": lambda x: np.ones(x.shape),
}
MATRIX = np.array([[1.0, 2.0], [3.0, 5.0]])


@pytest.mark.parametrize("f", FLAT.values(), ids=FLAT)
def test_what_carries_no_gradient_has_gradient_0(f):
    zero = np.zeros((2, 2))
    made = backviz.jacobian(f)(MATRIX)
    assert np.shape(made)[-2:] == (2, 2)
    assert not np.any(made)
    assert not np.any(backviz.grad(lambda x: (f(x) * 1.0).sum())(MATRIX))
    value, gradient = backviz.value_and_grad(lambda x: (f(x) * 2.0 + x * 0.0).sum())(MATRIX)
    assert np.isfinite(value)
    assert np.array_equal(gradient, zero)
    x = tensor(MATRIX, "x")
    y = f(x)
    if isinstance(y, Value):
        seed = np.ones(y.shape) if y.shape else None
        assert np.array_equal(backviz.gradients_of(y, (x,), seed)[0], zero)
        assert (
            backviz.gradients_of(y, (x,), seed, create_graph=True)[0].data.tolist() == [[0, 0]] * 2
        )
        (step,) = backviz.backward_steps(y, seed)
        assert step.contributions == ()
        for form in ("svg", "json", "text"):
            assert backviz.render(y, form)


def test_a_number_that_is_compared():
    assert backviz.grad(lambda x: x > 1)(2.0) == 0.0
    assert backviz.value_and_grad(lambda x: x > 1)(2.0) == (1.0, 0.0)
    assert backviz.grad(backviz.grad(lambda x: x > 1))(2.0) == 0.0


# An input that is asked for twice ---------------------------------------------------------------


def test_an_input_that_is_asked_for_twice_gets_its_gradient_twice():
    a, b = Value(3.0), Value(4.0)
    assert backviz.gradients_of(a * b, (a, a)) == [4.0, 4.0]
    assert backviz.gradients_of(a * b, (b, a, b)) == [3.0, 4.0, 3.0]
    f = lambda x, y: x * y * y  # noqa: E731
    assert backviz.grad(f, argnums=(0, 0))(3.0, 5.0) == (25.0, 25.0)
    assert backviz.grad(f, argnums=(1, -1, 0))(3.0, 5.0) == (30.0, 30.0, 25.0)
    assert backviz.jacobian(f, argnums=[0, 0])(3.0, 5.0) == (25.0, 25.0)
    assert backviz.value_and_grad(f, argnums=(0, -2))(3.0, 5.0)[1] == (25.0, 25.0)


@pytest.mark.parametrize("argnums", ["x", 1.5, None, ("x",), {"w": 1}])
def test_argnums_that_are_no_numbers(argnums):
    with pytest.raises(InputError, match="argnums counts the arguments"):
        backviz.grad(lambda x: x, argnums=argnums)(1.0)


# Products with a 0 or an infinity ---------------------------------------------------------------

ROWS = {
    "0 in another row": [[INF, 2.0, 2.0], [0.0, 1.0, 3.0]],
    "two 0": [[0.0, 2.0, 0.0], [INF, 1.0, 3.0]],
    "0 and infinity": [[0.0, 2.0, 3.0], [INF, 0.0, 3.0]],
    "two infinities": [[INF, -INF, 2.0], [0.0, 1.0, 3.0]],
    "nan": [[NAN, 2.0, 2.0], [0.0, 1.0, 3.0]],
}


@pytest.mark.parametrize("name", ["prod", "cumprod"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_rows_of_a_product_keep_to_themselves(name, rows, create_graph):
    """Each row has the gradient that it has alone."""

    def gradient(rows):
        x = tensor(rows)
        y = OPS[name](x, axis=1).sum()
        (g,) = backviz.gradients_of(y, (x,), create_graph=create_graph)
        return g.data if create_graph else g

    alone = np.concatenate([gradient([row]) for row in rows])
    np.testing.assert_array_equal(gradient(rows), alone)


def test_products_agree_with_torch():
    torch = pytest.importorskip("torch")
    for rows in ROWS.values():
        x, t = tensor(rows), torch.tensor(rows, dtype=torch.float64, requires_grad=True)
        np.prod(x, axis=1).sum().backward()
        t.prod(dim=1).sum().backward()
        np.testing.assert_array_equal(x.grad, t.grad.numpy())
    cube = np.random.default_rng(0).normal(size=(2, 3, 4))
    cube[0, 1, 2] = cube[1, 1, 3] = cube[1, 2, 3] = 0.0
    for axis in (0, 1, 2, (0, 2), None):
        f = lambda x, axis=axis: np.sum(np.prod(x, axis=axis) ** 2 + np.prod(x, axis=axis))  # noqa: E731
        x = tensor(cube)
        f(x).backward()
        step = 1e-6 * np.eye(cube.size).reshape(-1, *cube.shape)
        by_hand = [(f(cube + h) - f(cube - h)) / 2e-6 for h in step]
        np.testing.assert_allclose(x.grad.ravel(), by_hand, rtol=1e-6, atol=1e-8)


# A number has an axis 0 -------------------------------------------------------------------------

NUMBER = [
    "sum", "prod", "mean", "amax", "amin", "logsumexp", "softmax", "log_softmax", "argmax",
    "argmin", "cumsum", "cumprod", "flip", "norm", "any", "all",
]  # fmt: skip


@pytest.mark.parametrize("name", NUMBER)
@pytest.mark.parametrize("axis", [0, -1])
def test_a_number_takes_the_axes_that_torch_takes(name, axis):
    torch = pytest.importorskip("torch")
    x, t = Value(3.0), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    theirs = {"flip": lambda: t.flip(axis), "norm": lambda: t.norm(dim=axis)}.get(
        name, lambda: getattr(t, name)(axis)
    )()
    ours = OPS[name](x, axis=axis)
    assert ours.shape == tuple(theirs.shape) == ()
    assert ours.item() == pytest.approx(float(theirs.detach()))
    if theirs.requires_grad:
        theirs.backward()
        ours.backward()
        assert x.grad == pytest.approx(t.grad.item())
        x.grad = None
        ours.backward(create_graph=True)
        assert x.grad.data == pytest.approx(t.grad.item())
    for wrong in (1, -2):
        with pytest.raises(BackvizError, match=r"single number|out of bounds"):
            OPS[name](x, axis=wrong)


# Precision --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_arrays_keep_their_precision(kind):
    x = tensor(np.array([1.0, 2.0], kind))
    assert x.dtype == kind
    for like, value in ((np.zeros_like, 0), (np.ones_like, 1), (np.empty_like, None)):
        made = like(x)
        assert type(made) is np.ndarray
        assert made.dtype == kind
        assert made.shape == (2,)
        assert value is None or (made == value).all()
        assert (x + like(x)).dtype == kind
    assert np.full_like(x, 3.0).tolist() == [3.0, 3.0]
    assert np.full_like(x, 3.0).dtype == kind
    assert np.zeros_like(x, dtype=float).dtype == float
    y = (np.tanh(x * 2 + 1) @ np.ones_like(x)) ** 2
    y.backward()
    assert x.grad.dtype == kind
    assert np.array(x.detach()).dtype == kind
    assert backviz.grad(lambda x: (x * x).sum())(np.ones(2, kind)).dtype == kind
    x.data -= kind(0.1) * x.grad
    assert x.data.dtype == kind


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("name", [n for n in OPS.names() if OPS[n].elementwise and OPS[n].public])
def test_elementwise_ops_keep_the_precision(name, kind):
    op = OPS[name]
    draw = np.random.default_rng(1)
    args = [tensor(draw.uniform(*op.interval, (3, 3)).astype(kind)) for _ in range(op.arity)]
    try:
        out = op(*args)
    except (TypeError, BackvizError) as error:
        pytest.skip(str(error))
    assert out.dtype == kind
    if out.requires_grad:
        out.sum().backward()
        assert {a.grad.dtype for a in args if a.grad is not None} == {np.dtype(kind)}


def test_float16_rounds_and_overflows_as_numpys():
    small = tensor(np.full(2, 1e-4, np.float16))
    (small * small).sum().backward()  # 2e-4 is there, 1e-8 is not
    assert (small.data * small.data).tolist() == [0.0, 0.0]
    assert (small.grad == np.float16(2e-4)).all()
    assert np.isinf((tensor(np.full(1, 300.0, np.float16)) ** 2).data).all()
    with pytest.raises(InputError, match="none for float16; give it float32"):
        np.linalg.inv(tensor(np.eye(2, dtype=np.float16)))


# Blocks that are closed out of order ------------------------------------------------------------


def _holding():
    with no_grad():
        yield


def test_blocks_that_are_closed_out_of_order():
    first = _holding()
    next(first)
    with no_grad():
        first.close()
        assert not (Value(2.0) * 3).requires_grad
    assert (Value(2.0) * 3).requires_grad
    assert backviz.trace(lambda a: a * a, 3.0).requires_grad
    one, two = _holding(), _holding()
    next(one)
    next(two)
    one.close()
    assert not (Value(2.0) * 3).requires_grad
    two.close()
    with backviz.scoped(), backviz.scope("block"):
        assert (Value(2.0) * 3).origin.scope == "block"


def test_a_generator_that_is_closed_inside_another_kind_of_block():
    held = _holding()
    next(held)
    with backviz.expanded():
        held.close()
        assert OPS["softmax"](tensor([1.0, 2.0])).op.name == "div"
    assert OPS["softmax"](tensor([1.0, 2.0])).op.name == "softmax"


# Errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("position", [3, -4, (0, 0), np.array([0, 5])])
def test_a_position_out_of_range_is_an_index_error(position):
    x = tensor([1.0, 2.0, 3.0], "x")
    with pytest.raises(IndexError):
        x[position]
    with pytest.raises(BackvizError):
        x[position]


def test_a_loop_that_ends_on_an_index_error():
    x, i, seen = tensor([1.0, 2.0]), 0, []
    while True:
        try:
            seen.append(x[i].item())
        except IndexError:
            break
        i += 1
    assert seen == [1.0, 2.0]


def test_an_axis_out_of_range_is_an_index_error_as_in_torch():
    with pytest.raises(IndexError):
        tensor([1.0]).sum(axis=3)


def test_a_freed_value_is_no_leaf():
    x = Value(2.0)
    y = x * x
    z = y.tanh()
    z.backward(retain_graph=False)
    assert x.is_leaf
    assert not y.is_leaf
    assert not z.is_leaf


def test_a_masked_array_keeps_its_mask_or_is_refused():
    masked = np.ma.masked_array([1.0, 2.0], mask=[False, True])
    for use in (
        lambda: tensor(masked),
        lambda: tensor([1.0, 2.0]) * masked,
        lambda: backviz.grad(lambda x: x.sum())(masked),
        lambda: OPS["sum"](masked),
    ):
        with pytest.raises(InputError, match="would lose its mask"):
            use()
    with pytest.raises(BackvizError):
        masked * tensor([1.0, 2.0])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (np.array([1j]), "not complex128"),
        (1j, "not complex"),
        (np.complex64(1j), "not complex64"),
        ([[1.0, 2.0], [3.0]], "equally long"),
        (np.array(["a"]), "not an array of str"),
        ({"w": 1.0}, "not dict"),
    ],
)
def test_what_makes_no_value_is_named(data, said):
    with pytest.raises((TypeError, InputError), match=said):
        tensor(data)


# NaN is not hidden on the way back --------------------------------------------------------------

AT_NAN = {
    "relu": ([NAN, 1.0, -1.0],),
    "relu6": ([NAN, 1.0, 7.0],),
    "hardtanh": ([NAN, 0.5, 3.0],),
    "leaky_relu": ([NAN, 1.0, -1.0],),
    "maximum": ([NAN, 1.0, 2.0, 5.0], [1.0, NAN, 3.0, 5.0]),
    "minimum": ([NAN, 1.0, 2.0, 5.0], [1.0, NAN, 3.0, 5.0]),
}


@pytest.mark.parametrize("name", AT_NAN)
@pytest.mark.parametrize("create_graph", [False, True])
def test_nan_passes_the_gradient_on_as_in_torch(name, create_graph):
    torch = pytest.importorskip("torch")
    function = getattr(torch, name, None) or getattr(torch.nn.functional, name)
    theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in AT_NAN[name]]
    function(*theirs).sum().backward()
    ours = [tensor(a) for a in AT_NAN[name]]
    OPS[name](*ours).sum().backward(create_graph=create_graph)
    for a, t in zip(ours, theirs, strict=True):
        grad = a.grad.data if create_graph else a.grad
        np.testing.assert_array_equal(grad, t.grad.numpy())
    numbers = [Value(a[0]) for a in AT_NAN[name]]
    OPS[name](*numbers).backward()
    assert [v.grad for v in numbers] == [t.grad[0].item() for t in theirs]


# What torch's users write -----------------------------------------------------------------------


def test_padding_in_words():
    torch = pytest.importorskip("torch")
    draw = np.random.default_rng(0)
    x, kernel = draw.normal(size=(2, 3, 7, 6)), draw.normal(size=(4, 3, 3, 5))
    for padding, dilation in (("same", 1), ("valid", 1), ("same", 2)):
        theirs = torch.nn.functional.conv2d(
            torch.tensor(x), torch.tensor(kernel), padding=padding, dilation=dilation
        )
        ours = OPS["conv2d"](tensor(x), tensor(kernel), padding=padding, dilation=dilation)
        np.testing.assert_allclose(ours.data, theirs.numpy(), rtol=1e-9, atol=1e-12)
    for options, said in (
        ({"padding": "same", "stride": 2}, "stride 1"),
        ({"padding": "sme"}, "did you mean 'same'"),
    ):
        with pytest.raises(InputError, match=said):
            OPS["conv2d"](x, kernel, **options)
    with pytest.raises(InputError, match="odd size"):
        OPS["conv2d"](x, kernel[..., :2, :], padding="same")


def test_optimizers_as_torchs_users_call_them():
    w = tensor([1.0, 2.0])
    opt = optim.SGD([w], lr=0.0)
    (w * w).sum().backward()
    opt.step()
    assert w.data.tolist() == [1.0, 2.0]
    for group in opt.param_groups:
        assert group["params"] == [w]
        group["lr"] = 0.25
    opt.step()
    assert w.data.tolist() == [0.5, 1.0]
    with pytest.raises(InputError, match="lr=-1"):
        opt.param_groups[0]["lr"] = -1
    with pytest.raises(InputError, match="no option 'rate'"):
        opt.param_groups[0]["rate"] = 1
    assert set(opt.param_groups[0]) >= {"params", "lr"}
    opt.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0.0, 0.0]
    opt.zero_grad(set_to_none=True)
    assert w.grad is None
    net = nn.Linear(2, 1, seed=0)
    net([1.0, 2.0]).sum().backward()
    net.zero_grad(set_to_none=False)
    assert not net.weight.grad.any()


def test_a_comparison_can_be_drawn_and_stepped_from_the_command_line(tmp_path):
    file = tmp_path / "f.py"
    file.write_text("from backviz import Value\nx = Value(2.0, 'x')\nL = x > 1\n")
    for command in (["graph", "-F", "text"], ["table"], ["describe"]):
        done = call(command[0], f"{file}:L", *command[1:])
        assert done.code == 0, done.err


def test_a_name_that_a_value_does_not_have_is_asked_for_in_peace():
    assert not hasattr(Value(1.0), "mT")
    assert not hasattr(tensor([1.0]), "mT")
    assert tensor([[1.0, 2.0]]).mT.shape == (2, 1)
    with pytest.raises(AttributeError, match=r"shape \(3,\) has no mT or mH"):
        tensor([1.0, 2.0, 3.0]).mT  # noqa: B018


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Value(2, name="a"), "takes no name=; the name in pictures is label="),
        (lambda: tensor([2.0], dtype=np.float32), "takes no dtype=; an array keeps its own"),
        (lambda: tensor([2.0], device="cpu"), "takes no device=; numpy computes everything"),
        (lambda: Value(2.0, requires_gard=True), "there are label= and requires_grad="),
        (lambda: Value(2.0, 3.0), "a label is a text, not 3.0"),
    ],
)
def test_a_value_made_with_other_words_says_which_there_are(make, said):
    with pytest.raises(TypeError, match=said):
        make()


def test_several_outputs_in_one_container_keep_their_order():
    a = Value(2.0, "a")
    y = a * 3
    z = a + 4
    for outputs in ([y, z], [z, y], [z, a, y]):
        twins = copy.deepcopy(outputs)
        order = sorted(range(len(outputs)), key=lambda i: outputs[i].serial)
        assert sorted(range(len(twins)), key=lambda i: twins[i].serial) == order
        total = twins[0] * twins[-1]
        total.backward()
        leaf = next(v for v in total.inputs[0].inputs if v.label == "a")
        assert leaf.grad == 3 * (2 + 4) + 3 * 2
        assert max(v.serial for v in twins) < total.serial
