import { h, fill, redraw, table, badge, empty, failed } from "./dom.js";
import { get } from "./data.js";
import { bytes, count, clock, moment, duration, none } from "./format.js";

const EVERY_MS = 3000;
const WORKER = { joined: ["● joined", "good"], lost: ["✕ lost", "bad"], left: ["– left", ""] };

export const workerBadge = (w) => badge(...(WORKER[w.state] || [w.state]));

// Draws what load brings, again and again. What cannot be had stays as it was and says how old it is; what cannot be drawn
// says so, and is no trouble of the connection.
export function refreshing(load, draw) {
  const stale = h("p", { class: "stale", role: "status", hidden: true });
  const content = h("div", {});
  let timer = null;
  let ended = false;
  let heardAt = Date.now();
  const show = (data) => {
    try {
      draw(content, data);
    } catch (error) {
      console.error("the page could not draw what it was told", error);
      fill(content, failed(error));
    }
  };
  const again = async () => {
    try {
      const data = await load();
      if (ended) return;
      heardAt = Date.now();
      stale.hidden = true;
      show(data);
    } catch (error) {
      if (ended) return;
      stale.hidden = false;
      fill(stale, badge("▲ stale", "warn"), ` as of ${clock(heardAt)}: ${error.message}; trying again`);
    }
    clearTimeout(timer);
    timer = setTimeout(again, EVERY_MS);
  };
  return {
    body: h("div", {}, stale, content),
    start: (first) => { show(first); timer = setTimeout(again, EVERY_MS); },
    now: again,
    end: () => { ended = true; clearTimeout(timer); },
  };
}

function meter(used, all) {
  const inner = h("div", {});
  inner.style.width = all > 0 ? Math.min(100, (100 * used) / all).toFixed(1) + "%" : "0";
  return h("div", { class: "meter", "aria-hidden": "true" }, inner);
}

export async function nodes(context) {
  const load = () => get("nodes", { run: context.run });
  const view = refreshing(load, (body, data) => redraw(body,
    data.rows.length === 0
      ? empty("The run's process is gone, or is another one", "What it was made of is under Settings; its workers are below as they were last heard of.")
      : h("div", { class: "grid two" }, data.rows.map(machine)),
    workersTable(data.workers)));
  view.start(await load());
  return { node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Nodes")), view.body), destroy: view.end };
}

const NODE = { up: ["● up", "good"], unreachable: ["✕ unreachable", "bad"], joining: ["… joining", "warn"] };
const SILENT_MS = 15000;

const late = (row) => Date.now() - row.heard_at > SILENT_MS;

// What a node does not say of itself, as one of a cluster does not speak of its disk, is left out.
function machine(n) {
  const fact = (name, ...value) => (value[0] === null ? [] : [h("dt", {}, name), h("dd", {}, ...value)]);
  const known = (value, text) => (value === undefined || value === null ? null : text());
  return h("section", { class: "card" },
    h("div", { class: "row between", style: { "margin-bottom": "12px" } }, h("h2", {}, n.node),
      h("span", { class: "row" }, badge(...(NODE[n.state] || [n.state])), badge((late(n) ? "▲ heard " : "heard ") + clock(n.heard_at), late(n) ? "warn" : ""))),
    h("dl", { class: "facts" },
      fact("Part", n.roles.filter((role) => !role.startsWith("dc-")).join(", ") || none),
      fact("Address", known(n.address, () => `${n.address} on ${n.host}`)),
      fact("Process", `${n.pid}${n.java ? ", Java " + n.java : ""}, up ${duration((n.heard_at - n.started_at) / 1000)}`),
      fact("Incarnation", n.incarnation + ".", h("span", { class: "muted" }, ` begun ${moment(n.started_at)}`)),
      fact("Devices", `${n.devices.join(", ") || "none"}; ${n.cores} cores${n.load === undefined || n.load === null ? "" : ", load " + n.load.toFixed(2)}`),
      fact("Library", known(n.machine || null, () => n.machine)),
      fact("Resident", bytes(n.rss_bytes), meter(n.rss_bytes, n.memory_bytes)),
      fact("Java heap", known(n.heap_bytes, () => `${bytes(n.heap_bytes)} of ${bytes(n.heap_limit_bytes)}`), n.heap_bytes ? meter(n.heap_bytes, n.heap_limit_bytes) : null),
      fact("Memory", `${bytes(n.memory_used_bytes)} of ${bytes(n.memory_bytes)} used`, meter(n.memory_used_bytes, n.memory_bytes)),
      fact("Disk", known(n.disk_free_bytes, () => `${bytes(n.disk_free_bytes)} free of ${bytes(n.disk_total_bytes)}`), n.disk_free_bytes ? meter(n.disk_total_bytes - n.disk_free_bytes, n.disk_total_bytes) : null),
      fact("Threads", known(n.threads, () => count(n.threads)))));
}

function workersTable(rows) {
  if (!rows.length) return null;
  return h("section", { class: "section" }, h("h2", {}, "Workers"), table([
    { title: "Worker", cls: "nowrap", cell: (w) => w.id },
    { title: "State", cell: (w) => workerBadge(w) },
    { title: "Reason", cls: "wide", cell: (w) => w.reason }, { title: "Joined", num: true, cell: (w) => w.joins + "×" },
    { title: "Since", cls: "nowrap", cell: (w) => moment(w.since) },
  ], rows, { label: "workers" }));
}

const ROLES = [
  [/^run-/, "one attempt of the run"],
  [/^supervisor$/, "decides: members, shares, what is due between steps"],
  [/^ledger$/, "remembers which demonstrations fight the model"],
  [/^parameter-server$/, "the step barrier"],
  [/^checkpointer$/, "writes and verifies checkpoints"],
  [/^events$/, "metrics and this page"],
  [/^rewriter/, "rewrites demonstrations that stay incompatible"],
  [/^slice-feeder/, "gives the slices their first weights and moments"],
  [/^slice-\d/, "a slice of weights and moments"],
  [/^host-of-slices/, "the head's own host: keeps slices, computes nothing"],
  [/^host-of-/, "a worker's process: starts its actors, outlives an attempt"],
  [/^worker/, "scores and gradients of its shares"],
  [/^content-\d/, "sees that model, tokenizer and tokens are here"],
  [/^content/, "hands out model, tokenizer and tokens"],
  [/^fetch/, "brings a file that is missing here"],
];

const roleOf = (path) => (ROLES.find(([name]) => name.test(path.split("/").pop())) || [])[1];

const ACTOR = { running: ["● running", "good"], suspended: ["▲ suspended", "warn"], stopping: ["◼ stopping", "warn"], ...WORKER };

export async function actors(context) {
  const load = () => get("actors", { run: context.run });
  const view = refreshing(load, (body, data) => {
    redraw(body,
      data.live ? null : h("p", { class: "muted" }, "This run does not go on in this process: the workers are as they were last heard of, and its other actors are gone."),
      data.rows.length === 0
        ? empty("No actor is left", "Actors are seen while the process that runs them shows this page.")
        : table([
          { title: "Actor", cls: "nowrap", cell: (a) => h("span", { style: { "padding-left": a.depth * 22 + "px" } }, (a.depth ? "└ " : "") + a.path.split("/").pop()) },
          { title: "Node", cls: "nowrap", cell: (a) => [a.node || none, late(a) ? [" ", badge("▲ heard " + clock(a.heard_at), "warn")] : null] },
          { title: "State", cell: (a) => badge(...(ACTOR[a.state] || [a.state])) },
          { title: "Reason", cls: "wide", cell: (a) => a.reason },
          { title: "Restarts", num: true, cell: (a) => [count(a.restarts), a.restarts ? h("span", { class: "muted" }, " of the " + a.restarts_of) : null] },
          { title: "Mailbox", num: true, cell: (a) => (a.mailbox > 100 ? "▲ " : "") + count(a.mailbox) },
          { title: "What it does", cls: "muted wide", cell: (a) => roleOf(a.path) },
        ], data.rows, { label: "actors", mark: (a) => a.mailbox > 100 || a.state === "lost" }),
      h("p", { class: "muted section" }, "No actor is restarted in its place. A worker that fails is left out, the others take its shards, and its process is started again or joins again: restarts of the worker. An actor that the run cannot do without ends the attempt with its reason, and the next attempt starts all of them again: restarts of the attempt. The mailboxes of other nodes are as of their last heartbeat, two seconds ago at most."));
  });
  view.start(await load());
  return { node: h("div", {}, h("div", { class: "head" }, h("h1", {}, "Actors"), h("span", { class: "note" }, "every three seconds, of all nodes")), view.body), destroy: view.end };
}
