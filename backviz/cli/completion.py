"""What the shell offers after TAB: the names that a word may become, from the registries.

Invariant: nothing is listed here; a registry is read when somebody presses TAB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from backviz.cli.help import Command

Offer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]
VARIABLE = "_BACKVIZ_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")
# bash breaks words at @ and :, so @diamond and file.py:loss would come in parts
_WHOLE_WORDS = "COMP_WORDBREAKS=${COMP_WORDBREAKS//[@:]/}\n"


def names_in(table: str) -> Iterable[str]:
    """The names in a table, given as `module:TABLE`; it is imported now."""
    module, _, name = table.partition(":")
    found: Iterable[str] = getattr(import_module(module), name)
    return found


def offer(names: Callable[[], Iterable[str]]) -> Offer:
    """Offers the names that begin as the word does."""

    def complete(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names() if name.startswith(word)]

    return complete


def offer_sources(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
    """Offers examples after @, names of a file after its colon, and files otherwise."""
    from backviz.sources import EXAMPLES
    from backviz.sources.files import names_in

    if not word or word.startswith("@"):
        return [CompletionItem(f"@{n}") for n in EXAMPLES if f"@{n}".startswith(word)]
    path, colon, name = word.rpartition(":")
    if colon:
        return [CompletionItem(f"{path}:{n}") for n in names_in(path) if n.startswith(name)]
    return [CompletionItem(word, type="file")]


def offer_files(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
    """Leaves it to the shell, which knows files."""
    return [CompletionItem(word, type="file")]


def offer_composite(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
    """Offers ops that have parts, after a comma as well."""
    from backviz.ops import OPS

    before, comma, _start = word.rpartition(",")
    names = ["all", *(op.name for op in OPS.values() if op.parts is not None and op.public)]
    offered = [f"{before}{comma}{name}" for name in names]
    return [CompletionItem(name) for name in offered if name.startswith(word)]


def offer_topics(_: click.Context, __: click.Parameter, word: str) -> list[CompletionItem]:
    """Offers topics of lessons and public ops; after a letter also what else topics are called."""
    from backviz.lessons import LESSONS
    from backviz.lessons.finding import typed_words
    from backviz.ops import OPS

    names = [*LESSONS, *sorted(op.name for op in OPS.values() if op.public)]
    if word:
        names += [each for each in typed_words() if each not in names]
    return [CompletionItem(name) for name in names if name.startswith(word)]


@click.command(cls=Command, short_help="The line that lets a shell complete backviz.")
@click.argument("shell", metavar="bash|zsh|fish", shell_complete=offer(lambda: _SHELLS))
def completion(shell: str) -> None:
    """Print what lets SHELL complete commands, options, examples, themes and so on.

    \b
    bash, in ~/.bashrc:    eval "$(backviz completion bash)"
    zsh, in ~/.zshrc:      eval "$(backviz completion zsh)"
    fish, in config.fish:  backviz completion fish | source
    """
    from backviz.cli.terminal import write_text
    from backviz.errors import UsageError
    from backviz.registry import unknown

    if shell not in _SHELLS:
        raise UsageError(unknown("shell", shell, _SHELLS))
    kind: Any = get_completion_class(shell)
    made = kind(None, {}, "backviz", VARIABLE)
    script = made.source_template % made.source_vars()
    write_text((_WHOLE_WORDS if shell == "bash" else "") + script.strip() + "\n")
