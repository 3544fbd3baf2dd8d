// The figures below the picture: rate, age, losses, and how well the face is seen.
const $ = (id) => document.getElementById(id);

export class Figures {
  constructor() {
    this.losses = new Map(); // frames lost by each source
    this.turn("");
  }

  turn(source) {
    this.source = source;
    this.latencies = [];
    this.shown = [];
    this.last = 0;
    this.lost(source, 0);
  }

  forget() {
    this.losses.clear();
    this.lost(this.source, 0);
  }

  lost(source, more) {
    this.losses.set(source, (this.losses.get(source) ?? 0) + more);
    $("f-lost").textContent = this.losses.get(this.source) ?? 0;
  }

  seen(head, late, skipped) {
    const now = performance.now();
    this.shown = [...this.shown.filter((time) => now - time < 2000), now];
    if (late >= 0) this.latencies = [...this.latencies.slice(-89), late];
    if (now - this.last < 500) return;
    this.last = now;
    const sorted = [...this.latencies].sort((a, b) => a - b);
    const span = Math.max((now - this.shown[0]) / 1000, 0.2);
    $("f-rate").textContent = (this.shown.length / span).toFixed(0);
    $("f-latency").textContent = sorted.length ? sorted[sorted.length >> 1].toFixed(0) : "–";
    $("f-skipped").textContent = skipped;
    $("f-face").textContent = head.points ? head.face_px.toFixed(0) : "–";
    $("f-sharp").textContent = head.quality ? head.quality.sharpness.toFixed(0) : "–";
    $("f-turn").textContent = head.quality ? Math.max(Math.abs(head.quality.yaw), Math.abs(head.quality.pitch)).toFixed(0) : "–";
  }
}
