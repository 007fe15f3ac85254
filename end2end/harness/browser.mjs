// The browser, and people in it.

import { chromium } from 'playwright-core';

const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
const WAIT_MS = 10_000;
// Said on a busy machine, and without JavaScript: the module waits until the browser is idle.
const HARMLESS = /was preloaded using link preload but not used/;

/** Starts the browser. */
export function startBrowser() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: QUIET });
}

/**
 * A window of one person: a context of its own with one page. `page.trouble` collects what the console complains
 * of, errors of scripts and breaches of the content policy among it, and failed requests.
 */
export async function openWindow(browser, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.trouble = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !HARMLESS.test(message.text())) page.trouble.push(`${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => page.trouble.push(`${page.url()}: ${error}`));
  page.on('dialog', (dialog) => {
    page.trouble.push(`${page.url()}: a dialog said “${dialog.message()}”`);
    dialog.dismiss();
  });
  return page;
}
