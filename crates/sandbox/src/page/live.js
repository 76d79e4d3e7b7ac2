
"use strict";
(() => {
  const most = 300;
  const body = document.getElementById("rows");
  const empty = document.getElementById("empty");
  const state = document.getElementById("state");
  const filter = document.getElementById("filter");
  const pause = document.getElementById("pause");
  const known = new Map();
  let since = 0;
  let paused = false;

  for (const part of document.querySelectorAll(".live-only")) part.hidden = false;
  for (const line of body.rows) known.set(line.dataset.key, { line, text: "" });

  const make = (name, text, className) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  };

  const cell = (content, className) => {
    const node = make("td", "", className);
    node.append(...[content].flat());
    return node;
  };

  const ids = (list) => (list.length ? list.map((id) => make("code", id, "id")) : make("span", "–", "none"));

  const build = (row) => {
    const line = document.createElement("tr");
    line.dataset.key = row.key;
    line.dataset.source = row.source;
    line.dataset.tone = row.tone;
    const time = make("time", row.time);
    time.dateTime = row.moment;
    line.append(cell(time), cell(row.seenBy, "source"), cell(row.person), cell(row.client), cell(row.tool, "tool"),
      cell(make("span", row.outcome, "pill")), cell(row.status), cell(ids(row.logIds)), cell(ids(row.graphIds)));
    return line;
  };

  const sift = () => {
    const wanted = filter.value.trim().toLowerCase();
    let shown = 0;
    for (const line of body.rows) {
      line.hidden = wanted !== "" && !line.textContent.toLowerCase().includes(wanted);
      if (!line.hidden) shown += 1;
    }
    empty.hidden = body.rows.length > 0;
    return shown;
  };

  const take = (rows) => {
    for (const row of rows.toReversed()) {
      since = Math.max(since, row.atMs);
      const text = JSON.stringify(row);
      const old = known.get(row.key);
      if (old && old.text === text) continue;
      const line = build(row);
      if (!old || old.text) line.classList.add("fresh");
      if (old) old.line.remove();
      body.prepend(line);
      known.set(row.key, { line, text });
    }
    while (body.rows.length > most) {
      const last = body.rows[body.rows.length - 1];
      known.delete(last.dataset.key);
      last.remove();
    }
  };

  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };

  const ask = async () => {
    if (!paused && !document.hidden) {
      try {
        const answer = await fetch("events.json?since=" + since, { cache: "no-store" });
        if (!answer.ok) throw new Error(String(answer.status));
        take((await answer.json()).rows);
        const shown = sift();
        say("Live · " + shown + (shown === 1 ? " call" : " calls"));
      } catch {
        say("The estate does not answer. Trying again every second.");
      }
    }
    setTimeout(ask, 1000);
  };

  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Resume" : "Pause";
    if (paused) say("Paused");
  });
  filter.addEventListener("input", sift);
  ask();
})();
