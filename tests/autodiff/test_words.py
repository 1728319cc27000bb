"""Every public name of numpy, numpy.linalg and torch's Tensor records, answers, or is refused.

What is refused names a remedy written by hand; the code in a remedy is run against numpy.
"""

import inspect
import re
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
from quick import one_in

import backviz
from backviz import Value, tensor
from backviz.autodiff.protocol import _ASKING
from backviz.autodiff.remedies import remedies, remedy
from backviz.autodiff.table import FUNCTIONS

PACKAGE = str(Path(backviz.__file__).parent)
SAMPLES = Path(__file__).parents[1] / "shared" / "samples"
TORCH = (SAMPLES / "torch_tensor_names.txt").read_text("utf-8").split()
INTERNAL = re.compile(
    r"Operand|Result|<lambda>|_bind|has no attribute|unsupported operand|<function"
)

# functions that take no array of numbers: settings, files, texts, dates' calendars, types
NO_ARRAYS = re.findall(
    r"\w+",
    """
bartlett base_repr binary_repr blackman bmat broadcast_shapes busday_count busday_offset
datetime_as_string datetime_data diag_indices empty eye from_dlpack frombuffer fromfile
fromfunction fromiter fromregex fromstring genfromtxt get_include get_printoptions getbufsize
geterr geterrcall hamming hanning identity iinfo indices info is_busday isdtype isfortran isnat
isscalar issubdtype iterable kaiser load loadtxt mintypecode nested_iters ones printoptions
promote_types save savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall
show_config show_runtime test tri tril_indices triu_indices typename zeros
""",
)


def public(module):
    for name in sorted(dir(module)):
        thing = getattr(module, name)
        if not name.startswith("_") and callable(thing) and not inspect.isclass(thing):
            yield name, thing


def arities(function):
    """How many arrays a function may take, fewest first."""
    if isinstance(function, np.ufunc):
        return [function.nin]
    try:
        listed = inspect.signature(function).parameters.values()
    except ValueError:
        return [1, 2, 3]
    needed = [p for p in listed if p.default is p.empty and p.kind < p.VAR_POSITIONAL]
    return [max(1, min(len(needed), 9))]


def ours(error):
    """Whether the package itself raised this, and in words that fit a reader."""
    last = traceback.extract_tb(error.__traceback__)[-1].filename
    said = str(error)
    return last.startswith(PACKAGE) and not INTERNAL.search(said) and len(said) > 20


def outcome(function, x):
    for arity in arities(function):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                made = function(*[x] * arity)
        except Exception as error:
            return error
        return made
    raise AssertionError(function)


@pytest.mark.parametrize("module", [np, np.linalg], ids=lambda m: m.__name__)
def test_every_function_of_numpy_records_answers_or_is_refused_in_words(module):
    home = module.__name__.removeprefix("numpy").removeprefix(".")
    left = []
    for name, function in public(module):
        known = function in FUNCTIONS or function in _ASKING
        if known or name in NO_ARRAYS:
            continue
        made = outcome(function, tensor([[1.0, 2.0], [3.0, 5.0]]))
        if isinstance(made, Exception):
            refused = f"np.{home}{'.' * bool(home)}{name} does not record; " in str(made)
            if not ours(made) or (refused and not remedy(name, home)):
                left.append((name, type(made).__name__, str(made)[:100]))
        elif np.asarray(made).dtype.kind == "O":
            left.append((name, "answered", repr(made)[:60]))
    assert left == []


@pytest.mark.parametrize("names", [TORCH, dir(np.ndarray)], ids=["torch", "ndarray"])
def test_every_method_of_an_array_answers_or_is_refused_in_words(names):
    left = []
    for name in names:
        if name.startswith("_") or name == "data":
            continue
        for x in (tensor([[1.0, 2.0], [3.0, 5.0]]), Value(2.0) * 3):
            try:
                getattr(x, name)
            except AttributeError as error:
                said = str(error)
                if name in ("mT", "mH") and "having no two axes to swap" in said:
                    continue
                known = (
                    remedy(name, "x") or "write x = x." in said or remedy(name.removesuffix("_"))
                )
                if not ours(error) or not known or said.endswith("shows what there is"):
                    left.append((name, said))
    assert left == []


@pytest.mark.peers
def test_the_list_of_torch_s_names_is_torch_s():
    torch = pytest.importorskip("torch")
    names = [name for name in dir(torch.Tensor) if not name.startswith("_")]
    assert names == TORCH, "write the list again: tests/shared/samples/torch_tensor_names.txt"


def test_no_remedy_stands_for_what_works():
    x = tensor([[1.0, 2.0], [3.0, 5.0]])
    dead = []
    for name in remedies():
        home, _, last = name.rpartition(".")
        if home in ("", "linalg"):
            function = numpy_function(name)
            records = function is None or function in FUNCTIONS
            if records and (hasattr(x, last) if not home else function in FUNCTIONS):
                dead.append(name)
    assert dead == []


OPERATORS = {
    "pow(x, 2, 5)": "a remainder of whole numbers has no derivative",
    "x << 1": "whole numbers and bits",
    "1 >> x": "whole numbers and bits",
    "x()": "'Value' object is not callable",
    "(x * x)()": "'Value' object is not callable",
    "np.cbrt(x)": r"write np.sign\(x\) \* np.abs\(x\) \*\* \(1 / 3\)",
    "np.linalg.cond(x)": r"write np.linalg.svd",
    "np.median(x)": "write np.mean",
    "np.fft.fft(x)": r"write np.fft.fft\(x.data\)",
    "np.ones(3).dot(x * np.ones(3))": r"write plain @ W",
    "backviz.ops.cbrt": r"unknown op 'cbrt'; write np.sign",
    "backviz.load('L=cbrt(x); x=1')": r"unknown function 'cbrt'; write sign\(x\) \* abs\(",
    "backviz.load('L=median(x); x=1')": r"unknown function 'median'; write mean",
    "tensor([[1, 2], [3]])": "equally long",
    "tensor(np.array([1j]))": "complex128",
    "np.ones((2, 2)) * x.item(3)": r"^Value.item\(\) takes 1 positional argument",
    "x.numel(3)": r"^Value.numel\(\) takes 1 positional argument",
    "tensor([1.0, 2.0]).__delitem__(0)": "cannot be taken away",
    "tensor([[1.0, 2.0]]).transpose(4, 7)": "out of bounds",
    "x.tanh(3)": r"^tanh\(\) takes 1 positional argument",
    "x.masked_fill(1)": "^masked_fill missing 1 required positional argument: 'value'",
    "x._prev": "a recorded value has no _prev; its operands are x.inputs",
    "x.relu_()": r"has no relu_, which would write into it; write x = x.relu\(…\)",
    "x.to('cuda')": "there is no cuda",
    "(x * x).xlogy": "a recorded value has no xlogy; where x is above 0, write",
}


@pytest.mark.parametrize("code", OPERATORS)
def test_what_python_itself_would_refuse_barely_gets_a_sentence(code):
    with pytest.raises((TypeError, AttributeError, ValueError), match=OPERATORS[code]) as caught:
        eval(code, {"x": Value(3.0), "np": np, "backviz": backviz, "tensor": tensor})
    assert not INTERNAL.search(str(caught.value))


def test_a_recorded_number_fills_an_array():
    x = tensor([[1.0, 2.0], [3.0, 5.0]])
    filled = np.full_like(x, x[0, 1])
    filled.sum().backward()
    assert (filled.tolist(), x.grad.tolist()) == ([[2.0] * 2] * 2, [[0.0, 4.0], [0.0, 0.0]])


def test_completion_offers_what_is_there():
    names = dir(Value(1.0))
    assert {"tanh", "masked_fill", "data", "T", "device"} <= set(names)
    assert not {"xlogy", "add_", "cuda", "_prev"} & set(names)
    assert {"_prev", "_op", "_backward"} <= set(dir(backviz.micrograd.Value(1.0)))
    assert all(hasattr(tensor([[1.0, 2.0]]) * 2, name) for name in names)


def test_a_made_by_hand_sentence_is_not_followed_by_a_guess():
    def printed(code):
        done = subprocess.run(
            [sys.executable, "-c", f"import backviz; backviz.Value(1.0).{code}"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr.splitlines()[-1]

    assert "mean" not in printed("aminmax")
    assert printed("aminmax").endswith("write x.amin(), x.amax()")


@pytest.mark.parametrize(
    "code",
    one_in(
        3,
        [
            "Value(2.0).tanh()",
            "Value(2.0).masked_fill(True, 0.0)",
            "np.tanh(Value(2.0))",
            "np.linalg.det(tensor([[2.0]]))",
            "import backviz; backviz.ops.tanh(1.0)",
            "import backviz; backviz.micrograd.Value(2.0).tanh()",
        ],
    ),
)
def test_nothing_depends_on_what_was_imported_before(code):
    values = "from backviz.autodiff.value import Value, tensor; " * ("backviz" not in code)
    script = f"import numpy as np; {values}{code}"
    subprocess.run([sys.executable, "-c", script], check=True)


# The remedies' code ------------------------------------------------------------------------

MATRIX = np.array([[0.31, 1.6, 1.2], [1.7, 0.24, 0.9], [0.4, 2.5, 1.05]])
VECTOR = np.array([1.31, 0.6, 2.2, 0.45])
THREE = np.array([0.31, 1.6, 0.72])


def code_of(sentence):
    """The code after "write ", if it is complete."""
    found = re.search(r"\bwrite (.+?)(?:;| with |, and so on| for the power|$)", sentence)
    try:
        return compile(found[1], "<remedy>", "eval") if found else None
    except SyntaxError:
        return None


def numpy_function(name):
    home, _, last = name.rpartition(".")
    module = {"": np, "linalg": np.linalg, "fft": np.fft}.get(home)
    found = getattr(module, last, None) or getattr(np.linalg, last, None)
    return found if callable(found) and not inspect.isclass(found) else None


SAID = {n: s.format(name=n.rpartition(".")[2]) for n, s in remedies().items()}
TRIED = {n: s for n, s in SAID.items() if code_of(s) and numpy_function(n)}
DOMAIN = {"arccosh": 1.0, "acosh": 1.0, "arctanh": -0.9, "atanh": -0.9}  # added to the sample
OPTIONS = {  # what the code in the remedy fixes
    "round": (2,), "around": (2,), "matrix_power": (2,), "linalg.matrix_power": (2,),
    "full_like": (1.0,), "insert": None, "delete": (1, 0),
    "dsplit": None, "empty_like": None, "fill_diagonal": None, "select": None, "copyto": None,
    "place": None, "put": None, "putmask": None, "put_along_axis": None, "choose": None,
    "piecewise": None, "average": (), "heaviside": (0.0,), "ldexp": (2,),
    "trim_zeros": None, "floor_divide": (0.7,), "divmod": None, "modf": None, "resize": None,
    "partition": None,
}  # fmt: skip


def samples(name, sentence):
    """The arrays that the sentence speaks of, before it says what to write."""
    head = sentence.partition("write")[0]
    if "linspace" in sentence:
        return [1.3]
    if "vector" in head or "coefficients" in head:
        return [THREE] if "three" in head else [VECTOR]
    if "matri" in head or "column" in head:
        return [MATRIX]
    if name in DOMAIN:
        return [THREE + DOMAIN[name]]
    return [MATRIX, VECTOR]


def plain(made):
    made = made[0] if isinstance(made, tuple) else made
    return np.asarray(made.data if isinstance(made, Value) else made).real.astype(float)


def called(function, arguments):
    """What numpy makes of plain arrays, as float arrays; None where it takes no such arrays."""
    try:
        with np.errstate(all="ignore"):
            made = function(*arguments)
        return plain(made)
    except (TypeError, ValueError, IndexError, np.linalg.LinAlgError):
        return None


def arguments_of(name, function, x):
    """x, and what else the function takes: a y of x's shape, or the option in the remedy."""
    if OPTIONS.get(name) is not None:
        return (x, *OPTIONS[name])
    y = np.sqrt(np.abs(x)) + 0.1
    if name in ("column_stack", "dstack"):
        return ([x, y],)
    if name.endswith("multi_dot"):
        return ([x, y, x],)
    return (x, y) if arities(function)[0] == 2 else (x,)


@pytest.mark.parametrize("name", sorted(n for n in TRIED if OPTIONS.get(n, ()) is not None))
def test_the_code_of_a_remedy_is_what_numpy_computes(name):
    code, function, ran = code_of(TRIED[name]), numpy_function(name), 0
    for x in samples(name, TRIED[name]):
        arguments = arguments_of(name, function, x)
        truth = called(function, arguments)
        if truth is None:
            continue
        y = arguments[1] if len(arguments) > 1 else np.sqrt(np.abs(x)) + 0.1
        v = tensor(x, requires_grad=True)
        made = eval(code, {"np": np, "x": v, "y": y, "a": v, "b": y, "c": x})
        np.testing.assert_allclose(plain(made), truth, rtol=1e-12, atol=1e-12)
        if isinstance(made, Value) and made.requires_grad:
            same_slope(made, v, lambda a, rest=arguments: np.sum(plain(_with(function, rest, a))))
        ran += 1
    assert ran, "no sample fits"


def _with(function, arguments, x):
    if isinstance(arguments[0], list):
        return function([x, *arguments[0][1:]])
    return function(x, *arguments[1:])


def same_slope(made, v, f):
    """The gradient of the code's sum against differences of numpy's own function."""
    made.sum().backward()
    for place in np.ndindex(v.shape):
        step = np.zeros(v.shape)
        step[place] = 1e-6
        slope = (f(v.data + step) - f(v.data - step)) / 2e-6
        assert abs(slope - np.asarray(v.grad)[place]) < 1e-6 * max(1, abs(slope)), place


def test_the_remedies_that_are_run_are_most_of_those_with_code():
    assert len(TRIED) > 70
