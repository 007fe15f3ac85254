// Programs that tests start, each stopped by its own number.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const BINARY = process.env.GATEBOOK_BIN ?? fileURLToPath(new URL('../../target/debug/gatebook', import.meta.url));
const STOP_WITHIN_MS = 15_000;
const SITE = {
  LEPTOS_SITE_ROOT: fileURLToPath(new URL('../../target/site', import.meta.url)),
  LEPTOS_SITE_PKG_DIR: 'pkg',
  LEPTOS_OUTPUT_NAME: 'gatebook',
};

/** What a program gets: these settings and nothing of whoever runs the tests. */
function environment(settings) {
  const kept = {};
  for (const name of ['PATH', 'HOME', 'LANG', ...Object.keys(SITE)]) {
    if (process.env[name] !== undefined) kept[name] = process.env[name];
  }
  return { ...SITE, ...kept, ...settings };
}

/** A running `gatebook`. */
export class Gatebook {
  output = '';

  constructor(args, settings = {}) {
    this.name = `gatebook ${args[0]}`;
    // Elsewhere than the checkout, so that no gatebook.toml of a developer's is read.
    this.child = spawn(BINARY, args, { cwd: tmpdir(), env: environment(settings), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => { this.output += text; });
    }
    this.ended = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    this.ended.then((how) => { this.how = how; }, () => {});
  }

  /** Fails with what the program said, if it has ended. */
  mustRun() {
    if (this.how) throw new Error(`${this.name} ended (${JSON.stringify(this.how)}):\n${this.output}`);
  }

  /** Asks it to end and waits; answers how it ended. */
  async stop() {
    if (!this.how) this.child.kill('SIGTERM');
    const last = setTimeout(() => this.child.kill('SIGKILL'), STOP_WITHIN_MS);
    const how = await this.ended;
    clearTimeout(last);
    return how;
  }
}

/** Runs a command to its end; answers how it ended and what it said. */
export async function run(args, settings) {
  const gatebook = new Gatebook(args, settings);
  const how = await gatebook.ended;
  return { ...how, output: gatebook.output };
}
