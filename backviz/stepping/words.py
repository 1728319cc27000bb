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
    "no blocks": N_(
        'nothing here was recorded as a block: put with backviz.group("name"): around it, '
        "with backviz.scoped(): around modules, or step through a file; next goes by nodes"
    ),
    "none of this kind": N_("there is nothing of this kind ahead to ask about; quiz asks the rest"),
    "no more hints": N_("there are no more hints; skip shows the answer"),
    "scoring": N_("the score goes to {path}"),
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
