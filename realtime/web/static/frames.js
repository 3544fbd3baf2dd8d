// Frames: only the newest is drawn; an older one that still waits is let go, and every one is confirmed.
export class Frames {
  // draw(head, points, bitmap) keeps the bitmap or closes it; seen(head, late_ms) hears of each that was drawn.
  constructor(page, draw, seen) {
    this.page = page;
    this.draw = draw;
    this.seen = seen;
    this.skipped = 0; // here, and before frames were sent
    this.dropped = 0;
    this.waiting = null;
    this.busy = false;
  }

  take(data) {
    if (this.waiting) this.dropped += 1;
    this.waiting = data;
    if (!this.busy) this.decode();
  }

  async decode() {
    this.busy = true;
    while (this.waiting) {
      const data = this.waiting;
      this.waiting = null;
      const view = new DataView(data), sequence = view.getUint32(0, true), length = view.getUint32(8, true);
      this.skipped = this.dropped + view.getUint32(4, true);
      const head = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 12, length)));
      let at = 12 + length;
      const points = new Int16Array(data.slice(at, at + 4 * head.points));
      at += 4 * head.points;
      let bitmap;
      try {
        bitmap = await createImageBitmap(new Blob([new Uint8Array(data, at)], { type: "image/jpeg" }));
      } catch {
        this.page.ask({ do: "seen", sequence });
        continue;
      }
      await this.show(head, points, bitmap, sequence);
    }
    this.busy = false;
  }

  show(head, points, bitmap, sequence) {
    return new Promise((done) => {
      const paint = () => {
        this.draw(head, points, bitmap);
        // The next frame of the screen begins when this one has been handed to it.
        if (document.hidden) confirm();
        else requestAnimationFrame(confirm);
        done();
      };
      const confirm = () => {
        const clock = this.page.clock();
        const late = clock && !document.hidden ? performance.now() + clock.offset - head.grabbed_ns * 1e-6 : -1;
        this.page.ask({ do: "seen", sequence, shown_ms: late });
        this.seen(head, late);
      };
      if (document.hidden) paint(); // a hidden page has no frames of its own
      else requestAnimationFrame(paint);
    });
  }
}
