// What is tested inside workerd: the port suite, which the Durable Object `Ports` of the test-only Worker runs case by
// case over storage of its own, and what the Worker says where it is configured wrongly. Prints one line for each case
// in the manner of Rust's test harness.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { values: options, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    packages: { type: "string" }, // where the npm packages are installed
    worker: { type: "string" }, // the folder with index.js and index_bg.wasm
    documents: { type: "string" }, // the same of the Worker that reads documents
    "compatibility-date": { type: "string" },
    "compatibility-flag": { type: "string", multiple: true, default: [] },
  },
});
const { Miniflare } = createRequire(join(resolve(options.packages), "package.json"))("miniflare");

/** What a client registry at fault does instead of answering, by the name the tables give it. */
const FAULTS = {
  busy: 'throw new Error("KV GET failed: 429 Too Many Requests")',
  failing: 'throw new Error("KV GET failed: 500 Internal Server Error")',
  silent: "await new Promise(() => {})",
};

/** A runtime whose stores are empty, and whose client registry may be at fault; `heard` is given what it logs. */
function startRuntime(stores, bindings = {}, heard = () => {}) {
  started += 1;
  const fault = FAULTS[stores];
  const registry = fault
    ? { wrappedBindings: { OAUTH_KV: { scriptName: "registry" } } }
    : { kvNamespaces: ["OAUTH_KV"], kvPersist: join(folder, `kv-${started}`) };
  const worker = {
    ...script("ports", options.worker),
    serviceBindings: { DOCUMENTS: "documents" },
    durableObjects: {
      PORTS: { className: "Ports", useSQLite: true },
      DIRECTORY: { className: "Directory", useSQLite: true },
    },
    bindings,
    ...registry,
  };
  const reader = { ...script("documents", options.documents), outboundService: { network: { allow: [] } } };
  const standIn = {
    name: "registry",
    modules: true,
    script: `export default () => ({ async get() { ${fault} }, async put() { ${fault} } });`,
  };
  return new Miniflare({
    workers: [worker, reader, ...(fault ? [standIn] : [])],
    durableObjectsPersist: join(folder, `objects-${started}`),
    host: "127.0.0.1",
    port: 0,
    cf: false,
    // What the runtime says of a case that is meant to die is no news, except to who asks for it.
    handleRuntimeStdio: (stdout, stderr) => [stdout, stderr].forEach((stream) => stream.on("data", heard)),
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

/** An object of the runtime, by name. */
async function object(runtime, name) {
  const namespace = await runtime.getDurableObjectNamespace("PORTS");
  return namespace.get(namespace.idFromName(name));
}

/** Runs one case; the error is what did not hold. */
async function run({ table, number, stores }) {
  const runtime = stores === "shared" ? shared : startRuntime(stores);
  try {
    const place = await object(runtime, `${table} ${number}`);
    const answer = await place.fetch(`http://ports/${encodeURIComponent(table)}/${number}`, { method: "POST" });
    if (!answer.ok) throw new Error(await answer.text());
  } finally {
    if (runtime !== shared) await runtime.dispose();
  }
}

/**
 * A panic ends the instance; the one after it finds what was committed and nothing else. The call that dies is never
 * answered, so nobody waits for it: calls of one object arrive in their order.
 */
async function dieAndMourn() {
  const name = "the dead";
  (await object(shared, name)).fetch("http://ports/die", { method: "POST" }).catch(() => {});
  const answer = await (await object(shared, name)).fetch("http://ports/mourn", { method: "POST" });
  if (!answer.ok) throw new Error(await answer.text());
}

/** A Worker with these settings says nothing to strangers, and to its operator which setting does not work. */
async function refuse(bindings, setting, secret) {
  let log = "";
  const { promise: said, resolve: done } = Promise.withResolvers();
  const runtime = startRuntime("fresh", bindings, (text) => (log += text).includes(setting) && done());
  try {
    const answer = await runtime.dispatchFetch("http://mcp.contoso.example/healthz");
    const body = await answer.text();
    if (answer.status !== 503) throw new Error(`the answer is ${answer.status}`);
    if (body.includes(setting)) throw new Error(`a stranger is told which setting: ${body}`);
    if (!body.includes(answer.headers.get("x-request-id"))) throw new Error(`the answer names no request: ${body}`);
    await said;
    if (secret && (log + body).includes(secret)) throw new Error("a value is shown");
  } finally {
    await runtime.dispose();
  }
}

const folder = mkdtempSync(join(tmpdir(), "m365-ports-"));
let started = 0;
const shared = startRuntime("shared");
const tables = await (await (await object(shared, "list")).fetch("http://ports/")).json();
const cases = tables.flatMap(({ name: table, stores, cases }) =>
  cases.map((name, number) => ({ name: `${table}: ${name}`, perform: () => run({ table, number, stores }) })),
);
cases.push({ name: "database: a panic rolls everything back", perform: dieAndMourn });

const canary = "canary-in-a-value";
cases.push(
  { name: "configuration: a missing setting is named in the log alone", perform: () => refuse({}, "PUBLIC_URL") },
  {
    name: "configuration: a wrong setting is named in the log alone, its value nowhere",
    perform: () => refuse({ PUBLIC_URL: canary }, "PUBLIC_URL", canary),
  },
);

const chosen = cases.filter(({ name }) => filters.every((filter) => name.includes(filter)));
let failed = 0;
for (const { name, perform } of chosen) {
  const fault = await perform().then(() => undefined, (error) => error.message);
  console.log(`test ${name} ... ${fault === undefined ? "ok" : `FAILED\n  ${fault}`}`);
  failed += fault === undefined ? 0 : 1;
}
await shared.dispose();
rmSync(folder, { recursive: true, force: true });
const counts = `${chosen.length - failed} passed; ${failed} failed; 0 ignored; 0 measured; ${cases.length - chosen.length} filtered out`;
console.log(`\ntest result: ${failed ? "FAILED" : "ok"}. ${counts}`);
process.exit(failed ? 1 : 0);
