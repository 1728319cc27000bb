"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from backviz.errors import BackvizError, UsageError


def write_file(path: str | Path, data: bytes) -> None:
    """Write beside the target, then rename; what is not a plain file is written directly.

    Raises `UsageError` if the place cannot be written, `BackvizError` if writing
    fails on the way (a full disk); in both cases nothing is left behind.
    """
    with whole_file(path) as place, place.open("wb") as file:
        file.write(data)


def extension_of(path: str, formats: Iterable[str]) -> str:
    """The extension that says a file's format, in small letters.

    Raises `UsageError`, which lists the formats, if there is none.

    >>> extension_of("net.SVG", ["svg", "pdf"])
    'svg'
    """
    extension = Path(path).suffix.lower().removeprefix(".")
    if not extension:
        listed = ", ".join(f".{name}" for name in formats)
        raise UsageError(f"{path!r} has no extension, so the format is not known; use {listed}")
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
    given, target = Path(path), Path(os.path.realpath(path))
    try:
        if given.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder; add a file name")
        if given.exists() and not given.is_file():
            with _beside(Path(tempfile.gettempdir(), "film")) as place:
                yield place
                with given.open("wb") as device, place.open("rb") as made:
                    shutil.copyfileobj(made, device)
        else:
            with _beside(target) as place:
                yield place
                with place.open("rb") as made:
                    os.fsync(made.fileno())
                place.chmod(_mode(target))
                place.replace(target)
    except (FileNotFoundError, NotADirectoryError):
        if target.parent.is_dir():
            raise UsageError(f"cannot write {path}: no file can be made there") from None
        raise UsageError(
            f"cannot write {path}: there is no folder {target.parent}; make it first"
        ) from None
    except PermissionError:
        raise UsageError(f"cannot write {path}: no permission; choose another place") from None
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise UsageError(f"cannot write {str(path)[:40]}…: the name is too long") from None
        raise BackvizError(f"cannot write {path}: {error.strerror}; nothing was kept") from None


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """An empty file in the target's folder, which is gone when the block ends."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        with contextlib.suppress(OSError):
            Path(name).unlink()


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those of a new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
