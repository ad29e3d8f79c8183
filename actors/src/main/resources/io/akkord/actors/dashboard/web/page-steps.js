import { h, redraw, table, badge, empty, pager } from "./dom.js";
import { get } from "./data.js";
import { number, count, short, duration } from "./format.js";

const SLOW = 2;
const EVERY_MS = 1500;

const PHASES = [
  ["pull", "Pl", "Pull", "new parameters arrive"], ["data", "D", "Data", "micro-batches are built"], ["forward", "F", "Forward", "samples are scored"],
  ["barrier", "Ba", "Barrier", "waits for the scores of all others"], ["backward", "Bw", "Backward", "gradients"],
  ["push", "Ps", "Push", "gradients leave"], ["aggregate", "A", "Aggregate", "waits for sum, step and the next parameters"],
];
const LATE = 1.5;
const PAGE = 40;

export async function steps(context) {
  const body = h("div", {});
  const chosen = { step: null, page: 0 };
  let data = null;
  const load = async () => { data = await get("steps", { run: context.run, limit: 200 }); draw(body, data, chosen, again); };
  const again = () => draw(body, data, chosen, again);
  await load();
  let lastAt = Date.now();
  return {
    node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Steps"), h("span", { class: "note" }, "the latest 200, the newest first; striped bars took more than twice the median")), body),
    live: () => {
      if (Date.now() - lastAt < EVERY_MS) return;
      lastAt = Date.now();
      load().catch(() => {});
    },
  };
}

const own = (w) => w.data + w.forward + w.backward;
const total = (w) => PHASES.reduce((sum, [key]) => sum + w[key], 0);

// One worker's step as a bar of phases; letters and titles say what colours say.
function phaseBar(w, longest) {
  const bar = h("span", { class: "phases", role: "img", "aria-label": PHASES.map(([key, , title]) => `${title} ${duration(w[key])}`).join(", ") });
  bar.style.width = Math.max(2, 100 * (total(w) / longest)) + "%";
  for (const [key, letters, title, hint] of PHASES) {
    const share = w[key] / total(w);
    const part = h("span", { class: "phase ph-" + key, title: `${title}: ${duration(w[key])}, ${hint}` }, (share * total(w)) / longest > (letters.length > 1 ? 0.09 : 0.06) ? letters : "");
    part.style.flexGrow = String(Math.max(share, 0.002));
    bar.append(part);
  }
  return bar;
}

function workers(data, chosen, again) {
  const known = data.rows.filter((r) => r.workers.length);
  if (!known.length) return null;
  const row = known.find((r) => r.step === chosen.step) || known[known.length - 1];
  const longest = Math.max(...row.workers.map(total));
  const times = row.workers.map(own).sort((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)];
  const late = (w) => row.workers.length > 1 && own(w) > LATE * median;
  return h("section", { class: "section" },
    h("h2", {}, `Where the time of step ${count(row.step)} went`),
    h("p", { class: "muted" }, chosen.step === null ? `the latest step; choose another in the list below; a straggler worked longer than ${LATE} times the median` : h("button", { onclick: () => { chosen.step = null; again(); } }, "Back to the latest")),
    h("ul", { class: "legend" }, PHASES.map(([key, letters, title, hint]) => h("li", {}, h("span", { class: "phase ph-" + key }, letters), ` ${title}: ${hint}`))),
    table([
      { title: "Worker", cls: "nowrap", cell: (w) => w.worker },
      { title: "Phases", cls: "phasecell", cell: (w) => phaseBar(w, longest) },
      { title: "Own work", num: true, cell: (w) => duration(own(w)) }, { title: "Waiting", num: true, cell: (w) => duration(w.barrier + w.aggregate) },
      { title: "", cls: "nowrap", cell: (w) => (late(w) ? badge("▲ straggler", "warn") : null) },
    ], row.workers, { label: "workers of the step", mark: late }));
}

function draw(body, data, chosen, again) {
  if (!data.rows.length) {
    redraw(body, empty("No step yet", "The first one appears here by itself."));
    return;
  }
  const rows = [...data.rows].reverse();
  const from = Math.min(chosen.page, Math.floor((rows.length - 1) / PAGE)) * PAGE;
  const times = data.rows.map((r) => r.seconds).filter(Number.isFinite).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] || 0;
  const longest = times[times.length - 1] || 1;
  const slow = (r) => r.seconds > SLOW * median;
  // One very long step does not make all others dots.
  const full = Math.min(longest, 2 * SLOW * median) || 1;
  const summary = [
    ["Median", duration(median)], ["Slowest 5 %", duration(times[Math.min(times.length - 1, Math.floor(times.length * 0.95))])], ["Longest", duration(longest)],
    ["Slow steps", count(rows.filter(slow).length)], ["Skipped", count(rows.filter((r) => r.skipped).length)], ["Clipped", count(rows.filter((r) => r.clipped).length)],
  ];
  redraw(body,
    h("div", { class: "grid six" }, summary.map(([label, value]) => h("div", { class: "card stat" }, h("div", { class: "label" }, label), h("div", { class: "value" }, value)))),
    workers(data, chosen, again),
    h("div", { class: "section" }, table([
      { title: "Step", num: true, cell: (r) => (r.workers.length ? h("button", { class: "linklike", onclick: () => { chosen.step = r.step; again(); window.scrollTo(0, 0); } }, count(r.step)) : count(r.step)) },
      { title: "Epoch", num: true, cell: (r) => r.epoch },
      { title: "Time", cls: "barcell", cell: (r) => {
        const bar = h("span", { class: slow(r) ? "bar slow" : "bar" });
        bar.style.width = Math.max(1, 100 * Math.min(1, r.seconds / full)) + "%";
        return h("span", { class: "timed" }, h("span", { class: "track" }, bar), h("span", {}, duration(r.seconds), slow(r) ? " slow" : ""));
      } },
      { title: "Tokens/s", num: true, cell: (r) => short(r.tokens / r.seconds) },
      { title: "Loss", num: true, cell: (r) => number(r.loss) }, { title: "NLL", num: true, cell: (r) => number(r.nll) },
      { title: "Mean p", num: true, cell: (r) => number(r.mean_p) }, { title: "Mean w", num: true, cell: (r) => number(r.mean_w, 3) },
      { title: "Grad. norm", num: true, cell: (r) => number(r.grad_norm, 3) },
      { title: "", cell: (r) => [r.skipped ? badge("✕ skipped", "bad") : null, r.clipped ? badge("clipped", "") : null] },
    ], rows.slice(from, from + PAGE), { label: "steps", flat: true, mark: (r) => slow(r) || r.skipped }), rows.length > PAGE ? pager(from / PAGE, PAGE, rows.length, (page) => { chosen.page = page; again(); }) : null));
}
