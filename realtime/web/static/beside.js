// Around one expression: the face held still, the same with its motion magnified, and the course of its regions.
import { colour } from "./theme.js";

const $ = (id) => document.getElementById(id);
const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]]; // lines are told apart by their dashes too
const HUES = ["#0072b2", "#d55e00", "#009e73", "#a05a2c"], HUES_DARK = ["#6dc0ee", "#f7b23e", "#5fd3a8", "#d9a07a"];

export class Beside {
  constructor() {
    this.clip = null;
    this.event = null;
    this.images = { plain: [], large: [] };
    this.asked = 0;
    document.addEventListener("theme", () => this.course());
    addEventListener("resize", () => this.course());
  }

  async open(number, event, times, time) {
    const asked = ++this.asked;
    $("beside").hidden = false;
    $("beside-title").textContent = `Expression ${number + 1}: ${event.kind}, ${event.label}`;
    const trouble = $("trouble");
    trouble.hidden = true;
    for (const kind of ["mp4", "gif", "csv"]) $(`as-${kind}`).href = `event/${number}/export.${kind}?times=${times}`;
    $("large-says").textContent = "following the face…";
    const answer = await fetch(`event/${number}/clip.json`);
    if (asked !== this.asked) return;
    $("large-says").textContent = `motion × ${times}`;
    if (!answer.ok) {
      this.clip = null;
      trouble.textContent = (await answer.json()).detail ?? "The face cannot be shown here.";
      trouble.hidden = false;
      return;
    }
    this.clip = await answer.json();
    this.event = event;
    this.time = time;
    this.images = { plain: this.load(number, 1), large: this.load(number, times) };
    await Promise.all([...this.images.plain, ...this.images.large].map((image) => image.decode().catch(() => null)));
    if (asked !== this.asked) return;
    this.show(this.time);
    $("beside").dataset.ready = `${number}x${times}`;
  }

  load(number, times) {
    return this.clip.times_s.map((_, index) => Object.assign(new Image(), { src: `event/${number}/${times}/${index}.jpg` }));
  }

  show(time) {
    this.time = time;
    if (!this.clip) return;
    const times = this.clip.times_s;
    let index = times.findIndex((one) => one >= time - 1e-4);
    if (index < 0) index = times.length - 1;
    for (const [id, images] of Object.entries(this.images)) {
      const image = images[index];
      if (image?.complete && image.naturalWidth) $(id).getContext("2d").drawImage(image, 0, 0);
    }
    this.course();
  }

  course() {
    if (!this.clip) return;
    const canvas = $("course"), g = canvas.getContext("2d"), ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    g.scale(ratio, ratio);
    const { times_s: times, motion, regions } = this.clip;
    const peaks = regions.map((name, index) => [Math.max(...motion.map((row) => row[index] ?? 0)), index, name]);
    const strongest = peaks.sort((a, b) => b[0] - a[0]).slice(0, 4);
    const full = Math.max(1, strongest[0][0]) * 1.1, bottom = height - 16;
    const x = (time) => 26 + ((width - 32) * (time - times[0])) / (times.at(-1) - times[0]);
    const y = (px) => bottom - ((bottom - 64) * px) / full;
    g.fillStyle = colour("chart");
    g.fillRect(0, 0, width, height);
    g.globalAlpha = 0.18;
    g.fillStyle = colour(this.event.kind);
    g.fillRect(x(this.event.onset_s), 60, x(this.event.offset_s) - x(this.event.onset_s), bottom - 60);
    g.globalAlpha = 1;
    g.font = "11px system-ui, sans-serif";
    g.fillStyle = colour("soft");
    for (const px of [0, full / 2, full]) g.fillText(px.toFixed(1), 2, y(px) + 4);
    const hues = document.documentElement.dataset.theme === "dark" ? HUES_DARK : HUES;
    strongest.forEach(([, index, name], rank) => {
      g.strokeStyle = g.fillStyle = hues[rank];
      g.setLineDash(DASHES[rank]);
      g.lineWidth = 1.8;
      g.beginPath();
      let pen = false;
      motion.forEach((row, i) => {
        if (row[index] === null) pen = false;
        else g[pen ? "lineTo" : "moveTo"](x(times[i]), y(row[index])), (pen = true);
      });
      g.stroke();
      g.beginPath();
      g.moveTo(28, 9 + 14 * rank);
      g.lineTo(56, 9 + 14 * rank);
      g.stroke();
      g.fillText(name.replaceAll("_", " "), 62, 13 + 14 * rank);
    });
    g.setLineDash([]);
    g.strokeStyle = colour("bad");
    g.lineWidth = 2;
    g.beginPath();
    g.moveTo(x(this.time), 60);
    g.lineTo(x(this.time), bottom);
    g.stroke();
  }
}
