// Chromium on a leash: reads one JSON command per line, answers each with one JSON line.
//
//   {"in": "first", "do": "open", "url": "http://127.0.0.1:8787/me"}
//
// "in" names a browser with cookies of its own; it is made at its first command, which may also say "javascript": false.
// The answer is {"ok": …} or {"error": "…"}. Everything ends with the input. Nothing but loopback is ever reached.

import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// WCAG 2.2 at level AA, and what its authors call good practice.
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const CONTROLS = new Set(["button", "checkbox", "link", "textbox", "DisclosureTriangle", "combobox", "radio"]);

const browser = await puppeteer.launch({
  executablePath: process.argv[2],
  pipe: true,
  args: [
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    // Chromium refuses its sandbox to root; the pages are those under test.
    ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  ],
});
const tabs = new Map();

async function tab({ in: name, javascript = true }) {
  if (!tabs.has(name)) {
    const page = await (await browser.createBrowserContext()).newPage();
    await page.setViewport({ width: 1024, height: 768 });
    await page.setJavaScriptEnabled(javascript);
    const told = { dialogs: 0, requests: [] };
    page.on("dialog", (dialog) => ((told.dialogs += 1), dialog.dismiss()));
    page.on("request", (request) => told.requests.push(request.url()));
    page.on("response", (answer) => {
      if (answer.request().isNavigationRequest() && answer.frame() === page.mainFrame()) told.answer = answer;
    });
    tabs.set(name, { page, told });
  }
  return tabs.get(name);
}

// What a person finds before them.
async function seen({ page, told }) {
  const [title, text, headings] = await page.evaluate(() => [
    document.title,
    document.body?.innerText ?? "",
    [...document.querySelectorAll("h1")].map((heading) => heading.innerText),
  ]);
  return { url: page.url(), status: told.answer?.status() ?? 0, title, text, headings, dialogs: told.dialogs };
}

// Does what leads to another page, and waits until that page is there; `quiet` where more than one may follow.
async function leading(tab, act, quiet = false) {
  await Promise.all([tab.page.waitForNavigation({ waitUntil: quiet ? ["load", "networkidle0"] : "load" }), act()]);
  return seen(tab);
}

// Whether the mouse would hit the control in its middle.
function isInReach(control) {
  control.scrollIntoView({ block: "center", behavior: "instant" });
  const { x, y, width, height } = control.getBoundingClientRect();
  return control.contains(document.elementFromPoint(x + width / 2, y + height / 2));
}

const commands = {
  async open(tab, { url }) {
    await tab.page.goto(url, { waitUntil: "load" });
    return seen(tab);
  },
  // Clicks the control of this accessible name, or the button that shows this text, with the mouse, `times` in a row;
  // `stays` where no page follows.
  async click(tab, { name, text, times = 1, stays = false }) {
    const control = await tab.page.locator(name ? `::-p-aria(${name})` : `button ::-p-text(${text})`).waitHandle();
    // As a person does, wait until nothing stands before it; each look is a round trip, and their number is bounded.
    for (let looks = 0; looks < 5_000 && !(await control.evaluate(isInReach)); looks += 1);
    const act = () => control.click({ count: times, delay: 20 });
    return stays ? act().then(() => seen(tab)) : leading(tab, act, times > 1);
  },
  // Presses a key once; `leads` where another page follows.
  async press(tab, { key, leads = false }) {
    const act = () => tab.page.keyboard.press(key);
    return leads ? leading(tab, act) : act();
  },
  // Name and role of what has the keyboard, and whether it can be seen that it has.
  async focus({ page }) {
    const element = await page.evaluateHandle(() => document.activeElement);
    const { name, role, checked } = (await page.accessibility.snapshot({ root: element })) ?? {};
    const outline = await element.evaluate((focused) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    });
    return { name, role, checked, outline };
  },
  async back(tab) {
    return leading(tab, () => tab.page.goBack({ waitUntil: "load" }));
  },
  async cookie({ page }, { url, name, value }) {
    await page.browserContext().setCookie({ url, name, value, domain: new URL(url).hostname, path: "/" });
  },
  // Every control in the accessibility tree: its role and name.
  async controls({ page }) {
    const { nodes } = await (await page.createCDPSession()).send("Accessibility.getFullAXTree");
    const exposed = nodes.filter((node) => !node.ignored && CONTROLS.has(node.role?.value));
    return exposed.map((node) => ({ role: node.role.value, name: node.name?.value ?? "" }));
  },
  // What axe finds, from a world of its own, which the page's policy neither hinders nor helps.
  async audit({ page }) {
    const session = await page.createCDPSession();
    const { frameTree } = await session.send("Page.getFrameTree");
    const world = { frameId: frameTree.frame.id, worldName: "audit" };
    const { executionContextId } = await session.send("Page.createIsolatedWorld", world);
    const run = `${axe}; axe.run({ runOnly: ${JSON.stringify(RULES)} }).then(({ violations, passes }) => ({
      passes: passes.length,
      violations: violations.map(({ id, help, nodes }) => [id, help, ...nodes.map((node) => node.html)].join(" | ")),
    }))`;
    const options = { contextId: executionContextId, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await session.send("Runtime.evaluate", { expression: run, ...options });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  },
  // Whether the page, this wide and zoomed so far, can be read without scrolling sideways; with `file`, a picture.
  async look({ page }, { width, scheme = "light", file }) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.setViewport({ width, height: 800 });
    const layout = await page.evaluate(() => ({
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      background: getComputedStyle(document.body).backgroundColor,
      // Targets smaller than 24 by 24 pixels that do not stand in a sentence (WCAG 2.2, 2.5.8).
      small: [...document.querySelectorAll("button, input:not([type=hidden]), summary, .button")]
        .map((control) => control.getBoundingClientRect())
        .filter((box) => box.width < 24 || box.height < 24).length,
    }));
    if (file) {
      await mkdir(dirname(file), { recursive: true });
      await page.screenshot({ path: file, fullPage: true });
    }
    return layout;
  },
  // From now on this driver answers in place of a host that is not on this computer.
  async stand_in({ page }, { host }) {
    const body = "<!doctype html><html lang=en><title>Landed</title><h1>The application has your answer</h1>";
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (new URL(request.url()).hostname !== host) return request.continue();
      return request.respond({ status: 200, contentType: "text/html", body });
    });
  },
  // Frames inside the page: where each is and what it shows.
  async frames({ page }) {
    const inner = page.frames().filter((frame) => frame.parentFrame());
    return Promise.all(
      inner.map(async (frame) => ({ url: frame.url(), text: await frame.evaluate(() => document.body?.innerText ?? "") })),
    );
  },
  // Addresses that the page's tab has asked for so far.
  async requests({ told }) {
    return told.requests;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const answer = await tab(command)
    .then((tab) => commands[command.do](tab, command))
    .then((ok) => ({ ok: ok ?? null }), (error) => ({ error: `${command.do}: ${error.message}` }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
