"""`backviz animate`: a scene as a film, a still, a strip, pages or data.

Invariant: every scene is a command of its own, made from its signature and docstring when
it is asked for; nothing about a scene is written here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from backviz.cli import options
from backviz.cli.completion import Offer, offer
from backviz.cli.help import FILM, LOOK, Command, Group, Option
from backviz.cli.plugin import plugin_option
from backviz.language import N_, _, ngettext

if TYPE_CHECKING:
    from backviz.movies.formats import FilmFormat
    from backviz.scenes.model import Film
    from backviz.scenes.registry import Option as SceneOption
    from backviz.scenes.registry import Scene

SHARED: tuple[click.Option, ...] = tuple(
    option.made()
    for option in (
        options.to_file.but(
            default="",
            help="Where to write: .mp4 .gif .webp .html .png .svg .pdf .csv .json .npz, numbered "
            "pictures 'out/%03d.png', or - for standard output.",
        ),
        options.form(
            "backviz.movies.formats:FORMATS",
            "mp4, gif, webp, html, png, svg, pdf, csv, json or npz",
        ),
        options.Shared(
            "--still", type=int, metavar="K", help="Frame K alone, from 0; -1 is the last."
        ),
        options.size.but(
            default="slide", help=str(options.size.given["help"]).replace("[notebook]", "[slide]")
        ),
        options.theme,
        options.title.but(help="What stands above; none for nothing.  [the scene's]"),
        options.lang.but(help="Language of the words, as far as a scene has them in it."),
        options.Shared("--fps", type=float, metavar="N", help="Frames per second.  [the scene's]"),
        options.open_it,
        options.Shared(
            "--strip",
            type=int,
            default=0,
            metavar="N",
            heading=FILM,
            help="N frames on one sheet (png).",
        ),
        options.Shared(
            "--hold",
            type=float,
            metavar="SECONDS",
            heading=FILM,
            help="How long the last frame stays.  [2]",
        ),
        options.switch("--once", heading=FILM, help="Do not loop (gif, webp, html)."),
        options.no_legend.but(help="Leave the legends out."),
        options.switch("--no-command", heading=LOOK, help="Leave the command in the corner out."),
        options.transparent.but(help="No background (png, svg, pdf)."),
        options.digits.but(help="Significant digits in captions and tables.  [the scene's]"),
        options.decimal,
        options.font,
        options.scale.but(
            default=1.0, help="1 is 96 pixels to the inch, 1280 × 720 for a slide.  [1]"
        ),
        options.as_json,
        options.quiet,
        options.debug,
    )
)
for _option in SHARED:  # a scene's own option may have the name of a value here, as `size`
    _option.name = f"film_{_option.name}"


class Scenes(Group):
    """The scenes as commands; the registry is read when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every scene, in the order of the registry."""
        from backviz.cli.terminal import quiet_libraries
        from backviz.scenes import SCENES

        quiet_libraries()
        return list(SCENES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The command of one scene; an unknown name is an error with a suggestion."""
        from backviz.cli.terminal import quiet_libraries
        from backviz.errors import UsageError
        from backviz.scenes import SCENES

        quiet_libraries()
        if cmd_name == "list" and cmd_name not in SCENES:
            raise UsageError(_("there is no scene 'list'; backviz animate --list shows the scenes"))
        return _command(SCENES[cmd_name])


def _list(ctx: click.Context, _other: click.Parameter, wanted: bool) -> None:
    """Print the scenes and stop."""
    if wanted:
        from backviz.cli.listing import list_

        ctx.exit(ctx.invoke(list_, what="scenes", as_json=False, debug=False) or 0)


@click.group(
    cls=Scenes,
    subcommand_metavar="SCENE [OPTIONS]",
    invoke_without_command=True,
    short_help="A scene as a film, a still, a strip or data.",
)
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list,
    help="The scenes, a line each.",
)  # fmt: skip
@click.pass_context
def animate(ctx: click.Context) -> None:
    """Draw SCENE: something that moves, computed here and now.

    \b
    backviz animate tangent -o tangent.mp4
    backviz animate tangent --curve sine -o tangent.gif --theme dark
    backviz animate tangent --still -1 -o tangent.png
    backviz animate tangent -h                          what can be chosen
    """
    if ctx.invoked_subcommand is None:
        from backviz.errors import UsageError

        raise UsageError(_("name a scene; backviz animate --list shows what there is"))


def _command(scene: Scene) -> click.Command:
    given = [_parameter(option) for option in scene.options]
    text = "\n\n".join(map(_, scene.paragraphs))

    def run(**chosen: Any) -> int:
        given = {
            str(option.name): chosen.pop(str(option.name))
            for option in SHARED
            if option.expose_value
        }
        shared = {name.removeprefix("film_"): value for name, value in given.items()}
        return _run(scene, chosen, shared)

    return Command(
        scene.name,
        params=[*given, *SHARED, plugin_option()],
        callback=run,
        help=text,
        short_help=scene.about,
    )


def _parameter(option: SceneOption) -> click.Option:
    """The command line's option for a scene's; the scene checks what is given."""
    flag = option.name.replace("_", "-")
    names = [f"--{flag}/--no-{flag}"] if option.type is bool else [f"--{flag}"]
    said = _(option.about)
    about = said[:1].upper() + said[1:].rstrip(".")
    if option.choices:
        about += ": " + ", ".join(option.choices)
    known = list(option.kind.names()) if option.kind else []
    if 0 < len(known) <= MOST_NAMED:
        about += ": " + ", ".join(known)
    if option.within:
        about += (
            f" ({_('{low:.10g} to {high:.10g}', low=option.within.low, high=option.within.high)})"
        )
    default = option.default
    if option.type is bool:
        default = _("on") if default else _("off")
    return Option(
        [*names, option.name],
        heading=_OWN,
        type=None if option.type is bool else option.type,
        default=option.default,
        metavar=None
        if option.type is bool
        else option.kind.hint
        if option.kind
        else _METAVARS[option.type],
        shell_complete=_several(option.kind.names)
        if option.kind and option.kind.several
        else offer(lambda: known or option.choices or ()),
        help=f"{about}.  [{default}]",
    )


def _several(names: Callable[[], Sequence[str]]) -> Offer:
    """Offers names, after a comma as well."""

    def complete(ctx: click.Context, param: click.Parameter, word: str) -> list[CompletionItem]:
        before, comma, start = word.rpartition(",")
        found = offer(names)(ctx, param, start)
        return [CompletionItem(f"{before}{comma}{item.value}") for item in found]

    return complete


_OWN = N_("The scene")
MOST_NAMED = 20  # names that help lists; TAB and `list` have all
_METAVARS: dict[type[Any], str] = {int: "N", float: "X", str: "NAME"}


def _run(scene: Scene, chosen: dict[str, Any], shared: dict[str, Any]) -> int:
    from backviz.cli.terminal import quiet_libraries, say
    from backviz.errors import LetterWarning, UsageError
    from backviz.files import with_star
    from backviz.formats import resolve
    from backviz.movies.borrowed import said_of_film
    from backviz.movies.formats import FORMATS
    from backviz.movies.looks import check_transparent, film_style, titled
    from backviz.movies.reel import too_small

    quiet_libraries()
    output, form = shared["output"], shared["form"]
    if not output:
        raise UsageError(_("say where the film goes, for example -o {name}.mp4", name=scene.name))
    row = FORMATS[resolve(output, form or None, FORMATS)]
    style = film_style(**_looks(shared))  # a wrong option is refused before anything is computed
    check_transparent(style, row.name)
    film = scene(**chosen)
    if row.kind != "data" and not shared["quiet"]:
        for sentence in said_of_film(film, style, row.name):
            say(sentence)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LetterWarning)  # said above, as the command line does
        paths = _save(film, output, row, shared)
    if not shared["quiet"] and row.kind != "data" and (said := too_small(film, style)):
        say(said)
    if not shared["quiet"] and paths:
        size = sum(p.stat().st_size for p in paths)
        where = with_star(output) if len(paths) > 1 else output
        say(
            _(
                "wrote {where} ({what}, {size:,} bytes)",
                where=where,
                what=_what(film, row, shared),
                size=size,
            )
        )
    if shared["as_json"]:
        _manifest(titled(film, style), row, paths)
    if shared["open_it"] and paths:
        click.launch(str(paths[0]))
    return 0


def _looks(shared: dict[str, Any]) -> Any:
    """The options of `film_style` as the command line has them."""
    same = ("theme", "size", "title", "transparent", "lang", "digits", "decimal", "scale")
    negated = {name: not shared[f"no_{name}"] for name in ("legend", "command")}
    return {**{name: shared[name] for name in same}, **negated}


def _save(film: Film, output: str, row: FilmFormat, shared: dict[str, Any]) -> list[Any]:
    """Write what was asked for, and say where; nothing if it went to standard output."""
    from pathlib import Path

    from backviz.cli.progress import Progress
    from backviz.cli.terminal import print_bytes
    from backviz.files import numbered_names, temporary_folder
    from backviz.movies.saving import save

    given: dict[str, Any] = {name: shared[name] for name in ("fps", "hold", "still", "strip")}
    given |= {"form": row.name, "loop": not shared["once"], **_looks(shared)}
    frames = N_("{done}/{n} frames")
    with Progress(film.count, frames, shared["quiet"]) as watch:
        if output != "-":
            save(film, output, watch=watch, **given)
            return [Path(name) for name in numbered_names(output, film.count)]
        with temporary_folder() as folder:
            made = save(film, folder / f"film.{row.name}", watch=watch, **given).read_bytes()
    hint = _(
        "a film is no text for a terminal; add -o FILE, for example -o film.{form}", form=row.name
    )
    print_bytes(made, "" if row.name in ("csv", "json") else hint)
    return []


def _what(film: Film, row: FilmFormat, shared: dict[str, Any]) -> str:
    from backviz.files import is_numbered

    if shared["still"] is not None:
        return _("frame {k}", k=film.index(shared["still"]))
    if is_numbered(shared["output"]) or (row.kind in ("film", "page") and not shared["strip"]):
        return ngettext("{n} frame", "{n} frames", film.count)
    return ngettext("of {n} frame", "of {n} frames", film.count)


def _manifest(film: Film, row: FilmFormat, paths: list[Any]) -> None:
    from backviz.cli.manifest import manifest
    from backviz.cli.terminal import print_json

    written = [(path, path.read_bytes()) for path in paths]
    settings = dict(film.settings)
    print_json(
        manifest(row.name, written, film.alt, scene=film.name, settings=settings, frames=film.count)
    )
