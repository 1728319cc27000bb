"""The commands, and the one function that runs them: (state, line) → (state, result).

Invariant: nothing here reads or prints. What touches files or screens is a wish in the
result, which the shell grants; a wrong command leaves the state as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from backviz.errors import BackvizError, InputError, UsageError
from backviz.registry import unknown
from backviz.stepping import moves, quiz, reasons, views, whatif
from backviz.stepping.breaks import read_break
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS, Act, Command, Result, Wish, help_lines

MOST = 10**9


def advance(state: State, line: str) -> tuple[State, Result]:
    """Run one line; an empty one repeats the last move.

    >>> from backviz import Value
    >>> from backviz.stepping.state import start
    >>> a = Value(3.0, "a")
    >>> state, result = advance(start(a * a), "next")
    >>> print(result.text)
    (fw 1/1)  --> n1 = a·a            [mul]   a: 3   n1: 9
      value     3·3 = 9
    """
    typed = " ".join(line.split())
    line = re.sub(r"(^| )#.*", "", typed) if typed else state.last
    if not line:
        return state, Result()
    try:
        command, rest = read_line(state, line)
        new, result = command.act(state, rest)
    except BackvizError as error:
        told = Result(tuple(complaint(state, error)), code=error.exit_code)
        return state.but(history=(*state.history, line)), told
    last = line if command.again else ""
    return new.but(last=last, history=(*state.history, line)), result


def complaint(state: State, error: BackvizError) -> list[str]:
    """An error as lines: a mark, the sentence, and under it what it points at."""
    first, *more = str(error).splitlines()
    return state.look.lines(f"! {first}", 2) + [x for m in more for x in state.look.lines(m, 2)]


def read_line(state: State, line: str) -> tuple[Command, str]:
    """The command that a line names, and the rest of the line.

    A number is the answer to a quiz, `a = 5` sets, and a node's name prints it.
    """
    word, _, rest = line.partition(" ")
    if state.question is not None and re.match(r"[-−+(\[.\d]", word):
        return COMMANDS["answer"], line
    if word in COMMANDS and not re.match(r"=[^=]", rest):
        command, rest = COMMANDS[word], rest.strip()
        if rest and command.usage == command.name:
            raise UsageError(state.look.say("takes nothing", name=command.name, rest=rest))
        return command, rest
    if re.fullmatch(r"[^=<>!]+=[^=].*", line):
        return COMMANDS["set"], line
    try:
        views.entry(state, line)
    except InputError:
        known = COMMANDS.names()
        raise UsageError(unknown("command", word, known, state.look.say("help"))) from None
    return COMMANDS["print"], line


def said(lines: list[str], wish: Wish | None = None, code: int = 0) -> Result:
    """A result from lines."""
    return Result(tuple(lines), wish, code)


def _count(state: State, text: str) -> int:
    if not text:
        return 1
    if not re.fullmatch(r"\d{1,12}", text) or int(text) < 1:
        raise InputError(state.look.say("no count", text=text))
    return min(int(text), MOST)


def _add(
    name: str, act: Act, example: str, *aliases: str, usage: str = "", again: bool = False
) -> None:
    COMMANDS.add(name, Command(name, usage or name, example, act, again), aliases)


def _moving(move: Callable[[State, str], tuple[State, list[str]]]) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        new, lines = move(state, text)
        return new, said(lines)

    return act


def _looking(view: Callable[[State, str], list[str]]) -> Act:
    return lambda state, text: (state, said(view(state, text)))


def _continue(state: State, text: str) -> tuple[State, Result]:
    new, lines, fault = moves.go_on(state)
    return new, said(lines, code=6 if fault else 0)


def _backward(state: State, text: str) -> tuple[State, list[str]]:
    """To the seed of this pass, or, at the end of a pass, to the seed of another one."""
    line = state.timeline
    if not line.backward:
        raise InputError(state.look.say("no backward"))
    if state.at >= moves.limit(state):
        state = state.but(passes=state.passes + 1)
        return moves.jump(state, line.end(state.passes - 1) + 1)
    place = line.place(state.at)
    return moves.jump(state, line.seed + place.turn * line.turn)


def _zero(state: State, text: str) -> tuple[State, list[str]]:
    new = state.but(at=min(state.at, state.timeline.ops), passes=1, stops=())
    return new, state.look.lines(state.look.say("zeroed"), 2)


def _until(state: State, text: str) -> tuple[State, list[str]]:
    return moves.until(state, _named(state, text))


def _goto(state: State, text: str) -> tuple[State, list[str]]:
    return moves.goto(state, _named(state, text))


def _named(state: State, text: str) -> str:
    if not text:
        raise InputError(state.look.say("name a node"))
    return text


def _break(state: State, text: str) -> tuple[State, list[str]]:
    look = state.look
    if not text:
        listed = [(f"{k}", b.text) for k, b in enumerate(state.breaks, 1)]
        return state, look.table(listed) or look.lines(look.say("no breaks"), 2)
    new = read_break(text, state.record)
    state = state.but(breaks=(*state.breaks, new))
    return state, look.lines(look.say("break set", k=len(state.breaks), what=new.text), 2)


def _clear(state: State, text: str) -> tuple[State, list[str]]:
    look = state.look
    if text in ("", "all"):
        return state.but(breaks=(), watches=()), look.lines(look.say("cleared"), 2)
    number = _count(state, text)
    if number > len(state.breaks):
        raise InputError(look.say("no such break", k=text, n=len(state.breaks)))
    kept = (*state.breaks[: number - 1], *state.breaks[number:])
    return state.but(breaks=kept), look.lines(look.say("cleared"), 2)


def _watch(state: State, text: str) -> tuple[State, list[str]]:
    node = state.record.about(_named(state, text))
    name = state.record.names[node]
    if node in state.watches:
        kept = tuple(n for n in state.watches if n != node)
        return state.but(watches=kept), state.look.lines(state.look.say("unwatched", name=name), 2)
    new = state.but(watches=(*state.watches, node))
    return new, state.look.lines(state.look.say("watched", name=name), 2)


def _why(state: State, text: str) -> list[str]:
    found = re.fullmatch(r"(.+?)(?:\s+(?:path\s+)?(\d{1,9}))?", _named(state, text))
    assert found is not None
    return reasons.why(state, found[1], int(found[2] or 0))


def _history(state: State, text: str) -> list[str]:
    rows = [(f"{k}", line) for k, line in enumerate(state.history, 1)]
    return state.look.table(rows[-200:])


def _check(state: State, text: str) -> tuple[State, Result]:
    lines, code = whatif.check(state, text)
    return state, said(lines, code=code)


def _wishing(what: str, needs_path: bool = False) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        if (needs_path and not text) or "\0" in text:
            raise InputError(state.look.say("name a file", what=what))
        return state, Result(wish=Wish(what, text))

    return act


_move = moves
_add("next", _moving(lambda s, t: _move.next_steps(s, _count(s, t))), "n 3", "n",
     usage="next [n]", again=True)  # fmt: skip
_add("step", _moving(lambda s, t: _move.part_steps(s, _count(s, t))), "s", "s",
     usage="step [n]", again=True)  # fmt: skip
_add("back", _moving(lambda s, t: _move.back_steps(s, _count(s, t))), "r 2", "r",
     usage="back [n]", again=True)  # fmt: skip
_add("continue", _continue, "c", "c", again=True)
_add("until", _moving(_until), "until d", "u", usage="until NODE")
_add("goto", _moving(_goto), "goto bw 2", "g", usage="goto K")
_add("forward", _moving(lambda s, t: _move.jump(s, s.timeline.ops)), "forward", "f")
_add("backward", _moving(_backward), "backward", "bw")
_add("restart", _moving(lambda s, t: _move.jump(s.but(passes=1), 0)), "restart")
_add("break", _moving(_break), "b absg>1e3", "b", usage="break WHAT")
_add("clear", _moving(_clear), "clear 1", usage="clear [n]")
_add("watch", _moving(_watch), "watch a", "w", usage="watch NODE")
_add("list", _looking(views.list_lines), "l all", "l", usage="list [all|NODE]", again=True)
_add("print", _looking(views.print_lines), "p W1[0, :]", "p", usage="print NODE[i]")
_add("local", _looking(lambda s, t: reasons.local(s, _named(s, t))), "local d", usage="local NODE")
_add("why", _looking(_why), "y a", "y", usage="why NODE [k]")
_add("where", _looking(lambda s, t: views.where_lines(s)), "where")
_add("set", _moving(whatif.set_leaf), "set a=5", usage="set NODE=VALUE")
_add("undo", _moving(lambda s, t: whatif.undo(s)), "undo")
_add("redo", _moving(lambda s, t: whatif.redo(s)), "redo")
_add("diff", _looking(lambda s, t: whatif.diff(s)), "diff")
_add("reset", _moving(lambda s, t: whatif.reset(s)), "reset")
_add("nudge", _looking(lambda s, t: whatif.nudge(s, _named(s, t))), "nudge a 0.01",
     usage="nudge NODE h")  # fmt: skip
_add("check", _check, "check a", usage="check [NODE]")
_add("zero", _moving(_zero), "zero")
_add("quiz", _moving(lambda s, t: quiz.ask(s)), "quiz")
_add("answer", _moving(quiz.answer), "answer -6", usage="answer X")
_add("draw", _wishing("draw"), "draw", "d")
_add("show", _wishing("show"), "show step.svg", usage="show [FILE]")
_add("save", _wishing("save", True), "save step.pdf", usage="save FILE")
_add("history", _looking(_history), "history")
_add("record", _wishing("record", True), "record session.txt", usage="record FILE")
_add("source", _wishing("source", True), "source session.txt", usage="source FILE")
_add("help", _looking(help_lines), "h why", "h", "?", usage="help [COMMAND]")
_add("quit", _wishing("quit"), "q", "q", "exit")
