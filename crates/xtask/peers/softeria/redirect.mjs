// Loaded before the peer: what it asks of Microsoft Graph goes to the simulated one, through the simulated gateway.
const { GATEWAY_GRAPH, GATEWAY_TOKEN } = process.env;
const GRAPH = "https://graph.microsoft.com";
const ask = globalThis.fetch;

globalThis.fetch = (input, init = {}) => {
  const url = String(input?.url ?? input);
  if (!url.startsWith(`${GRAPH}/`)) return Promise.reject(new Error(`nothing but Graph is asked here, not ${url}`));
  const headers = new Headers(init.headers ?? input?.headers);
  headers.set("cf-aig-authorization", `Bearer ${GATEWAY_TOKEN}`);
  return ask(GATEWAY_GRAPH + url.slice(GRAPH.length), { ...init, headers });
};
