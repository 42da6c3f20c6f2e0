// A person's browser: headless Chromium, driven over the DevTools protocol. The protocol runs over two pipes, as
// JSON with a NUL behind each message, so nothing here needs a package or opens a port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Nothing of the browser's own accord: no updates, no reports, no names looked up.
const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-default-apps',
  '--disable-extensions', '--disable-sync', '--metrics-recording-only', '--no-pings', '--disable-breakpad', '--disable-gpu',
  '--disable-dev-shm-usage', '--force-color-profile=srgb', '--hide-scrollbars', '--window-size=1280,1000',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];

export class Browser {
  /** `OFFBOARD_CHROMIUM` is the program; `chromium` when it is not set. */
  static async start() {
    const browser = new Browser();
    browser.folder = mkdtempSync(join(tmpdir(), 'offboard-browser-'));
    browser.waiting = new Map();
    browser.pages = new Map();
    browser.last = 0;
    // Chromium's own sandbox does not start for root.
    const unconfined = process.getuid() === 0 ? ['--no-sandbox'] : [];
    browser.child = spawn(process.env.OFFBOARD_CHROMIUM ?? 'chromium',
      ['--headless', '--remote-debugging-pipe', `--user-data-dir=${browser.folder}`, ...quiet, ...unconfined, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, HOME: browser.folder } });
    browser.said = '';
    browser.child.stderr.on('data', (text) => { browser.said = (browser.said + text).slice(-4000); });
    browser.ended = once(browser.child, 'close').catch(() => undefined);
    const end = (why) => {
      for (const { reject } of browser.waiting.values()) reject(new Error(`${why}\n${browser.said}`));
      browser.waiting.clear();
    };
    browser.child.on('error', (error) => end(`chromium cannot be started: ${error.message}`));
    browser.child.on('close', () => end('chromium has ended'));
    browser.child.stdio[3].on('error', () => {});
    let text = '';
    browser.child.stdio[4].setEncoding('utf8').on('data', (more) => {
      const messages = (text + more).split('\0');
      text = messages.pop();
      for (const message of messages) browser.#take(JSON.parse(message));
    });
    try {
      await browser.send('Browser.getVersion');
    } catch (error) {
      browser.#forget();
      throw error;
    }
    return browser;
  }

  send(method, params = {}, sessionId = undefined) {
    const id = ++this.last;
    return new Promise((done, reject) => {
      this.waiting.set(id, { done, reject, method });
      this.child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #take(message) {
    if (message.id === undefined) {
      this.pages.get(message.sessionId)?.take(message.method, message.params);
      return;
    }
    const { done, reject, method } = this.waiting.get(message.id) ?? {};
    this.waiting.delete(message.id);
    if (message.error) reject?.(new Error(`${method}: ${message.error.message}`));
    else done?.(message.result);
  }

  async open() {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this, sessionId);
    this.pages.set(sessionId, page);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network', 'Audits']) await page.send(`${domain}.enable`);
    return page;
  }

  async stop() {
    this.send('Browser.close').catch(() => {});
    await this.ended;
    this.#forget();
  }

  #forget() { rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 }); }
}

class Page {
  /** Whatever the page or the browser complained of: console, exceptions, failed loads, what the policy stopped. */
  complaints = [];
  /** Every request the page made or tried to make: { url, method, status, headers, sent }. */
  requests = [];

  constructor(browser, sessionId) {
    this.browser = browser;
    this.sessionId = sessionId;
  }

  send(method, params) { return this.browser.send(method, params, this.sessionId); }

  take(event, what) {
    const request = this.requests.find((r) => r.id === what.requestId);
    if (event === 'Runtime.consoleAPICalled') this.complaints.push(`console.${what.type}: ${what.args.map((a) => a.value ?? a.description).join(' ')}`);
    if (event === 'Runtime.exceptionThrown') this.complaints.push(`exception: ${what.exceptionDetails.exception?.description ?? what.exceptionDetails.text}`);
    if (event === 'Log.entryAdded') this.complaints.push(`${what.entry.level}: ${what.entry.text} ${what.entry.url ?? ''}`);
    // The generic ones are hints on forms: fields that it could not fill in by itself.
    if (event === 'Audits.issueAdded' && what.issue.code !== 'GenericIssue') this.complaints.push(`issue: ${JSON.stringify(what.issue)}`);
    if (event === 'Network.requestWillBeSent') this.requests.push({ id: what.requestId, url: what.request.url, method: what.request.method, sent: what.request.headers });
    if (event === 'Network.responseReceived' && request) Object.assign(request, { status: what.response.status, headers: what.response.headers });
    if (event === 'Network.loadingFailed' && request) this.complaints.push(`failed: ${request.method} ${request.url}: ${what.errorText}`);
  }

  /** The value of an expression in the page; a promise is waited for. */
  async value(expression) {
    const { result, exceptionDetails: fault } = await this.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (fault) throw new Error(`${expression}\n${fault.exception?.description ?? fault.text}`);
    return result.value;
  }

  /** Goes there and waits until the page has loaded. */
  async visit(url) {
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    await this.value(`new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))`);
  }

  /** Waits until the expression is true, looking again whenever the document changes; not for ever. */
  async until(expression) {
    await this.value(`new Promise((done, reject) => {
      const look = () => { if (${expression}) { observer.disconnect(); done(); } };
      setTimeout(() => reject(new Error('never came: ' + ${JSON.stringify(expression)})), 60_000);
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      look();
    })`);
  }

  /** Waits for an element and clicks it with the mouse, as a person would: what covers it gets the click. */
  async click(selector) {
    const at = JSON.stringify(selector);
    await this.until(`document.querySelector(${at})?.getClientRects().length > 0`);
    // Not before it stands still: what was clicked last may have moved the page.
    const [x, y] = await this.value(`new Promise((done) => {
      let last = '';
      const look = () => {
        const element = document.querySelector(${at});
        element.scrollIntoView({ block: 'center', behavior: 'instant' });
        const box = element.getBoundingClientRect();
        const middle = [box.x + box.width / 2, box.y + box.height / 2];
        if (last === String(middle) && element.contains(document.elementFromPoint(...middle))) return done(middle);
        last = String(middle);
        requestAnimationFrame(look);
      };
      look();
    })`);
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    }
  }

  /** Clicks a field, takes out what stands there, and types. */
  async type(selector, text) {
    await this.click(selector);
    await this.value(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.send('Input.insertText', { text });
  }

  /** A picture of the whole page. */
  async picture(file, { whole = true } = {}) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: whole });
    writeFileSync(file, Buffer.from(data, 'base64'));
  }
}
