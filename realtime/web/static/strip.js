// Region motions over the last seconds, scrolling: one row for each pair of regions, mirrored about its middle.
import { colour } from "./theme.js";

const SPAN_S = 12;
const LEFT = 104;

export class Strip {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.rows = [];
    this.samples = [];
    this.events = [];
    this.offset = null; // of the stream's clock to the page's, seconds
    this.full = 3;
    document.addEventListener("theme", () => this.draw());
  }

  clear() {
    this.samples = [];
    this.events = [];
    this.offset = null;
  }

  add(samples) {
    const now = performance.now() / 1000;
    for (const sample of samples) {
      const last = this.samples.at(-1);
      if (last && sample.time_s < last.time_s - 1) this.clear();
      this.samples.push(sample);
      const offset = now - sample.time_s;
      // The smallest delay seen is the road; what comes later waited somewhere. Slowly forgotten, for clocks drift.
      this.offset = this.offset === null ? offset : Math.min(this.offset + 0.0005, offset);
    }
    const oldest = (this.samples.at(-1)?.time_s ?? 0) - SPAN_S - 1;
    while (this.samples.length && this.samples[0].time_s < oldest) this.samples.shift();
  }

  judge(event) {
    this.events = [...this.events.slice(-30), event];
  }

  draw() {
    const canvas = this.canvas, g = this.context, ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.fillStyle = colour("chart");
    g.fillRect(0, 0, width, height);
    if (!this.rows.length) return;
    const bottom = height - 18, row = bottom / this.rows.length;
    const last = this.samples.at(-1)?.time_s ?? 0;
    const now = this.offset === null ? last : Math.min(performance.now() / 1000 - this.offset, last + 0.2);
    const x = (time) => LEFT + (width - LEFT - 8) * (1 - (now - time) / SPAN_S);
    this.marks(g, x, bottom, width);
    const ink = colour("ink"), soft = colour("soft"), line = colour("line"), quiet = colour("quiet"), lit = colour("lit");
    g.font = "11px system-ui, sans-serif";
    this.rows.forEach((pair, index) => {
      const middle = row * (index + 0.5), half = row * 0.46;
      g.strokeStyle = line;
      g.lineWidth = 1;
      g.beginPath();
      g.moveTo(LEFT, middle);
      g.lineTo(width - 8, middle);
      g.stroke();
      this.area(g, x, pair.right, middle, -half, quiet, lit);
      this.area(g, x, pair.left, middle, half, quiet, lit);
      g.fillStyle = ink;
      g.textAlign = "right";
      g.fillText(pair.name, LEFT - 8, middle + 4);
    });
    g.fillStyle = soft;
    g.textAlign = "center";
    const every = Math.ceil((36 * SPAN_S) / (width - LEFT)); // so that labels do not touch
    for (let time = Math.ceil(now - SPAN_S); time <= now; time++) {
      if (x(time) < LEFT || time < 0 || time % every) continue;
      g.fillText(`${time} s`, x(time), height - 5);
    }
  }

  area(g, x, region, middle, half, quiet, lit) {
    // Two colours, and the lit one also stands out by its height: only what exceeds the least motion is lit.
    for (const bright of [false, true]) {
      g.fillStyle = bright ? lit : quiet;
      g.beginPath();
      let before = null;
      for (const sample of this.samples) {
        const at = x(sample.time_s);
        const moved = sample.motion[region] ?? 0;
        const tall = Math.sqrt(Math.min(moved / this.full, 1)) * half;
        const joined = before !== null && sample.time_s - before.time < 0.25 && before.at >= LEFT;
        if (joined && (moved > sample.least) === bright) {
          g.moveTo(before.at, middle);
          g.lineTo(before.at, middle + before.tall);
          g.lineTo(at + 0.6, middle + tall);
          g.lineTo(at + 0.6, middle);
        }
        before = { at, tall, time: sample.time_s };
      }
      g.fill();
    }
  }

  marks(g, x, bottom, width) {
    for (const event of this.events) {
      const from = Math.max(x(event.onset_s), LEFT), to = Math.min(x(event.offset_s), width - 8);
      if (to <= LEFT) continue;
      const macro = event.kind === "macro", tint = colour(event.kind);
      g.globalAlpha = 0.16;
      g.fillStyle = tint;
      g.fillRect(from, 0, Math.max(to - from, 2), bottom);
      g.globalAlpha = 1;
      g.strokeStyle = tint;
      g.setLineDash(macro ? [5, 4] : []);
      g.strokeRect(from, 0.5, Math.max(to - from, 2), bottom - 1);
      g.setLineDash([1, 3]);
      if (x(event.apex_s) > LEFT) {
        g.beginPath();
        g.moveTo(x(event.apex_s), 0);
        g.lineTo(x(event.apex_s), bottom);
        g.stroke();
      }
      g.setLineDash([]);
    }
  }
}
