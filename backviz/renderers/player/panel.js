// What is told about one box or arrow. Text goes in as text, never as markup.
function element(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

const bracketed = (number) => number.startsWith("−") || number.startsWith("-") ? `(${number})` : number;

function tell(level, id, k, words) {
  return id in level.about.boxes ? tellBox(level, id, k, words) : tellArrow(level, id, k, words);
}

function heading(title, chip) {
  const head = element("h2", "", title);
  if (chip) head.append(element("small", "", chip));
  return head;
}

function tellBox(level, id, k, words) {
  const box = level.about.boxes[id], [known] = level.shown(id, k);
  const made = [heading(box.title ? `${box.title}: ${level.name(id)}` : level.name(id), box.op)];
  if (known && box.says) made.push(element("p", "forward", box.says));
  if (box.value) {
    made.push(element("h3", "", words.value + (box.shape ? ` (${box.shape})` : "")));
    made.push(known ? element("p", "number forward strong", box.value) : element("p", "muted", words.not_yet));
  }
  made.push(...tellGradient(level, id, k, words));
  const into = level.into(id).filter(([, arrow]) => arrow.local);
  if (known && into.length) {
    made.push(element("h3", "", words.local));
    for (const [, arrow] of into) {
      made.push(element("p", "number", `∂${level.name(id)}/∂${level.name(arrow.from)} = ${lined(arrow.local)}`));
    }
  }
  return made;
}

// The gradient as the sum of what has arrived so far, in the order in which it arrives.
function tellGradient(level, id, k, words) {
  const box = level.about.boxes[id], output = level.about.output;
  const called = `∂${level.name(output)}/∂${level.name(id)}`;
  const uses = level.outOf(id).filter(([, arrow]) => arrow.part)
    .sort(([, a], [, b]) => Number(b.to.slice(1)) - Number(a.to.slice(1)));
  const arrived = uses.filter(([arrow]) => level.passed(arrow, k));
  const [, drawn] = level.shown(id, k);
  if (!box.grad) return [];
  const made = [element("h3", "", `${words.gradient} · ${called}`)];
  const whole = drawn && arrived.length === uses.length;
  if (!drawn) return [...made, element("p", "muted", words.not_yet)];
  const terms = [box.earlier, ...arrived.map(([, arrow]) => arrow.part)].filter(Boolean);
  const equal = box.near ? "≈" : "="; // the parts are shown with all their digits
  if (terms.length > 1 || !whole) {
    const sum = terms.map(bracketed).join(" + ") + (whole ? "" : " + …");
    if (sum.includes("\n")) {
      terms.forEach((term, i) => made.push(element("p", "number gradient", `${i ? "+\n" : ""}${term}`)));
      if (whole) made.push(element("p", "gradient", equal));
    } else made.push(element("p", "sum gradient", sum + (whole ? ` ${equal}` : "")));
  }
  if (whole) made.push(element("p", "number gradient strong", box.grad));
  for (const [, arrow] of arrived) if (arrow.says) made.push(element("p", "", arrow.says));
  return made;
}

function tellArrow(level, id, k, words) {
  const arrow = level.about.arrows[id], from = level.name(arrow.from), to = level.name(arrow.to);
  const made = [heading(`${from} → ${to}`)];
  const known = level.shown(arrow.to, k)[0];
  if (arrow.local) {
    made.push(element("h3", "", `${words.local} · ∂${to}/∂${from}`));
    made.push(known ? element("p", "number strong", arrow.local) : element("p", "muted", words.not_yet));
  }
  if (arrow.part) {
    const passed = level.passed(id, k), output = level.name(level.about.output);
    const told = (title, text) => [
      element("h3", "", title),
      passed ? element("p", "number gradient strong", text) : element("p", "muted", words.not_yet),
    ];
    if (passed && arrow.says) made.push(element("p", "gradient", arrow.says));
    made.push(...told(`${words.arrives} · ∂${output}/∂${to}`, level.about.boxes[arrow.to].grad));
    made.push(...told(words.contribution, arrow.part));
  }
  return made;
}

const lined = (text) => /\n| {2}/.test(text) ? `\n${text}` : text; // arrays start on a line of their own
