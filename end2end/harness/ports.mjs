// Free ports of the loopback.

import { createServer } from 'node:net';

function listen(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

const close = (server) => new Promise((resolve) => server.close(resolve));

/** A free port whose next one is free as well: the demo's provider takes that. */
export async function freePair() {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = await listen(0);
    const { port } = first.address();
    try {
      await close(await listen(port + 1));
      return port;
    } catch {
      // The next one is taken, or there is none: try elsewhere.
    } finally {
      await close(first);
    }
  }
  throw new Error('no two free ports in a row were found');
}

export const freePort = freePair;
