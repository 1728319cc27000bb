"""The catalogues of languages: what is marked in the code, and what has no translation yet.

`python docs/catalogue.py` reads every file of `backviz/`, brings each `backviz.po` up to date (new
sentences stand there with an empty translation, sentences that are gone are gone) and compiles it
beside itself; it ends with what has no translation yet. `python docs/catalogue.py de` begins a
language. Needs Babel. Invariant: the same code gives the same bytes, so there are no line numbers
and no dates.

Marked are: `_("…")`, `N_("…")`, `ngettext`, `pgettext`, `Words("…")`, `x.say("…")`. What tables
say (ops, formats, examples, commands with their options …) is read from them and needs no mark.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from backviz.language import speaking

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "backviz"
# What each marking function takes: c is a context, s a sentence, p its plural. Those of the first
# line count where they are imported from here, the others as methods.
OURS = ("backviz.language", "backviz.words", "backviz.registry", "backviz.autodiff.remedies")
MARKS = {
    "_": "s",
    "N_": "s",
    "NP_": "cs",
    "ngettext": "sp",
    "pgettext": "cs",
    "Words": "s",
    "unknown": "s",
    "unknown_op": "s",
}
METHODS = {"gettext": "s", "ngettext": "sp", "pgettext": "cs", "counted": "sp", "say": "s",
           "count": "sp"}  # fmt: skip
Message = tuple[str, str | tuple[str, str]]  # context, and a sentence or it and its plural


def marked(source: str) -> Iterator[Message]:
    """Every marked sentence of a source, in its order.

    >>> list(marked('from backviz.language import _; _("no step {k}", k=k); look.say("the end")'))
    [('', 'no step {k}'), ('', 'the end')]
    """
    tree = ast.parse(source)
    taken = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in OURS
        for name in node.names
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(call.func, ast.Name):
            form = MARKS.get(call.func.id, "") if call.func.id in taken else ""
        else:
            form = METHODS.get(getattr(call.func, "attr", ""), "")
        yield from _of_call(call, form)


def _of_call(call: ast.Call, form: str) -> Iterator[Message]:
    given = {}
    for kind, part in zip(form, call.args, strict=False):
        if isinstance(part, ast.JoinedStr):
            raise ValueError(f"line {part.lineno}: an f-string cannot be looked up; name its gaps")
        given[kind] = _text(part)
    if form and all(map(given.get, form)):
        yield given.get("c", ""), (given["s"], given["p"]) if "p" in form else given["s"]


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def extracted() -> Catalog:
    """Every marked sentence of the package, with the files in which it stands."""
    made = Catalog(project="backviz", domain="backviz")
    for path in sorted(PACKAGE.rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        try:
            for context, message in marked(path.read_text("utf-8")):
                made.add(message, locations=[(where, 1)], context=context or None)
        except ValueError as error:
            raise SystemExit(f"{where}, {error}") from None
    for where, sentence in rows():
        made.add(sentence, locations=[(where, 1)])
    return made


def rows() -> Iterator[tuple[str, str]]:
    """What the tables of the package say, each sentence with the folder of its table."""
    import backviz.extend  # noqa: F401  (all tables)
    from backviz.autodiff.remedies import parted, remedies
    from backviz.cli.listing import LISTS
    from backviz.course import COURSE
    from backviz.ops import OPS
    from backviz.registry import kinds
    from backviz.renderers import RENDERERS
    from backviz.scenes import SCENES

    for op in OPS.values():
        yield from (("backviz/ops", text) for text in (op.note, op.gradient, op.domain) if text)
    for row in RENDERERS.values():
        yield "backviz/renderers", row.about
    for topic in COURSE.values():
        yield from (("backviz/course.py", text) for text in (topic.part, topic.about, topic.shows))
    for scene in SCENES.values():
        yield "backviz/scenes", scene.about
        yield from (("backviz/scenes", text) for text in scene.paragraphs)
        yield from (("backviz/scenes", option.about) for option in scene.options)
    for sentence in remedies().values():
        yield "backviz/autodiff/remedies.txt", parted(sentence)[0]
    with speaking("en"):
        for name in ("builds", "films", "engines", "examples", "sizes", "optimizers", "schedules"):
            yield from (("backviz/cli/listing.py", row["about"]) for row in LISTS[name]())
    yield from (("backviz/registry.py", kind) for kind in kinds())
    yield from help_texts()


def help_texts() -> Iterator[tuple[str, str]]:
    """What commands and their options say in their help."""
    from backviz.cli import cli
    from backviz.cli.animate import SHARED
    from backviz.cli.speech import paragraphs

    yield from (("backviz/cli", option.help) for option in SHARED if option.help)
    for command in (cli, *cli.commands.values()):
        where = "backviz/cli"
        texts = [command.help, command.short_help, command.epilog]
        texts += [p.help for p in command.params if isinstance(p, click.Option) and not p.hidden]
        for text in filter(None, texts):
            yield from ((where, part) for part in paragraphs(text) if not part.startswith("\b"))


def catalogues() -> list[Path]:
    """The catalogue of each language."""
    return sorted(PACKAGE.glob("locale/*/LC_MESSAGES/backviz.po"))


def read(path: Path) -> Catalog:
    """A catalogue as it stands in its file."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain="backviz")


def updated(old: Catalog, found: Catalog) -> Catalog:
    """What is marked, with the translations that there are."""
    made = Catalog(locale=old.locale, domain="backviz", project="backviz", fuzzy=False)
    for message in found:
        if not message.id:
            continue
        said = old.get(message.id, context=message.context)
        text = said.string if said else ""
        many = isinstance(message.id, tuple)
        if many != isinstance(text, tuple):
            text = ("",) * made.num_plurals if many else ""
        files = sorted({file for file, _ in message.locations})
        made.add(message.id, text, [(f, 1) for f in files], context=message.context)
    return made


class _Dateless(Catalog):
    """A catalogue whose header says what gettext asks, and neither dates nor versions."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        return [
            ("Language", str(self.locale)),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def po(catalogue: Catalog) -> bytes:
    """The file of a catalogue: sentences in the order of files."""
    file = BytesIO()
    write_po(file, catalogue, width=100, omit_header=True, include_lineno=False)
    head = "".join(f'"{k}: {v}\\n"\n' for k, v in _Dateless(catalogue.locale).mime_headers)
    return f'msgid ""\nmsgstr ""\n{head}\n'.encode() + file.getvalue()


def mo(path: Path) -> bytes:
    """What a catalogue's file compiles to."""
    file, made = BytesIO(), _Dateless(path.parts[-3])
    for message in read(path):
        if message.id:
            made.add(message.id, message.string, context=message.context)
    write_mo(file, made)
    return file.getvalue()


def main(started: list[str]) -> int:
    """Bring all catalogues up to date; the number of sentences that have no translation."""
    found = extracted()
    for name in started:
        path = PACKAGE / "locale" / name / "LC_MESSAGES" / "backviz.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_bytes(po(Catalog(locale=name, fuzzy=False)))
    lacking = 0
    for path in catalogues():
        made = updated(read(path), found)
        path.write_bytes(po(made))
        path.with_suffix(".mo").write_bytes(mo(path))
        left = [m for m in made if m.id and not (all(m.string) if m.pluralizable else m.string)]
        lacking += len(left)
        for message in left:
            sentence = message.id[0] if isinstance(message.id, tuple) else message.id
            print(f"{path.parts[-3]}: no translation of {sentence!r} ({message.locations[0][0]})")
    return lacking


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
