"""The words of a session, in the users' languages.

What figures and tables say too (k of m, the seed, what is given) is in `backviz.words` alone.
Invariant: every language has the same keys, and each sentence the same gaps.
"""

from __future__ import annotations

from backviz.words import LANGUAGES

WORDS: dict[str, dict[str, str]] = {}
WORDS["en"] = (
    {
        "fw": "fw", "bw": "bw", "pass": "pass {k}",
        "start": "start",
        "again": "pass {k}: leaves keep the gradients that they have, and these add up; zero "
        "forgets them",
        "value": "value", "upstream": "upstream", "local": "local", "gives": "gives",
        "totals": "totals", "shapes": "shapes", "nothing": "", "rule": "rule",
        "summed": "{name}: {shape} summed over axis {axes} of {of}",
        "summed many": "{name}: {shape} summed over axes {axes} of {of}",
        "product": "{shapes} → {out}; a gradient has the shape of its input",
        "at the start": "this is the start; next goes on",
        "the end": "the end: back, goto or restart; backward begins a second pass",
        "no backward": "no value here wants a gradient, so there is no backward pass",
        "stopped": "stopped at {what}",
        "not ahead": "{name} is not ahead of the cursor; use restart or back first",
        "no such step": "there is no step {k}; use {low} to {high}",
        "no count": "{text!r} is no number of steps; write a whole number, as in next 3",
        "watch": "watch", "not reached": "not reached", "value known": "value known",
        "partial": "partial", "complete": "complete", "infinite": "infinite",
        "edited": "edited", "above": "… {n} above", "below": "… {n} below",
        "not computed": "(not computed)", "name a node": "name a node, as in why a",
        "at step": "step {k} of {n}", "made at": "made at", "what-if": "what-if:",
        "breaks": "breaks:", "watching": "watching:", "was": "was",
        "no gradient": "no gradient comes here",
        "itself": "the result itself, where the pass begins",
        "paths": "the sum over {n} paths", "path": "one path", "more": "more than {n}",
        "too many": "too many to list; each use of {name} (at most {n}); why {name} 1 is a path",
        "no such path": "{name} has paths 1 to {many}",
        "so far": "so far {k} of {m} parts have come",
        "links": "… {n} more …", "sum": "sum ", "through": "through {name}",
        "rest": "and {n} more uses, together {sum}", "product so far": "so far",
        "path number": "path {k}:", "a leaf": "{name} is a leaf: it was given, not computed",
        "blocked": "gets no gradient",
        "set how": "write a leaf and its value, as in set a=5 or set W[0, 1] = 2",
        "computed": "{name} is computed ({formula}), so it cannot be set; set one of {leaves}",
        "no change": "nothing differs", "more changes": "… {n} more changes",
        "nothing to undo": "there is no edit to undo",
        "nothing to redo": "there is no edit to redo",
        "nudge how": "write a node and by how much, as in nudge a 0.01",
        "nudged": "{name} + h with h = {h}", "predicted": "predicted", "actual": "actual",
        "difference": "difference", "curvature": "what the slope alone does not see",
        "nothing to check": "there is nothing to check: no leaf wants a gradient",
        "nothing to ask": "there is no step ahead to ask about; restart",
        "ask value": "which number?  {what}   with {given}",
        "ask shape": "which shape?  {what}   with {given}",
        "not asked": "nothing was asked; quiz asks", "right": "right:", "wrong": "no:",
        "score": "{k} of {m} right", "zeroed": "the gradients are forgotten: not computed",
        "no breaks": "no breaks; help break lists what there is",
        "about break": "a node; op:tanh; nan; inf; sat: a flat place of tanh, sigmoid and such "
        "(slope under 0.01); dead: a relu that lets nothing through; shared: a gradient that is "
        "a sum; absg>1e3, absg<1e-6: a contribution as large or small as that; "
        "a.grad > 1, abs(d) < 0.1: any comparison. Without anything, the breaks are listed.",
        "break set": "break {k} at {what}", "cleared": "cleared",
        "no such break": "there is no break {k} (there are {n}); break lists them",
        "watched": "watching {name}", "unwatched": "no longer watching {name}",
        "names": "names:", "example": "example:", "command": "command", "does": "does",
        "name a file": "{what} needs a file name",
        "takes nothing": "{name} stands alone, without {rest!r}; help {name} says what it does",
        "goto how": "name a step, as in goto 3 or goto bw 1, or a node, as in goto d",
        "set grad": "a gradient follows from the values; set a leaf, as in set {name}=5",
        "wrote": "wrote {path}", "recording": "recording to {path}; record off ends it",
        "recorded": "{path} has the commands", "not recording": "nothing is being recorded",
        "too deep": "files source each other too deep", "interrupted": "interrupted",
        "help": "help lists the commands, quit leaves",
        "do next": "next node; Enter again", "do step": "one contribution",
        "do back": "undo n visible steps", "do continue": "to a break or the end",
        "do until": "to where it is at work", "do goto": "to step K, fw K or bw K",
        "do forward": "all values known", "do backward": "start of the backward pass",
        "do restart": "before the first step",
        "do break": "stop there; h break lists what",
        "do clear": "drop a break, or all", "do watch": "print when it changes",
        "do list": "the tape", "do print": "value and gradient", "do local": "rule and derivative",
        "do why": "chain rule, path by path", "do where": "place and settings",
        "do set": "change a leaf", "do undo": "take an edit back", "do redo": "and again",
        "do diff": "as recorded → now", "do reset": "drop all edits",
        "do nudge": "predicted and actual", "do check": "against differences",
        "do zero": "forget gradients", "do quiz": "asks the next number",
        "do answer": "answers it", "do draw": "the graph, here", "do show": "open a picture",
        "do save": "write a picture", "do history": "commands so far",
        "do record": "commands to a file", "do source": "commands from a file",
        "do help": "this, or one in full", "do quit": "leave",
        "do explain": "a topic or op, one screen",
        "order": "order", "worst": "worst entry", "by rule": "by the rule",
        "by differences": "by differences", "error": "error", "ok": "ok", "kink": "kink",
        "fault": "WRONG", "unsure": "?",
    }
)  # fmt: skip
WORDS["ru"] = (
    {
        "fw": "прям", "bw": "обр", "pass": "проход {k}",
        "start": "начало",
        "again": "проход {k}: у листьев остаются прежние градиенты, новые прибавляются; zero "
        "их забывает",
        "value": "значение", "upstream": "пришло", "local": "локально", "gives": "вклад",
        "totals": "итого", "shapes": "формы", "nothing": "", "rule": "правило",
        "summed": "{name}: {shape} — сумма по оси {axes} от {of}",
        "summed many": "{name}: {shape} — сумма по осям {axes} от {of}",
        "product": "{shapes} → {out}; форма градиента — как у входа",
        "at the start": "это начало; next идёт дальше",
        "the end": "конец: back, goto или restart; backward начинает второй проход",
        "no backward": "ни одному значению не нужен градиент, обратного прохода нет",
        "stopped": "остановка: {what}",
        "not ahead": "{name} не впереди; сначала restart или back",
        "no such step": "шага {k} нет; есть от {low} до {high}",
        "no count": "{text!r} — не число шагов; напишите целое, например next 3",
        "watch": "слежу", "not reached": "не дошли", "value known": "значение известно",
        "partial": "неполон", "complete": "готов", "infinite": "бесконечность",
        "edited": "изменено", "above": "… выше {n}", "below": "… ниже {n}",
        "not computed": "(не вычислено)", "name a node": "назовите узел, например why a",
        "at step": "шаг {k} из {n}", "made at": "строка", "what-if": "что если:",
        "breaks": "остановы:", "watching": "слежу за:", "was": "было",
        "no gradient": "градиент сюда не приходит",
        "itself": "сам результат, отсюда начинается проход",
        "paths": "сумма по путям, их {n}", "path": "один путь", "more": "больше {n}",
        "too many": "слишком много; вот применения {name}, не больше {n}; why {name} 1 — один путь",
        "no such path": "у {name} пути от 1 до {many}", "so far": "пока пришло частей: {k} из {m}",
        "links": "… ещё {n} …", "sum": "сумма", "through": "через {name}",
        "rest": "и ещё {n}, вместе {sum}", "product so far": "пока",
        "path number": "путь {k}:", "a leaf": "{name} — лист: дано, не вычислено",
        "blocked": "градиента не получает",
        "set how": "напишите лист и значение: set a=5 или set W[0, 1] = 2",
        "computed": "{name} вычислено ({formula}), задать нельзя; задайте {leaves}",
        "no change": "отличий нет", "more changes": "… ещё отличий: {n}",
        "nothing to undo": "отменять нечего", "nothing to redo": "повторять нечего",
        "nudge how": "напишите узел и сдвиг: nudge a 0.01",
        "nudged": "{name} + h, h = {h}", "predicted": "по градиенту", "actual": "на деле",
        "difference": "разница", "curvature": "чего наклон не видит",
        "nothing to check": "проверять нечего: ни одному листу не нужен градиент",
        "nothing to ask": "впереди шагов нет, спросить не о чем; restart — к началу",
        "ask value": "какое число?  {what}   если {given}",
        "ask shape": "какая форма?  {what}   если {given}",
        "not asked": "вопроса не было; quiz спросит", "right": "верно:", "wrong": "нет:",
        "score": "верно {k} из {m}", "zeroed": "градиенты забыты: не вычислено",
        "no breaks": "остановов нет; help break — какие есть",
        "about break": "узел; op:tanh; nan; inf; sat: плоский участок tanh, sigmoid и подобных "
        "(наклон меньше 0.01); dead: relu, не пропускающий ничего; shared: градиент-сумма; "
        "absg>1e3, absg<1e-6: вклад больше или меньше; a.grad > 1, "
        "abs(d) < 0.1: любое сравнение. Без слов — список остановов.",
        "break set": "останов {k}: {what}", "cleared": "убрано",
        "no such break": "останова {k} нет (всего {n}); break покажет",
        "watched": "слежу за {name}", "unwatched": "больше не слежу за {name}",
        "names": "имена:", "example": "пример:", "command": "команда", "does": "что делает",
        "name a file": "команде {what} нужно имя файла",
        "takes nothing": "{name} пишется без {rest!r}; help {name} — что она делает",
        "goto how": "назовите шаг, например goto 3 или goto bw 1, или узел: goto d",
        "set grad": "градиент следует из значений; задайте лист, например set {name}=5",
        "wrote": "записано: {path}", "recording": "запись в {path}; record off закончит",
        "recorded": "команды в {path}", "not recording": "запись не идёт",
        "too deep": "файлы слишком глубоко вложены", "interrupted": "прервано",
        "help": "help — команды, quit — выход",
        "do next": "следующий узел; Enter — ещё", "do step": "один вклад",
        "do back": "отменить n шагов", "do continue": "до останова или конца",
        "do until": "до узла в работе", "do goto": "к шагу K, fw K или bw K",
        "do forward": "все значения известны", "do backward": "начало обратного прохода",
        "do restart": "перед первым шагом",
        "do break": "останов; h break — какие есть",
        "do clear": "убрать останов или все", "do watch": "печатать изменения",
        "do list": "лента", "do print": "значение и градиент", "do local": "правило и производная",
        "do why": "цепное правило по путям", "do where": "место и настройки",
        "do set": "изменить лист", "do undo": "отменить", "do redo": "вернуть",
        "do diff": "было → стало", "do reset": "снять все правки",
        "do nudge": "предсказано и на деле", "do check": "сверка с разностями",
        "do zero": "забыть градиенты", "do quiz": "спросит следующее число",
        "do answer": "ответ", "do draw": "граф здесь", "do show": "открыть рисунок",
        "do save": "записать рисунок", "do history": "команды",
        "do record": "команды в файл", "do source": "команды из файла",
        "do help": "это, или одна подробно", "do quit": "выход",
        "do explain": "тема или операция на экран",
        "order": "порядок", "worst": "худший элемент", "by rule": "по правилу",
        "by differences": "по разностям", "error": "погрешность", "ok": "верно", "kink": "излом",
        "fault": "НЕВЕРНО", "unsure": "?",
    }
)  # fmt: skip

for _lang, _said in WORDS.items():
    LANGUAGES[_lang].update({f"stepper.{key}": text for key, text in _said.items()})


def sentence(lang: str, key: str) -> str:
    """A sentence of the stepper with its gaps; in English where the language has none.

    What figures say too stands with their words.

    >>> sentence("ru", "right"), sentence("ru", "title")
    ('верно:', 'Граф вычислений {output}')
    """
    own = f"stepper.{key}"
    return LANGUAGES[lang][own if own in LANGUAGES["en"] else key]
