// The official TypeScript SDK, version 1, as an application uses it.
//
//   node client.mjs MCP_URL REDIRECT_URL [CLIENT_METADATA_URL]
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { Provider, converse } from '../conversation.mjs';

const [url, redirect, document] = process.argv.slice(2);
const provider = new Provider(redirect, document);
let client;
let transport;

async function connect() {
  client = new Client({ name: 'contract', version: '1.0.0' });
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
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

await converse({
  connect: () => authorized(connect),
  list: () => authorized(() => client.listTools()),
  call: ({ name, arguments: given }) => authorized(() => client.callTool({ name, arguments: given })),
  read: ({ uri }) => authorized(() => client.readResource({ uri })),
  tokens: () => provider.tokens(),
});
