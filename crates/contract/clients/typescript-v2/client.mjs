// The official TypeScript SDK, version 2, as an application uses it.
//
//   node client.mjs MCP_URL REDIRECT_URL [CLIENT_METADATA_URL]
import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

import { Provider, alike, converse, visit } from '../conversation.mjs';

const [url, redirect, document] = process.argv.slice(2);
const provider = new Provider(redirect, document);
let client;
let transport;

async function connect({ mode }) {
  const options = { versionNegotiation: { mode }, capabilities: { elicitation: { url: {} } } };
  client = new Client({ name: 'contract', version: '1.0.0' }, options);
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    await visit(params.url);
    return { action: 'accept' };
  });
  transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  await client.connect(transport);
}

/** Tries once more where the SDK has sent the person to sign in; it compares the issuer that came back. */
async function authorized(attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  await transport.finishAuth(provider.answer);
  return attempt();
}

const acts = alike(
  () => client,
  (params, options) => client.callTool(params, options),
);
const withSignIn = Object.entries(acts).map(([name, act]) => [name, (asked) => authorized(() => act(asked))]);

await converse({
  ...Object.fromEntries(withSignIn),
  connect: (asked) => authorized(() => connect(asked)),
  tokens: () => provider.tokens(),
});
