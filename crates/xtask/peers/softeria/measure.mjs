// What the peer's tool lists and answers weigh, as one line of JSON: sizes in bytes, each of the JSON text a client gets.
//
// It runs as its makers say (stdio, all of its tools), with a token of the simulated Microsoft; see redirect.mjs.

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const installed = createRequire(join(process.env.PEER_PACKAGES, "package.json"));
const { Client } = installed("@modelcontextprotocol/sdk/client/index.js");
const { StdioClientTransport } = installed("@modelcontextprotocol/sdk/client/stdio.js");
const peer = join(process.env.PEER_PACKAGES, "node_modules/@softeria/ms-365-mcp-server");
const { version } = installed(join(peer, "package.json"));
const size = (value) => Buffer.byteLength(JSON.stringify(value));

async function connected(...flags) {
  const args = ["--import", join(here, "redirect.mjs"), join(peer, "dist/index.js"), "--org-mode", ...flags];
  const env = { ...process.env, MS365_MCP_OAUTH_TOKEN: process.env.MICROSOFT_TOKEN };
  const client = new Client({ name: "m365-mcp-bench", version: "1" });
  await client.connect(new StdioClientTransport({ command: process.execPath, args, env, stderr: "ignore" }));
  return client;
}

async function tools(client) {
  const all = [];
  for (let cursor; ; ) {
    const page = await client.listTools(cursor ? { cursor } : {});
    all.push(...page.tools);
    cursor = page.nextCursor;
    if (!cursor) return all;
  }
}

async function call(client, name, given) {
  const result = await client.callTool({ name, arguments: given });
  if (result.isError) throw new Error(`${name}: ${JSON.stringify(result)}`);
  return size(result);
}

const readOnly = await connected("--read-only");
const few = await tools(readOnly);
await readOnly.close();
const full = await connected();
const all = await tools(full);
const mails = await call(full, "list-mail-messages", { top: 10 });
const newsletter = await call(full, "get-mail-message", { messageId: process.env.NEWSLETTER });
await full.close();
const largest = Math.max(...all.map(size));
console.log(
  JSON.stringify({
    version,
    readOnly: { tools: few.length, bytes: size({ tools: few }) },
    full: { tools: all.length, bytes: size({ tools: all }) },
    largest,
    mails,
    newsletter,
  }),
);
