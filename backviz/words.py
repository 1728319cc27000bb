"""The words that a person reads, in the users' languages: one table for all of them.

Figures, descriptions and tables take their words from here, each under its key. The stepper's
words stand in the same rows, under "stepper." and their key (`stepping.words`); a sentence of a
lesson, a note or a domain of an op stands under the English sentence itself. Invariant: what a
language lacks is said in English, sentence by sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from backviz.registry import Registry


class Sentences(dict[str, str]):
    """What a language says; a key that it lacks is said in English.

    >>> Sentences(value="Wert")["value"], Sentences()["value"]
    ('Wert', 'value')
    """

    def __missing__(self, key: str) -> str:
        if LANGUAGES["en"] is self:
            raise KeyError(key)
        return LANGUAGES["en"][key]


class _Languages(Registry[Sentences]):
    def add(self, name: str, item: Mapping[str, str], aliases: Iterable[str] = ()) -> Sentences:
        """Enter what a language says, as far as it says it."""
        return super().add(name, Sentences(item), aliases)

    def _row(self, item: Sentences) -> Sentences:
        return item if isinstance(item, Sentences) else Sentences(item)


LANGUAGES = _Languages("language")


def in_language(sentence: str, lang: str) -> str:
    """An English sentence in another language, if that has it.

    >>> in_language("There is no such sentence.", "ru")
    'There is no such sentence.'
    """
    return LANGUAGES[lang].get(sentence, sentence)


LANGUAGES.add(
    "en",
    {
        "value": "value",
        "gradient": "gradient of {output}",
        "local": "local derivative",
        "g": "gradient that arrives",
        "unnamed": "input without a name",
        "out": "the op's result",
        "kept": "{word} along axis {axis}, which stays",
        "product": "upstream · local = contribution",
        "title": "Computation graph of {output}",
        "no output": "the output",
        "result": "{output} = {value}.",
        "size": "Boxes: {boxes}, arrows: {arrows}.",
        "grads": "Gradients: {list}.",
        "ops": "{n} ops",
        "leaves": "leaf ×{n}",
        "mean": "mean",
        "earlier": "with an earlier pass",
        "forward": "Forward",
        "backward": "Backward: gradients of {output}",
        "counts": "leaves: {leaves}, constants: {constants}, ops: {ops}",
        "not computed": "— means not computed",
        "columns": "step|node|input|upstream|local|contribution|total so far|use",
        "use": "{k} of {m}",
        "given": "Given: {list}",
        "numbers": "numbers",
        "seed": "Backward starts: {of}",
        "each": "for every entry",
        "play": "Play",
        "pause": "Pause",
        "first step": "First step",
        "step back": "Step back",
        "step on": "Step on",
        "last step": "Last step",
        "step of": "Step {k} of {n}",
        "steps": "Steps",
        "zoom in": "Zoom in",
        "zoom out": "Zoom out",
        "whole graph": "Whole graph",
        "light or dark": "Light or dark",
        "in numbers": "In numbers",
        "close": "Close",
        "not yet": "not reached yet",
        "arrives": "arrives",
        "contribution": "contribution",
        "detail": "Level of detail",
        "fold none": "nodes",
        "fold constants": "ops",
        "fold names": "names",
        "fold layers": "layers",
        "fold blocks": "blocks",
        "fold auto": "short",
    },
)
LANGUAGES.add(
    "ru",
    {
        "value": "значение",
        "gradient": "градиент {output}",
        "local": "локальная производная",
        "g": "пришедший градиент",
        "unnamed": "вход без имени",
        "out": "результат операции",
        "kept": "{word} вдоль оси {axis}, она остаётся",
        "product": "пришедший · локальная = вклад",
        "title": "Граф вычислений {output}",
        "no output": "результата",
        "result": "{output} = {value}.",
        "size": "Узлов: {boxes}, стрелок: {arrows}.",
        "grads": "Градиенты: {list}.",
        "ops": "операций: {n}",
        "leaves": "лист ×{n}",
        "mean": "среднее",
        "earlier": "с прежним проходом",
        "forward": "Вперёд",
        "backward": "Назад: градиенты {output}",
        "counts": "листьев: {leaves}, констант: {constants}, операций: {ops}",
        "not computed": "— значит «не вычислено»",
        "columns": "шаг|узел|вход|пришедший|локальная|вклад|сумма|вход №",
        "use": "{k} из {m}",
        "given": "Дано: {list}",
        "numbers": "числа",
        "seed": "Обратный проход: {of}",
        "each": "для каждого элемента",
        "play": "Пуск",
        "pause": "Пауза",
        "first step": "Первый шаг",
        "step back": "Шаг назад",
        "step on": "Шаг вперёд",
        "last step": "Последний шаг",
        "step of": "Шаг {k} из {n}",
        "steps": "Шаги",
        "zoom in": "Крупнее",
        "zoom out": "Мельче",
        "whole graph": "Весь граф",
        "light or dark": "Светлая или тёмная тема",
        "in numbers": "В числах",
        "close": "Закрыть",
        "not yet": "ещё не вычислено",
        "arrives": "приходит",
        "contribution": "вклад",
        "detail": "Подробность",
        "fold none": "узлы",
        "fold constants": "операции",
        "fold names": "имена",
        "fold layers": "слои",
        "fold blocks": "блоки",
        "fold auto": "кратко",
    },
)
