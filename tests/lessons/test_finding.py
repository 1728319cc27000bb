"""A topic is found under the words that people type, in both languages; a word that means none
gets the nearest topic.
"""

import re
from pathlib import Path

import pytest

import backviz
from backviz.cli import _run
from backviz.errors import UsageError
from backviz.lessons import LESSONS, explanation
from backviz.lessons.finding import found, nearest, other_words
from backviz.ops import OPS
from backviz.stepping.causes import TOPICS

TYPED = {
    "vanishing": "residual", "zero_grad": "zero-grad", "optimizer.zero_grad()": "zero-grad",
    "batchnorm": "batch-modes", "BatchNorm1d": "batch-modes", "maxpool": "ties",
    "chain rule": "local", "Chain-Rule": "local", "learning rate": "update-ratio",
    "learning_rate": "update-ratio", "exploding": "clipping", "exploding gradients": "clipping",
    "saturation": "loud-but-deaf", "initialization": "init-variance", "jacobian": "vjp",
    "detach": "detach", "no_grad": "detach", "requires_grad": "detach",
    "retain_graph": "retain-graph", "freeze": "detach",
    "retain_grad": "inner-gradients", "NaN": "nan-where", "gradcheck": "check-step",
    "bptt": "shared-weights", "AdamW": "weight-decay", "batch size": "mean-or-sum",
    "jvp": "forward-mode", "straight-through": "hard-choice", "inplace": "in-place",
    "p - y": "softmax-loss", "общие веса": "shared-weights", "размер батча": "mean-or-sum",
    "затухание весов": "weight-decay", "не число": "nan-where", "затравка": "vjp",
    "накопление градиента": "gradient-accumulation", "обновление": "gradient-or-update",
    "затухание": "residual", "градиент": "nudge", "цепное правило": "local",
    "скорость обучения": "update-ratio", "инициализация": "init-variance",
    "мертвый нейрон": "dead-relu", "мёртвый нейрон": "dead-relu", "насыщение": "loud-but-deaf",
    "взрыв градиента": "clipping", "накопление": "accumulate", "якобиан": "vjp",
    "+": "add", "+=": "accumulate", "*": "mul", "@": "matmul", "**": "pow", "/": "div", "-": "sub",
    "cross entropy": "cross_entropy", "batch_norm": "batch_norm", "Batch Norm": "batch-modes",
    "backprop": "local", "обратное распространение": "local",
    "обучение не идёт": "gradient-or-update",
    "ReLU": "relu", "Accumulate": "accumulate", "TANH": "tanh", "max": "maximum",
}  # fmt: skip


@pytest.mark.parametrize("typed", TYPED)
def test_what_people_type_finds_its_topic(typed):
    assert found(typed) == TYPED[typed]
    assert explanation(typed).name == TYPED[typed]


def test_every_name_means_itself():
    for name in LESSONS:
        assert found(name) == name
    for name in OPS:
        assert found(name) == name


def test_no_word_means_two_topics_and_none_hides_an_op():
    def plain(word):
        return re.sub(r"[\W_]+", "", word.lower()).replace("ё", "е")

    owners = {}
    for lesson in LESSONS.values():
        words = [*other_words(lesson), lesson.name]
        assert len(words) > 1, lesson.name
        assert all(words)
        for word in {plain(word) for word in words}:
            assert word not in owners, (word, lesson.name, owners[word])
            owners[word] = lesson.name
    for lesson in LESSONS.values():
        russian = lesson.also.of("ru")
        assert re.search(r"[а-я]", russian), lesson.name
        for word in other_words(lesson):
            assert word not in OPS, (lesson.name, word)


@pytest.mark.parametrize(
    ("typed", "topic"),
    [
        ("saturated neuron", "loud-but-deaf"),
        ("nan loss", "nan-where"),
        ("why is my gradient zero", "zero-or-none"),
        ("почему градиент ноль", "dead-or-vanishing"),
        ("my rnn forgets", "shared-weights"),
        ("why do gradients vanish", "residual"),
        ("clip the gradient", "clipping"),
        ("transposed matrices", "matmul-transposes"),
        ("затухает градиент сети", "residual"),
        ("обрезать градиенты", "clipping"),
        ("насыщенные сигмоиды", "loud-but-deaf"),
        ("инициализировать веса", "init-variance"),
    ],
)
def test_a_word_that_means_none_gets_the_nearest_topic(typed, topic):
    assert topic in nearest(typed)
    with pytest.raises(UsageError, match=topic):
        explanation(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("tahn", "did you mean 'tanh'"), ("acumulate", "did you mean 'accumulate'"),
     ("qqqq", "backviz explain lists the topics"), ("ptp", "np.max(x) - np.min(x)"),
     ("vanishin", "the nearest topic is residual")],
)  # fmt: skip
def test_a_slip_of_the_fingers_gets_the_name(typed, said):
    with pytest.raises(UsageError) as caught:
        explanation(typed)
    assert said in str(caught.value)


def test_words_need_no_quotes_at_the_command_line(capsys):
    assert _run(["explain", "chain", "rule"]) == 0
    assert capsys.readouterr().out.startswith("local: ")
    assert _run(["step", "@diamond", "--commands", "explain chain rule"]) == 0
    assert "\nlocal: " in capsys.readouterr().out
    assert _run(["explain", "tanh", "add"]) == 2


def test_every_topic_that_why_and_diagnose_recommend_is_there():
    package = Path(backviz.__file__).parent
    named = {*TOPICS.values()}
    for path in ("stepping/causes.py", "diagnosis/checks.py"):
        source = (package / path).read_text("utf-8")
        named |= set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source))
    assert {"nan-where", "dead-relu"} <= named
    assert named <= {*LESSONS}
