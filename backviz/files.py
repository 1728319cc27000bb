"""Files that appear whole or not at all, one or several together.

Invariant: what is written goes beside its target first and takes its name when all is there;
an error, Ctrl-C, a closed terminal or a `kill` on the way leaves what was there before.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shutil
import signal
import stat
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Any

from backviz.errors import BackvizError, UsageError
from backviz.language import N_, _

_NUMBER = re.compile(r"%0?(\d*)d")
WIDEST = 9  # digits of a number in a name
_UNCHANGEABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def write_file(path: str | Path, data: bytes) -> None:
    """Write beside the target, then rename; what is not a plain file is written directly.

    Raises `UsageError` if the place cannot be written, `BackvizError` if writing
    fails on the way (a full disk); in both cases nothing is left behind.
    """
    with whole_file(path) as place:
        place.write_bytes(data)


def write_numbered(
    name: str, count: int, pages: Iterable[bytes], told: Callable[[int], None] = lambda _other: None
) -> list[str]:
    """Write a file for each page, all of them or none; returns their names.

    The name's folder is made where it is missing. `told` hears how many are there. Errors as
    for `write_file`.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = write_numbered(f"{folder}/new/%d.txt", 2, [b"one", b"two"])
    ...     [Path(name).read_bytes() for name in names]
    [b'one', b'two']
    """
    names = numbered_names(name, count)
    with tidy(), _folder(Path(name).parent), whole_files() as place_of:
        for k, (each, data) in enumerate(zip(names, pages, strict=True), 1):
            place_of(each).write_bytes(data)
            told(k)
    return names


def entry_of(path: str | Path, data: bytes) -> dict[str, Any]:
    """A file in a manifest: where it is, how long, and the sum that tells it from others.

    >>> entry_of("a.txt", b"whole")["bytes"]
    5
    """
    return {"path": str(path), "bytes": len(data), "sha256": sha256(data).hexdigest()}


def is_numbered(name: str) -> bool:
    """Whether a file's name holds a number such as `%03d`; its folders' names do not count.

    Raises `UsageError` for two numbers, or one that asks for more digits than a name has.

    >>> is_numbered("out/%03d.png"), is_numbered("50%done/a.png")
    (True, False)
    """
    found = [*_NUMBER.finditer(Path(name).name)]
    if len(found) > 1:
        raise UsageError(
            _("{name!r} has {n} numbers; leave one of them, such as %02d", name=name, n=len(found))
        )
    if found and int(found[0][1] or 0) > WIDEST:
        raise UsageError(
            _("the number in {cut!r} has too many digits; write it as %03d", cut=_cut(name))
        )
    return bool(found)


def numbered_names(name: str, count: int) -> list[str]:
    """The names that `%03d` in a file's name stands for, from 1; the name itself without one.

    >>> numbered_names("out/%03d.png", 2), numbered_names("a.mp4", 2)
    (['out/001.png', 'out/002.png'], ['a.mp4'])
    """
    if not is_numbered(name):
        return [name]
    file = Path(name).name
    before = name[: name.rindex(file)]
    return [before + _NUMBER.sub(lambda n, k=k: n[0] % k, file) for k in range(1, count + 1)]  # type: ignore[misc]


def page_names(name: str) -> str:
    """A name for the files of several pages: with a number where it has none.

    >>> page_names("out/x.svg"), page_names("x%02d.svg")
    ('out/x-%d.svg', 'x%02d.svg')
    """
    if is_numbered(name):
        return name
    path = Path(name)
    return str(path.with_name(f"{path.stem}-%d{path.suffix}"))


def with_star(name: str) -> str:
    """The name with a star for its number, as a shell finds the files.

    >>> with_star("out/%03d.png")
    'out/*.png'
    """
    file = Path(name).name
    return name[: name.rindex(file)] + _NUMBER.sub("*", file)


def extension_of(path: str, formats: Iterable[str]) -> str:
    """The extension that says a file's format, in small letters.

    Raises `UsageError`, which lists the formats, if there is none.

    >>> extension_of("net.SVG", ["svg", "pdf"])
    'svg'
    """
    extension = Path(path).suffix.lower().removeprefix(".")
    if not extension:
        listed = ", ".join(f".{name}" for name in formats)
        raise UsageError(
            _(
                "{path!r} has no extension, so the format is not known; use {listed}",
                path=path,
                listed=listed,
            )
        )
    return extension


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A place to write to that becomes the file `path` when the block ends well.

    For what is written piece by piece, as films are. The block may be left by an error
    or an interrupt: then nothing is left behind. Errors as for `write_file`.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder, "a.txt")) as place:
    ...         written = place.write_text("whole")
    ...     Path(folder, "a.txt").read_text()
    'whole'
    """
    with whole_files() as place_of:
        yield place_of(path)


@contextlib.contextmanager
def whole_files() -> Iterator[Callable[[str | Path], Path]]:
    """Gives a place to write to for each path; all become files when the block ends well."""
    places: list[tuple[Path, Path, bool]] = []  # where it is written, its target, whether a device
    asked: list[str | Path] = [""]

    def place_of(path: str | Path) -> Path:
        asked[0] = path
        target, device = _target(path)
        folder = Path(tempfile.gettempdir()) if device else target.parent
        place = folder / f".{target.name[:40]}.{secrets.token_hex(6)}"
        places.append((place, target, device))
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        return place

    with tidy():
        try:
            yield place_of
            _keep(places)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _refusal(asked[0], error) from None
        finally:
            for place, *_other in places:
                with contextlib.suppress(OSError):
                    place.unlink(missing_ok=True)


@contextlib.contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone when the block ends, also when the program is stopped in it."""
    with tidy(), tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@contextlib.contextmanager
def tidy() -> Iterator[None]:
    """A `kill` or a closed terminal leaves the block as Ctrl-C does, then ends the program.

    So what the block does at its end is done. Signals that somebody else handles, or that are
    ignored (`nohup`), stay as they are; where there are none, nothing is changed.
    """
    came: list[int] = []
    inside = [True]

    def leave(number: int, _other: FrameType | None) -> None:
        first = not came
        came.append(number)
        if first and inside[0]:
            raise _StoppedError

    kept: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                kept[number] = signal.signal(number, leave)
    try:
        yield
    finally:
        inside[0] = False
        for number, handler in kept.items():
            signal.signal(number, handler)
        if came:
            os.kill(os.getpid(), came[0])


class _StoppedError(BaseException):
    """Carries a signal through the block; whoever sent it sees its usual end."""


def _target(path: str | Path) -> tuple[Path, bool]:
    """The file that a path means, links followed, and whether it is a device or a pipe."""
    given, target = Path(path), Path(os.path.realpath(path))
    if given.is_dir():
        raise UsageError(_("cannot write {path}: it is a folder; add a file name", path=path))
    if target.is_symlink():
        raise UsageError(
            _("cannot write {path}: it is a link that leads to itself; remove it", path=path)
        )
    if given.exists() and not given.is_file():
        return given, True  # where links of /proc lead has no name
    if target.exists() and not os.access(target, os.W_OK):
        raise UsageError(
            _(
                "cannot write {path}: the file is write-protected; choose another name, or "
                "allow it",
                path=path,
            )
        )
    return target, False


def _keep(places: Iterable[tuple[Path, Path, bool]]) -> None:
    """Let the files take their names; the last step is one that no interrupt divides."""
    moves = []
    for place, target, device in places:
        if device:
            with target.open("wb") as out, place.open("rb") as made:
                shutil.copyfileobj(made, out)
            continue
        with place.open("r+b") as made:
            os.fsync(made.fileno())
        place.chmod(_mode(target))
        moves.append((place, target))
    # A signal is heard between two steps of Python, and there is none within this call.
    deque(map(os.replace, *zip(*moves, strict=True)), maxlen=0) if moves else None


@contextlib.contextmanager
def _folder(folder: Path) -> Iterator[None]:
    """The folder is there in the block; what was made of it goes again after an error."""
    made: list[Path] = []
    try:
        try:
            missing = [each for each in (folder, *folder.parents) if not each.exists()]
            if missing and _NUMBER.search(str(folder)):
                raise UsageError(
                    _(
                        "there is no folder {folder}; a number such as %02d belongs into the "
                        "file's name",
                        folder=folder,
                    )
                )
            for each in reversed(missing):
                each.mkdir()
                made.append(each)
        except OSError as error:
            raise _refusal(folder, error, N_("make the folder")) from None
        yield
    except BaseException:
        for each in reversed(made):
            with contextlib.suppress(OSError):
                each.rmdir()
        raise


def _refusal(path: str | Path, error: OSError, what: str = N_("write")) -> BackvizError:
    """Why a file could not be written, and what to do; a place that is no place is the user's."""
    folder, what = Path(os.path.realpath(path)).parent, _(what)
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        in_the_way = next((each for each in (folder, *folder.parents) if each.exists()), folder)
        if in_the_way.exists() and not in_the_way.is_dir():
            return UsageError(
                _(
                    "cannot {what} {path}: {in_the_way} is no folder",
                    what=what,
                    path=path,
                    in_the_way=in_the_way,
                )
            )
        if folder.is_dir():
            return UsageError(
                _("cannot {what} {path}: no file can be made there", what=what, path=path)
            )
        return UsageError(
            _(
                "cannot {what} {path}: there is no folder {folder}; make it first",
                what=what,
                path=path,
                folder=folder,
            )
        )
    if error.errno in _UNCHANGEABLE:
        told = {"what": what, "path": path, "folder": folder}
        if error.errno == errno.EROFS:
            return UsageError(
                _(
                    "cannot {what} {path}: the disk is read-only in {folder}; choose another place",
                    **told,
                )
            )
        return UsageError(
            _("cannot {what} {path}: no permission in {folder}; choose another place", **told)
        )
    if error.errno == errno.ENAMETOOLONG:
        return UsageError(
            _("cannot {what} {cut}: the name is too long", what=what, cut=_cut(str(path)))
        )
    return BackvizError(
        _(
            "cannot {what} {path}: {strerror}; nothing was kept",
            what=what,
            path=path,
            strerror=error.strerror or error,
        )
    )


def _cut(name: str) -> str:
    return name if len(name) <= 41 else f"{name[:40]}…"


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those of a new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
