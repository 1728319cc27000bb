"""The commands as they are typed: a line is read, and the command's own function answers it.

Invariant: nothing here reads or prints, and nothing here knows how an answer looks. What touches
files or screens is a wish in the result, which the shell grants; a wrong command leaves the
state as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from backviz.errors import BackvizError, InputError, UsageError
from backviz.language import N_
from backviz.registry import unknown
from backviz.signs import without_powers
from backviz.stepping import moves, points, program, quiz, views, whatif
from backviz.stepping.answers import Answer, refused
from backviz.stepping.breaks import KINDS
from backviz.stepping.numerals import plain_decimals
from backviz.stepping.questions import TOPICS
from backviz.stepping.state import State
from backviz.stepping.vocabulary import (
    COMMANDS,
    SUBJECTS,
    Act,
    Command,
    Result,
    Wish,
    help_on,
)

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
    if state.look.numbers.powers == "10" and not command.file:
        rest = without_powers(rest)
    if state.look.numbers.decimal == "," and not command.file:
        rest = plain_decimals(rest)
    quiz.refuse_if_it_shows(state, command)
    new, result = command.act(state, rest)
    new = quiz.noticed(state, new, command)
    new = new.but(last=line if command.again else "", history=(*new.history, line))
    return new, replace(result, answer=replace(result.told, state=new))


def meant(state: State, line: str) -> str:
    """A line without its remark; an empty one stands for the last move."""
    typed = " ".join(line.split())
    return re.sub(r"(^| )#.*", "", typed) if typed else state.last


def read_line(state: State, line: str) -> tuple[Command, str]:
    """The command that a line names, and the rest of the line.

    A number is the answer to a quiz, `a = 5` sets, and a node's name or `a*b` prints it. A node
    that is called as a command is meant where the command alone says nothing, and before a
    sign: `w`, `n*2`.
    """
    word, _, rest = line.partition(" ")
    if quiz.is_answer(state, line):
        return COMMANDS["answer"], line
    is_node = word in state.record.taken
    if word in COMMANDS and not re.match(r"=[^=]|[-−+*/@<>] ?" if is_node else r"=[^=]", rest):
        command, rest = COMMANDS[word], rest.strip()
        if not (is_node and not rest and command.needs):
            return command, _fitting(state, command, rest)
        return COMMANDS["print"], line
    if re.fullmatch(r"[^=<>!]+=[^=].*", line):
        return COMMANDS["set"], line
    try:
        views.entry(state, line)
    except InputError:
        if views.is_computable(state, line):
            return COMMANDS["print"], line
        known = COMMANDS.names()
        raise UsageError(
            unknown("command", word, known, state.look.say("help lists the commands, quit leaves"))
        ) from None
    return COMMANDS["print"], line


def _fitting(state: State, command: Command, rest: str) -> str:
    """What follows a command; refused where it needs more, or nothing."""
    told = {"name": command.name, "usage": command.usage, "example": command.example}
    if rest and command.usage == command.name:
        raise UsageError(
            state.look.say(
                "{name} stands alone, without {rest!r}; help {name} says what it does",
                rest=rest,
                **told,
            )
        )
    if command.needs and not rest:
        raise InputError(state.look.say("write it as {usage}, for example: {example}", **told))
    return rest


def beside(before: State, after: State, line: str) -> Iterator[str]:
    """What a person is told beside the answer: of a question that is given up, of two meanings."""
    typed = meant(before, line)
    done = len(after.quiz.outcomes) > len(before.quiz.outcomes)
    if typed and done and read_line(before, typed)[0].subject != "practice":
        yield after.look.say("the question is given up; quiz asks the next one")
    if said := also_a_node(before, line):
        yield said


def also_a_node(state: State, line: str) -> str:
    """What to say where a command was run that is the name of a node as well: once for each."""
    word = line.strip()
    if word not in COMMANDS or word not in state.record.taken or word in state.history:
        return ""
    command = COMMANDS[word]
    if command.needs:
        return ""
    return state.look.say(
        "{word} is the command {name} here; print {word} shows the node",
        word=word,
        name=command.name,
    )


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


def _moving(move: Callable[[State, str], tuple[State, Answer]]) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        new, answer = move(state, text)
        return new, Result(answer)

    return act


def _by_block(how: str) -> Act:
    def act(state: State, text: str) -> tuple[State, Result]:
        from backviz.stepping import crossing  # not at every start

        new, answer = getattr(crossing, how)(state)
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


def _break(state: State, text: str) -> tuple[State, Answer]:
    return points.break_at(state, text) if text else (state, points.breaks(state))


def _clear(state: State, text: str) -> tuple[State, Answer]:
    return points.clear(state, 0 if text in ("", "all") else _count(state, text))


def _why(state: State, text: str) -> Answer:
    found = re.fullmatch(r"(.+?)(?:\s+(?:path\s+)?(\d{1,9}))?", text)
    assert found is not None
    from backviz.stepping import single  # not at every start

    return single.why(state, found[1], int(found[2] or 0))


def _local(state: State, text: str) -> Answer:
    from backviz.stepping import single

    return single.local(state, text)


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


def _score(state: State, text: str) -> tuple[State, Result]:
    return state, Result(wish=Wish("score", text)) if text else Result(quiz.score(state))


def _node_names(state: State) -> list[str]:
    return [name for name in state.record.names if not re.search(r"\s", name)]


def _leaf_names(state: State) -> list[str]:
    values = state.record.values
    return [name for name in _node_names(state) if values[state.record.find(name)].op is None]


def _break_words(state: State) -> list[str]:
    ops = {v.op.name: v.op for v in state.record.values if v.op is not None}
    return [*_node_names(state), *KINDS, *(f"op:{name}" for name in ops), "absg>"]


def _help_words(state: State) -> list[str]:
    return [*SUBJECTS, *COMMANDS]


def _add(
    name: str,
    act: Act,
    about: str,
    example: str,
    *aliases: str,
    of: str,
    usage: str = "",
    offers: Callable[[State], list[str]] | None = None,
    again: bool = False,
    file: bool = False,
    ahead: bool = False,
) -> None:
    nodes = _node_names if "NODE" in usage else None
    command = Command(
        name, usage or name, example, act, again, offers or nodes, about, of, file, ahead
    )
    COMMANDS.add(name, command, aliases)


_add("next", _moving(lambda s, t: moves.next_steps(s, _count(s, t))),
     N_("next node; Enter again"), "n 3", "n", of="moving", usage="next [n]",
     again=True)  # fmt: skip
_add("step", _moving(lambda s, t: moves.part_steps(s, _count(s, t))),
     N_("one contribution"), "s", "s", of="moving", usage="step [n]", again=True)  # fmt: skip
_add("back", _moving(lambda s, t: moves.back_steps(s, _count(s, t))),
     N_("undo n visible steps"), "r 2", "r", of="moving", usage="back [n]", again=True)  # fmt: skip
_add("continue", _continue, N_("to a break or the end"), "c", "c", of="moving", again=True)
_add("over", _by_block("over"), N_("a block whole: module, group, line"), "over", of="moving",
     again=True)  # fmt: skip
_add("into", _by_block("into"), N_("into the next block"), "into", of="moving", again=True)
_add("finish", _by_block("finish"), N_("to the end of the block"), "finish", of="moving")
_add("until", _moving(moves.until), N_("to where it is at work"), "until d", "u", of="moving",
     usage="until NODE")  # fmt: skip
_add("goto", _moving(moves.goto), N_("to step K, fw K or bw K"), "goto bw 2", "g", of="moving",
     usage="goto K", offers=_node_names)  # fmt: skip
_add("forward", _moving(lambda s, t: moves.forward(s)), N_("all values known"), "forward", "f",
     of="moving")  # fmt: skip
_add("backward", _moving(lambda s, t: moves.backward(s)), N_("start of the backward pass"),
     "backward", "bw", of="moving")  # fmt: skip
_add("restart", _moving(lambda s, t: moves.restart(s)), N_("before the first step"), "restart",
     of="moving")  # fmt: skip
_add("break", _moving(_break), N_("stop there; h break lists what"), "b absg>1e3", "b",
     of="stopping", usage="break [WHAT]", offers=_break_words)  # fmt: skip
_add("clear", _moving(_clear), N_("drop a break, or all"), "clear 1", of="stopping",
     usage="clear [n]")  # fmt: skip
_add("watch", _moving(points.watch), N_("print when it changes"), "watch a", "w", of="stopping",
     usage="watch NODE")  # fmt: skip
_add("list", _looking(views.listing), N_("the tape"), "l all", "l", of="looking",
     usage="list [all|NODE]", again=True)  # fmt: skip
_add("print", _looking(views.printed), N_("value and gradient"), "p W1[0, :]", "p", of="looking",
     usage="print NODE[i]")  # fmt: skip
_add("local", _looking(_local), N_("rule and derivative"), "local d", of="asking",
     usage="local NODE[i]", ahead=True)  # fmt: skip
_add("why", _looking(_why), N_("chain rule, path by path"), "y a", "y", of="asking",
     usage="why NODE[i] [k]", ahead=True)  # fmt: skip
_add("where", _looking(lambda s, t: views.where(s)), N_("place and settings"), "where",
     of="looking")  # fmt: skip
_add("program", _looking(lambda s, t: program.programmed(s)), N_("gradients your program holds"),
     "program", of="looking", ahead=True)  # fmt: skip
_add("set", _moving(whatif.set_leaf), N_("change a leaf"), "set a=5", of="changing",
     usage="set NODE=VALUE", offers=_leaf_names)  # fmt: skip
_add("undo", _moving(lambda s, t: whatif.undo(s)), N_("take an edit back"), "undo", of="changing")
_add("redo", _moving(lambda s, t: whatif.redo(s)), N_("and again"), "redo", of="changing")
_add("diff", _looking(lambda s, t: whatif.diff(s)), N_("as recorded → now"), "diff",
     of="changing")  # fmt: skip
_add("reset", _moving(lambda s, t: whatif.reset(s)), N_("drop all edits"), "reset", of="changing")
_add("nudge", _looking(whatif.nudge_text), N_("predicted and actual"), "nudge a 0.01",
     of="asking", usage="nudge NODE [h]", ahead=True)  # fmt: skip
_add(
    "check",
    _check,
    N_("against differences"),
    "check a",
    of="asking",
    usage="check [NODE]",
    ahead=True,
)
_add("diagnose", _diagnose, N_("what keeps it from learning"), "diagnose", of="asking", ahead=True)
_add("zero", _moving(lambda s, t: points.zero(s)), N_("forget gradients"), "zero", of="changing")
_add("quiz", _moving(quiz.ask), N_("asks what comes next"), "quiz totals", of="practice",
     usage="quiz [TOPIC] [--seed N]", offers=lambda s: list(TOPICS))  # fmt: skip
_add("answer", _moving(quiz.answer), N_("answers it"), "answer -6", of="practice",
     usage="answer X")  # fmt: skip
_add("hint", _moving(lambda s, t: quiz.hint(s)), N_("a rule, then numbers; costs ½"), "hint",
     of="practice")  # fmt: skip
_add("skip", _moving(lambda s, t: quiz.skip(s)), N_("show the answer, and on"), "skip",
     of="practice")  # fmt: skip
_add("score", _score, N_("right so far; or into a file"), "score", of="practice",
     usage="score [FILE.csv [NAME]]", file=True)  # fmt: skip
_add("draw", _wishing("draw"), N_("the graph, here"), "draw", "d", of="pictures")
_add("show", _wishing("show"), N_("open a picture"), "show step.svg", of="pictures",
     usage="show [FILE]", file=True)  # fmt: skip
_add("save", _wishing("save", True), N_("write a picture"), "save step.pdf --for slide",
     of="pictures", usage="save FILE [--for …]", file=True)  # fmt: skip
_add("history", _looking(lambda s, t: points.history(s)), N_("commands so far"), "history",
     of="session")  # fmt: skip
_add("record", _wishing("record", True), N_("commands to a file"), "record session.txt",
     of="session", usage="record FILE", file=True)  # fmt: skip
_add("export", _wishing("export", True), N_("all that was shown, as a hand-out"),
     "export session.html", of="session", usage="export FILE", file=True)  # fmt: skip
_add("source", _wishing("source", True), N_("commands from a file"), "source session.txt",
     of="session", usage="source FILE", file=True)  # fmt: skip
_add("help", _looking(lambda s, t: help_on(t, s.look)), N_("this, or one in full"), "h why", "h",
     "?", of="session", usage="help [WORD]", offers=_help_words)  # fmt: skip
_add("off", _wishing("off"), N_("go on, stop no more"), "off", of="session")
_add("quit", _wishing("quit"), N_("leave"), "q", "q", "exit", of="session")
