import { h, fill, redraw, table, badge, empty, pager, loading, failed } from "./dom.js";
import { get } from "./data.js";
import { number, count } from "./format.js";
import { heatMap, histogram, LineChart, Zoom, css } from "./charts.js";

export async function ledger(context, rest) {
  return rest.length ? sample(context, rest[0]) : list(context);
}

async function list(context) {
  const state = { sort: "average", q: "", origin: "", revised: "", visited: "", page: 0 };
  const rows = h("div", {}, loading("samples"));
  const scores = h("div", {}, loading("scores"));
  const search = h("input", { type: "search", id: "q", placeholder: "id, origin or words of the text", "aria-label": "search samples" });
  let timer = null;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { state.q = search.value; state.page = 0; load(); }, 250);
  });
  const sort = h("select", { id: "sort", onchange: () => { state.sort = sort.value; state.page = 0; load(); } },
    [["average", "worst average score"], ["cost", "highest last cost"], ["visits", "most visits"], ["revision", "most often rewritten"], ["id", "id"]].map(([v, t]) => h("option", { value: v }, t)));
  const choose = (name, label, choices) => {
    const select = h("select", { id: name, onchange: () => { state[name] = select.value; state.page = 0; load(); } }, choices.map(([v, t]) => h("option", { value: v }, t)));
    return { select, parts: [h("label", { for: name }, label), select] };
  };
  const origin = choose("origin", "Origin", [["", "all"]]);
  const revised = choose("revised", "Text", [["", "all"], ["yes", "rewritten"], ["no", "as in the data"]]);
  const visited = choose("visited", "Visits", [["", "all"], ["yes", "visited since revision"], ["no", "not visited"]]);
  let asked = 0;

  async function load() {
    const mine = ++asked;
    try {
      const data = await get("samples", { run: context.run, ...state });
      if (mine === asked) draw(data);
    } catch (error) {
      if (mine === asked) fill(rows, failed(error, load));
    }
  }

  function draw(data) {
    const named = [...new Set([...data.origins, state.origin])].filter(Boolean);
    if (document.activeElement !== origin.select && named.length !== origin.select.options.length - 1) {
      fill(origin.select, h("option", { value: "" }, "all"), named.map((o) => h("option", { value: o }, o)));
      origin.select.value = state.origin;
    }
    const found = state.q || state.origin || state.revised || state.visited ? `${count(data.matching)} match${data.texts_searched || !state.q ? "" : " (ids and origins; the data is too large to search its texts)"}` : `${count(data.samples)} samples`;
    redraw(rows, h("p", { class: "muted", role: "status" }, `${found}; as of step ${count(data.committed_steps)}, from the ${data.source}`),
      data.rows.length === 0 ? empty(data.samples ? "No sample matches" : "No sample yet", data.samples ? "Search looks for the words as they stand, in any case; every filter must hold." : "Samples appear with the run that trains on them.") : table([
        { title: "Sample", cls: "nowrap", cell: (r) => h("a", { href: "#/ledger/" + encodeURIComponent(r.id) }, r.id) },
        { title: "Origin", cell: (r) => r.origin || "–" },
        { title: "Average " + data.score, num: true, cell: (r) => number(r.average, 3) },
        { title: "Last c", num: true, cell: (r) => number(r.last_cost, 3) },
        { title: "Visits", num: true, cell: (r) => count(r.visits) },
        { title: "Revision", num: true, cell: (r) => (r.revision ? badge("✎ " + r.revision, "accent") : "0") },
        { title: "Text", cls: "rest", cell: (r) => h("div", { class: "text", title: r.prompt }, r.prompt.trim(), " ▸ ", r.completion.trim()) },
      ], data.rows, { label: "samples" }),
      pager(data.page, data.page_size, Math.min(data.matching, 10000), (page) => { state.page = page; load(); }));
  }

  async function loadScores() {
    try {
      const data = await get("scores", { run: context.run });
      fill(scores, h("div", { class: "grid two" },
        h("section", { class: "card" }, h("h3", {}, "Scores of each step (c, nats per token)"),
          data.counts.length ? heatMap({ counts: data.counts, top: data.top, width: data.column_steps, label: "distribution of scores over steps" })
            : data.samples ? empty("Not known now", "Another process writes the journal; averages come from its newest checkpoint.") : empty("No score yet", "The first step of a run brings the first ones.")),
        h("section", { class: "card" }, h("h3", {}, `Average ${data.score} of ${count(data.visited)} visited samples`),
          histogram(data.averages, data.average_low, data.average_high, "distribution of average scores"))));
    } catch (error) {
      fill(scores, failed(error, loadScores));
    }
  }

  let lastAt = 0;
  return {
    node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Ledger"), h("span", { class: "note" }, "which demonstrations fight the model")), scores,
      h("section", { class: "section" }, h("div", { class: "tools" }, search, h("label", { for: "sort" }, "Order"), sort, origin.parts, revised.parts, visited.parts), rows)),
    shown: () => { load(); loadScores(); },
    live: (news) => {
      if (Date.now() - lastAt < 6000 || news.run.state !== "running") return;
      if (lastAt) { load(); loadScores(); }
      lastAt = Date.now();
    },
  };
}

async function sample(context, id) {
  const data = await get("samples/" + encodeURIComponent(id), { run: context.run });
  const costs = new LineChart("Cost c at each visit (nats per token)");
  const weights = new LineChart("Weight at each visit");
  const zoom = new Zoom([costs, weights], () => "");
  const box = (label, text) => h("div", {}, h("div", { class: "label" }, label), h("div", { class: "text-box", dir: "auto" }, text.trim() || "(empty)"));
  const visits = data.visits_list;
  const node = h("div", {},
    h("div", { class: "head" }, h("a", { href: "#/ledger" }, "← Ledger"), h("h1", {}, data.id), data.origin ? badge(data.origin) : null, data.revision ? badge("✎ revision " + data.revision, "accent") : null),
    h("div", { class: "grid cards" }, [
      ["Average " + data.score, number(data.average, 3)], ["Last c", number(data.last_cost, 4)], ["Visits since revision", count(data.visits)], ["Rewrites tried", count(data.versions.length)],
    ].map(([label, value]) => h("div", { class: "card stat" }, h("div", { class: "label" }, label), h("div", { class: "value" }, value)))),
    h("section", { class: "section stack" }, h("h2", {}, "Text in force"), h("div", { class: "texts" }, box("Prompt", data.prompt), box("Completion", data.completion))),
    visits.length ? h("section", { class: "section stack" }, h("div", { class: "row between" }, h("h2", {}, "By step"), zoom.node), h("div", { class: "grid two" }, costs.node, weights.node)) : null,
    h("section", { class: "section stack" }, h("h2", {}, "Visits"), visits.length ? table([
      { title: "Attempt", num: true, cell: (v) => v.attempt }, { title: "Step", num: true, cell: (v) => count(v.step) }, { title: "Revision", num: true, cell: (v) => v.revision },
      { title: "c", num: true, cell: (v) => number(v.cost) }, { title: "z", num: true, cell: (v) => number(v.z, 3) }, { title: "Weight", num: true, cell: (v) => number(v.weight) },
      { title: "", cell: (v) => (v.skipped ? badge("✕ step skipped", "bad") : null) },
    ], [...visits].reverse(), { label: "visits" }) : empty(data.visits_unknown ? "Not known now" : "Never visited", data.visits_unknown || "Its first visit comes by itself.")),
    data.versions.length ? h("section", { class: "section stack" }, h("h2", {}, "Versions"), box("Revision 0, from the data file", data.original),
      data.versions.map((v) => box(`${v.accepted ? "Revision " + v.revision + ", taken" : "Not taken"} in cycle ${v.cycle} after step ${count(v.committed_steps)}: c ${number(v.cost_before)} → ${number(v.cost_after)}; ${v.reason}`, v.after))) : null);
  return {
    node,
    shown: () => {
      const xs = visits.map((v) => v.step);
      if (visits.length) {
        costs.set([{ name: "c", xs, values: visits.map((v) => v.cost), colour: css("--c1") }, { name: "c ", xs, values: visits.map((v) => v.cost), colour: css("--c1"), points: true }]);
        weights.set([{ name: "w", xs, values: visits.map((v) => v.weight), colour: css("--c2") }, { name: "w ", xs, values: visits.map((v) => v.weight), colour: css("--c2"), points: true }]);
      }
    },
    destroy: () => { costs.destroy(); weights.destroy(); },
  };
}
