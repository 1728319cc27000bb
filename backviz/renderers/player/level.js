// One level of detail: its picture, its moments, and what is shown in each of them.
function makeLevel(holder, about) {
  const svg = holder.querySelector("svg");
  const parts = new Map();
  for (const group of svg.querySelectorAll("[data-part]")) {
    const part = parts.get(group.dataset.part) || { groups: [], marks: [], state: -1 };
    part.groups.push(group);
    for (const mark of group.querySelectorAll("[data-in]")) {
      part.marks.push([mark, mark.dataset.in, (mark.dataset.looks || "").split(" ").filter(Boolean)]);
    }
    parts.set(group.dataset.part, part);
  }
  // what changes from moment to moment, summed up: the state of every part at every moment
  const rows = [];
  const first = Object.fromEntries([...parts.keys()].map((id) => [id, 0]));
  for (const moment of about.moments) rows.push({ ...(rows.at(-1) || first), ...moment.set });

  const name = (box) => about.called[box] || box;
  const into = (box) => Object.entries(about.arrows).filter(([, a]) => a.to === box);
  const outOf = (box) => Object.entries(about.arrows).filter(([, a]) => a.from === box);

  // what a box shows at a moment: whether its value, and which text of its gradient
  const shown = (box, k) => about.boxes[box].states[rows[k][box]];
  const passed = (arrow, k) => about.arrows[arrow].states[rows[k][arrow]];

  function said(id, k) {
    if (about.arrows[id]) {
      const { from, to, local } = about.arrows[id];
      return `${name(from)} → ${name(to)}${local && passed(id, k) ? `: ${local}` : ""}`;
    }
    const box = about.boxes[id], [value, gradient] = shown(id, k);
    const told = [box.title, name(id), box.op, value ? box.short || box.value : "", gradient && `∂${name(about.output)}/∂${name(id)} = ${gradient}`];
    return told.filter(Boolean).join(", ");
  }
  function paint(k) {
    for (const [id, part] of parts) {
      const state = rows[k][id];
      if (state === part.state) continue;
      part.state = state;
      for (const [mark, seen, looks] of part.marks) {
        const sign = seen[state];
        if (sign === "-") mark.setAttribute("display", "none");
        else mark.removeAttribute("display");
        if (sign !== "-" && looks.length) mark.setAttribute("class", looks[parseInt(sign, 36)]);
      }
      part.groups[0].setAttribute("aria-label", said(id, k));
    }
    svg.querySelector("desc").textContent = about.moments[k].lines.join("; ");
  }

  // every box and arrow that the gradient passes on its way from the output to a box
  function path(box) {
    const flows = Object.entries(about.arrows).filter(([, arrow]) => arrow.flows);
    const reach = (start, here, there) => {
      const found = new Set([start]);
      for (const node of found) {
        for (const [, arrow] of flows) if (arrow[here] === node) found.add(arrow[there]);
      }
      return found;
    };
    const above = reach(box, "from", "to"), below = reach(about.output, "to", "from");
    const on = new Set([...above].filter((node) => below.has(node)));
    for (const [id, arrow] of flows) if (on.has(arrow.from) && on.has(arrow.to)) on.add(id);
    return on.add(box);
  }
  function light(id) {
    const lit = id && about.boxes[id] ? path(id) : null;
    svg.classList.toggle("tracing", Boolean(lit));
    for (const [other, part] of parts) {
      for (const group of part.groups) group.classList.toggle("lit", Boolean(lit && lit.has(other)));
    }
  }
  function choose(id) {
    for (const [other, part] of parts) part.groups[0].classList.toggle("chosen", other === id);
  }

  return { about, holder, svg, parts, name, into, outOf, shown, passed, paint, light, choose };
}

// The moment of one level that stands for a moment of another: the same value is at work, or
// the first after it that this level draws.
function counterpart(from, k, to) {
  const order = (id) => Number(id.slice(1));
  const { phase, node } = from.about.moments[k];
  const rank = from.about.moments.slice(0, k).filter((m) => m.phase === phase && m.node === node).length;
  const same = to.about.moments.map((m, i) => [m, i]).filter(([m]) => m.phase === phase);
  if (!same.length) return phase === "forward" ? 0 : to.about.moments.length - 1;
  if (!node) return same[0][1];
  const later = same.map(([m]) => m.node).filter((n) => n && order(n) >= order(node));
  if (!later.length) return same.at(-1)[1];
  const least = later.reduce((a, b) => order(b) < order(a) ? b : a);
  const found = same.filter(([m]) => m.node === least);
  return found[Math.min(rank, found.length - 1)][1];
}
