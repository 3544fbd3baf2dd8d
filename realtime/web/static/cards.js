// One card per expression, newest first; told to screen readers by its log.
const MOST = 60;

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

export function bars(rows, chosen, caption) {
  const table = make("table", "", "bars");
  table.append(make("caption", caption, "small soft"));
  for (const [name, says, share] of rows) {
    const row = make("tr", "", name === chosen ? "chosen" : "");
    const head = make("th", name === chosen ? `${name} ✓` : name);
    head.scope = "row";
    const cell = make("td", "", "bar"), outer = make("i"), inner = make("b");
    cell.ariaHidden = "true";
    inner.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
    outer.append(inner);
    cell.append(outer);
    row.append(head, make("td", says), cell);
    table.append(row);
  }
  return table;
}

export function card(event, unitNames, source = "") {
  const article = make("article", "", `card ${event.kind}`);
  const head = make("header");
  head.append(make("h3", `${event.number}. ${event.label}`), make("span", `${event.kind === "micro" ? "◆ micro" : "▬ macro"}-expression`, `kind ${event.kind}`));
  const lasted = Math.round(1000 * (event.offset_s - event.onset_s));
  head.append(make("span", `${event.onset_s.toFixed(2)}–${event.offset_s.toFixed(2)} s, ${lasted} ms`, "small soft"));
  if (source) head.append(make("span", source, "small from"));
  article.append(head);
  if (event.onset) {
    const crops = make("div", "", "crops");
    for (const [what, time] of [["onset", event.onset_s], ["apex", event.apex_s], ["flow", null]]) {
      const figure = make("figure"), image = make("img");
      image.src = event[what];
      image.alt = what === "flow" ? `Motion from onset to apex, strongest in ${strongest(event)}` : `Face at the ${what}`;
      figure.append(image, make("figcaption", time === null ? "motion between" : `${what} ${time.toFixed(2)} s`));
      crops.append(figure);
    }
    article.append(crops);
  }
  const shares = Object.entries(event.probabilities).map(([name, share]) => [name, share === null ? "–" : `${Math.round(100 * share)} %`, share ?? 0]);
  article.append(bars(shares, event.label, "probability"));
  const units = make("ul", "", "units");
  units.setAttribute("aria-label", "Action units");
  for (const [name, share] of Object.entries(event.action_units)) {
    const item = make("li", `${name} ${unitNames[name] ?? ""} ${share.toFixed(2)}`);
    units.append(item);
  }
  if (!units.children.length) units.append(make("li", "no action unit is sure enough to be named"));
  article.append(units);
  article.append(make("p", `${event.strength.toFixed(1)} px of a face 224 px wide, ${event.spot_score.toFixed(1)} × the noise, in ${strongest(event)}. Judged ${Math.round(event.latency_ms)} ms after its end by ${event.model}.`, "small soft"));
  const reasons = Object.entries(event.influence).filter(([, log]) => log > 0.2).sort((a, b) => b[1] - a[1]).slice(0, 3);
  if (reasons.length) article.append(make("p", `It rests most on ${reasons.map(([name, log]) => `${name.replaceAll("_", " ")} (odds × ${Math.exp(log).toFixed(1)})`).join(", ")}.`, "small soft"));
  return article;
}

function strongest(event) {
  const names = Object.entries(event.regions).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name]) => name.replaceAll("_", " "));
  return names.join(", ") || "no region";
}

export class Cards {
  constructor(list, none, count) {
    this.list = list;
    this.none = none;
    this.count = count;
    this.units = {};
    this.seen = 0;
  }

  // `source` is stated where there are several.
  add(event, fresh, source) {
    const made = card(event, this.units, source);
    if (fresh) made.classList.add("fresh");
    this.list.prepend(made);
    while (this.list.children.length > MOST) this.list.lastChild.remove();
    this.seen += 1;
    this.none.hidden = true;
    this.count.textContent = `(${this.seen})`;
  }

  clear() {
    this.list.replaceChildren();
    this.seen = 0;
    this.none.hidden = false;
    this.count.textContent = "";
  }
}
