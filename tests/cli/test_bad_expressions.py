"""What cannot be computed gets one sentence; what is not finite is drawn on request."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from command_line import call, is_one_sentence, refused, run
from work import at_most

from backviz.renderers import RENDERERS

BAD = {
    "L=a*(": (5, "the bracket is never closed\n  L=a*(\n      ^\n"),
    "L=a)": (5, "the bracket was never opened\n  L=a)\n     ^\n"),
    "L=a*": (5, "the expression cannot be read"),
    "L=2a; a=1": (5, "something is missing here"),
    "L=tnah(a); a=1": (5, "unknown function 'tnah'; did you mean 'tanh'?\n  L=tnah(a); a=1\n    ^"),
    "L=zzqq(1)": (5, "unknown function 'zzqq'; 'backviz list ops' shows what there is"),
    "L=eval(1)": (5, "unknown function 'eval'"),
    "L=__import__(1)": (5, "unknown function '__import__'"),
    "L=a*b; a=1": (5, "b has no value; add 'b=…' to the expression\n  L=a*b; a=1\n      ^"),
    "L=a.b; a=1": (5, "attributes are not allowed"),
    "L=a[0]; a=1": (5, "subscripts are not allowed"),
    "L=(lambda: 1)()": (5, "backviz: "),
    "L=[x for x in y]": (5, "backviz: "),
    "L='a'": (5, "only real numbers"),
    "L=f'{1}'": (5, "backviz: "),
    "L=a if a else a; a=1": (5, "conditions are not allowed"),
    "L=a^2; a=1": (5, "^ is not a power here; use **"),
    "L=tanh(a, a); a=1": (5, "tanh takes 1 operand, not 2"),
    "L=tanh; a=1": (5, "tanh is a function"),
    "L=a; L=b; a=1; b=2": (5, "L is given twice"),
    "L=M; M=L": (5, "each other"),
    "L=a*L; a=1": (5, "L"),
    "x=a*2; y=a*3; a=1": (5, "2 results (x, y)"),
    "import os": (5, "use assignments like a=2"),
    "a=b=1": (5, "one name stands to the left of ="),
    "L=log(a); a=-1": (6, "log gives NaN at node n1 (L): log(a) with a = -1; log needs x > 0"),
    "L=1/a; a=0": (6, "div gives infinity at node n2 (L): div(1, a) with a = 0"),
    "1/0": (6, "div gives infinity at node n2: div(1, 0)"),
    "0/0": (6, "div gives NaN at node n2"),
    "log(-1)": (6, "log gives NaN at node n1"),
    "L=sqrt(a); a=0": (6, "sqrt at node n1 (L) gives its input a = 0 the gradient infinity"),
    "L=a; a=1e999": (6, "a is not a finite number"),
    "L=A@B; A=[[1,2]]; B=[[1,2,3]]": (5, "matmul(A, B): the shapes (1, 2) and (1, 3) do not fit"),
    "L=a+b; a=[1,2]; b=[1,2,3]": (5, "add(a, b): the shapes (2,) and (3,) do not fit"),
    "L=[[1,2],[3]]": (5, "a list holds numbers"),
    "L=[]": (5, "the list is empty"),
    "9**9**9": (5, "the power is too large for a float64; use smaller numbers\n  9**9**9\n  ^"),
    "L=a; a=9**9**9": (5, "the power is too large"),
    "[0]*10**9": (5, "a list is a vector here and is not repeated by *"),
    "1e400**2": (5, "the power is too large"),
    "1" * 400: (5, "too large"),
    "1" * 5000: (5, "too long"),
    "(" * 100 + "1" + ")" * 100: (5, "brackets are nested more than 60 deep"),
    "+".join(["1"] * 10_001): (5, "the expression is 20,001 characters long (at most 20,000)"),
    # Python reads these two from 3.13 on
    "L=" + "-" * 5000 + "a;a=1": (5, "nested too deeply"),
    "L=" + "a+" * 4000 + "a;a=1": (5, "nested too deeply"),
    "": (5, "the expression is empty"),
    "  \n ; ": (5, "the expression is empty"),
    "L=a\0b": (5, "backviz: "),
    "@simpel": (2, "unknown example 'simpel'; did you mean 'simple'?"),
    "@": (2, "unknown example ''"),
}


@pytest.mark.parametrize("source", BAD, ids=lambda s: ascii(s[:30]))
def test_a_bad_expression_gets_one_sentence_and_no_file(source):
    code, said = BAD[source]
    call("graph", "x", "-o", "g.svg")  # what is imported at the first error
    with at_most(50_000):
        refused(call("graph", source, "-o", "g.svg"), code, said)


@pytest.mark.parametrize("command", ["graph", "describe", "table"])
def test_every_command_refuses_a_bad_expression(command):
    refused(call(command, "L=a*("), 5, "the bracket is never closed\n  L=a*(\n      ^")


def test_a_bad_expression_as_a_process():
    refused(run("graph", "L=a*(", "-o", "g.svg"), 5, "the bracket is never closed")


def test_the_caret_stands_under_the_token_on_the_right_line():
    ran = call("graph", "веса = a*b\na = 2\nb = сигмоида(1)", "-o", "g.svg")
    refused(ran, 5, "(line 3)\n  b = сигмоида(1)\n      ^\n")


def test_a_long_line_is_cut_around_the_caret():
    source = "L=" + "a+" * 100 + "foo(1)" + "+a" * 100 + ";a=1"
    ran = call("graph", source, "-o", "g.svg")
    refused(ran, 5, "unknown function 'foo'")
    line, caret = ran.err.splitlines()[1:]
    assert len(line) < 80
    assert line[caret.index("^") :].startswith("foo(1)")


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("source", ["log(-1)", "1/0", "L=sqrt(a); a=0", "L=log(a)*a; a=-1"])
def test_the_picture_of_a_nan_is_drawn_on_request(source, form):
    ran = call("graph", source, "-o", f"g.{form}", "--allow-nan")
    assert ran.code == 6
    assert Path(f"g.{form}").stat().st_size > 30  # a box of characters is that small
    said = ran.err.splitlines()[-1]
    assert re.search(r"\b(log|div|sqrt)\b.*\bnode n\d", said), said
    assert "--allow-nan" not in said


@pytest.mark.parametrize("command", ["describe", "table"])
def test_text_of_a_nan_is_printed_with_exit_code_6(command):
    ran = call(command, "L=log(a)*a; a=-1")
    assert (ran.code, "NaN" in ran.text) == (6, True)
    assert is_one_sentence(ran.err)
