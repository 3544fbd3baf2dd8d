// The live page: what comes from the server goes to screen, strip and cards; what is pressed goes back.
import { BrowserCamera } from "./camera.js";
import { Cards } from "./cards.js";
import { Figures } from "./figures.js";
import { Frames } from "./frames.js";
import { Screen } from "./screen.js";
import { listSessions } from "./session_list.js";
import { Shown } from "./shown.js";
import { Strip } from "./strip.js";
import { turnTheme } from "./theme.js";
import { Wizard } from "./wizard.js";

const $ = (id) => document.getElementById(id);
const screen = new Screen($("video"), $("over"), $("nothing"));
const strip = new Strip($("strip"));
const cards = new Cards($("events"), $("none"), $("count"));
const figures = new Figures();
let socket = null, status = null, clock = null, fresh = false, said_timer = 0, clock_timer = 0;

const shown = new Shown($("shown"), turned);
const page = { ask, clock: () => clock, status: () => status, shown: () => shown.name };
const frames = new Frames(page, draw, (head, late) => figures.seen(head, late, frames.skipped));
const wizard = new Wizard(page);
const camera = new BrowserCamera(page, (problem) => trouble(problem));

function ask(request) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/live`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    cards.clear();
    fresh = false;
    setTimeout(() => { fresh = true; }, 400); // what was found before comes first
    clock = null;
    clearTimeout(clock_timer);
    askClock();
    if (shown.name) ask({ do: "show", source: shown.name });
  };
  socket.onmessage = ({ data }) => (typeof data === "string" ? hear(JSON.parse(data)) : frames.take(data));
  socket.onclose = () => {
    phase("gone", "ended", "The program has ended, or was started anew: open the address that it prints.");
    screen.clear("The program has ended.");
    for (const id of ["start", "stop", "reset", "rate"]) $(id).disabled = true;
    camera.stop();
    setTimeout(connect, 2000);
  };
}

// The server's monotonic clock, by the quickest of some exchanges (Cristian, 1989).
function askClock() {
  ask({ do: "clock", at_ms: performance.now() });
}

function hearClock(said) {
  const now = performance.now(), road = now - said.at_ms;
  const offset = said.monotonic_ms - (now + said.at_ms) / 2;
  if (!clock || road <= clock.road || clock.tries > 50) clock = { offset, road, tries: 0 };
  clock.tries += 1;
  clock_timer = setTimeout(askClock, clock.tries < 8 ? 60 : 3000);
}

function hear(said) {
  if (said.type === "motions") {
    const samples = said.samples.filter((sample) => sample.source === shown.name);
    if (samples.length) {
      screen.hear(samples.at(-1));
      strip.add(samples);
    }
  } else if (said.type === "event") {
    cards.add(said, fresh, shown.several ? said.source : "");
    if (fresh && said.source === shown.name) {
      strip.judge(said);
      screen.judge(said);
    }
  } else if (said.type === "status") tell(said);
  else if (said.type === "clock") hearClock(said);
  else if (said.type === "quiet") wizard.hear(said);
  else if (said.type === "note") note(said);
}

function note(said) {
  const of = shown.several ? `${said.source}: ` : "";
  if (["trouble", "well", "ended"].includes(said.what)) shown.mark(said.source, said.what);
  if (said.what === "dropped") figures.lost(said.source, Number(said.says));
  else if (said.what === "held") announce(of ? `${of}a macro-expression is held.` : "A macro-expression is held.");
  else if (said.what === "trouble") announce(`⚠ ${of}${said.says}`);
  else if (said.what === "well") announce(`${of}${said.says}`);
  else if (said.what === "ended" && shown.several) announce(`${of}${said.says}`);
  else if (said.what === "reset") announce(`${of}measuring began anew: ${said.says}`);
  clearTimeout(said_timer);
  if (said.what !== "trouble") said_timer = setTimeout(() => announce(status?.phase === "idle" ? "" : status?.source ?? ""), 6000);
}

// Another source is looked at: what is on the screen is not of it.
function turned(name) {
  ask({ do: "show", source: name });
  strip.clear();
  screen.clear(status?.phase === "idle" ? "No picture." : "Waiting for a picture…");
  figures.turn(name);
}

function announce(text) {
  $("phase-says").textContent = text;
}

function draw(head, points, bitmap) {
  if (screen.held || status?.phase === "idle" || head.source !== shown.name) return bitmap.close();
  const old = screen.last?.bitmap;
  screen.draw(head, points, bitmap);
  old?.close();
}

function phase(name, word, says) {
  $("phase").dataset.phase = name;
  $("phase-word").textContent = word;
  $("phase-says").textContent = says ?? "";
}

function tell(said) {
  const before = status;
  status = said;
  const going = said.phase === "running" || said.phase === "starting";
  const word = said.phase === "idle" ? "stopped" : said.recording && said.phase === "running" ? "running, recording" : said.phase;
  phase(said.phase, word, said.phase === "idle" ? "" : said.source);
  $("start").disabled = said.phase === "stopping";
  $("start").textContent = going ? "Start anew" : "Start";
  $("stop").disabled = !going;
  $("reset").disabled = said.phase !== "running";
  trouble(said.problem);
  choices(said);
  shown.tell(said.running);
  sensitivity(said);
  $("persons").textContent = said.persons.length ? `Known: ${said.persons.join(", ")}. Use one with --person.` : "Nobody is known yet.";
  $("network").textContent = said.network ? `Network: ${said.network}.` : "";
  wizard.enable(said.phase === "running");
  if (said.phase === "starting" && before?.phase !== "starting") {
    strip.clear();
    screen.clear("Starting…");
    shown.forget();
    figures.forget();
  }
  if (said.phase === "idle") {
    screen.clear(said.problem ? "No picture." : said.says || "Stopped. Choose a source and press Start.");
    camera.stop();
    if (before && before.phase !== "idle") sessions();
  }
}

function trouble(text) {
  $("problem").hidden = !text;
  $("problem").textContent = text ?? "";
}

function choices(said) {
  const list = $("source"), wanted = JSON.stringify(said.sources);
  if (list.dataset.of !== wanted) {
    list.dataset.of = wanted;
    const kept = list.value;
    list.replaceChildren(...said.sources.map(([spec, says]) => new Option(says, spec)), new Option("an address or a file…", ""));
    const listed = !said.chosen || said.sources.some(([spec]) => spec === said.chosen);
    list.value = kept || (listed ? said.chosen || list.options[0].value : "");
    if (!listed && !kept) $("other").value = said.chosen;
  }
  $("other-box").hidden = list.value !== "";
}

function sensitivity(said) {
  const slider = $("rate"), rates = said.rates;
  slider.disabled = !rates.length;
  if (!rates.length) return;
  slider.max = rates.length - 1;
  const at = rates.reduce((best, rate, i) => (Math.abs(rate - said.rate) < Math.abs(rates[best] - said.rate) ? i : best), 0);
  if (document.activeElement !== slider || Number(slider.value) === at) slider.value = at;
  rated();
}

function rated() {
  if (!status?.rates.length) return;
  const rate = status.rates[Number($("rate").value)];
  const words = `${rate} false alarm${rate === 1 ? "" : "s"} per minute`;
  $("rate").setAttribute("aria-valuetext", words);
  $("rate-says").textContent = `At most about ${words}, as measured on quiet recordings. Further right finds weaker expressions and errs more often.`;
}

function sessions() {
  return listSessions($("sessions"), $("no-sessions"));
}

function start() {
  trouble("");
  const chosen = $("source").value || $("other").value.trim();
  if (!chosen) return trouble("Give an address or a file.");
  if (chosen === "browser") return camera.start($("record").checked);
  camera.stop();
  ask({ do: "start", source: chosen, record: $("record").checked });
}

function turn(step) {
  const slider = $("rate");
  if (slider.disabled) return;
  slider.value = Number(slider.value) + step;
  slider.dispatchEvent(new Event("input"));
  slider.dispatchEvent(new Event("change"));
}

function hold() {
  screen.held = !screen.held;
  announce(screen.held ? "The picture is held; space goes on." : status?.source ?? "");
}

const KEYS = {
  s: start, x: () => $("stop").click(), r: () => $("reset").click(), " ": hold, p: () => $("wizard-open").click(),
  m: () => { screen.mesh = !screen.mesh; screen.redraw(); }, "+": () => turn(1), "-": () => turn(-1), "−": () => turn(-1),
  d: turnTheme, "?": () => $("keys").showModal(),
};
for (let number = 1; number <= 9; number++) KEYS[number] = () => shown.turn(shown.names[number - 1]);
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog");
  const pressing = event.key === " " && event.target.closest("button, a, summary");
  if (typing || pressing || event.ctrlKey || event.altKey || event.metaKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});
$("control").addEventListener("submit", (event) => { event.preventDefault(); start(); });
$("stop").addEventListener("click", () => { ask({ do: "stop" }); camera.cancel(); });
$("reset").addEventListener("click", () => ask({ do: "reset", source: shown.name }));
$("source").addEventListener("change", () => { $("other-box").hidden = $("source").value !== ""; });
$("rate").addEventListener("input", rated);
$("rate").addEventListener("change", () => ask({ do: "rate", rate: status.rates[Number($("rate").value)] }));
$("help").addEventListener("click", () => $("keys").showModal());
addEventListener("resize", () => { screen.redraw(); strip.draw(); });

let drawn = 0;
function scroll(now) {
  // Some thirty times a second is smooth enough, and leaves the rest to the picture.
  if (now - drawn > 30 && (status?.phase === "running" || !drawn)) {
    drawn = now;
    strip.draw();
  }
  requestAnimationFrame(scroll);
}

const face = await (await fetch("/face.json")).json();
screen.face = face;
strip.rows = face.rows;
cards.units = face.units;
strip.draw();
sessions();
connect();
requestAnimationFrame(scroll);
