"""Explanations of one screen: misconceptions, each with its numbers, and every op.

`explanation(name)` makes one; `LESSONS` are the topics, `BREAKS` the engines that are wrong on
purpose. To add a topic: a `Lesson` in one of the modules of topics.

>>> made = explanation("accumulate")
>>> [row[:3] for row in made.blocks[1].rows]
[('a', 7.0, 3.0)]
"""

from __future__ import annotations

from backviz.errors import UsageError
from backviz.language import _
from backviz.lessons import (  # noqa: F401
    array_topics,
    engine_topics,
    gradient_topics,
    loop_topics,
    number_topics,
    record_topics,
    saturation_topics,
    training_topics,
)
from backviz.lessons.broken import BREAKS
from backviz.lessons.finding import found, refusal
from backviz.lessons.judge import verdict
from backviz.lessons.model import LESSONS, Block, Explanation, Lesson
from backviz.lessons.op_page import explain_op
from backviz.lessons.words import YOURS
from backviz.ops import OPS
from backviz.sources import load

__all__ = ["BREAKS", "LESSONS", "Explanation", "explanation"]


def explanation(name: str = "", wrong: str = "", source: str | None = None) -> Explanation:
    """Explain a topic or an op; `wrong` runs another broken engine, `source` another computation.

    Without a name, `wrong` is run on `source`, or on the topic that it belongs to. Raises
    `UsageError` for an unknown name and for what does not go together, `InputError` for a
    source that cannot be read. A name is also another word for the topic, in any language,
    or the sign of an op.

    >>> explanation("tanh").head.en
    'out = tanh(x)'
    >>> explanation("accumulat")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown topic or op 'accumulat'; did you mean 'accumulate'?
    """
    if wrong:
        BREAKS[wrong]  # an unknown name raises its own sentence
    if not name and source is None:  # every break is a name of its topic
        name, wrong = wrong, ""
    if name:
        meant = found(name)
        if not meant:
            raise UsageError(refusal(name))
        name = meant
    if source is not None:
        if wrong and name and name not in LESSONS:
            raise UsageError(
                _("{name} is an op: drop its name, --break and --src go without it", name=name)
            )
        return _own(wrong or (LESSONS[name].wrong if name in LESSONS else ""), source)
    if name in LESSONS:
        return _lesson(LESSONS[name], wrong)
    if wrong:
        raise UsageError(_("{name} is an op: --break goes with a topic, or with --src", name=name))
    return explain_op(OPS[name])


def _lesson(lesson: Lesson, wrong: str) -> Explanation:
    broken = wrong or lesson.wrong
    if wrong and wrong != lesson.wrong and LESSONS[wrong] is not lesson:
        raise UsageError(
            _(
                "the topic {name} tells of another mistake; for {wrong} leave the name out, or "
                "give a computation with --src",
                name=lesson.name,
                wrong=wrong,
            )
        )
    output = load(lesson.source) if lesson.source else None
    blocks: list[Block] = [view(output) for view in lesson.shown]
    if broken and output is not None:
        blocks.append(verdict(output, broken))
    blocks.append(lesson.says)
    return Explanation(lesson.name, lesson.question, lesson.source, tuple(blocks))


def _own(broken: str, source: str) -> Explanation:
    """A broken engine on a computation of the reader's own."""
    if not broken:
        raise UsageError(_("--src goes with --break; say which mistake is to be run on it"))
    return Explanation(broken, YOURS, source, (verdict(load(source), broken),))
