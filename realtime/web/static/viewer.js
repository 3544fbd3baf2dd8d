// A recorded session: frame by frame, slowly, and around each expression with its motion magnified.
import { Beside } from "./beside.js";
import { colour, turnTheme } from "./theme.js";

const $ = (id) => document.getElementById(id);
const AHEAD = 12;
const SPEEDS = { 1: "1", 2: "0.5", 3: "0.25", 4: "0.1" };
const pictures = new Map();
let session = null, at = 0, playing = null, chosen = -1, wanted = null, drawing = false;
const beside = new Beside();

function picture(number) {
  if (!pictures.has(number)) {
    const image = new Image();
    image.src = `frame/${number}.jpg`;
    pictures.set(number, image.decode().then(() => image, () => null));
    if (pictures.size > 160) pictures.delete(pictures.keys().next().value);
  }
  return pictures.get(number);
}

async function go(number) {
  at = Math.max(0, Math.min(session.times_s.length - 1, number));
  $("scrub").value = at;
  const time = session.times_s[at], event = session.events.find((one) => one.onset_s <= time && time <= one.offset_s);
  $("scrub").setAttribute("aria-valuetext", `frame ${at}, ${time.toFixed(2)} seconds`);
  $("where").textContent = `frame ${at} of ${session.times_s.length}, ${time.toFixed(3)} s`;
  $("over").hidden = !event;
  if (event) {
    $("over").textContent = `${event.kind}-expression: ${event.label}, ${time < event.apex_s ? "rising" : "falling"}`;
    $("over").dataset.kind = event.kind;
  }
  beside.show(time);
  wanted = at;
  if (drawing) return;
  drawing = true;
  while (wanted !== null) { // whoever drags quickly sees the newest, not all
    const next = wanted;
    wanted = null;
    const image = await picture(next);
    if (image) draw(image);
    if (playing) for (let i = 1; i <= AHEAD; i++) if (next + i < session.times_s.length) picture(next + i);
  }
  drawing = false;
}

function draw(image) {
  const canvas = $("video");
  $("nothing").hidden = true;
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0);
}

function play() {
  playing = playing ? null : {};
  const run = playing; // told apart: one that was paused may still wait for its picture
  $("play").textContent = playing ? "Pause" : "Play";
  if (!run) return;
  if (at >= session.times_s.length - 1) at = 0;
  let start = performance.now(), from = session.times_s[at];
  const speed = () => Number($("speed").value);
  let last = speed();
  const step = async (now) => {
    if (playing !== run) return;
    if (speed() !== last) { last = speed(); start = now; from = session.times_s[at]; }
    const due = from + ((now - start) / 1000) * last;
    let number = at;
    while (number + 1 < session.times_s.length && session.times_s[number + 1] <= due) number += 1;
    if (number !== at) await go(number);
    if (playing !== run) return;
    if (at >= session.times_s.length - 1) return play();
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function choose(number) {
  if (!session.events.length) return;
  chosen = (number + session.events.length) % session.events.length;
  document.querySelectorAll("#events button").forEach((button, index) => button.setAttribute("aria-current", index === chosen));
  if (!session.times_s.length) return;
  const event = session.events[chosen];
  go(frameAt(event.apex_s));
  beside.open(chosen, event, Number($("times").value), session.times_s[at]);
}

function frameAt(time) {
  const later = session.times_s.findIndex((one) => one >= time - 1e-4);
  return later < 0 ? session.times_s.length - 1 : later;
}

function entry(event, number) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.className = `card ${event.kind}`;
  const kind = Object.assign(document.createElement("span"), { className: `kind ${event.kind}`, textContent: `${event.kind === "micro" ? "◆" : "▬"} ${event.kind}` });
  const title = Object.assign(document.createElement("b"), { textContent: `${number + 1}. ${event.label} ` });
  const share = Math.round(100 * Math.max(...Object.values(event.probabilities)));
  const units = Object.keys(event.action_units).join(" ") || "no action unit";
  const more = Object.assign(document.createElement("div"), { className: "small soft", textContent: `${event.onset_s.toFixed(2)}–${event.offset_s.toFixed(2)} s, ${share} %, ${units}, ${event.strength.toFixed(1)} px` });
  button.append(title, kind, more);
  button.addEventListener("click", () => choose(number));
  item.append(button);
  return item;
}

function marks() {
  const canvas = $("marks"), g = canvas.getContext("2d"), ratio = devicePixelRatio || 1;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  g.scale(ratio, ratio);
  const width = canvas.clientWidth - 16, end = session.times_s.at(-1) || 1;
  for (const event of session.events) {
    const x = 8 + (width * event.onset_s) / end, wide = Math.max((width * (event.offset_s - event.onset_s)) / end, 3);
    g.fillStyle = colour(event.kind);
    // Told apart by height too: micro-expressions stand taller.
    if (event.kind === "micro") g.fillRect(x, 4, wide, 22);
    else g.fillRect(x, 16, wide, 10);
  }
}

function times(value) {
  $("times").value = String(value);
  if (chosen >= 0) beside.open(chosen, session.events[chosen], value, session.times_s[at]);
}

const KEYS = {
  " ": play, n: () => choose(chosen + 1), b: () => choose(chosen < 0 ? -1 : chosen - 1), d: turnTheme,
  "?": () => $("keys").showModal(), 5: () => times(5), 0: () => times(10),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select, dialog")) return;
  const arrow = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (arrow) go(at + arrow * (event.shiftKey ? 10 : 1));
  else if (SPEEDS[event.key]) $("speed").value = SPEEDS[event.key];
  else if (KEYS[event.key] && !(event.key === " " && event.target.closest("button, a"))) KEYS[event.key]();
  else return;
  event.preventDefault();
});
$("play").addEventListener("click", play);
$("back").addEventListener("click", () => go(at - 1));
$("forth").addEventListener("click", () => go(at + 1));
$("scrub").addEventListener("input", () => go(Number($("scrub").value)));
$("times").addEventListener("change", () => times(Number($("times").value)));
$("help").addEventListener("click", () => $("keys").showModal());
document.addEventListener("theme", () => session && marks());
addEventListener("resize", () => session && marks());

session = await (await fetch("session.json")).json();
document.title = `Glimpse: ${session.name}`;
$("name").textContent = session.name;
$("says").textContent = session.times_s.length ? `${session.times_s.at(-1).toFixed(1)} s, ${session.fps.toFixed(4).replace(/\.?0+$/, "")} frames/s${session.marked ? "; the original video is gone, this is the annotated one" : ""}` : "";
$("report").hidden = !session.report;
$("count").textContent = `(${session.events.length})`;
$("none").hidden = session.events.length > 0;
$("events").append(...session.events.map(entry));
$("times").append(...session.magnifications.map((value) => new Option(`× ${value}`, value)));
$("times").value = String(session.magnifications.at(-1));
if (session.times_s.length) {
  $("scrub").max = session.times_s.length - 1;
  marks();
  await go(0);
  if (session.events.length) choose(0);
} else {
  $("nothing").textContent = "The video was not kept; what was found stands beside.";
  for (const id of ["play", "back", "forth", "scrub", "speed"]) $(id).disabled = true;
}
