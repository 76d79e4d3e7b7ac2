// The port suite in workerd: asks the Durable Object `Ports` of the test-only Worker for its tables, runs every case
// over storage of its own, and prints one line for each in the manner of Rust's test harness.

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
    "compatibility-date": { type: "string" },
  },
});
const { Miniflare } = createRequire(join(resolve(options.packages), "package.json"))("miniflare");

/** A runtime whose stores are empty. */
function startRuntime() {
  stores += 1;
  return new Miniflare({
    name: "m365-ports",
    rootPath: options.worker,
    modules: [
      { type: "ESModule", path: join(options.worker, "index.js") },
      { type: "CompiledWasm", path: join(options.worker, "index_bg.wasm") },
    ],
    compatibilityDate: options["compatibility-date"],
    kvNamespaces: ["OAUTH_KV"],
    kvPersist: join(folder, `kv-${stores}`),
    durableObjects: {
      PORTS: { className: "Ports", useSQLite: true },
      DIRECTORY: { className: "Directory", useSQLite: true },
    },
    durableObjectsPersist: join(folder, `objects-${stores}`),
    host: "127.0.0.1",
    port: 0,
    cf: false,
    // What the runtime says of a case that is meant to die is no news.
    handleRuntimeStdio: (stdout, stderr) => [stdout, stderr].forEach((stream) => stream.resume()),
  });
}

/** An object of the runtime, by name. */
async function object(runtime, name) {
  const namespace = await runtime.getDurableObjectNamespace("PORTS");
  return namespace.get(namespace.idFromName(name));
}

/** Runs one case; the error is what did not hold. */
async function run({ table, number, fresh }) {
  const runtime = fresh ? startRuntime() : shared;
  try {
    const place = await object(runtime, `${table} ${number}`);
    const answer = await place.fetch(`http://ports/${encodeURIComponent(table)}/${number}`, { method: "POST" });
    if (!answer.ok) throw new Error(await answer.text());
  } finally {
    if (fresh) await runtime.dispose();
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

const folder = mkdtempSync(join(tmpdir(), "m365-ports-"));
let stores = 0;
const shared = startRuntime();
const tables = await (await (await object(shared, "list")).fetch("http://ports/")).json();
const cases = tables.flatMap(({ name: table, fresh, cases }) =>
  cases.map((name, number) => ({ name: `${table}: ${name}`, perform: () => run({ table, number, fresh }) })),
);
cases.push({ name: "database: a panic rolls everything back", perform: dieAndMourn });

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
