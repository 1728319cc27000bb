"""`diagnose` at the prompt: what keeps the leaves from learning, in the numbers of the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from backviz.diagnosis import Diagnosis, diagnosis_of
from backviz.stepping.answers import Answer
from backviz.stepping.look import Look
from backviz.stepping.state import State


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosed(Answer):
    """The findings of `diagnose`."""

    diagnosis: Diagnosis

    def lines(self, look: Look) -> list[str]:
        """What the prompt prints."""
        found: list[str] = []
        for line in self.diagnosis.lines(look.lang):
            found += look.lines(f"  {line}", 5)
        return found

    def data(self) -> dict[str, Any]:
        """The answer as JSON holds it."""
        return {"kind": self.kind, **self.diagnosis.data()}


def diagnosed(state: State) -> Diagnosed:
    """What is wrong with the gradients of the session's record."""
    return Diagnosed(diagnosis_of(state.run))
