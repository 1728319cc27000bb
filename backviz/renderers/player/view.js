// Zoom and pan. A picture is moved as a whole by one transform; its parts never move.
const MOST_ZOOM = 16;
const NEAR = 4; // pixels that a finger may slip in a press

function makeView(stage, picture, held) {
  let x = 0, y = 0, scale = 1;
  const fingers = new Map();
  let begun = null;

  const inside = (event) => new DOMPoint(event.clientX, event.clientY)
    .matrixTransform(picture().getScreenCTM().inverse());

  function put() {
    // half of the picture at least stays on the stage
    const { x: left, y: top, width, height } = picture().viewBox.baseVal;
    const within = (at, start, size) =>
      Math.min(start + size / 2 - start * scale, Math.max(start + size / 2 - (start + size) * scale, at));
    x = within(x, left, width);
    y = within(y, top, height);
    picture().querySelector(".view").setAttribute("transform", `translate(${x} ${y}) scale(${scale})`);
  }
  function zoom(by, at) {
    const { x: left, y: top, width, height } = picture().viewBox.baseVal;
    const point = at || { x: left + width / 2, y: top + height / 2 };
    const next = Math.min(MOST_ZOOM, Math.max(1, scale * by));
    x = point.x - (point.x - x) * next / scale;
    y = point.y - (point.y - y) * next / scale;
    scale = next;
    put();
  }
  function whole() {
    x = y = 0;
    scale = 1;
    put();
  }
  // A part that zooming has pushed off the stage is brought to its middle.
  function follow(part) {
    const box = part.getBoundingClientRect(), frame = stage.getBoundingClientRect();
    const off = box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom;
    if (scale === 1 || !off) return;
    const at = (rect) => inside({ clientX: rect.left + rect.width / 2, clientY: rect.top + rect.height / 2 });
    x += at(frame).x - at(box).x;
    y += at(frame).y - at(box).y;
    put();
  }
  function spread() {
    const [a, b] = [...fingers.values()];
    return { size: Math.hypot(a.x - b.x, a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  }

  stage.addEventListener("wheel", (event) => {
    if (!held(event)) return;
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), inside(event));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    if (!fingers.size) begun = { x: event.clientX, y: event.clientY, moved: false };
    fingers.set(event.pointerId, inside(event));
  });
  stage.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return;
    const far = Math.hypot(event.clientX - begun.x, event.clientY - begun.y) > NEAR;
    if (!begun.moved && !far && fingers.size === 1) return;
    if (!begun.moved) {
      begun.moved = true;
      stage.setPointerCapture(event.pointerId);
    }
    const now = inside(event), before = fingers.get(event.pointerId);
    if (fingers.size === 1) {
      x += now.x - before.x;
      y += now.y - before.y;
      fingers.set(event.pointerId, now);
      put();
    } else {
      const old = spread();
      fingers.set(event.pointerId, now);
      const next = spread();
      x += next.x - old.x;
      y += next.y - old.y;
      zoom(next.size / (old.size || 1), next);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  stage.addEventListener("click", (event) => {
    if (begun && begun.moved) event.stopImmediatePropagation(); // the end of a drag is no press
  }, true);
  stage.addEventListener("dblclick", whole);
  return { zoom, whole, follow };
}
