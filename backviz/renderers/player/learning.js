// A training: a second slider chooses the training step; the place inside the pass stays.
const passes = data.passes, epochs = find(".epochs"), epochSlider = find(".epoch");
let running = 0;
function epoch(i) {
  const to = Math.min(levels.length - 1, Math.max(0, i));
  level.holder.hidden = true;
  level.light("");
  level = levels[to];
  level.holder.hidden = false;
  level.choose(chosen);
  epochSlider.value = to;
  epochSlider.setAttribute("aria-valuetext", passes[to].told);
  find(".epoch-told").textContent = passes[to].told;
  find(".curve-dot").setAttribute("cx", passes[to].x);
  find(".curve-dot").setAttribute("cy", passes[to].y);
  origin = { level, step };
  show();
}
const at = () => levels.indexOf(level);
function halt() {
  clearTimeout(running);
  running = 0;
  find(".learn").textContent = words.learn;
}
function learn() {
  if (running) return halt();
  pause();
  if (at() === levels.length - 1) epoch(0);
  find(".learn").textContent = words.pause;
  const tick = () => {
    epoch(at() + 1);
    if (at() === levels.length - 1) halt();
    else running = setTimeout(tick, 400);
  };
  running = setTimeout(tick, 400);
}
Object.assign(actions, { epochOn: () => epoch(at() + 1), epochBack: () => epoch(at() - 1), learn });
Object.assign(keys, { ArrowUp: "epochOn", ArrowDown: "epochBack" });
epochSlider.addEventListener("input", () => {
  halt();
  epoch(Number(epochSlider.value));
});
epochs.hidden = false;
step = level.about.moments.length - 1; // whole passes are compared at first
epoch(0);
fromAddress();
