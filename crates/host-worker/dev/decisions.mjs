// What a decision costs inside workerd, where no clock runs while a request is worked on: the Durable Object `Ports` of the
// test-only Worker decides a case a number of times, and the clock is out here. Prints JSON: for each case one list of
// microseconds, each of them for one decision, by difference to a request that decides nothing.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

const { values: options, positionals: cases } = parseArgs({
  allowPositionals: true,
  options: {
    packages: { type: "string" }, // where the npm packages are installed
    worker: { type: "string" }, // the folder with index.js and index_bg.wasm
    documents: { type: "string" }, // the same of the Worker that reads documents, which is not needed
    "compatibility-date": { type: "string" },
    "compatibility-flag": { type: "string", multiple: true, default: [] },
    count: { type: "string" }, // decisions of one round
    rounds: { type: "string" },
  },
});
const { Miniflare } = createRequire(join(resolve(options.packages), "package.json"))("miniflare");

const folder = mkdtempSync(join(tmpdir(), "m365-decisions-"));
const runtime = new Miniflare({
  modulesRoot: options.worker,
  modules: [
    { type: "ESModule", path: join(options.worker, "index.js") },
    { type: "CompiledWasm", path: join(options.worker, "index_bg.wasm") },
  ],
  compatibilityDate: options["compatibility-date"],
  compatibilityFlags: options["compatibility-flag"],
  durableObjects: { PORTS: { className: "Ports", useSQLite: true } },
  durableObjectsPersist: folder,
  host: "127.0.0.1",
  port: 0,
  cf: false,
});
const namespace = await runtime.getDurableObjectNamespace("PORTS");
const place = namespace.get(namespace.idFromName("decisions"));

/** Milliseconds of one request that decides so often. */
async function elapsed(name, count) {
  const began = performance.now();
  const answer = await place.fetch(`http://ports/decisions%20of%20${name}/${count}`, { method: "POST" });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return performance.now() - began;
}

const costs = {};
const [count, rounds] = [Number(options.count), Number(options.rounds)];
for (const name of cases) {
  // The runtime compiles what runs often anew; that is no cost of a decision.
  await elapsed(name, count);
  costs[name] = [];
  for (let round = 0; round < rounds; round += 1) {
    const none = await elapsed(name, 0);
    costs[name].push((((await elapsed(name, count)) - none) / count) * 1000);
  }
}
await runtime.dispose();
rmSync(folder, { recursive: true, force: true });
console.log(JSON.stringify(costs));
process.exit(0);
