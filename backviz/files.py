"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path

from backviz.errors import BackvizError, UsageError


def write_file(path: str | Path, data: bytes) -> None:
    """Write beside the target, then rename; what is not a plain file is written directly.

    Raises `UsageError` if the place cannot be written, `BackvizError` if writing
    fails on the way (a full disk); in both cases nothing is left behind.
    """
    given, target = Path(path), Path(os.path.realpath(path))
    try:
        if given.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder; add a file name")
        if given.exists() and not given.is_file():
            with given.open("wb") as device:
                device.write(data)
        else:
            _replace(target, data)
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


def _replace(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those of a new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
