// What the clients in Node have in common: the conversation with the suite, one line of JSON each way.
//
//   suite:   {"act": "connect" | "list" | "call" | "read" | "prompts" | "prompt" | "complete" | "templates" | "progress" |
//                    "begin" | "abort" | "tokens" | "advance", ...}
//   client:  {"done": value} or {"failed": sentence}
//
// "progress" is a call that answers with what was told on the way. "begin" makes a call and does not wait for it; "abort"
// gives it up, and answers with how it ended: {"value": ...} or {"error": sentence}.
//
// In between a client may have to send its person to sign in. It says {"authorize": URL}; the suite, which has the
// browser, answers {"callback": URL}. Where the conversation ends there, the person has closed the window. It may also be
// told by the server to have its person open a page: it says {"open": URL}, and the suite answers {"opened": true}.
import { createInterface } from 'node:readline';

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function say(message) {
  console.log(JSON.stringify(message));
}

async function hear() {
  const { value, done } = await input.next();
  return done ? undefined : JSON.parse(value);
}

/** Moves the clock of this client, which is one of the estate's. */
function advance({ secs }) {
  const now = Date.now;
  Date.now = () => now() + secs * 1000;
}

/** Sends the person to a page and waits until they have been there. */
export async function visit(url) {
  say({ open: url });
  await hear();
}

/** Tries again where the person had to be somewhere first (MCP 2025-11-25, URL mode of elicitation). */
async function visited(attempt) {
  try {
    return await attempt();
  } catch (error) {
    if (error.code !== -32042) throw error;
    for (const { url } of error.data.elicitations) await visit(url);
  }
  return attempt();
}

/** What both SDKs do alike, with the client there is by then; `call` makes a tool call with options. */
export function alike(client, call) {
  let begun;
  return {
    list: () => client().listTools(),
    read: ({ uri }) => client().readResource({ uri }),
    prompts: () => client().listPrompts(),
    prompt: ({ name, arguments: given }) => client().getPrompt({ name, arguments: given }),
    complete: ({ ref, argument, context }) => client().complete({ ref, argument, context }),
    templates: () => client().listResourceTemplates(),
    call: ({ name, arguments: given }) => visited(() => call({ name, arguments: given })),
    progress: async ({ name, arguments: given }) => {
      const told = [];
      await call({ name, arguments: given }, { onprogress: (progress) => told.push(progress) });
      return told;
    },
    begin: ({ name, arguments: given }) => {
      const leaving = new AbortController();
      const ended = call({ name, arguments: given }, { signal: leaving.signal }).then(
        (value) => ({ value }),
        (error) => ({ error: `${error}` }),
      );
      begun = { leaving, ended };
    },
    abort: () => {
      begun.leaving.abort('the person changed their mind');
      return begun.ended;
    },
  };
}

/** Does what the suite asks, until it asks no more. */
export async function converse(acts) {
  acts = { ...acts, advance };
  for (let asked = await hear(); asked; asked = await hear()) {
    try {
      say({ done: (await acts[asked.act](asked)) ?? null });
    } catch (error) {
      say({ failed: `${error}` });
    }
  }
  process.exit();
}

/** What both SDKs ask of an application: where things are kept, and how a person is sent to sign in. */
export class Provider {
  constructor(redirect, document) {
    this.redirectUrl = redirect;
    if (document) this.clientMetadataUrl = document;
    this.clientMetadata = {
      client_name: 'Contract application',
      redirect_uris: [redirect],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    };
  }

  clientInformation = () => this.client;
  saveClientInformation = (client) => void (this.client = client);
  tokens = () => this.kept;
  saveTokens = (tokens) => void (this.kept = tokens);
  saveCodeVerifier = (verifier) => void (this.verifier = verifier);
  codeVerifier = () => this.verifier;
  discoveryState = () => this.discovered;
  saveDiscoveryState = (discovered) => void (this.discovered = discovered);
  state = () => (this.expected = crypto.randomUUID());

  invalidateCredentials = (what) => {
    if (what === 'all' || what === 'client') this.client = undefined;
    if (what === 'all' || what === 'tokens') this.kept = undefined;
  };

  async redirectToAuthorization(address) {
    say({ authorize: address.href });
    const said = await hear();
    if (!said) throw new Error('the person closed the window');
    this.answer = new URL(said.callback).searchParams;
    if (this.answer.get('state') !== this.expected) throw new Error('another state came back');
  }
}
