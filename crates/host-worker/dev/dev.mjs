// The Worker in workerd, with the simulated Cloudflare and Microsoft 365 around it, on loopback.
//
// `cargo xtask worker dev` builds everything and then becomes this program. It is the parent of two others: the
// estate (`m365-mcp sandbox`) and workerd, which miniflare starts and gives KV and Durable Object storage. Standard
// output carries the `ready` line alone; logs of the Worker and of the estate go to standard error.
//
// What is in the data folder, each readable without this program:
//   keys/       the three keys and the secret of webhooks, made at the first start; with policies the key they are signed with
//   estate/     people, signing keys and clock of the estate
//   cells/      one SQLite file for each Durable Object of class Cell
//   directory/  the one of class Directory
//   kv/         the client registry
// Nothing else is kept, and nothing is written at the end: `kill -9` of the process group loses no acknowledged state.

import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, enableCompileCache } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

/** Names of settings, and where the estate's `/_control/config` holds their values. */
const SETTINGS = {
  ACCESS_AUD: "accessAud",
  ACCESS_TEAM_DOMAIN: "accessTeamDomain",
  AI_GATEWAY_ACCOUNT_ID: "accountId",
  AI_GATEWAY_BASE_URL: "aiGatewayBaseUrl",
  AI_GATEWAY_ID: "gatewayId",
  AI_GATEWAY_SERVICE_TOKEN: "gatewayToken",
  CLIENT_METADATA_BASE_URL: "clientMetadataBaseUrl",
  ENTRA_BASE_URL: "entraBaseUrl",
  GRAPH_API_VERSION: "graphApiVersion",
  MICROSOFT_CLIENT_ID: "clientId",
  MICROSOFT_CLIENT_SECRET: "clientSecret",
  MICROSOFT_TENANT_ID: "tenantId",
  PUBLIC_URL: "publicUrl",
};

/** What the estate does not know: who operates, and that its administrator has consented to everything. */
const OWN = {
  OPERATOR_GROUP: "m365-operators",
  APPROVER_GROUP: "m365-approvers",
  INTERNAL_DOMAINS: "contoso.example",
  SCOPES_AT_SIGN_IN: "all",
  SHAREPOINT_HOSTS: "contoso-my.sharepoint.com contoso.sharepoint.com outlook.office.com",
};

/** What can stand in place of the client secret, and which control of the estate makes it. */
const CREDENTIALS = {
  certificate: { setting: "MICROSOFT_CLIENT_CERTIFICATE", path: "certificate", key: "pem" },
  federated: { setting: "MICROSOFT_FEDERATED_TOKEN", path: "federated_token", key: "token" },
};

/** The files that `m365-mcp keygen` writes. */
const KEYS = ["COOKIE_ENCRYPTION_KEY", "COOKIE_SECRET", "ENCRYPTION_KEY"];

/** What webhooks are signed with, where `--set WEBHOOK_URLS=…` names a receiver of the estate. */
const WEBHOOK_SECRET = "WEBHOOK_SECRET";

const { values: options } = parseArgs({
  options: {
    packages: { type: "string" }, // where the npm packages are installed
    program: { type: "string" }, // the built m365-mcp
    worker: { type: "string" }, // the folder with index.js and index_bg.wasm
    documents: { type: "string" }, // the same of the Worker that reads documents
    "compatibility-date": { type: "string" }, // as it is deployed with
    "compatibility-flag": { type: "string", multiple: true, default: [] },
    port: { type: "string", default: "8787" },
    "origin-port": { type: "string", default: "8788" },
    "sandbox-port": { type: "string", default: "8790" },
    "data-dir": { type: "string" },
    "policy-dir": { type: "string" }, // policies in place of those that ship, signed anew at every start
    set: { type: "string", multiple: true, default: [] }, // NAME=VALUE, over the settings that fit the estate
    credential: { type: "string", default: "secret" }, // of the app registration: secret, certificate or federated
    "ready-file": { type: "string" },
  },
});
enableCompileCache(join(options.packages, "compiled"));
const { Miniflare } = createRequire(join(resolve(options.packages), "package.json"))("miniflare");

// What lies in the folder is its owner's alone, also what workerd makes.
process.umask(0o077);
const folder = options["data-dir"] ? resolve(options["data-dir"]) : mkdtempSync(join(tmpdir(), "m365-worker-dev-"));
let estate;
let runtime;
let stopping = false;
const end = () => void stop(0);
watchSignals();

try {
  const keys = makeKeys(join(folder, "keys"));
  const policy = options["policy-dir"] ? signPolicy(join(folder, "policy")) : {};
  const port = await originPort(Number(options["origin-port"]));
  estate = startEstate(`http://127.0.0.1:${port}`);
  const ready = await firstLine(estate);
  const own = { ...(await settings(ready.sandbox)), ...(await credential(ready.sandbox)), ...keys };
  runtime = startRuntime(port, { ...own, ...policy.settings });
  // Miniflare's own handlers would end the process at once and with an error status.
  watchSignals();
  await runtime.ready;
  if (policy.bundle) await (await runtime.getKVNamespace("OAUTH_KV", "m365-mcp")).put("policy", policy.bundle);
  estate.once("exit", (status, signal) => stopping || fail(`the estate ended with ${signal ?? status}`));
  welcome(ready);
  announce(JSON.stringify(ready));
} catch (error) {
  fail(error.message);
}

/** Ctrl-C and SIGTERM end everything, and nothing else listens for them. */
function watchSignals() {
  for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal).on(signal, end);
}

/** Reads the keys, and makes them where there are none; a folder named `keys` is whole. */
function makeKeys(place) {
  if (!existsSync(place)) {
    mkdirSync(folder, { recursive: true });
    rmSync(`${place}.partial`, { recursive: true, force: true });
    execFileSync(options.program, ["keygen", `${place}.partial`], { stdio: ["ignore", "ignore", "pipe"] });
    renameSync(`${place}.partial`, place);
  }
  const secret = join(place, WEBHOOK_SECRET);
  if (!existsSync(secret)) writeFileSync(secret, `whsec_${randomBytes(32).toString("base64")}\n`);
  // In the middle of a rotation there are previous keys beside them.
  const names = [...KEYS, WEBHOOK_SECRET, ...KEYS.map((name) => `${name}_PREVIOUS`).filter((name) => existsSync(join(place, name)))];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(place, name), "utf8")]));
}

/** Signs the policies with a key of their own, as an operator would. A later start has a larger version. */
function signPolicy(place) {
  const [key, out, known] = ["POLICY_SIGNING_KEY", "policy.signed.json", "public"].map((name) => join(place, name));
  const run = (...parts) =>
    execFileSync(options.program, parts, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (!existsSync(known)) {
    const made = JSON.parse(run("keygen", "--policy", "--json", place));
    writeFileSync(known, made.POLICY_PUBLIC_KEY);
  }
  run("policy", "sign", options["policy-dir"], "--version", String(Date.now()), "--key-file", key, "--out", out);
  return { settings: { POLICY_PUBLIC_KEY: readFileSync(known, "utf8") }, bundle: readFileSync(out, "utf8") };
}

/**
 * The port of the Worker. The estate must know it before workerd listens, so a free one is looked for below the range
 * from which systems take ports of their own accord: nothing else takes it in between.
 */
async function originPort(asked) {
  for (;;) {
    const candidate = asked || 10_000 + Math.floor(Math.random() * 20_000);
    const server = createServer().listen(candidate, "127.0.0.1");
    const free = await once(server, "listening").then(
      () => true,
      () => false,
    );
    if (free) {
      await new Promise((closed) => server.close(closed));
      return candidate;
    }
    if (asked) throw new Error(`port ${asked} is taken; choose another with --origin-port (0: any free port)`);
  }
}

function startEstate(origin) {
  const places = ["--state-dir", join(folder, "estate"), "--origin", origin];
  const ports = ["--port", options["sandbox-port"], "--edge-port", options.port];
  // The estate refuses what is no plain setting, and is told of those that decide how Access stands before the Worker.
  const sets = options.set.map((setting) => `--set=${setting}`);
  return spawn(options.program, ["sandbox", ...ports, ...places, ...sets], { stdio: ["ignore", "pipe", "inherit"] });
}

/** The estate's ready line, which is also ours: it names every address. */
async function firstLine(child) {
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit").then(([status, signal]) => {
    throw new Error(`the estate ended with ${signal ?? status} before it was ready; its message is above`);
  });
  const [line] = await Promise.race([once(lines, "line"), ended]);
  ended.catch(() => {});
  return JSON.parse(line);
}

async function settings(sandbox) {
  const response = await fetch(`${sandbox}/_control/config`);
  const config = await response.json();
  const fitting = Object.fromEntries(Object.entries(SETTINGS).map(([name, key]) => [name, config[key]]));
  return { ...fitting, ...OWN, ...given() };
}

/** What stands in place of the client secret, made and registered by the estate. */
async function credential(sandbox) {
  if (options.credential === "secret") return {};
  const made = CREDENTIALS[options.credential];
  if (!made) throw new Error(`--credential ${options.credential} is none of secret, certificate and federated`);
  const response = await fetch(`${sandbox}/_control/${made.path}`, { method: "POST", body: "{}" });
  if (!response.ok) throw new Error(await response.text());
  return { MICROSOFT_CLIENT_SECRET: "", [made.setting]: (await response.json())[made.key] };
}

/** The settings of the command line, which the estate has found to be such. */
function given() {
  const pairs = options.set.map((setting) => [setting, setting.indexOf("=")]);
  return Object.fromEntries(pairs.map(([setting, end]) => [setting.slice(0, end), setting.slice(end + 1)]));
}

/** workerd on loopback: it can reach no other machine. */
function startRuntime(port, bindings) {
  const main = {
    ...script("m365-mcp", options.worker),
    bindings: { ...bindings, ORIGIN_HOST: `127.0.0.1:${port}` },
    serviceBindings: { DOCUMENTS: "m365-documents" },
    kvNamespaces: { OAUTH_KV: "registry" },
    durableObjects: {
      CELL: { className: "Cell", useSQLite: true, unsafeUniqueKey: "cells" },
      DIRECTORY: { className: "Directory", useSQLite: true, unsafeUniqueKey: "directory" },
    },
    outboundService: { network: { allow: ["local"] } },
    // The socket of the Worker itself; miniflare's entry in front of it would answer errors in its own way.
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  };
  // As it is deployed: bound to nothing, and it can reach nothing.
  const documents = { ...script("m365-documents", options.documents), outboundService: { network: { allow: [] } } };
  return new Miniflare({
    workers: [main, documents],
    kvPersist: join(folder, "kv"),
    durableObjectsPersist: folder,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    handleRuntimeStdio: (stdout, stderr) => {
      stdout.pipe(process.stderr);
      stderr.pipe(process.stderr);
    },
  });
}

/** A built script, with the behaviour that it is deployed with. */
function script(name, folder) {
  return {
    name,
    modulesRoot: folder,
    modules: [
      { type: "ESModule", path: join(folder, "index.js") },
      { type: "CompiledWasm", path: join(folder, "index_bg.wasm") },
    ],
    compatibilityDate: options["compatibility-date"],
    compatibilityFlags: options["compatibility-flag"],
  };
}

function welcome({ mcp, me, people, sandbox }) {
  process.stderr.write(`The Worker in workerd, behind a simulated Cloudflare:

  Give this address to an MCP client   ${mcp}
  Sign in as                           ${people.join(", ")}
  Watch every call                     ${sandbox}/
  See what you have connected          ${me}

Nothing leaves this machine. Ctrl-C stops it.
`);
}

/** The line on standard output, and in the file where one is asked for; the file appears whole. */
function announce(line) {
  const file = options["ready-file"];
  if (file) {
    writeFileSync(`${file}.partial`, `${line}\n`);
    renameSync(`${file}.partial`, file);
  }
  process.stdout.write(`${line}\n`);
}

function fail(sentence) {
  process.stderr.write(`error: ${sentence}\n`);
  void stop(1);
}

/** Ends the estate first: its edge lets running calls end, and they need the Worker. */
async function stop(status) {
  if (stopping) return;
  stopping = true;
  if (estate?.exitCode === null && estate.signalCode === null && estate.kill("SIGTERM")) await once(estate, "exit");
  // A runtime that never started has said so already.
  await runtime?.dispose().catch(() => {});
  if (!options["data-dir"]) rmSync(folder, { recursive: true, force: true });
  process.exit(status);
}
