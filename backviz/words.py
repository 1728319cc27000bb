"""The few words that stand in figures, descriptions and tables, in the users' languages."""

from __future__ import annotations

from backviz.registry import Registry

LANGUAGES: Registry[dict[str, str]] = Registry("language")

LANGUAGES.add(
    "en",
    {
        "value": "value",
        "gradient": "gradient of {output}",
        "local": "local derivative",
        "g": "gradient that arrives",
        "product": "upstream · local = contribution",
        "title": "Computation graph of {output}",
        "no output": "the output",
        "result": "{output} = {value}.",
        "size": "Boxes: {boxes}, arrows: {arrows}.",
        "grads": "Gradients: {list}.",
        "ops": "ops",
        "leaves": "leaf",
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
    },
)
LANGUAGES.add(
    "ru",
    {
        "value": "значение",
        "gradient": "градиент {output}",
        "local": "локальная производная",
        "g": "пришедший градиент",
        "product": "пришедший · локальная = вклад",
        "title": "Граф вычислений {output}",
        "no output": "результата",
        "result": "{output} = {value}.",
        "size": "Узлов: {boxes}, стрелок: {arrows}.",
        "grads": "Градиенты: {list}.",
        "ops": "операций",
        "leaves": "лист",
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
    },
)
