"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
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
    target = Path(os.path.realpath(path))
    try:
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise UsageError(f"cannot write {path}: it is a folder; add a file name")
            with target.open("wb", buffering=0) as device:
                device.write(data)
            return
        _replace(target, data)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"cannot write {path}: there is no folder {target.parent}; make it first"
        ) from None
    except PermissionError:
        raise UsageError(f"cannot write {path}: no permission; choose another place") from None
    except BrokenPipeError:
        raise
    except OSError as error:
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
