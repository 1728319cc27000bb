"""No raise in the package speaks an unmarked sentence: all go through the catalogue."""

import ast
from pathlib import Path

import pytest

import backviz

PACKAGE = Path(backviz.__file__).parent
# An AssertionError that only a fault of our own reaches
UNREACHED = {"sources/evaluation.py", "scenes/skip_surfaces.py"}


def unmarked(source):
    """The lines of raises whose message has words of its own, in a text or an f-string."""
    raised = [n.exc for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Raise)]
    made = [exc for exc in raised if isinstance(exc, ast.Call)]
    given = ((exc, part) for exc in made
             for part in (*exc.args, *(keyword.value for keyword in exc.keywords)))  # fmt: skip
    return [exc.lineno for exc, part in given if any(map(has_words, spoken(part)))]


def spoken(node):
    """The texts that an expression is put together from; calls mark theirs, or take no part."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            for part in parts:
                yield from spoken(part)
        case ast.BinOp(left=left, right=right):
            yield from (*spoken(left), *spoken(right))
        case ast.IfExp(body=body, orelse=other):
            yield from (*spoken(body), *spoken(other))
        case ast.FormattedValue(value=value):
            yield from spoken(value)
        case ast.Call(func=ast.Attribute(value=text, attr="format" | "join")):
            yield from spoken(text)


def has_words(text):
    """Two words, or one beside a gap: names of options and units alone need no language."""
    return len([w for w in text.split() if sum(map(str.isalpha, w)) > 1]) > 1


@pytest.mark.parametrize("folder", sorted({p.parent for p in PACKAGE.rglob("*.py")}), ids=str)
def test_every_raise_is_said_in_the_language_of_errors(folder):
    for path in folder.glob("*.py"):
        if path.relative_to(PACKAGE).as_posix() not in UNREACHED:
            assert not unmarked(path.read_text("utf-8")), path


@pytest.mark.parametrize(
    "message",
    [
        '"there is no such thing"',
        'f"there is no {name}"',
        '"no " + name + " is here, and none there"',
        '_("{n} names") if many else "there is one"',
        '"{name} is not there".format(name=name)',
        "f\"{name}: {'missing from the list' if gone else other}\"",
    ],
)
def test_an_unmarked_one_is_found(message):
    assert unmarked(f"def f():\n    raise InputError({message}) from None") == [2]


@pytest.mark.parametrize("message", ['_("there is no {name}", name=name)', 'f"{file}: {error}"'])
def test_a_marked_one_and_one_without_words_pass(message):
    assert not unmarked(f"raise InputError({message})")
