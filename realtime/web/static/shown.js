// Which of several sources is shown: a button for each, with a sign where it is in trouble or has ended.
export class Shown {
  constructor(box, turned) {
    this.box = box;
    this.turned = turned;
    this.names = [];
    this.name = "";
    this.states = new Map();
  }

  get several() {
    return this.names.length > 1;
  }

  // The sources that run now; none while nothing does, and then the last ones stay in sight.
  tell(names) {
    if (!names.length || names.join("\n") === this.names.join("\n")) return;
    this.names = names;
    this.states.clear();
    this.box.hidden = names.length < 2;
    this.box.replaceChildren(...names.map((name) => {
      const button = document.createElement("button");
      button.type = "button";
      button.addEventListener("click", () => this.turn(name));
      return button;
    }));
    if (names.includes(this.name)) this.draw();
    else this.turn(names[0]);
  }

  forget() {
    this.states.clear();
    this.draw();
  }

  mark(name, state) {
    this.states.set(name, state);
    this.draw();
  }

  turn(name) {
    if (!name) return;
    this.name = name;
    this.draw();
    this.turned(name);
  }

  draw() {
    this.names.forEach((name, index) => {
      const button = this.box.children[index], state = this.states.get(name);
      const sign = state === "trouble" ? "⚠ " : state === "ended" ? "■ " : "";
      button.textContent = `${sign}${name}`;
      button.setAttribute("aria-pressed", String(name === this.name));
      button.title = state === "trouble" ? "in trouble" : state === "ended" ? "has ended" : `key ${index + 1}`;
    });
  }
}
