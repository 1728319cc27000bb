"""Mermaid's own drawing of our Mermaid files: every label comes out line by line as written.

Needs Chromium and Mermaid's single file, whose path is in the variable MERMAID_JS.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from browser import chromium

import backviz
from backviz import OPS, Figure, Style, Value, load, tensor
from backviz.autodiff.backward import seed_for
from backviz.diagrams.lettered import in_signs
from backviz.renderers.mermaid import _explained, _lines, mermaid

pytestmark = pytest.mark.peers

LINES = """
const lines = (element) => {
  const found = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    for (let i = 0; i < node.length; i++) {
      const range = document.createRange();
      range.setStart(node, i); range.setEnd(node, i + 1);
      const box = range.getBoundingClientRect();
      if (!box.width) continue;
      const last = found[found.length - 1];
      if (last && Math.abs(last.y - box.y) < box.height / 2) last.text += node.data[i];
      else found.push({ y: box.y, text: node.data[i] });
    }
  }
  return found.map(({ text }) => text);
};
const done = arguments[arguments.length - 1];
mermaid.initialize({ startOnLoad: false });
mermaid.render("drawn", arguments[0]).then(({ svg }) => {
  document.body.innerHTML = svg;
  const nodes = [...document.querySelectorAll(".node")].map((node) =>
    [node.id.match(/-(n\\d+|legend)-/)[1], lines(node)]);
  const edges = [...document.querySelectorAll(".edgeLabel span, .edgeLabel text")].map(lines);
  done({ nodes: Object.fromEntries(nodes), edges: edges.filter((e) => e.length) });
}).catch((error) => done({ error: String(error) }));
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    script = os.environ.get("MERMAID_JS", "")
    if not script and not os.environ.get("CI_PEERS"):
        pytest.skip("MERMAID_JS does not name Mermaid's file")
    folder = tmp_path_factory.mktemp("mermaid")
    file = folder / "page.html"
    source = Path(script).resolve().as_uri()
    file.write_text(f'<!doctype html><meta charset="utf-8"><script src="{source}"></script>')
    with chromium(folder / "profile") as driver:
        driver.set_script_timeout(60)
        driver.get(file.as_uri())
        yield driver


def matrices():
    W = tensor(np.array([[1.234567e-4, -123456.7, 3e-9]] * 3), "weights_of_the_net")
    loss = (W @ tensor([1.0, 2.0, 3.0], "x")).tanh().sum()
    loss.label = "L"
    return loss


SOURCES = {
    "mazur": lambda: load("@mazur"),
    "diamond": lambda: load("@diamond"),
    "matrices": matrices,
    "long": lambda: OPS["softplus"](Value(2.0, "a name with blanks  and <b> & #35; in it")) * 1e-9,
    "wide": lambda: load("вес=重み*x; 重み=[[1,2],[3,4]]; x=0.123456789"),
}


@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("name", SOURCES)
def test_every_label_is_drawn_line_by_line_as_written(page, name, direction):
    output = SOURCES[name]()
    output.backward(seed_for(output))
    figure = Figure(output, Style(direction=direction))
    drawn = page.execute_async_script(LINES, mermaid(figure).decode())
    assert "error" not in drawn, drawn
    diagram = in_signs(figure.diagram)
    written = {box.id: _lines(box) for box in diagram.boxes}
    if legend := _explained(diagram):
        written["legend"] = legend
    assert {k: plain(v) for k, v in drawn["nodes"].items()} == {
        k: plain(v) for k, v in written.items()
    }
    labels = [plain([a.local]) for a in diagram.arrows if a.local]
    assert sorted(map(plain, drawn["edges"])) == sorted(labels)


def plain(lines):
    """The signs of each line but blanks, of which HTML keeps fewer kinds apart."""
    return ["".join(line.replace("\u2060", "").split()) for line in lines]


def test_the_check_sees_a_broken_matrix(page):
    output = SOURCES["mazur"]()
    output.backward(seed_for(output))
    figure = Figure(output)
    source = mermaid(figure).decode()
    settings = json.dumps({"wrappingWidth": 60})
    start = source.index('"flowchart": ') + len('"flowchart": ')
    narrow = source[:start] + settings + source[source.index("}", start) + 1 :]
    drawn = page.execute_async_script(LINES, narrow)
    assert any(len(v) > len(_lines(b)) for b in figure.diagram.boxes
               for k, v in drawn["nodes"].items() if k == b.id)  # fmt: skip
    assert backviz.render(output, "mermaid")
