// The player: one step of one level is on the stage; keys, buttons and the slider change it.
const root = document.currentScript.parentElement;
const data = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
const words = data.words;
const find = (selector) => root.querySelector(selector);
const stage = find(".stage"), panel = find(".panel"), slider = find(".slider");
const PAUSE = 1800; // milliseconds on a step
const alone = () => document.querySelectorAll(".backviz-player").length === 1;
const wholePage = () => root.parentElement.classList.contains("backviz-page");

const levels = data.levels.map((about, i) => makeLevel(find(`[data-level="${i}"]`), about));
let level = levels[0];
// a lecture reveals; a session goes on where it is; #k in the address opens another step
let step = Math.min(data.at ?? 0, level.about.moments.length - 1);
let origin = { level, step }; // the last step that a person went to: folding comes back to it
let chosen = "";
let clock = 0;

const view = makeView(stage, () => level.svg, (event) => wholePage() || event.ctrlKey || event.metaKey);

function fill(place, moment) {
  place.dataset.phase = moment.phase;
  place.replaceChildren(...moment.lines.map(([said, ...asides]) => {
    const made = element("p", "", said);
    for (const aside of asides) made.append(" ", element("small", "", aside));
    return made;
  }));
}
function show() {
  const moment = level.about.moments[step], count = level.about.moments.length;
  level.paint(step);
  fill(find(".words"), moment);
  slider.max = count;
  slider.value = step + 1;
  slider.setAttribute("aria-valuetext", words.step_of.replace("{k}", step + 1).replace("{n}", count));
  find(".counter").textContent = `${step + 1} / ${count}`;
  for (const name of ["first", "back"]) find(`[data-do="${name}"]`).disabled = step === 0;
  for (const name of ["on", "last"]) find(`[data-do="${name}"]`).disabled = step === count - 1;
  tellChosen();
}
function go(to) {
  step = Math.min(level.about.moments.length - 1, Math.max(0, to));
  origin = { level, step };
  show();
  const node = level.about.moments[step].node;
  if (node) view.follow(level.parts.get(node).groups[0]);
  try {
    history.replaceState(null, "", `#${data.prefix}${step + 1}`);
  } catch {
    // a page without an address of its own, such as a frame in a notebook
  }
}
function pause() {
  clearTimeout(clock);
  clock = 0;
  label(words.play, false);
}
function play() {
  if (clock) return pause();
  if (step === level.about.moments.length - 1) go(0);
  label(words.pause, true);
  const tick = () => {
    go(step + 1);
    if (step === level.about.moments.length - 1) pause();
    else clock = setTimeout(tick, PAUSE);
  };
  clock = setTimeout(tick, PAUSE);
}
function label(text, playing) {
  const button = find(".play");
  button.toggleAttribute("data-playing", playing);
  button.setAttribute("aria-label", text);
  button.title = text;
}

function fold(i) {
  pause();
  choose("");
  level.light("");
  level = levels[i];
  for (const other of levels) other.holder.hidden = other !== level;
  step = level === origin.level ? origin.step : counterpart(origin.level, origin.step, level);
  for (const button of root.querySelectorAll("[data-fold]")) {
    button.setAttribute("aria-pressed", String(Number(button.dataset.fold) === i));
  }
  prepare();
  view.whole();
  show();
}
// What depends on all moments of a level: room for the longest words, the track's two colours.
function prepare() {
  const moments = level.about.moments, place = find(".words");
  const forward = moments.filter((m) => m.phase === "forward").length;
  const share = moments.length > 1 ? 100 * Math.min(1, Math.max(0, (forward - 0.5) / (moments.length - 1))) : 100;
  slider.style.setProperty("--track", `linear-gradient(90deg, var(--forward) ${share}%, var(--gradient) ${share}%)`);
  const longest = [...moments].sort((a, b) => b.lines.join().length - a.lines.join().length).slice(0, 6);
  place.style.minHeight = "";
  const height = Math.max(...longest.map((moment) => {
    fill(place, moment);
    return place.offsetHeight;
  }));
  place.style.minHeight = `${height}px`;
}

function choose(id) {
  chosen = id;
  panel.hidden = !id;
  level.choose(id);
  tellChosen();
}
function tellChosen() {
  if (!chosen) return;
  const close = element("button", "", "×");
  close.type = "button";
  close.dataset.do = "close";
  close.setAttribute("aria-label", words.close);
  const top = panel.scrollTop;
  panel.replaceChildren(...tell(level, chosen, step, words), close);
  panel.scrollTop = top;
}
const partOf = (event) => {
  const group = event.target.closest && event.target.closest(".box, .arrow");
  return group && stage.contains(group) ? group.dataset.part : "";
};

function theme() {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
}

const actions = {
  first: () => go(0), back: () => go(step - 1), play, on: () => go(step + 1),
  last: () => go(level.about.moments.length - 1),
  in: () => view.zoom(1.4), out: () => view.zoom(1 / 1.4), whole: view.whole,
  theme, close: () => choose(""),
};
const keys = {
  ArrowLeft: "back", PageUp: "back", ArrowRight: "on", PageDown: "on", Home: "first", End: "last",
  " ": "play", "+": "in", "=": "in", "-": "out", "−": "out", 0: "whole", Escape: "close",
};
const MOVES = new Set(["first", "back", "on", "last"]);

function act(name) {
  if (MOVES.has(name)) pause();
  actions[name]();
}
document.addEventListener("keydown", (event) => {
  const { target, key } = event, page = target === document.body || target === document.documentElement;
  if (event.ctrlKey || event.metaKey || event.altKey || !(root.contains(target) || page && alone())) return;
  if (key === "Enter" && partOf(event)) {
    event.preventDefault();
    choose(partOf(event));
  } else if (keys[key] && !(key === " " && target.closest("button"))) {
    event.preventDefault();
    act(keys[key]);
  }
});
root.addEventListener("click", (event) => {
  const button = event.target.closest("button"), part = partOf(event);
  if (button && button.dataset.do) act(button.dataset.do);
  else if (button && button.dataset.fold) fold(Number(button.dataset.fold));
  else if (part) choose(part === chosen ? "" : part);
});
// a pressed button does not keep the focus: the space bar goes on to mean play and pause
root.addEventListener("mousedown", (event) => {
  if (event.target.closest("button")) event.preventDefault();
  if (!event.target.closest("input, .box, .arrow")) root.focus({ preventScroll: true });
});
slider.addEventListener("input", () => {
  pause();
  go(Number(slider.value) - 1);
});
for (const [enter, leave] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  stage.addEventListener(enter, (event) => {
    if (enter === "focusin" && !event.target.matches(":focus-visible")) return;
    level.light(partOf(event));
  });
  stage.addEventListener(leave, () => level.light(""));
}

function fromAddress() {
  const wanted = location.hash.slice(1), own = wanted.startsWith(data.prefix);
  const number = Number(own ? wanted.slice(data.prefix.length) : wanted);
  if (Number.isInteger(number) && number > 0) go(number - 1);
}
addEventListener("hashchange", fromAddress);
addEventListener("resize", () => {
  prepare();
  show();
});
let sheets = null;
addEventListener("beforeprint", () => {
  if (sheets) return;
  sheets = printSteps(root, level, fill);
  level.paint(step);
  root.append(sheets);
});
addEventListener("afterprint", () => {
  if (sheets) sheets.remove();
  sheets = null;
});

find(".tools").hidden = false;
find(".steps").hidden = false;
prepare();
show();
fromAddress();
