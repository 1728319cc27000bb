"""`backviz explain`: one screen on a misconception or on an op."""

from __future__ import annotations

from typing import Any

import click

from backviz.cli import options
from backviz.cli.completion import offer_sources, offer_topics
from backviz.cli.help import Command


@click.command(
    cls=Command, kinds=("topic", "op"), short_help="One screen on a misconception or an op."
)
@click.argument("words", nargs=-1, metavar="[TOPIC|OP]", shell_complete=offer_topics)
@options.named(
    "--break",
    "wrong",
    table="backviz.lessons.broken:BREAKS",
    metavar="MISTAKE",
    default="",
    help="Run an engine with this mistake beside the right one: accumulate, topo, zero-grad, "
    "inner-grads, update-early, unbroadcast, relu-mask, local-swap, no-upstream, "
    "sigmoid-quarter, no-slope, softmax-diagonal, ties, skip-lost, batch-constants or in-place.",
)
@click.option(
    "--src", shell_complete=offer_sources, metavar="SRC", help="Run it on this computation."
)
@options.words
@options.as_json
@options.debug
def explain(
    words: tuple[str, ...], wrong: str, src: str | None, as_json: bool, **given: Any
) -> None:
    """Explain a TOPIC or an OP with numbers that are computed now; without it, list the topics.

    Other words for a topic and the signs of ops are understood: vanishing gradient, no_grad, @.

    \b
    backviz explain accumulate
    backviz explain chain rule
    backviz explain tanh
    backviz explain matmul --lang ru
    backviz explain --break accumulate --src 'L=a*a; a=3'
    """
    from backviz.cli.describe import number_style
    from backviz.cli.terminal import print_json, print_text
    from backviz.lessons import explanation
    from backviz.lessons.command import topic_lines
    from backviz.lessons.model import by_subject
    from backviz.lessons.screen import data, lines
    from backviz.stepping.prompt import look_for_terminal
    from backviz.words import LANGUAGES

    LANGUAGES[given["lang"]]
    look = look_for_terminal(given["lang"], number_style(given))
    name = " ".join(words)
    if name or wrong or src is not None:
        made = explanation(name, wrong, src)
        if as_json:
            print_json(data(made, look.lang), indent=1)
        else:
            print_text("\n".join(lines(made, look)))
        return
    if as_json:
        listed = [
            {"name": t.name, "question": t.question.of(look.lang), "subject": s.of(look.lang)}
            for s, topics in by_subject().items()
            for t in topics
        ]
        print_json({"topics": listed}, indent=1)
    else:
        print_text("\n".join(topic_lines(look)))
