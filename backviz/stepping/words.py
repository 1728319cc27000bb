"""Sentences of a session that stand under a key of its data: rows, states, notes, verdicts.

What is said in one place stands there. Invariant: keys go into `data()` and stay; the sentences are
in English, marked.
"""

from __future__ import annotations

from backviz.language import N_, NP_

ROWS = (  # labels, which may be shorter than the same words elsewhere
    NP_("row", "upstream"), NP_("row", "local"), NP_("row", "gives"), NP_("row", "totals"),
    NP_("row", "shapes"), NP_("row", "value"), NP_("row", "rule"),
)  # fmt: skip
NOTES = {  # what was done or cannot be done, by the key in the data
    "at the start": N_("this is the start; next goes on"),
    "the end": N_("the end: back, goto or restart; backward begins a second pass"),
    "no backward": N_("no value here wants a gradient, so there is no backward pass"),
    "nothing to ask": N_("there is no step ahead to ask about; restart"),
    "nothing to undo": N_("there is no edit to undo"),
    "nothing to redo": N_("there is no edit to redo"),
    "break set": N_("break {k} at {what}"),
    "cleared": N_("cleared"),
    "watched": N_("watching {name}"),
    "unwatched": N_("no longer watching {name}"),
    "zeroed": N_("the gradients are forgotten: not computed"),
    "wrote": N_("wrote {path}"),
    "recording": N_("recording to {path}; record off ends it"),
    "recorded": N_("{path} has the commands"),
}
STATES = {  # of a node
    "not reached": N_("not reached"),
    "value known": N_("value known"),
    "partial": N_("partial"),
    "complete": N_("complete"),
    "infinite": N_("infinite"),
    "edited": N_("edited"),
    "NaN": "NaN",
}
VERDICTS = {
    "ok": N_("ok"),
    "kink": N_("kink"),
    "fault": N_("WRONG"),
    "unsure": "?",
}
PURPOSES = {  # of the commands
    "next": N_("next node; Enter again"),
    "step": N_("one contribution"),
    "back": N_("undo n visible steps"),
    "continue": N_("to a break or the end"),
    "until": N_("to where it is at work"),
    "goto": N_("to step K, fw K or bw K"),
    "forward": N_("all values known"),
    "backward": N_("start of the backward pass"),
    "restart": N_("before the first step"),
    "break": N_("stop there; h break lists what"),
    "clear": N_("drop a break, or all"),
    "watch": N_("print when it changes"),
    "list": N_("the tape"),
    "print": N_("value and gradient"),
    "local": N_("rule and derivative"),
    "why": N_("chain rule, path by path"),
    "where": N_("place and settings"),
    "program": N_("gradients your program holds"),
    "set": N_("change a leaf"),
    "undo": N_("take an edit back"),
    "redo": N_("and again"),
    "diff": N_("as recorded → now"),
    "reset": N_("drop all edits"),
    "nudge": N_("predicted and actual"),
    "check": N_("against differences"),
    "diagnose": N_("what keeps it from learning"),
    "zero": N_("forget gradients"),
    "quiz": N_("asks the next number"),
    "answer": N_("answers it"),
    "draw": N_("the graph, here"),
    "show": N_("open a picture"),
    "save": N_("write a picture"),
    "history": N_("commands so far"),
    "record": N_("commands to a file"),
    "source": N_("commands from a file"),
    "help": N_("this, or one in full"),
    "off": N_("go on, stop no more"),
    "quit": N_("leave"),
    "explain": N_("a topic or op, one screen"),
}
