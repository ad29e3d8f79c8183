import { h, fill, table, badge, empty } from "./dom.js";
import { get } from "./data.js";
import { bytes, count, clock, moment, duration, none } from "./format.js";

const EVERY_MS = 3000;
const WORKER = { joined: ["● joined", "good"], lost: ["✕ lost", "bad"], left: ["– left", ""] };

export const workerBadge = (w) => badge(...(WORKER[w.state] || [w.state]));

function refreshing(load, draw) {
  const body = h("div", {});
  let timer = null;
  const again = async () => {
    try {
      draw(body, await load());
    } catch { /* the header says that the connection is lost */ }
    timer = setTimeout(again, EVERY_MS);
  };
  return { body, start: (first) => { draw(body, first); timer = setTimeout(again, EVERY_MS); }, end: () => clearTimeout(timer) };
}

function meter(used, all) {
  const inner = h("div", {});
  inner.style.width = all > 0 ? Math.min(100, (100 * used) / all).toFixed(1) + "%" : "0";
  return h("div", { class: "meter", "aria-hidden": "true" }, inner);
}

export async function nodes(context) {
  const load = () => get("nodes", { run: context.run });
  const view = refreshing(load, (body, data) => fill(body,
    data.rows.length === 0
      ? empty("The run's process is gone, or is another one", "What it was made of is under Settings; its workers are below as they were last heard of.")
      : h("div", { class: "grid two" }, data.rows.map(machine)),
    workersTable(data.workers)));
  view.start(await load());
  return { node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Nodes")), view.body), destroy: view.end };
}

function machine(n) {
  const used = n.memory_bytes - n.memory_available_bytes;
  const disk = n.disk_total_bytes - n.disk_free_bytes;
  const fact = (name, ...value) => [h("dt", {}, name), h("dd", {}, ...value)];
  return h("section", { class: "card" },
    h("div", { class: "row between", style: { "margin-bottom": "12px" } }, h("h2", {}, n.node), badge("● heard " + clock(n.heartbeat_at), "good")),
    h("dl", { class: "facts" },
      fact("Process", `${n.pid}, Java ${n.java}, up ${duration((n.heartbeat_at - n.started_at) / 1000)}`),
      fact("Incarnation", h("span", { class: "mono" }, n.incarnation), h("span", { class: "muted" }, ` begun ${moment(n.started_at)}`)),
      fact("Device", `CPU, ${n.cores} cores, load ${n.load.toFixed(2)}`),
      fact("Resident", bytes(n.resident_bytes), meter(n.resident_bytes, n.memory_bytes)),
      fact("Java heap", `${bytes(n.heap_bytes)} of ${bytes(n.heap_limit_bytes)}`, meter(n.heap_bytes, n.heap_limit_bytes)),
      fact("Memory", `${bytes(used)} of ${bytes(n.memory_bytes)} used`, meter(used, n.memory_bytes)),
      fact("Disk", `${bytes(n.disk_free_bytes)} free of ${bytes(n.disk_total_bytes)}`, meter(disk, n.disk_total_bytes)),
      fact("Threads", count(n.threads))));
}

function workersTable(rows) {
  if (!rows.length) return null;
  return h("section", { class: "section" }, h("h2", {}, "Workers"), table([
    { title: "Worker", cell: (w) => w.id },
    { title: "State", cell: (w) => workerBadge(w) },
    { title: "Reason", cell: (w) => w.reason }, { title: "Joined", num: true, cell: (w) => w.joins + "×" },
    { title: "Since", cls: "nowrap", cell: (w) => moment(w.since) },
  ], rows, { label: "workers" }));
}

const ROLES = {
  supervisor: "decides: members, shares, what is due between steps", ledger: "remembers which demonstrations fight the model",
  "parameter-server": "the step barrier", checkpointer: "writes and verifies checkpoints", events: "metrics and this page",
  "parameter-shard": "a slice of weights and moments", worker: "scores and gradients of its shards",
};

export async function actors(context) {
  const load = () => get("actors", { run: context.run });
  const view = refreshing(load, (body, data) => {
    const known = new Map(data.workers.map((w) => [w.id, w]));
    fill(body, data.rows.length === 0
      ? empty(data.live ? "No actor is left" : "This run does not go on in this process", "Actors are seen while the process that runs them shows this page.")
      : table([
        { title: "Actor", cell: (a) => h("span", { style: { "padding-left": a.depth * 22 + "px" } }, (a.depth ? "└ " : "") + a.path.split("/").pop()) },
        { title: "What it does", cell: (a) => h("span", { class: "muted" }, ROLES[a.path.replace(/-\d+$/, "").split("/").pop()] || "") },
        { title: "State", cell: (a) => { const w = known.get(a.path); return w ? workerBadge(w) : badge("● running", "good"); } },
        { title: "Reason", cell: (a) => (known.has(a.path) ? known.get(a.path).reason : none) },
        { title: "Mailbox", num: true, cell: (a) => a.mailbox },
      ], data.rows, { label: "actors", mark: (a) => a.mailbox > 100 }),
    h("p", { class: "muted section" }, "Nobody restarts: a worker that fails is left out and the others take its shards; an actor that the run cannot do without ends it with its reason. Lost workers stay on the Overview."));
  });
  view.start(await load());
  return { node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Actors"), h("span", { class: "note" }, "every three seconds, without asking any of them")), view.body), destroy: view.end };
}
