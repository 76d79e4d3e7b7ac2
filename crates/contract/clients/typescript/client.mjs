// The official TypeScript SDK, version 1, as an application uses it.
//
//   node client.mjs MCP_URL REDIRECT_URL [CLIENT_METADATA_URL]
//
// Mode "sse" is the transport of 2024-11-05.
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Provider, alike, converse } from '../conversation.mjs';

const [url, redirect, document] = process.argv.slice(2);
const provider = new Provider(redirect, document);
let client;
let transport;

async function connect({ mode }) {
  const Transport = mode === 'sse' ? SSEClientTransport : StreamableHTTPClientTransport;
  client = new Client({ name: 'contract', version: '1.0.0' }, { capabilities: { elicitation: { url: {} } } });
  transport = new Transport(new URL(url), { authProvider: provider });
  await client.connect(transport);
}

/** Tries once more where the SDK has sent the person to sign in. */
async function authorized(attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  await transport.finishAuth(provider.answer.get('code'));
  return attempt();
}

const acts = alike(
  () => client,
  (params, options) => client.callTool(params, undefined, options),
);
const withSignIn = Object.entries(acts).map(([name, act]) => [name, (asked) => authorized(() => act(asked))]);

await converse({
  ...Object.fromEntries(withSignIn),
  connect: (asked) => authorized(() => connect(asked)),
  tokens: () => provider.tokens(),
});
