"""The expression language: what it reads, what it refuses, and where the caret stands."""

import pytest

from backviz import load
from backviz.errors import InputError
from backviz.sources import record_expression


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("L=a*+2; a=1", 2.0),
        ("+2", 2.0),
        ("2*-+1", -2.0),
        ("x*x; x=3", 9.0),
        ("x=3; x*x", 9.0),
        ("-x**2; x=3", -9.0),
        ("2**-1", 0.5),
        ("a=-(2); b=+a; b*1", -2.0),
        ("sin(pi/2)", 1.0),
        ("sum(x, axis=0); x=[2]", 2.0),
        ("sum(sum(x, axis=(0,1), keepdims=True)); x=[[1,2],[3,4]]", 10.0),
        ("x−y×2; x=7; y=3", 1.0),
        ("веса*2; веса=4", 8.0),
        ("a=1/4; b=a*4; b", 1.0),
    ],
)
def test_expressions_come_to_what_they_say(text, value):
    output = record_expression(text)
    assert output.item() == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ('x=["1","2"]', "a list holds numbers", 2),
        ('x=[b"1"]', "a list holds numbers", 2),
        ("x=[True]", "a list holds numbers", 2),
        ("x=[(1,2),(3,4)]", "a list holds numbers", 2),
        ("x=[None,1]", "a list holds numbers", 2),
        ('x=["nan"]', "a list holds numbers", 2),
        ("x=[[1,2],[3]]", "a list holds numbers", 2),
        ("sum(x,axis=0,axis=1); x=[[1]]", "the option axis is given twice", 0),
        ('sum(x,axis="a"); x=[1]', "an axis is a whole number, not 'a'", None),
        ("sum(x,axis={}); x=[1]", "axis needs a number", 0),
        ("pi=3; L=pi*2", "pi is a constant", 0),
        ("L=a*(", "the bracket is never closed", 4),
        ("веса=2; L=веса*х", "х has no value", 15),
        ("a=a", "a is defined by itself", None),
        ("[0]*10**9", "not repeated", 0),
        ("9**9**9", "too large", 0),
    ],
)
def test_what_is_refused_is_told_with_a_caret_under_it(text, said, column):
    with pytest.raises(InputError, match=said) as caught:
        record_expression(text)
    if column is not None:
        assert caught.value.column == column


def test_sizes_are_bounded_in_all():
    column = "[" + ",".join(["[1]"] * 2000) + "]"
    row = "[" + ",".join(["1"] * 2000) + "]"
    grid = f"x={column}; y={row}; m=x+y; " + "; ".join(
        f"a{i}=tanh({f'a{i - 1}' if i else 'm'})" for i in range(20)
    )
    with pytest.raises(InputError, match="entries in all"):
        record_expression(grid)


def test_products_of_matrices_are_bounded_before_they_are_computed():
    column = "[" + ",".join(["[1]"] * 3300) + "]"
    row = "[[" + ",".join(["1"] * 3300) + "]]"
    with pytest.raises(InputError, match="10,890,000 entries"):
        record_expression(f"sum(x@y); x={column}; y={row}")


@pytest.mark.parametrize("between", ["\n", "\n   ", ";\n\t", "; \r\n  ", "\n\n    "])
def test_assignments_on_lines_of_their_own_may_be_indented(between):
    made = load(f"  L = (a *{between.replace(';', '')} b){between}a = 2{between}b = 3 ")
    assert made.data == 6.0


def test_a_caret_stands_under_the_fault_of_an_indented_line():
    with pytest.raises(InputError) as caught:
        load("L = a + 1\n      a = 2 $ 3")
    assert str(caught.value).splitlines()[1:] == ["  a = 2 $ 3", "        ^"]
