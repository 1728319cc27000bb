"""What the prompt prints with numbers on both sides holds, or says ≈: recomputed from the text."""

import math
import random
import re

import numpy as np
import pytest
from formula_reader import read
from quick import slow
from random_graphs import random_graph

from backviz import load, stepper, tensor
from backviz.stepping.commands import advance
from backviz.stepping.look import Look
from backviz.stepping.state import start
from backviz.text import NumberStyle

WIDE = 100_000  # nothing is broken, so that a line can be read as it was meant
NUMBER = r"−?\d+(?:\.\d+)?(?:e−?\d+)?"
LABELS = re.compile(r"^(?:value|gives|local|upstream|totals|sum|\d+  .*?|predicted|actual)\s+")
ENDS = re.compile(rf"({NUMBER})(?:$|\s{{2,}}|;)")


def equations(text, decimal="."):
    """Every pair of sides that hold numbers alone: the left one, the sign, the right one."""
    for line in text.splitlines():
        said = LABELS.sub("", line.strip())
        if decimal != ".":
            said = re.sub(rf"(?<=\d){decimal}(?=\d)", ".", said)
        for said_apart in re.split(r"\s{3,}(?=\S)|\.grad \+= ", re.sub(r"\s+(?=[=≈])", " ", said)):
            sides = re.split(r" ([=≈]) ", said_apart)
            for left, sign, right in zip(sides[::2], sides[1::2], sides[2::2], strict=False):
                found = ENDS.match(right)
                if found and re.search(r"\d", left) and (worth := computed(left)) is not None:
                    yield worth, sign, found[1], left


def computed(text):
    """What a formula of numbers alone comes to; `None` if it names anything."""
    if re.fullmatch(rf"\(?{NUMBER}\)?", text.strip()):
        return None  # one number is no formula
    try:
        worth = read(text.strip(), {})
    except (KeyError, ValueError, TypeError, IndexError, AssertionError, NameError):
        return None
    return float(worth) if np.ndim(worth) == 0 else None


def digits_of(text):
    """How many significant digits are written."""
    return len(re.sub(r"e.*|\D", "", text).lstrip("0")) or 1


def holds(worth, right, digits, left):
    """Whether a reader who computes the left side gets the right one, in the digits shown."""
    total = float(right.replace("−", "-"))
    if is_sum(left) or not total:
        largest = max(abs(float(x.replace("−", "-"))) for x in re.findall(NUMBER, left))
        return math.isclose(worth, total, rel_tol=1e-12, abs_tol=1e-14 * largest)
    unit = 10.0 ** (math.floor(math.log10(abs(total))) + 1 - max(digits, digits_of(right)))
    return abs(worth - total) <= unit / 2 * (1 + 1e-6) + 1e-15 * abs(worth)


def is_sum(left):
    return (
        "·" not in left and "/" not in left and not re.search(r"[a-zσ√²³^|]", left.replace("e", ""))
    )


def judged(text, numbers):
    """How many equations of a text hold with = and how many say ≈."""
    met = {"=": 0, "≈": 0}
    for worth, sign, right, left in equations(text, numbers.decimal):
        good = holds(worth, right, numbers.digits, left)
        assert good or sign == "≈", (left, sign, right, worth)
        met[sign] += 1
    return met


def session(output, look, dice):
    """What a session of a graph says: steps, why, local, and single entries."""
    state = start(output, look)
    record, line = state.record, state.timeline
    for at in sorted(
        dice.sample(range(1, line.rank(line.end()) + 1), min(10, line.rank(line.end())))
    ):
        state, result = advance(state, f"goto {at}")
        yield result.text
    for node in dice.sample(range(record.last + 1), min(6, record.last + 1)):
        name, shape = record.names[node], np.shape(record.values[node].data)
        said = [f"why {name}", f"local {name}", f"nudge {name}"]
        if shape and min(shape):
            index = ", ".join(str(dice.randrange(n)) for n in shape)
            said += [f"why {name}[{index}]", f"local {name}[{index}]"]
        for command in said:
            yield advance(state, command)[1].text


@pytest.mark.parametrize("graphs", [25, slow(300)])
def test_numbers_of_random_graphs_add_up_or_say_nearly(graphs):
    met = {"=": 0, "≈": 0}
    for seed in range(graphs):
        dice = random.Random(seed)
        numbers = NumberStyle(dice.choice([1, 2, 3, 4, 4, 4, 6, 9]), dice.choice([".", ".", ","]))
        look = Look(WIDE, numbers=numbers)
        for text in session(random_graph(seed), look, dice):
            found = judged(text, numbers)
            met = {sign: met[sign] + found[sign] for sign in met}
    assert met["="] > 8 * graphs and met["≈"] > graphs / 2


def test_the_reader_of_this_test_sees_equations():
    said = """  gives     a.grad += (−2)·3 = −6        b.grad += (−2)·2 = −4
  value     tanh(0.5) ≈ 0.4621
    X[0, 0]·∂L/∂z[0, 1] = 0.13·(−0.07879)   = −0.01024
    sum  1 + (−3) = 5
  1  a ← e ← d ← L      ∂L/∂d·∂d/∂e·∂e/∂a = (−2)·1·3 = −6"""
    found = [(left, sign, right) for _worth, sign, right, left in equations(said)]
    assert found == [
        ("(−2)·3", "=", "−6"), ("(−2)·2", "=", "−4"), ("tanh(0.5)", "≈", "0.4621"),
        ("0.13·(−0.07879)", "=", "−0.01024"), ("1 + (−3)", "=", "5"), ("(−2)·1·3", "=", "−6"),
    ]  # fmt: skip
    with pytest.raises(AssertionError):
        judged(said, NumberStyle())


# One entry ---------------------------------------------------------------------------------------


def terms_of(answer):
    return [term for use in answer.uses if use.terms for term in use.terms.listed]


@pytest.mark.parametrize("seed", range(1, 60, 5))
def test_the_terms_of_every_entry_are_products_that_add_up_to_the_gradient(seed):
    output = random_graph(seed)
    s = stepper(output)
    for node, value in enumerate(s.state.record.values):
        if not np.ndim(value.data) or not value.requires_grad:
            continue
        index = tuple(np.unravel_index(seed % value.data.size, value.data.shape))
        name = s.state.record.names[node]
        told = s.why(f"{name}[{', '.join(map(str, map(int, index)))}]")
        whole = s.state.run.whole(node)
        assert told.gradient == whole[index]
        assert np.isclose(sum(use.total for use in told.uses), whole[index], rtol=1e-9, atol=1e-12)
        for use in told.uses:
            added = sum(term.product for term in use.terms.listed) + use.terms.rest
            assert np.isclose(added, use.total, rtol=1e-9, atol=1e-12)
            for term in use.terms.listed:
                assert np.isclose(math.prod(term.factors), term.product)


def test_the_sum_over_samples_is_the_one_that_is_done_by_hand():
    x = np.array([[1.0, 2.0], [3.0, 0.0], [5.0, 6.0]])
    w = tensor(np.array([[1.0, -1.0], [0.5, 2.0]]), "w")
    z = tensor(x, "x", requires_grad=False) @ w
    z.label = "z"
    loss = (z * z).sum()
    loss.label = "L"
    told = stepper(loss).why("w[1, 0]")
    use = told.uses[0]
    assert use.terms.over == (0,) and use.terms.many == 3  # also the sample whose x is 0
    assert [term.names for term in use.terms.listed] == [
        (f"x[{k}, 1]", f"∂L/∂z[{k}, 0]") for k in range(3)
    ]
    g = 2 * (x @ w.data)
    assert [term.factors for term in use.terms.listed] == [(x[k, 1], g[k, 0]) for k in range(3)]
    assert told.gradient == sum(x[k, 1] * g[k, 0] for k in range(3))
    assert told.data()["uses"][0]["terms"]["listed"][0]["factors"] == [2.0, g[0, 0]]


def test_the_sum_over_a_broadcast_axis_has_one_factor_where_the_other_is_1():
    x, b = tensor(np.arange(6.0).reshape(3, 2), "x"), tensor(np.zeros(2), "b")
    h = x + b
    h.label = "h"
    loss = (h * h).sum()
    loss.label = "L"
    (use,) = stepper(loss).why("b[1]").uses
    assert [term.names for term in use.terms.listed] == [(f"∂L/∂h[{k}, 1]",) for k in range(3)]
    assert [term.factors for term in use.terms.listed] == [(2.0,), (6.0,), (10.0,)]


def test_many_terms_are_listed_in_part_and_the_rest_is_one_number():
    x = np.random.default_rng(0).normal(size=(500, 2))
    w = tensor([1.0, 2.0], "w")
    loss = ((tensor(x, "x", requires_grad=False) @ w) ** 2).mean()
    loss.label = "L"
    told = stepper(loss).why("w[0]")
    (use,) = told.uses
    assert (use.terms.many, len(use.terms.listed)) == (500, 12)
    true = (2 * (x @ w.data) / 500 * x[:, 0]).sum()
    assert np.isclose(told.gradient, true)
    assert np.isclose(sum(t.product for t in use.terms.listed) + use.terms.rest, true)
    assert "and 488 more terms, together " in told.text and len(told.text.splitlines()) < 20


def test_local_of_an_entry_writes_its_products_out():
    x, w = tensor([[1.0, 2.0], [3.0, 4.0]], "x"), tensor([[5.0, 6.0], [7.0, 8.0]], "w")
    z = x @ w
    z.label = "z"
    told = stepper(z.sum()).local("z[1, 0]")
    assert told.formula == "x[1, 0]·w[0, 0] + x[1, 1]·w[1, 0]"
    assert told.numeric == "3·5 + 4·7 = 43"
    assert [(s.slope, s.factor, s.local) for s in told.slopes] == [
        ("∂z[1, 0]/∂x[1, 0]", "w[0, 0]", 5.0), ("∂z[1, 0]/∂x[1, 1]", "w[1, 0]", 7.0),
        ("∂z[1, 0]/∂w[0, 0]", "x[1, 0]", 3.0), ("∂z[1, 0]/∂w[1, 0]", "x[1, 1]", 4.0),
    ]  # fmt: skip


def test_local_of_an_entry_of_a_mean_is_a_sum_of_shares():
    x = tensor([[1.0, 2.0], [3.0, 5.0], [8.0, 0.5]], "x")
    s = stepper((x.mean(axis=0) * x.sum(axis=0)).sum(), names=False)
    assert s.local("n2[0]").formula == "x[0, 0] + x[1, 0] + x[2, 0]"
    assert s.local("n2[0]").numeric == "1 + 3 + 8 = 12"
    assert s.local("n1[1]").formula == "x[0, 1]·0.3333 + x[1, 1]·0.3333 + x[2, 1]·0.3333"
    assert s.local("n1[1]").numeric == "2·0.3333 + 5·0.3333 + 0.5·0.3333 = 2.5"


@pytest.mark.parametrize(
    "line, said",
    [
        ("why w[0]", "w[0] is a part of w, which has the shape (2, 2); name one entry, as in w[0,"),
        ("why w[:, 1]", "name one entry, as in w[0, 0]"),
        ("why w[5, 0]", "w[5, 0]: the shape is (2, 2), so there is no such entry"),
        ("why w[0, 1, 2]", "there is no such entry"),
        ("local w[a]", "[a] is no index; write whole numbers and slices"),
        ("why w[0, 1] 2", "paths are those of a whole node: why w 2"),
        ("why L[0]", "the shape is (), so there is no such entry"),
        ("local L[]", "[] is no index"),
    ],
)
def test_what_is_no_entry_is_one_sentence(line, said):
    state = start(load("L=sum(x @ w); x=[[1, 2], [3, 4]]; w=[[1, 2], [3, 4]]"))
    new, result = advance(state, line)
    assert result.code == 5 and said in " ".join(result.text.split()) and new.at == state.at


@pytest.mark.parametrize(
    "typed", ["W[0,1]", "W[ 0 , 1 ]", "W [0, 1]", "W[-2, -1]", "W.grad[0, 1]", "W[−2, 1]"]
)
def test_an_entry_may_be_typed_in_many_ways(typed):
    state = start(load("L=sum(x @ W); x=[[1, 2], [3, 4]]; W=[[1, 2], [3, 4]]"))
    _, result = advance(state, f"why {typed}")
    assert result.lines[0] == "∂L/∂W[0, 1] = 4"


@pytest.mark.parametrize(
    "made", ["softmax", "amax", "cumsum", "sort", "transpose", "layer_norm", "mean", "relu"]
)
def test_entries_of_ops_of_every_kind_are_sums_of_what_arrives(made):
    from backviz import OPS

    x = tensor(np.random.default_rng(1).normal(size=(3, 4)), "x")
    args = (x, tensor(np.ones(4), "γ"), tensor(np.zeros(4), "β")) if made == "layer_norm" else (x,)
    out = OPS[made](*args)
    seed = np.arange(1.0, 1 + np.size(out.data)).reshape(np.shape(out.data))
    loss = (out * seed).sum()
    told = stepper(loss).why("x[1, 2]")
    loss.backward()
    assert told.gradient == pytest.approx(float(x.grad[1, 2]))
    use = told.uses[0]
    assert use.terms is not None
    added = sum(term.product for term in use.terms.listed)
    assert added == pytest.approx(told.gradient, abs=1e-12)


@pytest.mark.parametrize("x", [np.nan, np.inf, 1e-300, 1e300, 0.0])
def test_entries_that_are_not_ordinary_numbers_are_told_too(x):
    a = tensor([[x, 1.0], [2.0, x]], "a")
    loss = ((a @ a) * 2.0).sum()
    loss.label = "L"
    s = stepper(loss)
    for line in ("why a[0, 0]", "why a[1, 0]", "local n1[0, 1]", "why a", "print a"):
        assert s.run(line).text


# Paths -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(1, 100, 5))
def test_the_formula_of_every_path_gives_what_the_path_brings(seed):
    """Also where only a part of a gradient comes on the path, which is called δ."""
    s = stepper(random_graph(seed))
    record, run = s.state.record, s.state.run
    known = dict(zip(record.names, (v.data for v in record.values), strict=True))
    for node, value in enumerate(record.values):
        if value.op is not None or not value.requires_grad:
            continue
        for path in s.why(record.names[node]).paths:
            if not np.ndim(path.product) or path.formula.where:
                continue
            head = record.names.index(path.nodes[-2])
            slope = f"∂{record.names[record.last]}/∂{path.nodes[-2]}"
            names = known | {"upstream": run.whole(head), "δ": path.products[-2]}
            said = path.formula.text.replace(slope, "upstream")
            made = np.broadcast_to(np.asarray(read(said, names)), np.shape(path.product))
            assert np.allclose(made, path.product, atol=1e-9), (said, path.nodes)


def test_paths_through_a_skip_connection_say_which_part_they_bring():
    x, w = tensor(np.eye(2), "x"), tensor([[1.0, 2.0], [3.0, 4.0]], "w")
    h = (x @ w).tanh()
    h.label = "h"
    y = h @ w + x
    loss = (y * y).sum()
    loss.label = "L"
    told = stepper(loss, names=False).why("x")
    assert [path.formula.text for path in told.paths] == ["δ @ wᵀ", "δ", "δ @ wᵀ", "δ"]
    assert "δ is the part of the gradient that comes on the path" in told.text
    alone = stepper((x @ w).sum(), names=False).why("x")
    assert alone.paths[0].part == "" and "δ" not in alone.text
