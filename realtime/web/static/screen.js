// The live picture with the face's mesh, regions lit where they move, and what grows.
const MOVING = "240, 228, 66";
const UNITS = 8; // mesh positions come in eighths of a pixel

export class Screen {
  constructor(canvas, over, nothing) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.over = over;
    this.nothing = nothing;
    this.face = null; // what the server says about meshes
    this.mesh = true;
    this.held = false;
    this.motion = [];
    this.least = 0;
    this.verdict = null;
    this.last = null;
  }

  hear(sample) {
    this.motion = sample.motion;
    this.least = sample.least;
  }

  judge(event) {
    this.verdict = { event, until: performance.now() + 3000 };
  }

  // Draws one frame; `head` as in PageFrame, `points` Int16Array of x, y.
  draw(head, points, bitmap) {
    this.last = { head, points, bitmap };
    this.nothing.hidden = true;
    const canvas = this.canvas, g = this.context;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const scale = Math.min(width / head.width, height / head.height);
    const left = (width - head.width * scale) / 2, top = (height - head.height * scale) / 2;
    g.setTransform(1, 0, 0, 1, 0, 0);
    g.fillStyle = "#0b0d0e";
    g.fillRect(0, 0, width, height);
    g.drawImage(bitmap, left, top, head.width * scale, head.height * scale);
    const growing = head.open_since_s != null;
    if (points.length && this.face && this.mesh) {
      g.setTransform(scale / UNITS, 0, 0, scale / UNITS, left, top);
      this.light(points);
      this.lines(points, growing, UNITS * ratio / scale);
    }
    g.setTransform(1, 0, 0, 1, 0, 0);
    this.border(left, top, head.width * scale, head.height * scale, growing, ratio);
    this.tell(head);
  }

  light(points) {
    const g = this.context;
    this.face.regions.forEach((region, index) => {
      const moved = this.motion[index] ?? 0;
      if (!this.least || moved <= this.least) return;
      g.fillStyle = `rgba(${MOVING}, ${0.12 + 0.3 * Math.min(moved / (4 * this.least), 1)})`;
      g.beginPath();
      for (let i = 0; i < region.triangles.length; i += 3) {
        for (let corner = 0; corner < 3; corner++) {
          const at = 2 * region.triangles[i + corner];
          g[corner ? "lineTo" : "moveTo"](points[at], points[at + 1]);
        }
      }
      g.fill();
    });
  }

  lines(points, growing, thin) {
    const g = this.context, ends = this.face.lines;
    g.strokeStyle = growing ? "rgba(247, 178, 62, .75)" : "rgba(225, 250, 245, .38)";
    g.lineWidth = thin;
    g.beginPath();
    for (let i = 0; i < ends.length; i += 2) {
      g.moveTo(points[2 * ends[i]], points[2 * ends[i] + 1]);
      g.lineTo(points[2 * ends[i + 1]], points[2 * ends[i + 1] + 1]);
    }
    g.stroke();
  }

  border(x, y, width, height, growing, ratio) {
    const verdict = this.current();
    if (!growing && !verdict) return;
    const g = this.context, macro = verdict && !growing && verdict.kind === "macro";
    g.strokeStyle = growing ? "#ffffff" : macro ? "#6dc0ee" : "#f7b23e";
    g.lineWidth = (growing ? 3 : 6) * ratio;
    g.setLineDash(macro ? [24 * ratio, 14 * ratio] : []);
    g.strokeRect(x + g.lineWidth / 2, y + g.lineWidth / 2, width - g.lineWidth, height - g.lineWidth);
    g.setLineDash([]);
  }

  tell(head) {
    const verdict = this.current();
    let says = "", kind = "";
    if (head.open_since_s != null) {
      says = `something moves, ${Math.round(1000 * (head.time_s - head.open_since_s))} ms`;
      kind = "open";
    } else if (verdict) {
      says = `${verdict.kind}-expression: ${verdict.label}`;
      kind = verdict.kind;
    } else if (head.absent) {
      says = head.absent.startsWith("no face") ? "no face" : `no face: ${head.absent}`;
      kind = "absent";
    }
    this.over.hidden = !says;
    this.over.dataset.kind = kind;
    if (this.over.textContent !== says) this.over.textContent = says;
  }

  current() {
    if (this.verdict && performance.now() > this.verdict.until) this.verdict = null;
    return this.verdict?.event;
  }

  redraw() {
    if (this.last) this.draw(this.last.head, this.last.points, this.last.bitmap);
  }

  // A run has ended: the last picture would be taken for a live one.
  clear(says) {
    this.last = this.verdict = null;
    this.motion = [];
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.fillStyle = "#0b0d0e";
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.over.hidden = true;
    this.nothing.hidden = false;
    this.nothing.textContent = says;
  }
}
