"""What a person can choose about a film: the options of pictures that are options of films too.

Invariant: films and pictures share one `Style`, so a word means the same in both. What differs
stands here: a film is as large as a slide unless it is told, `scale` 1 is 96 pixels to the
inch, and `title` "none" leaves out the title that a scene has of its own.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from backviz.diagrams.style import Style, wrong_option
from backviz.errors import UsageError
from backviz.language import _
from backviz.scenes.artist import Artist
from backviz.text import with_decimal
from backviz.words import LANGUAGES, Words

if TYPE_CHECKING:
    from backviz.scenes.model import Film

MOST_SCALE = 4.0
SOLID = ("mp4", "gif", "webp", "html")  # formats that have a background
SAID = ("label", "text", "texts", "notes", "heads", "rows", "names", "title")


class FilmOptions(TypedDict, total=False):
    """The options of a film's looks as keywords, so that an editor completes and checks them."""

    theme: str
    size: str
    lang: str
    digits: int
    decimal: str
    title: str
    legend: bool
    transparent: bool
    command: bool
    scale: float


def film_style(**options: Unpack[FilmOptions]) -> Style:
    """The style that the options of a film ask for.

    >>> film_style(theme="dark").size, film_style().scale
    ('slide', 1.0)
    >>> film_style(thme="dark")
    Traceback (most recent call last):
    ...
    backviz.errors.UsageError: unknown option 'thme'; did you mean 'theme'?
    """
    for given in options:
        if given not in FilmOptions.__annotations__:
            raise UsageError(wrong_option(given, FilmOptions.__annotations__))
    scale = options.get("scale", 1.0)
    if not 0.1 <= scale <= MOST_SCALE:
        raise UsageError(
            _(
                "scale {scale:g} is out of range; use 0.1 to {most_scale:g}",
                scale=scale,
                most_scale=MOST_SCALE,
            )
        )
    return Style(**{"size": "slide", "scale": 1.0, **options})  # type: ignore[arg-type]


FILM = film_style()


def check_transparent(style: Style, form: str) -> None:
    """Raises `UsageError` where a format has no transparency."""
    if style.transparent and form in SOLID:
        raise UsageError(
            _("{form} has a background; use png, svg or pdf for --transparent", form=form)
        )


def said(text: str, style: Style) -> str:
    """A text of a film in the style's language and with its decimal mark.

    A sentence that the language lacks is said in English.

    >>> said("A rate of 0.5", film_style(decimal=",", lang="ru"))
    'A rate of 0,5'
    """
    told = text.of(style.lang) if isinstance(text, Words) else LANGUAGES[style.lang].gettext(text)
    return with_decimal(told, style.decimal)


def is_plain(style: Style) -> bool:
    """Whether a style says every text as the scene has it."""
    return style.decimal == "." and style.lang == "en"


def titled(film: Film, style: Style) -> Film:
    """The film with title and description as the style says them, for pages and files."""
    return replace(film, title=said(film.title, style), alt=said(film.alt, style))


def worded(given: Any, style: Style) -> Any:
    """An artist, a panel or an axis with its texts as `said`; itself if nothing changes.

    >>> from backviz.scenes import artists
    >>> worded(artists.Words("w", 0, 0, "0.5 of 1.5"), film_style(decimal=",")).text
    '0,5 of 1,5'
    """
    if is_plain(style):
        return given
    changed = {}
    for field in fields(given):
        if field.name in SAID or field.name in ("static", "x", "y", "z", "of"):
            old = getattr(given, field.name)
            new = _in_words(old, style)
            if new is not old:
                changed[field.name] = new
    return replace(given, **changed) if changed else given


def _in_words(given: Any, style: Style) -> Any:
    if isinstance(given, str):
        return said(given, style)
    if isinstance(given, (list, tuple)):
        return tuple(_in_words(each, style) for each in given)
    if isinstance(given, Artist) or type(given).__name__ == "Axis":
        return worded(given, style)
    return given
