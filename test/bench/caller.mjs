// One caller of the benchmark: a kept connection, one request at a time, and no more work an answer than to find its end.
import net from 'node:net';

export class Caller {
  /** `next()` makes the body of the next request; `done(status)` is told every answer. */
  constructor(port, next, done) {
    this.next = next;
    this.done = done;
    this.waiting = Buffer.alloc(0);
    this.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (bytes) => this.take(bytes));
    this.ended = new Promise((ended, reject) => {
      this.stopped = ended;
      this.socket.on('error', reject);
    });
  }

  start(until) {
    this.until = until;
    this.send();
  }

  send() {
    if (performance.now() >= this.until) {
      this.stopped();
      return;
    }
    const body = this.next();
    this.socket.write(`POST /offboard HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }

  take(bytes) {
    this.waiting = this.waiting.length === 0 ? bytes : Buffer.concat([this.waiting, bytes]);
    const head = this.waiting.indexOf('\r\n\r\n');
    if (head < 0) return;
    const [, length] = /content-length: (\d+)/i.exec(this.waiting.latin1Slice(0, head));
    if (this.waiting.length < head + 4 + Number(length)) return;
    const status = Number(this.waiting.latin1Slice(9, 12));
    this.waiting = Buffer.alloc(0);
    this.done(status);
    this.send();
  }

  close() {
    this.socket.destroy();
  }
}
