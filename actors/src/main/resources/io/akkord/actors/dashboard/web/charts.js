import uPlot from "./uPlot.esm.js";
import { h, svg, fill } from "./dom.js";
import { number, short } from "./format.js";

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
export const colours = () => ["--c1", "--c2", "--c3", "--c4", "--c5"].map(css);
const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3], [1, 2]];

// How a run's lines look, for legends: its colour and its dash.
export const lineSample = (run) => svg("svg", { class: "line-sample", viewBox: "0 0 30 10", "aria-hidden": "true" },
  svg("line", { x1: 1, y1: 5, x2: 29, y2: 5, stroke: `var(--c${run + 1})`, "stroke-width": 2.5, "stroke-dasharray": DASHES[run].join(" ") }));

export function sparkline(values, label) {
  const known = (values || []).map((v, i) => [i, v]).filter(([, v]) => Number.isFinite(v));
  const picture = svg("svg", { viewBox: "0 0 100 36", preserveAspectRatio: "none", role: "img", "aria-label": label });
  if (known.length < 2) return picture;
  const low = Math.min(...known.map(([, v]) => v));
  const high = Math.max(...known.map(([, v]) => v));
  const x = (i) => (100 * i) / (values.length - 1);
  const y = (v) => (high === low ? 18 : 33 - (30 * (v - low)) / (high - low));
  const path = known.map(([i, v], n) => `${n ? "L" : "M"}${x(i).toFixed(2)} ${y(v).toFixed(2)}`).join("");
  const first = x(known[0][0]).toFixed(2);
  const last = x(known[known.length - 1][0]).toFixed(2);
  picture.append(
    svg("path", { d: `${path}L${last} 36L${first} 36Z`, fill: "var(--accent-soft)", opacity: ".7" }),
    svg("path", { d: path, fill: "none", stroke: "var(--accent)", "stroke-width": "1.6", "vector-effect": "non-scaling-stroke", "stroke-linejoin": "round" }));
  return picture;
}

// series: [{name, xs, values, colour, run, thin, points, bandTo, bandFill}] on one x axis.
export class LineChart {
  constructor(title, options = {}) {
    this.title = title;
    this.options = options;
    this.now = h("span", { class: "now" });
    this.plot = h("div", { class: "plot", role: "img", "aria-label": title });
    this.node = h("section", { class: "card chart" }, h("h3", {}, h("span", {}, title), this.now), this.plot);
    this.series = [];
    this.zoom = null;
    this.observer = new ResizeObserver(() => this.chart && this.chart.setSize(this.size()));
    this.observer.observe(this.plot);
  }

  size() {
    return { width: Math.max(120, this.plot.clientWidth), height: 168 };
  }

  set(series) {
    const shape = JSON.stringify(series.map((s) => [s.name, s.colour, s.points]));
    const data = joined(series);
    if (this.chart && shape === this.shape) {
      this.chart.setData(data);
      this.series = series;
    } else {
      if (this.chart) this.chart.destroy();
      this.shape = shape;
      this.series = series;
      fill(this.plot);
      this.chart = new uPlot(this.config(series), data, this.plot);
    }
    if (this.zoom) this.show(this.zoom.range);
    const lines = series.filter(main).map((s) => s.values.findLast(Number.isFinite)).filter(Number.isFinite);
    this.now.textContent = lines.length ? this.format(lines[0]) : "";
    this.plot.setAttribute("aria-label", `${this.title}, now ${this.now.textContent}`);
  }

  format(value) {
    return (this.options.format || number)(value);
  }

  // The first and the last x that there is.
  extent() {
    const xs = this.series.flatMap((s) => (s.xs.length ? [s.xs[0], s.xs[s.xs.length - 1]] : []));
    return xs.length ? [Math.min(...xs), Math.max(...xs)] : null;
  }

  // Only these x; null: all.
  show(range) {
    if (this.chart && (range || this.narrowed)) {
      const [min, max] = range || this.extent() || [0, 1];
      this.chart.setScale("x", { min, max });
    }
    this.narrowed = range !== null;
  }

  dragged(u) {
    if (u.select.width <= 0) return;
    const range = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    if (this.zoom) this.zoom.set(range);
  }

  config(series) {
    const line = css("--line");
    const muted = css("--muted");
    const font = "11px system-ui, sans-serif";
    const axis = { stroke: muted, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return {
      ...this.size(),
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: true, y: false, setScale: false }, points: { size: 5 },
        bind: { dblclick: () => () => { if (this.zoom) this.zoom.set(null); return null; } },
        sync: { key: "charts", filters: { pub: (type) => !/down|up|click/.test(type) } },
      },
      scales: { x: { time: false }, y: this.options.whole ? { range: [0, 1] } : {} },
      hooks: { setCursor: [(u) => this.hover(u)], setSelect: [(u) => this.dragged(u)] },
      axes: [
        { ...axis, space: 60, size: 22, gap: 4, values: (u, v) => v.map(short) },
        { ...axis, space: 32, size: 54, values: (u, v) => v.map((n) => (n === 0 ? "0" : Math.abs(n) < 1e-3 || Math.abs(n) >= 1e5 ? n.toExponential(0) : Number(n.toPrecision(4)).toString())) },
      ],
      series: [{}, ...series.map((s) => ({
        label: s.name, stroke: s.colour, width: s.thin || s.points ? 1 : 1.6, dash: DASHES[s.run || 0],
        points: s.points ? { show: true, size: 7, fill: s.colour } : { show: false }, spanGaps: true,
      }))],
      bands: series.flatMap((s, i) => (s.bandTo === undefined ? [] : [{ series: [i + 1, s.bandTo + 1], fill: s.bandFill }])),
    };
  }

  hover(u) {
    const i = u.cursor.idx;
    if (i === null || i === undefined) return;
    const values = u.data.slice(1).filter((_, n) => main(this.series[n])).map((column) => column[i]).filter(Number.isFinite);
    if (values.length) this.now.textContent = `${short(u.data[0][i])}: ${values.map((v) => this.format(v)).join(" · ")}`;
  }

  destroy() {
    this.observer.disconnect();
    if (this.chart) this.chart.destroy();
  }
}

const main = (s) => !s.thin && !s.points;

// One range of x for several charts: dragged in any of them with a mouse, or by buttons, which need none.
export class Zoom {
  constructor(charts, unit) {
    this.charts = charts;
    this.range = null;
    this.unit = unit;
    this.said = h("span", { class: "muted", role: "status" });
    const button = (label, text, change) => h("button", { type: "button", "aria-label": label, title: label, onclick: change }, text);
    this.node = h("span", { class: "row zoom" }, this.said,
      h("span", { class: "segments", role: "group", "aria-label": "zoom of the charts" },
        button("zoom in", "+", () => this.move(0.25, -0.25)), button("zoom out", "−", () => this.move(-0.5, 0.5)),
        button("earlier", "←", () => this.move(-0.5, -0.5)), button("later", "→", () => this.move(0.5, 0.5)),
        button("show all", "All", () => this.set(null))));
    for (const chart of charts) chart.zoom = this;
  }

  whole() {
    const all = this.charts.map((chart) => chart.extent()).filter(Boolean);
    return all.length ? [Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))] : null;
  }

  // Moves both ends by shares of what is seen, and stays within what there is.
  move(byLow, byHigh) {
    const whole = this.whole();
    if (!whole || whole[0] === whole[1]) return;
    const [low, high] = this.range || whole;
    const width = Math.min((high - low) * (1 + byHigh - byLow), whole[1] - whole[0]);
    const from = Math.max(whole[0], Math.min(low + byLow * (high - low), whole[1] - width));
    this.set(width >= whole[1] - whole[0] ? null : [from, from + width]);
  }

  set(range) {
    this.range = range;
    for (const chart of this.charts) chart.show(range);
    this.said.textContent = range ? `${short(Math.round(range[0]))} to ${short(Math.round(range[1]))}${this.unit()}` : "";
  }
}

function joined(series) {
  const clean = (s) => [s.xs, s.values.map((v) => (Number.isFinite(v) ? v : null))];
  if (series.length === 0) return [[0], [null]];
  const same = series.every((s) => s.xs === series[0].xs);
  return same ? [series[0].xs, ...series.map((s) => clean(s)[1])] : uPlot.join(series.map(clean));
}

// counts: columns of bins, lowest bin first.
export function heatMap({ counts, top, width, label }) {
  // From the lowest bin that any step used to the highest.
  const used = counts.map((column) => [column.findIndex((n) => n > 0), column.findLastIndex((n) => n > 0) + 1]).filter(([first]) => first >= 0);
  const from = used.length ? Math.min(...used.map(([first]) => first)) : 0;
  const to = used.length ? Math.max(...used.map(([, end]) => end)) : 1;
  const each = top / (counts.length ? counts[0].length : 1);
  const bins = to - from;
  counts = counts.map((column) => column.slice(from, to));
  const canvas = h("canvas", { role: "img", "aria-label": label, width: Math.max(1, counts.length) * 6, height: Math.max(1, bins) * 6 });
  const g = canvas.getContext("2d");
  const most = Math.max(1, ...counts.flat());
  const rgb = css("--heat");
  // Each column is a distribution of its own: shares, not counts, so that a short last column is not pale.
  counts.forEach((column, x) => {
    const peak = Math.max(...column) || 1;
    column.forEach((n, bin) => {
      if (!n) return;
      g.fillStyle = `rgba(${rgb}, ${(0.14 + 0.86 * Math.sqrt(n / peak)).toFixed(3)})`;
      g.fillRect(x * 6, (bins - 1 - bin) * 6, 6, 6);
    });
  });
  const ticks = [1, 0.75, 0.5, 0.25, 0].map((f) => h("span", {}, number(each * (from + f * bins), 2)));
  return h("div", {},
    h("div", { class: "heat" },
      h("div", { class: "ylabels", "aria-hidden": "true" }, ticks), canvas,
      h("div", { class: "xlabels", "aria-hidden": "true" },
        [0, 0.25, 0.5, 0.75, 1].map((f) => h("span", {}, (f === 0 ? "step " : "") + short(Math.round(f * counts.length * width)))))),
    h("div", { class: "key" }, h("span", {}, "few"), h("span", { class: "ramp" }), h("span", {}, "most samples of the step"),
      h("span", { class: "grow" }), h("span", {}, `largest cell ${most}`)));
}

export function histogram(counts, low, high, label) {
  const most = Math.max(1, ...counts);
  return h("div", {},
    h("div", { class: "hist", role: "img", "aria-label": label },
      counts.map((n, i) => {
        const bar = h("i", { title: `${number(low + (i * (high - low)) / counts.length, 2)} … ${number(low + ((i + 1) * (high - low)) / counts.length, 2)}: ${n}` });
        bar.style.height = n ? Math.max(1, (100 * n) / most) + "%" : "0";
        return bar;
      })),
    h("div", { class: "xlabels", "aria-hidden": "true" }, [0, 0.25, 0.5, 0.75, 1].map((f) => h("span", {}, number(low + f * (high - low), 2)))),
    h("div", { class: "key" }, h("span", {}, `highest bar ${most} samples`), h("span", { class: "grow" }), h("span", {}, "fights the model →")));
}
