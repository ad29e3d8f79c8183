import { h, fill, redraw, badge, empty, pager, loading, failed, segments } from "./dom.js";
import { get } from "./data.js";
import { number, count, percent } from "./format.js";
import { diff } from "./diff.js";

export async function rewrites(context) {
  const state = { decision: "", page: 0 };
  const body = h("div", {}, loading("rewrites"));

  async function load() {
    try {
      draw(await get("rewrites", { run: context.run, ...state }));
    } catch (error) {
      fill(body, failed(error, load));
    }
  }

  // What was open stays open when a cycle has brought more.
  const open = new Set();

  function draw(data) {
    redraw(body, calendar(data, context.latest),
      h("section", { class: "section" },
        h("div", { class: "row between", style: { "margin-bottom": "12px" } },
          h("h2", {}, `${count(data.tried)} tried, ${count(data.accepted)} taken`, h("span", { class: "muted" }, data.tried ? ` (${percent(data.accepted / data.tried, 0)})` : "")),
          segments("which rewrites", [["", "All"], ["accepted", "Taken"], ["rejected", "Not taken"]], state.decision, (value) => { state.decision = value; state.page = 0; load(); })),
        data.rows.length === 0 ? empty("No rewrite here", "Rewrites appear after the first cycle; the calendar above says when that is.")
          : h("div", { class: "stack" }, data.rows.map((r) => entry(r, open))),
        data.matching > data.page_size ? pager(data.page, data.page_size, data.matching, (page) => { state.page = page; load(); }) : null));
  }

  let cycles = -1;
  return {
    node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Rewrites"), h("span", { class: "note" }, "what the model made of the demonstrations that fight it")), body),
    shown: load,
    live: (news) => {
      if (cycles >= 0 && news.run.cycles !== cycles) load();
      cycles = news.run.cycles;
    },
  };
}

function calendar(data, latest) {
  const done = new Map(data.cycles.map((c) => [c.committed_steps, c]));
  const committed = latest ? latest.run.committed_steps : data.committed_steps;
  const next = latest ? latest.run.next_cycle : null;
  const over = latest && ["finished", "stopped", "failed"].includes(latest.run.state);
  const all = [...new Set([...data.calendar, ...done.keys()])].sort((a, b) => a - b);
  if (!all.length) return empty("This run has no rewrite cycle", "rewrite.warmup and rewrite.every in the recipe say when one fires.");
  const numberOf = (step, cycle) => (cycle ? cycle.cycle : data.calendar_first + data.calendar.indexOf(step));
  const from = Math.max(0, all.findIndex((s) => s === next || s >= committed) - 6);
  return h("section", {}, h("h2", { style: { "margin-bottom": "12px" } }, "Cycles"), h("ul", { class: "calendar" }, all.slice(from, from + 12).map((step, i) => {
    const cycle = done.get(step);
    const text = cycle ? `${cycle.accepted} of ${cycle.candidates} taken` : step === next ? (committed === step ? "going on now" : `in ${count(step - committed)} steps`) : over ? "not reached" : "to come";
    return h("li", { class: step === next ? "next" : null, title: cycle ? cycle.reason : null }, h("div", { class: "label" }, `cycle ${numberOf(step, cycle)}, step ${count(step)}`), h("strong", {}, (cycle ? "✓ " : "") + text),
      cycle && cycle.distinct !== null ? h("div", { class: "label", title: "of the runs of four tokens in a text, how many are different" }, `${percent(cycle.distinct, 0)} distinct`) : null);
  })));
}

function entry(r, open) {
  const key = `${r.cycle} ${r.id}`;
  const inside = h("div", { class: "inside" });
  const change = r.cost_after - r.cost_before;
  const node = h("details", { class: "card rewrite" },
    h("summary", {}, h("strong", {}, r.id), r.origin ? badge(r.origin) : null, r.accepted ? badge("✓ taken", "good") : badge("✕ not taken", "warn"),
      h("span", {}, `c ${number(r.cost_before, 3)} → ${number(r.cost_after, 3)}`,
        Number.isFinite(change) ? h("span", { class: "muted" }, ` (${change < 0 ? "▼ fits better" : "▲ fits worse"})`) : null),
      h("span", { class: "grow" }), h("span", { class: "muted" }, `cycle ${r.cycle}, step ${count(r.committed_steps)}`)), inside);
  node.addEventListener("toggle", () => {
    if (node.open) open.add(key);
    else if (node.isConnected) open.delete(key);
    if (node.open && !inside.hasChildNodes()) {
      const [before, after] = diff(r.before.trim(), r.after.trim());
      fill(inside, h("p", { class: "muted" }, r.reason),
        h("div", {}, h("div", { class: "label" }, "Prompt"), h("div", { class: "text-box", dir: "auto" }, r.prompt.trim())),
        h("div", { class: "texts" },
          h("div", {}, h("div", { class: "label" }, `Before: c ${number(r.cost_before)}`), h("div", { class: "text-box", dir: "auto" }, before)),
          h("div", {}, h("div", { class: "label" }, `After: c ${number(r.cost_after)}`), h("div", { class: "text-box", dir: "auto" }, after))),
        h("p", { style: { "margin-top": "12px" } }, h("a", { href: "#/ledger/" + encodeURIComponent(r.id) }, "This sample in the ledger")));
    }
  });
  node.open = open.has(key);
  return node;
}
