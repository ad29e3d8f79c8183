import { h, fill, redraw, table, badge, empty, segments } from "./dom.js";
import { get } from "./data.js";
import { refreshing } from "./page-machines.js";
import { bytes, count, duration, clock, none } from "./format.js";

const VERIFY_POLL_MS = 2000;
const CHECKPOINT = {
  complete: ["✓ complete", "good"], damaged: ["✕ damaged", "bad"], "not a whole checkpoint": ["✕ not a whole checkpoint", "bad"], "removed by rotation": ["– removed by rotation", ""],
};
const reading = (c) => c.state === "complete" && c.verified === null;

export async function checkpoints(context) {
  const body = h("div", {});
  let timer = null;
  const load = async () => {
    const { rows } = await get("checkpoints", { run: context.run });
    clearTimeout(timer);
    if (rows.some(reading)) timer = setTimeout(() => load().catch(() => {}), VERIFY_POLL_MS);
    redraw(body, rows.length === 0 ? empty("No checkpoint yet", "save_steps in the recipe says when the next one is written; Ctrl-C writes one too.") : table([
      { title: "After step", num: true, cell: (c) => count(c.committed_steps) },
      { title: "State", cls: "wide", cell: (c) => [badge(...(CHECKPOINT[c.state] || [c.state])), " ", c.resumes_from_here ? badge("↻ a resume starts here", "accent") : null, " ", c.best ? badge("★ best", "accent") : null] },
      { title: "Written", cls: "nowrap", cell: (c) => (c.created_at ? c.created_at.replace("T", " ").slice(0, 19) : none) },
      { title: "Size", num: true, cell: (c) => bytes(c.bytes) },
      { title: "Took", num: true, cell: (c) => duration(c.seconds) },
      { title: "Blocked", num: true, cell: (c) => duration(c.checkpoint_blocked_seconds) },
      { title: "SHA-256 of the weights", cls: "wide", cell: (c) => [h("span", { class: "mono" }, c.sha256 ? c.sha256.slice(0, 12) + "…" : none), " ", c.verified ? badge("✓ verified", "good") : c.verified === false ? [badge("✕ differs", "bad"), h("p", { class: "muted" }, c.fault)] : reading(c) ? badge("… being read") : null] },
    ], rows, { label: "checkpoints" }),
    h("p", { class: "muted section" }, "Complete: the manifest is whole and every file has its size. Verified: every file was read in the background since it was last written, and has the hash in the manifest; a resume takes the newest of which that is so, and reads it again before. Training goes on while one is written; Blocked is how long the next step waited for it: for the copy of the slices and for the ledger."));
  };
  await load();
  let seen = -1;
  return {
    node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Checkpoints")), body),
    live: (news) => {
      const now = news.notes.length ? news.notes[news.notes.length - 1].number : 0;
      if (seen >= 0 && now !== seen) load().catch(() => {});
      seen = now;
    },
    destroy: () => clearTimeout(timer),
  };
}

const LEVELS = { debug: ["debug", ""], info: ["info", ""], warn: ["▲ warn", "warn"], error: ["✕ error", "bad"] };

export async function logs(context) {
  const state = { level: "", q: "", node: "", actor: "" };
  // A choice that nobody offers any more stays one; one that is being made is not disturbed.
  const choice = (id, everybody) => {
    const select = h("select", { id, onchange: () => { state[id] = select.value; load(); } });
    const offer = (names) => {
      if (document.activeElement === select) return;
      const all = [...new Set([...names, state[id]])].filter(Boolean);
      fill(select, h("option", { value: "" }, everybody), all.map((name) => h("option", { value: name }, name)));
      select.value = state[id];
    };
    return { select, offer };
  };
  const node = choice("node", "all nodes");
  const actor = choice("actor", "all actors");
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    const data = await get("logs", { run: context.run, ...state });
    return mine === asked ? data : null;
  };
  const view = refreshing(ask, (body, data) => {
    if (!data) return;
    node.offer(data.sources);
    actor.offer(data.actors);
    const left = data.matching - data.rows.length;
    const older = [...(left ? [`${count(left)} older lines that match are not shown: akkord logs --tail N shows them`] : []), ...data.older];
    redraw(body, data.rows.length === 0 ? empty("No line", Object.values(state).some(Boolean) ? "Nothing matches." : "What the run and its workers say appears here.") : table([
      { title: "Time", cls: "nowrap", cell: (l) => clock(l.at) },
      { title: "Level", cell: (l) => badge(...(LEVELS[l.level] || [l.level])) },
      { title: "Node", cls: "nowrap", cell: (l) => l.source },
      { title: "Actor", cls: "nowrap", cell: (l) => l.actor || none },
      { title: "What", cls: "msg", cell: (l) => l.text },
    ], [...data.rows].reverse(), { label: "log", cls: "log" }),
    older.length ? h("ul", { class: "muted" }, older.map((text) => h("li", {}, text))) : null);
  });
  const load = () => view.now();
  const search = h("input", { type: "search", placeholder: "words, node or actor", "aria-label": "filter lines", oninput: () => { state.q = search.value; load(); } });
  view.start(await ask());
  let seen = -1;
  return {
    node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Logs"), h("span", { class: "note" }, "the newest 500 lines of the run, its worker processes and the cluster's nodes, the newest first; the dead keep theirs")),
      h("div", { class: "tools" }, search, h("label", { for: "node" }, "Node"), node.select, h("label", { for: "actor" }, "Actor"), actor.select,
        segments("level", [["", "All"], ["info", "Info and above"], ["warn", "▲ Warnings and above"], ["error", "✕ Errors"]], "", (v) => { state.level = v; load(); })), view.body),
    live: (news) => {
      const now = news.notes.length ? news.notes[news.notes.length - 1].number : 0;
      if (seen >= 0 && now !== seen) load();
      seen = now;
    },
    destroy: view.end,
  };
}

export async function settings(context) {
  const { rows } = await get("settings", { run: context.run });
  if (!rows.length) return { node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Settings")), empty("Not recorded", "effective-recipe.yaml in the run's folder has the values.")) };
  let only = false;
  const body = h("div", {});
  const search = h("input", { type: "search", placeholder: "key or value", "aria-label": "filter settings", oninput: () => draw() });
  const draw = () => {
    const q = search.value.toLowerCase();
    const shown = rows.filter((s) => (!only || s.origin !== "default") && (s.key + " " + s.value).toLowerCase().includes(q));
    fill(body, shown.length === 0 ? empty("No setting matches", "") : table([
      { title: "Key", cell: (s) => h("span", { class: "mono" }, s.key) },
      { title: "Value", cls: "wide", cell: (s) => h("span", { class: "mono" }, s.value) },
      { title: "From", cls: "nowrap wide", cell: (s) => (s.origin === "default" ? h("span", { class: "muted" }, "default") : badge("✎ " + s.origin, "accent")) },
    ], shown, { label: "settings" }));
  };
  draw();
  return { node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Settings"), h("span", { class: "note" }, "the effective recipe and where each value comes from")),
    h("div", { class: "tools" }, search, segments("which settings", [["all", "All"], ["set", "Not the default"]], "all", (v) => { only = v === "set"; draw(); })), body) };
}
