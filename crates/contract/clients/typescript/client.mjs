// The official TypeScript SDK as a client: discovery, registration, PKCE and tokens are the SDK's own; this file only
// plays the person in front of it, who signs in to Access with a cookie and agrees on the consent page.
//
//   node client.mjs MCP_URL 'CF_Authorization=…'
//
// Prints one JSON object: the tools, the structured result of getEmails, and the profile resource.
import { randomUUID } from 'node:crypto';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const [url, accessCookie] = process.argv.slice(2);
const redirect = 'http://127.0.0.1:33419/callback';

/** A person with a browser: keeps cookies, follows redirects, agrees to the first form that asks. */
class Person {
  cookies = new Map([accessCookie.split(/=(.*)/s).slice(0, 2)]);

  async visit(address, init = {}) {
    for (let hops = 0; hops < 20; hops += 1) {
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const answer = await fetch(address, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
      for (const line of answer.headers.getSetCookie()) {
        const [name, value] = line.split(';')[0].split(/=(.*)/s);
        this.cookies.set(name.trim(), value);
      }
      const location = answer.headers.get('location');
      if (answer.status >= 300 && answer.status < 400 && location) {
        address = new URL(location, address);
        init = {};
        if (address.href.startsWith(redirect)) return address;
        continue;
      }
      const page = await answer.text();
      if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${page}`);
      [address, init] = this.agree(new URL(address), page);
    }
    throw new Error(`no end of redirects at ${address}`);
  }

  agree(address, page) {
    const form = /<form[^>]*>[\s\S]*?<\/form>/i.exec(page)?.[0];
    if (!form) throw new Error(`no form at ${address}: ${page}`);
    const attribute = (tag, name) => unescape(new RegExp(`\\s${name}\\s*=\\s*"([^"]*)"`, 'i').exec(tag)?.[1] ?? '');
    const body = new URLSearchParams();
    for (const tag of form.match(/<input[^>]*>/gi) ?? []) {
      if (attribute(tag, 'name')) body.append(attribute(tag, 'name'), attribute(tag, 'value'));
    }
    const buttons = form.match(/<button[^>]*>/gi) ?? [];
    const yes = buttons.find((tag) => !/deny|cancel|refuse|reject|decline/i.test(tag));
    if (yes && attribute(yes, 'name')) body.append(attribute(yes, 'name'), attribute(yes, 'value'));
    const action = new URL(attribute(/<form[^>]*>/i.exec(form)[0], 'action') || address, address);
    return [action, { method: 'POST', body, headers: { origin: address.origin } }];
  }
}

function unescape(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&');
}

/** What the SDK asks of an application: where things are kept, and how a person is sent to sign in. */
class Provider {
  redirectUrl = redirect;
  clientMetadata = {
    client_name: 'TypeScript SDK',
    redirect_uris: [redirect],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  expected = randomUUID();
  clientInformation = () => this.client;
  saveClientInformation = (client) => void (this.client = client);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  state = () => this.expected;

  async redirectToAuthorization(address) {
    this.response = (await new Person().visit(address)).searchParams;
    if (this.response.get('state') !== this.expected) throw new Error('another state came back');
  }
}

async function connect(provider) {
  const client = new Client({ name: 'contract', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
  }
  await transport.finishAuth(provider.response.get('code'));
  const authorized = new Client({ name: 'contract', version: '1.0.0' });
  await authorized.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: provider }));
  return authorized;
}

const client = await connect(new Provider());
const { tools } = await client.listTools();
const { resources } = await client.listResources();
const emails = await client.callTool({ name: 'getEmails', arguments: { count: 3 } });
const profile = await client.readResource({ uri: 'microsoft://profile' });
const refused = await client.callTool({ name: 'getEmails', arguments: { count: -1 } }).catch((error) => ({ isError: true, error: String(error) }));
console.log(JSON.stringify({
  tools: tools.map((tool) => tool.name),
  resources: resources.map((resource) => resource.uri),
  emails,
  profile: JSON.parse(profile.contents[0].text),
  refused: refused.isError === true,
}));
await client.close();
