// On paper every step has a page: copies of the picture, made when printing begins.
function printSteps(root, level, fill) {
  const sheets = element("div", "sheets");
  const title = root.querySelector("h1").textContent, count = level.about.moments.length;
  level.about.moments.forEach((moment, k) => {
    level.paint(k);
    const sheet = element("section", "sheet"), head = element("header");
    const words = element("div", "words"), picture = level.svg.cloneNode(true);
    picture.classList.remove("tracing");
    for (const named of picture.querySelectorAll("[id], [tabindex]")) {
      named.removeAttribute("id");
      named.removeAttribute("tabindex");
    }
    picture.removeAttribute("aria-labelledby");
    picture.querySelector(".view").removeAttribute("transform");
    head.append(element("span", "", title), element("span", "", `${k + 1} / ${count}`));
    fill(words, moment);
    sheet.append(head, picture, words);
    sheets.append(sheet);
  });
  return sheets;
}
