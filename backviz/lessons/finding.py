"""Which topic or op a person means: by its name, its other words in any language, its sign.

Invariant: a name means itself; what is only near to something is offered, never taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from backviz.autodiff.remedies import remedy, unknown_op
from backviz.errors import UsageError
from backviz.language import N_, _
from backviz.lessons.model import LESSONS, Lesson
from backviz.ops import OPS
from backviz.registry import unknown
from backviz.words import LANGUAGES, Words

SIGNS = {"+": "add", "-": "sub", "−": "sub", "*": "mul", "·": "mul", "/": "div", "@": "matmul",
         "**": "pow", "^": "pow", "+=": "accumulate"}  # fmt: skip
STEM = 5  # letters by which words of one kin are known, such as vanishing and vanished
OFFERED = 3  # topics at most
WHOLE = 2.0  # what a word counts that means a topic by itself
SHORT = 3  # letters of words that stand everywhere
TYPED = 0.82  # how alike two words are of which one is a slip of the fingers
ALIKE = {0x451: 0x435}  # a letter of Russian that many write without its dots
_WORD = re.compile(r"[^\W_]+")


def found(name: str) -> str:
    """The topic or op that a name means, or "".

    >>> found("Zero_Grad"), found("chain rule"), found("vanishing"), found("@"), found("tanhh")
    ('zero-grad', 'local', 'residual', 'matmul', '')
    """
    if not isinstance(name, str):  # no topic's name, and no word to look for
        raise UsageError(unknown(N_("topic or op"), name, LESSONS.names()))
    for called in (name, name.lower()):
        if called in LESSONS:
            return LESSONS.name_of(called)
        if called in OPS:
            return OPS.name_of(called)
    return SIGNS.get(name.strip()) or _meanings().get(_plain(name), "")


def other_words(lesson: Lesson) -> Iterator[str]:
    """What people type for a topic, in every language.

    >>> "chain rule" in other_words(LESSONS["local"])
    True
    """
    if lesson.also is not None:
        said = dict.fromkeys(lesson.also.of(lang) for lang in LANGUAGES)
        yield from (word.strip() for words in said for word in words.split(","))


def typed_words() -> list[str]:
    """The other words of all topics that are one word, as TAB offers them.

    >>> "vanishing" in typed_words(), "chain rule" in typed_words()
    (True, False)
    """
    words = (word for lesson in LESSONS.values() for word in other_words(lesson))
    return [word for word in dict.fromkeys(words) if len(word) > 1 and " " not in word]


def refusal(name: str) -> str:
    """What is said of a word that means nothing: what is spelt so, or treats of it.

    >>> refusal("accumulat")
    "unknown topic or op 'accumulat'; did you mean 'accumulate'?"
    >>> refusal("my exploding loss")
    "unknown topic or op 'my exploding loss'; the nearest topic is clipping"
    """
    kind = N_("topic or op")
    if remedy(name):
        return unknown_op(kind, name, ())
    names = [*LESSONS.names(), *OPS.names()]
    turned = [each for each in names if sorted(each) == sorted(name.lower())]
    typed = turned or get_close_matches(name.lower(), [*names, *_meanings()], n=1, cutoff=TYPED)
    if typed and typed[0] in names:
        return unknown(kind, name, typed)
    near = [found(typed[0])] if typed else nearest(name) or _begun(name)
    if len(near) > 1:
        said = _("the nearest topics are {topics}", topics=", ".join(near))
        return unknown(kind, name, (), said)
    if near:
        return unknown(kind, name, (), _("the nearest topic is {topic}", topic=near[0]))
    lists = _("backviz explain lists the topics, backviz list ops the ops")
    return unknown(kind, name, names, lists)


def nearest(name: str) -> list[str]:
    """The topics that treat of a word, best first: by their words, then by their texts.

    >>> nearest("saturated neuron")[0]
    'loud-but-deaf'
    """
    told = {lesson.name: _told(lesson) for lesson in LESSONS.values()}
    scores, meanings = dict.fromkeys(told, 0.0), _meanings()
    for word in dict.fromkeys(_WORD.findall(name.lower())):  # in order: sums depend on it
        hits = {each: sum(_stem(word) in said for said in sets) for each, sets in told.items()}
        spread = sum(map(bool, hits.values()))  # a word that all have tells little
        for each in filter(hits.get, hits if len(word) > SHORT else ()):
            scores[each] += hits[each] / spread
        if (meant := meanings.get(_plain(word), "")) in told:  # a topic's word, however short
            scores[meant] += WHOLE / spread
    best = sorted(told, key=lambda each: -scores[each])[:OFFERED]
    return [each for each in best if 2 * scores[each] > scores[best[0]]]


def _told(lesson: Lesson) -> list[set[str]]:
    """The stems of a topic's words, its question and its text; words count most."""
    called = {*_stems(lesson.name, *other_words(lesson))}
    return [called, called, {*_stems(*_texts(lesson.question))}, {*_stems(*_texts(lesson.says))}]


def _begun(name: str) -> list[str]:
    """The topics one of whose words begins so.

    >>> _begun("acc")
    ['accumulate', 'gradient-accumulation']
    """
    begins = _plain(name)
    meant = (topic for word, topic in _meanings().items() if word.startswith(begins))
    return [*dict.fromkeys(meant)][:OFFERED] if len(begins) > 2 else []


def _meanings() -> dict[str, str]:
    """Every other word, as it is compared, with its topic; before them ops, written otherwise."""
    ops = {_plain(name): OPS.name_of(name) for name in OPS.names()}
    return ops | {
        _plain(word): lesson.name
        for lesson in LESSONS.values()
        for word in (lesson.name, *other_words(lesson))
    }


def _texts(words: Words) -> list[str]:
    return [words.of(lang) for lang in LANGUAGES]


def _stems(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from (_stem(word) for word in _WORD.findall(text.lower()))


def _stem(word: str) -> str:
    return word[:STEM].translate(ALIKE)


def _plain(word: str) -> str:
    """A word without what people write differently: case, dashes, brackets, dots on a letter."""
    return "".join(_WORD.findall(word.lower())).translate(ALIKE)
