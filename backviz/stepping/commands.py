"""The commands as they are typed: a line is read, and the command's own function answers it.

Invariant: nothing here reads or prints, and nothing here knows how an answer looks. What touches
files or screens is a wish in the result, which the shell grants; a wrong command leaves the
state as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from backviz.errors import BackvizError, InputError, UsageError
from backviz.registry import unknown
from backviz.stepping import moves, points, program, quiz, single, views, whatif
from backviz.stepping.answers import Answer, refused
from backviz.stepping.state import State
from backviz.stepping.vocabulary import COMMANDS, Act, Command, Result, Wish, help_on

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
    try:
        return perform(state, line)
    except BackvizError as error:
        typed = meant(state, line)
        new = state.but(history=(*state.history, typed))
        return new, Result(replace(refused(error), state=new), code=error.exit_code)


def perform(state: State, line: str) -> tuple[State, Result]:
    """The same, but what is wrong is raised as it is; the answer holds the state that it left."""
    line = meant(state, line)
    if not line:
        return state, Result()
    command, rest = read_line(state, line)
    new, result = command.act(state, rest)
    new = new.but(last=line if command.again else "", history=(*new.history, line))
    return new, replace(result, answer=replace(result.told, state=new))


def meant(state: State, line: str) -> str:
    """A line without its remark; an empty one stands for the last move."""
    typed = " ".join(line.split())
    return re.sub(r"(^| )#.*", "", typed) if typed else state.last


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
            raise UsageError(
                state.look.say(
                    "{name} stands alone, without {rest!r}; help {name} says what it does",
                    name=command.name,
                    rest=rest,
                )
            )
        return command, rest
    if re.fullmatch(r"[^=<>!]+=[^=].*", line):
        return COMMANDS["set"], line
    try:
        views.entry(state, line)
    except InputError:
        known = COMMANDS.names()
        raise UsageError(
            unknown("command", word, known, state.look.say("help lists the commands, quit leaves"))
        ) from None
    return COMMANDS["print"], line


def _count(state: State, text: str) -> int:
    if not text:
        return 1
    if not re.fullmatch(r"\d{1,12}", text) or int(text) < 1:
        raise InputError(
            state.look.say(
                "{text!r} is no number of steps; write a whole number, as in next 3", text=text
            )
        )
    return min(int(text), MOST)


def _add(
    name: str, act: Act, example: str, *aliases: str, usage: str = "", again: bool = False
) -> None:
    COMMANDS.add(name, Command(name, usage or name, example, act, again), aliases)


def _moving(move: Callable[[State, str], tuple[State, Answer]]) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        new, answer = move(state, text)
        return new, Result(answer)

    return act


def _looking(view: Callable[[State, str], Answer]) -> Act:
    return lambda state, text: (state, Result(view(state, text)))


def _continue(state: State, text: str) -> tuple[State, Result]:
    new, answer = moves.go_on(state)
    if state.program is not None and not getattr(answer, "stopped", ""):
        return state, Result(wish=Wish("go on"))
    fault = isinstance(answer, moves.Moved) and answer.stopped in moves.FAULTS
    return new, Result(answer, code=6 if fault else 0)


def _named(state: State, text: str) -> str:
    if not text:
        raise InputError(state.look.say("name a node, as in why a"))
    return text


def _break(state: State, text: str) -> tuple[State, Answer]:
    return points.break_at(state, text) if text else (state, points.breaks(state))


def _clear(state: State, text: str) -> tuple[State, Answer]:
    return points.clear(state, 0 if text in ("", "all") else _count(state, text))


def _why(state: State, text: str) -> Answer:
    found = re.fullmatch(r"(.+?)(?:\s+(?:path\s+)?(\d{1,9}))?", _named(state, text))
    assert found is not None
    return single.why(state, found[1], int(found[2] or 0))


def _check(state: State, text: str) -> tuple[State, Result]:
    answer = whatif.check(state, text)
    return state, Result(answer, code=answer.code)


def _diagnose(state: State, text: str) -> tuple[State, Result]:
    from backviz.stepping.checkup import diagnosed  # not at every start

    answer = diagnosed(state)
    return state, Result(answer, code=4 if answer.diagnosis else 0)


def _wishing(what: str, needs_path: bool = False) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        if (needs_path and not text) or "\0" in text:
            raise InputError(state.look.say("{what} needs a file name", what=what))
        return state, Result(wish=Wish(what, text))

    return act


_add("next", _moving(lambda s, t: moves.next_steps(s, _count(s, t))), "n 3", "n",
     usage="next [n]", again=True)  # fmt: skip
_add("step", _moving(lambda s, t: moves.part_steps(s, _count(s, t))), "s", "s",
     usage="step [n]", again=True)  # fmt: skip
_add("back", _moving(lambda s, t: moves.back_steps(s, _count(s, t))), "r 2", "r",
     usage="back [n]", again=True)  # fmt: skip
_add("continue", _continue, "c", "c", again=True)
_add(
    "until", _moving(lambda s, t: moves.until(s, _named(s, t))), "until d", "u", usage="until NODE"
)
_add("goto", _moving(lambda s, t: moves.goto(s, _named(s, t))), "goto bw 2", "g", usage="goto K")
_add("forward", _moving(lambda s, t: moves.forward(s)), "forward", "f")
_add("backward", _moving(lambda s, t: moves.backward(s)), "backward", "bw")
_add("restart", _moving(lambda s, t: moves.restart(s)), "restart")
_add("break", _moving(_break), "b absg>1e3", "b", usage="break WHAT")
_add("clear", _moving(_clear), "clear 1", usage="clear [n]")
_add(
    "watch", _moving(lambda s, t: points.watch(s, _named(s, t))), "watch a", "w", usage="watch NODE"
)
_add("list", _looking(views.listing), "l all", "l", usage="list [all|NODE]", again=True)
_add("print", _looking(views.printed), "p W1[0, :]", "p", usage="print NODE[i]")
_add("local", _looking(lambda s, t: single.local(s, _named(s, t))), "local d", usage="local NODE")
_add("why", _looking(_why), "y a", "y", usage="why NODE [k]")
_add("where", _looking(lambda s, t: views.where(s)), "where")
_add("program", _looking(lambda s, t: program.programmed(s)), "program")
_add("set", _moving(whatif.set_leaf), "set a=5", usage="set NODE=VALUE")
_add("undo", _moving(lambda s, t: whatif.undo(s)), "undo")
_add("redo", _moving(lambda s, t: whatif.redo(s)), "redo")
_add("diff", _looking(lambda s, t: whatif.diff(s)), "diff")
_add("reset", _moving(lambda s, t: whatif.reset(s)), "reset")
_add("nudge", _looking(lambda s, t: whatif.nudge_text(s, _named(s, t))), "nudge a 0.01",
     usage="nudge NODE h")  # fmt: skip
_add("check", _check, "check a", usage="check [NODE]")
_add("diagnose", _diagnose, "diagnose")
_add("zero", _moving(lambda s, t: points.zero(s)), "zero")
_add("quiz", _moving(lambda s, t: quiz.ask(s)), "quiz")
_add("answer", _moving(quiz.answer), "answer -6", usage="answer X")
_add("draw", _wishing("draw"), "draw", "d")
_add("show", _wishing("show"), "show step.svg", usage="show [FILE]")
_add("save", _wishing("save", True), "save step.pdf --for slide", usage="save FILE [--for …]")
_add("history", _looking(lambda s, t: points.history(s)), "history")
_add("record", _wishing("record", True), "record session.txt", usage="record FILE")
_add("source", _wishing("source", True), "source session.txt", usage="source FILE")
_add("help", _looking(lambda s, t: help_on(t)), "h why", "h", "?", usage="help [COMMAND]")
_add("off", _wishing("off"), "off")
_add("quit", _wishing("quit"), "q", "q", "exit")
