// This browser's camera as the source: pictures are stamped when the browser presents them, and sent as JPEG.
const WIDTH = 640, HEIGHT = 480, RATE = 30;
const QUALITY = 0.9;
const MOST_WAITING = 400_000; // bytes: a slow road skips pictures

export class BrowserCamera {
  constructor(page, tell) {
    this.page = page;
    this.tell = tell;
    this.stream = null;
    this.socket = null;
    this.video = document.createElement("video");
    this.video.muted = true;
    this.video.playsInline = true;
    this.canvas = document.createElement("canvas");
    this.busy = false;
    this.asked = 0;
  }

  async start(record) {
    this.stop();
    const asked = ++this.asked;
    if (!navigator.mediaDevices) return this.tell("This browser gives its camera only to pages on this machine.");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: RATE } },
      });
    } catch (error) {
      return this.tell(`The browser gives no camera: ${error.message || error.name}`);
    }
    if (asked !== this.asked) return stream.getTracks().forEach((track) => track.stop()); // asked for again meanwhile
    this.stream = stream;
    this.video.srcObject = stream;
    await this.video.play().catch(() => null);
    if (this.stream !== stream) return; // stopped meanwhile
    this.canvas.width = this.video.videoWidth;
    this.canvas.height = this.video.videoHeight;
    this.context = this.canvas.getContext("2d", { alpha: false });
    const fps = stream.getVideoTracks()[0].getSettings().frameRate || RATE;
    const socket = new WebSocket(`ws://${location.host}/camera`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      socket.send(JSON.stringify({ width: this.canvas.width, height: this.canvas.height, fps, record }));
      this.next(stream);
    };
    socket.onclose = ({ reason }) => {
      if (this.socket === socket) {
        if (reason) this.tell(reason);
        this.stop();
      }
    };
    this.socket = socket;
  }

  next(stream) {
    if (this.stream !== stream) return;
    this.video.requestVideoFrameCallback((now, data) => {
      this.send(data.captureTime ?? now);
      this.next(stream);
    });
  }

  send(taken) {
    const socket = this.socket, clock = this.page.clock();
    if (this.busy || socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MOST_WAITING) return;
    this.context.drawImage(this.video, 0, 0);
    this.busy = true;
    this.canvas.toBlob(async (blob) => {
      this.busy = false;
      if (!blob || socket.readyState !== WebSocket.OPEN) return;
      const picture = new Uint8Array(await blob.arrayBuffer());
      const piece = new Uint8Array(8 + picture.length);
      // On the server's clock; it puts its own time where ours makes no sense.
      new DataView(piece.buffer).setFloat64(0, clock ? taken + clock.offset : NaN, true);
      piece.set(picture, 8);
      socket.send(piece);
    }, "image/jpeg", QUALITY);
  }

  // Also what the browser still asks its user for.
  cancel() {
    this.asked += 1;
    this.stop();
  }

  stop() {
    const { stream, socket } = this;
    this.stream = this.socket = null;
    stream?.getTracks().forEach((track) => track.stop());
    if (socket && socket.readyState <= WebSocket.OPEN) socket.close();
    this.video.srcObject = null;
  }
}
