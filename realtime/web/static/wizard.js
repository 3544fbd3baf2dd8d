// Ten quiet seconds of one person, with a meter that says what is wrong while it is wrong.
const $ = (id) => document.getElementById(id);

export class Wizard {
  constructor(page) {
    this.page = page;
    this.running = false;
    this.possible = false;
    $("wizard-open").addEventListener("click", () => this.open());
    $("wizard-start").addEventListener("click", () => this.begin());
    $("wizard").addEventListener("close", () => this.leave());
    $("person-name").addEventListener("input", () => { $("person-use").textContent = this.command(); });
    $("person-name").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); this.begin(); } });
  }

  command() {
    return `python run_camera.py camera 0 --person '${$("person-name").value.trim() || "NAME"}'`;
  }

  enable(possible) {
    const before = this.possible;
    this.possible = possible;
    $("wizard-start").disabled = !possible || this.running;
    if (possible) return;
    if (this.running) this.end("bad", "The camera stopped before enough was seen.");
    // What was said of the measuring stays to be read.
    else if (before && $("wizard").open && !$("quality").dataset.state) this.say("bad", "Start a camera first.");
  }

  open() {
    $("wizard").showModal();
    this.say("", this.possible ? "Ready." : "Start a camera first.");
    $("person-name").focus();
  }

  begin() {
    if (this.running || !this.possible) return;
    const name = $("person-name").value.trim();
    if (!name) {
      this.say("bad", "Give a name first.");
      $("person-name").focus();
      return;
    }
    this.running = true;
    $("wizard-start").disabled = true;
    this.say("", "Look neutral…");
    this.page.ask({ do: "measure", name, source: this.page.shown() });
  }

  leave() {
    if (this.running) this.page.ask({ do: "leave" });
    this.running = false;
    $("wizard-start").disabled = !this.possible;
  }

  hear(quiet) {
    if (!this.running) return;
    $("quiet").max = quiet.wanted_s;
    $("quiet").value = quiet.collected_s;
    $("quiet-says").textContent = `${quiet.collected_s.toFixed(1)} of ${quiet.wanted_s.toFixed(0)} s`;
    if (quiet.done || quiet.failed) this.end(quiet.done ? "good" : "bad", quiet.outcome);
    else if (quiet.disturbed_by) this.say("bad", `${quiet.disturbed_by}: ${quiet.advice}`);
    else this.say("good", `Good. Face ${quiet.face_px.toFixed(0)} px wide, sharpness ${quiet.sharpness.toFixed(0)}.`);
  }

  end(state, text) {
    this.running = false;
    $("wizard-start").disabled = !this.possible;
    this.say(state, text);
  }

  say(state, text) {
    const line = $("quality");
    line.dataset.state = state;
    const sign = state === "good" ? "✓ " : state === "bad" ? "✕ " : "";
    if (line.textContent !== sign + text) line.textContent = sign + text;
  }
}
