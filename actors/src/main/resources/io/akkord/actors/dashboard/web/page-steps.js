import { h, fill, table, badge, empty } from "./dom.js";
import { get } from "./data.js";
import { number, count, short, duration } from "./format.js";

const SLOW = 2;
const EVERY_MS = 1500;

export async function steps(context) {
  const body = h("div", {});
  const load = async () => draw(body, await get("steps", { run: context.run, limit: 200 }));
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

function draw(body, data) {
  if (!data.rows.length) {
    fill(body, empty("No step yet", "The first one appears here by itself."));
    return;
  }
  const rows = [...data.rows].reverse();
  const times = data.rows.map((r) => r.seconds).filter(Number.isFinite).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] || 0;
  const longest = times[times.length - 1] || 1;
  const slow = (r) => r.seconds > SLOW * median;
  const summary = [
    ["Median", duration(median)], ["Slowest 5 %", duration(times[Math.min(times.length - 1, Math.floor(times.length * 0.95))])], ["Longest", duration(longest)],
    ["Stragglers", count(rows.filter(slow).length)], ["Skipped", count(rows.filter((r) => r.skipped).length)], ["Clipped", count(rows.filter((r) => r.clipped).length)],
  ];
  fill(body,
    h("div", { class: "grid six" }, summary.map(([label, value]) => h("div", { class: "card stat" }, h("div", { class: "label" }, label), h("div", { class: "value" }, value)))),
    h("div", { class: "section" }, table([
      { title: "Step", num: true, cell: (r) => count(r.step) },
      { title: "Epoch", num: true, cell: (r) => r.epoch },
      { title: "Time", cls: "barcell", cell: (r) => {
        const bar = h("span", { class: slow(r) ? "bar slow" : "bar" });
        bar.style.width = Math.max(1, 70 * (r.seconds / longest)) + "%";
        return h("span", {}, bar, " ", duration(r.seconds), slow(r) ? " slow" : "");
      } },
      { title: "Tokens/s", num: true, cell: (r) => short(r.tokens / r.seconds) },
      { title: "Loss", num: true, cell: (r) => number(r.loss) }, { title: "NLL", num: true, cell: (r) => number(r.nll) },
      { title: "Mean p", num: true, cell: (r) => number(r.mean_p) }, { title: "Mean w", num: true, cell: (r) => number(r.mean_w, 3) },
      { title: "Grad. norm", num: true, cell: (r) => number(r.grad_norm, 3) },
      { title: "", cell: (r) => [r.skipped ? badge("✕ skipped", "bad") : null, r.clipped ? badge("clipped", "") : null] },
    ], rows, { label: "steps", mark: (r) => slow(r) || r.skipped })));
}
