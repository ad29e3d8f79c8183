import { h, redraw, empty, loading, table } from "./dom.js";
import { number, count, short, duration, percent, clock, none } from "./format.js";
import { sparkline } from "./charts.js";
import { workerBadge } from "./page-machines.js";

const CARDS = [
  ["loss", "Weighted loss", (v) => number(v), "the objective; may rise while mean p rises"],
  ["mean_p", "Mean probability", (v) => number(v), "per token; what CADFT raises"],
  ["nll", "NLL", (v) => number(v), "nats per token"],
  ["entropy", "Entropy", (v) => number(v, 3), "nats"],
  ["mean_w", "Mean weight", (v) => number(v, 3), "1: every sample counts in full"],
  ["tokens_per_second", "Tokens per second", (v) => short(v), "over the last 50 steps"],
];

export async function overview() {
  const body = h("div", {}, loading("the run's figures"));
  const node = h("div", {}, h("div", { class: "head" }, h("h1", {}, "Overview"), h("span", { class: "note", id: "overview-note" })), body);
  const none = () => fill(body, empty("No run yet", "akkord job submit RECIPE.yaml hands one in; it appears here by itself. Nodes shows who is there to carry it out."));
  return { node, none, live: (news) => draw(node, body, news) };
}

function draw(node, body, news) {
  const run = news.run;
  node.querySelector(".note").textContent = `${run.folder}, attempt ${run.attempt ?? none}`;
  if (!run.committed_steps && !news.notes.length) {
    redraw(body, empty("The run is starting", "Reading the model and testing the engine takes a few seconds; the first step appears here by itself."));
    return;
  }
  redraw(body, progress(run, news), attention(news.attention), cards(run, news.sparks),
    h("div", { class: "grid uneven section" }, heldOut(news.evals), cycles(news.cycles, run)),
    h("div", { class: "grid two section" }, workers(news.workers), notes(news.notes)));
}

function progress(run, news) {
  const done = run.total_steps ? run.committed_steps / run.total_steps : 0;
  const bar = h("div", {});
  bar.style.width = (100 * done).toFixed(2) + "%";
  const over = run.seconds_left === null;
  let next = null;
  let tick = null;
  if (run.next_cycle !== null && run.total_steps) {
    tick = h("i", {});
    tick.style.left = Math.min(99.7, (100 * run.next_cycle) / run.total_steps).toFixed(2) + "%";
    next = h("div", { class: "next-cycle" }, h("i", {}), `next rewrite cycle: after step ${count(run.next_cycle)}`);
  }
  return h("section", { class: "card" },
    h("div", { class: "row between" },
      h("h2", {}, `Step ${count(run.committed_steps)}`, h("span", { class: "muted" }, ` of ${count(run.total_steps)} (${percent(done)})`)),
      h("span", { class: "muted" }, over ? `${duration(run.seconds)} in steps; ${run.reason || run.state}` : `${duration(run.seconds_left)} left, ${duration(run.seconds)} so far`)),
    h("div", { class: "progress", role: "progressbar", "aria-label": "steps", "aria-valuemin": "0", "aria-valuemax": String(run.total_steps ?? 0), "aria-valuenow": String(run.committed_steps), style: { "margin-top": "10px" } }, bar, tick), next);
}

function attention(entries) {
  const words = { error: ["✕", "Error"], warn: ["▲", "Warning"], info: ["ℹ", "Note"] };
  return h("section", { class: "section" }, h("h2", {}, "Needs attention"),
    entries.length === 0 ? h("div", { class: "calm" }, "✓ Nothing. Losses are finite, entropy is in its band, rewrites do not repeat themselves, and nobody is late.")
      : h("ul", { class: "attention" }, entries.map((e) =>
        h("li", { class: e.severity }, h("strong", {}, `${words[e.severity][0]} ${words[e.severity][1]}: ${e.about}. `), e.reason,
          h("p", { class: "advice" }, e.advice)))));
}

function cards(run, sparks) {
  const last = run.last || {};
  return h("section", { class: "section" }, h("h2", {}, "Now"), h("div", { class: "grid six" }, CARDS.map(([key, title, format, hint]) => {
    const value = key === "tokens_per_second" ? run.tokens_per_second : last[key];
    return h("div", { class: "card stat drawn" }, h("div", { class: "label" }, title), h("div", { class: "value", "data-card": key }, format(value)),
      sparkline(sparks[key], `${title} over the run`), h("div", { class: "sub" }, hint));
  })));
}

function heldOut(evals) {
  const heading = h("h2", {}, "Held out");
  if (!evals.length) return h("section", { class: "stack" }, heading, empty("No evaluation yet", "eval_file and eval_steps in the recipe say when."));
  const first = evals[0];
  const last = evals[evals.length - 1];
  const before = new Map(first.origins.map((o) => [o.origin, o]));
  // better: 1, more is better; -1, less is.
  const change = (now, then, better) => {
    const d = now - then;
    const words = Math.abs(d).toFixed(4) === "0.0000" ? ["= unchanged", ""] : [`${d > 0 ? "▲" : "▼"} ${Math.abs(d).toFixed(4)} ${d * better > 0 ? "better" : "worse"}`, d * better > 0 ? "better" : "worse"];
    return h("span", {}, number(now), evals.length > 1 ? h("span", { class: "change " + words[1] }, words[0]) : null);
  };
  return h("section", { class: "stack" }, heading, table([
    { title: "Origin", cell: (o) => o.origin || "all" },
    { title: "Samples", num: true, cell: (o) => count(o.samples) },
    { title: "Mean p", num: true, cell: (o) => change(o.mean_p, before.get(o.origin).mean_p, 1) },
    { title: "Top-1", num: true, cell: (o) => change(o.top1, before.get(o.origin).top1, 1) },
    { title: "NLL", num: true, cell: (o) => change(o.nll, before.get(o.origin).nll, -1) },
  ], last.origins, { label: "held out" }),
  h("p", { class: "muted" }, `after step ${count(last.committed_steps)}`, evals.length > 1 ? `; changes since step ${count(first.committed_steps)}` : "", last.best ? "; best so far" : "", ". CADFT raises mean p; NLL may get worse meanwhile."));
}

function cycles(rows, run) {
  const heading = h("h2", {}, "Rewrite cycles");
  const next = run.next_cycle === null ? "no more cycle comes" : `the next comes after step ${count(run.next_cycle)}`;
  if (!rows.length) return h("section", { class: "stack" }, heading, empty("None yet", next));
  return h("section", { class: "stack" }, heading, table([
    { title: "Cycle", num: true, cell: (c) => c.cycle }, { title: "After step", num: true, cell: (c) => count(c.committed_steps) },
    { title: "Taken", num: true, cell: (c) => `${count(c.accepted)} of ${count(c.candidates)}` },
    { title: "Distinct", num: true, cell: (c) => (c.distinct === null ? "–" : percent(c.distinct, 0)) },
  ], rows.slice(-8).reverse(), { label: "rewrite cycles" }), h("p", { class: "muted" }, next, "; ", h("a", { href: "#/rewrites" }, "see the texts")));
}

function workers(rows) {
  return h("section", { class: "stack" }, h("h2", {}, "Workers"),
    rows.length === 0 ? empty("Not known", "This run was recorded without its workers.") : table([
      { title: "Worker", cls: "nowrap", cell: (w) => w.id },
      { title: "State", cell: (w) => workerBadge(w) },
      { title: "Reason", cls: "wide", cell: (w) => w.reason }, { title: "Since", cls: "nowrap", cell: (w) => clock(w.since) },
    ], rows, { label: "workers" }));
}

function notes(rows) {
  return h("section", { class: "stack" }, h("h2", {}, "Latest"), table([
    { title: "Time", cls: "nowrap", cell: (l) => clock(l.at) }, { title: "Who", cls: "nowrap", cell: (l) => (l.source === "run" ? l.actor : l.source) },
    { title: "What", cls: "msg", cell: (l) => l.text },
  ], [...rows].reverse(), { label: "latest notes", cls: "log" }));
}
