// A real sign-in provider, oidc-provider, on the loopback: it asks for a name and no password.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

import { freePort } from './ports.mjs';

const SCOPES = { openid: ['sub'], profile: ['name', 'groups', 'zoneinfo'], email: ['email', 'email_verified'] };

/** Starts one that knows these accounts by their subject; `portals` are the origins that people come from. */
export async function startProvider(accounts, portals) {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const client = { id: 'gatebook', secret: randomBytes(24).toString('hex') };
  const provider = new Provider(issuer, configuration(accounts, portals, client));
  provider.on('server_error', (_, error) => console.error('the provider failed:', error));
  provider.on('backchannel.error', (_, error) => console.error('the portal refused a sign-out notice:', error));
  const oidc = provider.callback();
  const server = createServer((request, response) => {
    if (!request.url.startsWith('/interaction/')) return oidc(request, response);
    interact(provider, accounts, request, response).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const stop = async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  await listen();
  return { issuer, client, listen, stop, events: provider };
}

function configuration(accounts, portals, client) {
  const paths = (path) => portals.map((origin) => `${origin}${path}`);
  return {
    clients: [{
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: paths('/auth/callback'),
      post_logout_redirect_uris: paths('/signed-out'),
      backchannel_logout_uri: `${portals[0]}/auth/back-channel-logout`,
      backchannel_logout_session_required: true,
    }],
    findAccount: (_, sub) => {
      const claims = accounts[sub];
      return claims && { accountId: sub, claims: () => ({ sub, ...claims }) };
    },
    claims: SCOPES,
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      rpInitiatedLogout: { logoutSource: askWhetherToLeave, postLogoutSuccessSource: sayGoodbye },
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    // Whoever signs in has agreed to what their employer runs.
    loadExistingGrant: agreed,
    jwks: { keys: [signingKey()] },
    // Without the guard against addresses of the loopback, where the portal is.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    cookies: { keys: [randomBytes(24).toString('hex')] },
  };
}

function askWhetherToLeave(ctx, form) {
  ctx.body = page('Sign out here as well?', `${form}<button form="op.logoutForm" name="logout" value="yes">Yes</button>`);
}

function sayGoodbye(ctx) {
  ctx.body = page('Goodbye', '');
}

const page = (title, body) => `<!DOCTYPE html><html lang="en"><head><title>${title}</title>
  <link rel="icon" href="data:,"></head><body><h1>${title}</h1>${body}</body></html>`;

async function agreed(ctx) {
  const { oidc } = ctx;
  const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
  grant.addOIDCScope('openid profile email');
  await grant.save();
  return grant;
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' };
}

/** “Who are you?”, and the answer. */
async function interact(provider, accounts, request, response) {
  const { searchParams: chosen } = new URL(request.url, 'http://127.0.0.1');
  if (chosen.has('refuse')) {
    return provider.interactionFinished(request, response, { error: 'access_denied' });
  }
  if (chosen.has('sub')) {
    return provider.interactionFinished(request, response, { login: { accountId: chosen.get('sub') } });
  }
  const links = Object.entries(accounts).map(([sub, { name }]) => `<li><a href="?sub=${sub}">${name}</a></li>`);
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
  response.end(page('Who are you?', `<ul>${links.join('')}</ul><p><a href="?refuse">Not now</a></p>`));
  return undefined;
}
