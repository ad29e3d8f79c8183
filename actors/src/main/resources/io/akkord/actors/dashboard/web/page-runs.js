import { h, fill, redraw, table, segments, badge, empty } from "./dom.js";
import { get } from "./data.js";
import { number, count, short, duration, moment } from "./format.js";
import { LineChart, Zoom, colours, css, lineSample } from "./charts.js";
import { STATES } from "./app.js";

// Each chart: title, curves, and the held-out figure that belongs beside it.
const CHARTS = [
  ["Weighted loss", ["loss"]], ["NLL (nats/token)", ["nll"], "nll"], ["Mean token probability", ["mean_p"], "mean_p"],
  ["Entropy (nats)", ["entropy"]], ["Score μ ± σ (nats/token)", ["mu", "sigma"]], ["Mean weight", ["mean_w"]],
  ["Effective share", ["ess"]], ["Share of w < 0.5", ["share_w_below_half"]], ["Gradient norm", ["grad_norm"]],
  ["Clip rate", ["clip_rate"]], ["Learning rate", ["lr"]], ["Tokens per second", ["tokens_per_second"]],
];
const NAMES = [...new Set(CHARTS.flatMap(([, names]) => names))].join(",");
const MOST = 5;
const EVERY_MS = 2000;

export async function runs(context) {
  const all = await get("runs");
  if (!all.rows.length) return { node: empty("No run yet", "akkord demo or akkord train begins one.") };
  let x = "step";
  let chosen = [context.run || all.main];
  const cache = new Map();
  const charts = CHARTS.map(([title, names, held]) => ({ names, held, chart: new LineChart(title, { format: title === "Tokens per second" ? short : number, whole: title === "Clip rate" }) }));
  const list = h("div", {});
  const key = h("div", { class: "key", "aria-label": "legend", role: "group" });
  const zoom = new Zoom(charts.map((c) => c.chart), () => ({ step: "", tokens: " tokens", time: " s" })[x]);
  const node = h("div", {},
    h("div", { class: "head" }, h("h1", {}, "Runs"), h("span", { class: "note" }, "tick up to five to lay them over each other; drag in a chart, or use the buttons, to zoom")),
    list,
    h("div", { class: "tools section" }, h("label", {}, "Against"), segments("x axis", [["step", "steps"], ["tokens", "tokens"], ["time", "time (s)"]], x, (value) => {
      x = value;
      cache.clear();
      zoom.set(null);
      refresh();
    }), h("span", { class: "grow" }), zoom.node),
    key,
    h("div", { class: "grid charts" }, charts.map((c) => c.chart.node)));

  const rows = () => redraw(list, table([
    { title: "Run", cls: "nowrap", cell: (r) => h("label", { class: "row pick" }, pick(r), r.folder, chosen.includes(r.id) ? lineSample(chosen.indexOf(r.id)) : null) },
    { title: "State", cell: (r) => badge(...(STATES[r.state] || [r.state])) },
    { title: "Begun", cls: "nowrap", cell: (r) => moment(r.created_at).slice(0, 16) },
    { title: "Steps", num: true, cell: (r) => `${count(r.committed_steps)} / ${count(r.total_steps)}` },
    { title: "Tokens", num: true, cell: (r) => short(r.tokens) },
    { title: "In steps", num: true, cell: (r) => duration(r.seconds) },
    { title: "Loss", num: true, cell: (r) => number(r.last && r.last.loss) },
    { title: "Mean p", num: true, cell: (r) => number(r.last && r.last.mean_p) },
    { title: "Held out", num: true, cell: (r) => number(r.eval && r.eval.origins[0].mean_p) },
    { title: "Skipped", num: true, cell: (r) => count(r.skipped) },
  ], all.rows, { label: "runs" }));

  const pick = (run) => h("input", {
    type: "checkbox", checked: chosen.includes(run.id), "aria-label": "show " + run.folder,
    onchange: (event) => {
      chosen = event.target.checked ? [...chosen, run.id].slice(-MOST) : chosen.filter((id) => id !== run.id);
      rows();
      refresh();
    },
  });

  async function load(id) {
    const had = cache.get(id);
    const axis = x;
    const since = had && had.steps.length ? had.steps[had.steps.length - 1] : 0;
    const got = await get(`runs/${encodeURIComponent(id)}/curves`, { x, names: NAMES, since: had ? since : 0 });
    // Another axis was chosen meanwhile: these x mean something else, and the next turn asks again.
    if (axis !== x) return;
    if (had && (got.width !== had.width || got.attempt !== had.attempt)) {
      cache.delete(id);
      await load(id);
    } else if (had && got.steps.length) {
      const keep = had.steps.findIndex((s) => s >= got.steps[0]);
      const cut = (old, add) => [...old.slice(0, keep < 0 ? undefined : keep), ...add];
      had.steps = cut(had.steps, got.steps);
      had.xs = cut(had.xs, got.xs);
      for (const name of Object.keys(had.series)) {
        for (const part of Object.keys(had.series[name])) had.series[name][part] = cut(had.series[name][part], got.series[name][part] || []);
      }
    } else if (!had) {
      cache.set(id, got);
    }
    const detail = await get(`runs/${encodeURIComponent(id)}`);
    if (cache.has(id)) cache.get(id).evals = detail.evals;
  }

  let busy = false;
  let more = false;
  async function refresh() {
    more = true;
    if (busy) return;
    busy = true;
    try {
      while (more) {
        more = false;
        for (const id of [...chosen]) await load(id);
      }
      draw();
    } catch (error) {
      fill(key, h("span", { class: "badge bad", role: "alert" }, error.message));
    } finally {
      busy = false;
    }
  }

  function draw() {
    const palette = colours();
    const shown = chosen.map((id, run) => ({ run, data: cache.get(id), colour: palette[run] })).filter((r) => r.data);
    const widest = Math.max(1, ...shown.map((r) => r.data.width));
    const name = (id) => all.rows.find((r) => r.id === id)?.folder ?? id;
    fill(key, shown.length === 0 ? "No run is ticked." : shown.map((r) => h("span", {}, lineSample(r.run), name(chosen[r.run]))),
      shown.length ? [h("span", {}, h("span", { class: shown.length === 1 ? "dot sw2" : "dot" }), "held-out rows"), h("span", {}, h("span", { class: "band-sample" }), "μ ± σ")] : null,
      widest > 1 ? h("span", {}, `each point is the mean of ${widest} steps`) : null);
    for (const { names, held, chart } of charts) chart.set(series(names, held, shown));
  }

  function series(names, held, shown) {
    const lines = [];
    for (const { run, data, colour } of shown) {
      const of = (name) => data.series[name].mean;
      if (names[0] === "mu") {
        const up = of("mu").map((m, i) => m + of("sigma")[i]);
        const down = of("mu").map((m, i) => m - of("sigma")[i]);
        // μ comes last: a band covers what was drawn before it.
        lines.push({ name: "μ+σ" + run, xs: data.xs, values: up, colour: colour + "66", thin: true, run, bandTo: lines.length + 1, bandFill: css("--band") });
        lines.push({ name: "μ−σ" + run, xs: data.xs, values: down, colour: colour + "66", thin: true, run });
        lines.push({ name: "μ" + run, xs: data.xs, values: of("mu"), colour, run });
      } else {
        lines.push({ name: names[0] + run, xs: data.xs, values: of(names[0]), colour, run });
      }
      if (held && data.evals && data.evals.length) {
        const xs = data.evals.map((e) => at(data, e.committed_steps));
        lines.push({ name: "held" + run, xs, values: data.evals.map((e) => e.origins[0][held]), colour: shown.length === 1 ? css("--c2") : colour, points: true, run });
      }
    }
    return lines;
  }

  // Where on the x axis a number of committed steps lies.
  function at(data, steps) {
    if (x === "step") return steps;
    const i = data.steps.findIndex((s) => s + data.width >= steps);
    return steps === 0 ? 0 : data.xs[i < 0 ? data.xs.length - 1 : i];
  }

  let lastAt = 0;
  return {
    node,
    shown: () => { rows(); refresh(); },
    live: (news) => {
      const row = all.rows.findIndex((r) => r.id === news.run.id);
      if (Date.now() - lastAt < EVERY_MS) return;
      lastAt = Date.now();
      if (row >= 0) {
        all.rows[row] = news.run;
        rows();
      }
      if (chosen.includes(news.run.id)) refresh();
    },
    destroy: () => charts.forEach((c) => c.chart.destroy()),
  };
}
