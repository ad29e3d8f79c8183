import { h, fill, redraw, table, badge, empty, segments, loading, failed } from "./dom.js";
import { get } from "./data.js";
import { bytes, count, duration, clock, none } from "./format.js";

export async function checkpoints(context) {
  const body = h("div", {});
  const load = async () => {
    const { rows } = await get("checkpoints", { run: context.run });
    redraw(body, rows.length === 0 ? empty("No checkpoint yet", "save_steps in the recipe says when the next one is written; Ctrl-C writes one too.") : table([
      { title: "After step", num: true, cell: (c) => count(c.committed_steps) },
      { title: "State", cls: "wide", cell: (c) => [badge(c.state === "complete" ? "✓ complete" : c.state.startsWith("not") ? "✕ " + c.state : "– " + c.state, c.state === "complete" ? "good" : c.state.startsWith("not") ? "bad" : ""), " ", c.resumes_from_here ? badge("↻ a resume starts here", "accent") : null, " ", c.best ? badge("★ best", "accent") : null] },
      { title: "Written", cls: "nowrap", cell: (c) => (c.created_at ? c.created_at.replace("T", " ").slice(0, 19) : none) },
      { title: "Size", num: true, cell: (c) => bytes(c.bytes) },
      { title: "Took", num: true, cell: (c) => duration(c.seconds) },
      { title: "Blocked", num: true, cell: (c) => duration(c.blocked_seconds) },
      { title: "Files", num: true, cell: (c) => c.files ?? none },
      { title: "SHA-256 of the weights", cls: "wide", cell: (c) => h("span", { class: "mono" }, c.sha256 ? c.sha256.slice(0, 16) + "…" : none) },
    ], rows, { label: "checkpoints" }),
    h("p", { class: "muted section" }, "Complete: the manifest is whole and every file has its size; every hash was verified when it was written, and is again before a resume. Training goes on while one is written; Blocked is how long the next step waited for it."));
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
  };
}

export async function logs(context) {
  const state = { level: "", q: "", who: "" };
  const body = h("div", {}, loading("lines"));
  const who = h("select", { id: "who", onchange: () => { state.who = who.value; load(); } });
  let asked = 0;
  const load = async () => {
    const mine = ++asked;
    try {
      const { rows, sources } = await get("logs", { run: context.run, ...state });
      if (mine !== asked) return;
      const names = [...new Set([...sources, state.who])].filter(Boolean);
      if (document.activeElement !== who) {
        fill(who, h("option", { value: "" }, "everybody"), names.map((name) => h("option", { value: name }, name)));
        who.value = state.who;
      }
      const kinds = { info: "", warn: "warn", error: "bad" };
      redraw(body, rows.length === 0 ? empty("No line", state.q || state.level || state.who ? "Nothing matches." : "What the run and its workers say appears here.") : table([
        { title: "Time", cls: "nowrap", cell: (l) => clock(l.at) },
        { title: "Level", cell: (l) => badge({ info: "info", warn: "▲ warn", error: "✕ error" }[l.level] || l.level, kinds[l.level]) },
        { title: "Who", cls: "nowrap", cell: (l) => l.source },
        { title: "What", cls: "msg", cell: (l) => l.text },
      ], [...rows].reverse(), { label: "log", cls: "log" }));
    } catch (error) {
      fill(body, failed(error, load));
    }
  };
  const search = h("input", { type: "search", placeholder: "words, actor or worker", "aria-label": "filter lines", oninput: () => { state.q = search.value; load(); } });
  let seen = -1;
  return {
    node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Logs"), h("span", { class: "note" }, "the newest 500 lines of the run and its worker processes, the newest first; the dead keep theirs")),
      h("div", { class: "tools" }, search, h("label", { for: "who" }, "Who"), who,
        segments("level", [["", "All"], ["info", "Info"], ["warn", "Warnings"], ["error", "Errors"]], "", (v) => { state.level = v; load(); })), body),
    shown: load,
    live: (news) => {
      const now = news.notes.length ? news.notes[news.notes.length - 1].number : 0;
      if (seen >= 0 && now !== seen) load();
      seen = now;
    },
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
