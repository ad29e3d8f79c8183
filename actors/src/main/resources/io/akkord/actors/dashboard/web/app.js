import { h, fill, failed, loading } from "./dom.js";
import { get, post, live, useToken } from "./data.js";
import { clock } from "./format.js";
import { overview } from "./page-overview.js";
import { runs } from "./page-runs.js";
import { nodes, actors } from "./page-machines.js";
import { steps } from "./page-steps.js";
import { ledger } from "./page-ledger.js";
import { rewrites } from "./page-rewrites.js";
import { checkpoints, logs, settings } from "./page-record.js";

const PAGES = { overview, runs, nodes, actors, steps, ledger, rewrites, checkpoints, logs, settings };
const main = document.getElementById("main");
const nav = document.getElementById("nav");
const choice = document.getElementById("run");
const linkState = document.getElementById("link");
const runState = document.getElementById("run-state");
const stop = document.getElementById("stop");

const stale = h("p", { class: "stale", role: "status", hidden: true });
const context = { run: "", latest: null };
let page = null;
let name = "";
let endStream = () => {};
let heardAt = 0;
let link = "connecting";
let waiting = false;

export const STATES = {
  running: ["● running", "good"], finished: ["✓ finished", "accent"], stopped: ["◼ stopped", "warn"],
  failed: ["✕ failed", "bad"], silent: ["? silent", "warn"],
};

for (const key of Object.keys(PAGES)) {
  nav.append(h("li", {}, h("a", { href: "#/" + key, id: "nav-" + key }, key[0].toUpperCase() + key.slice(1))));
}

async function show() {
  const [path, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const next = PAGES[path] ? path : "overview";
  if (page) page.destroy();
  const changed = next !== name;
  const first = name === "";
  name = next;
  for (const key of Object.keys(PAGES)) {
    const item = document.getElementById("nav-" + key);
    if (key === next) {
      item.setAttribute("aria-current", "page");
      // On a phone the pages are a row that scrolls.
      const row = nav.parentElement;
      row.scrollLeft += item.getBoundingClientRect().left - (row.clientWidth - item.offsetWidth) / 2;
    } else item.removeAttribute("aria-current");
  }
  document.title = `${next[0].toUpperCase() + next.slice(1)} · Akkord`;
  const body = h("div", {});
  fill(main, stale, body);
  page = new Shown(PAGES[next], body, rest.map(plain));
  if (changed || rest.length) window.scrollTo(0, 0);
  // Whoever came here by a key goes on in the page, not at the top of the document.
  const active = document.activeElement;
  if (!first && (!active || active === document.body || active.closest("nav"))) main.focus({ preventScroll: true });
}

// A part of the address as it was before it was encoded; one that a person typed may not be encoded at all.
function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// A page on show: draws, draws again when asked, and lets live news through.
class Shown {
  constructor(make, body, rest) {
    this.parts = null;
    this.gone = false;
    this.body = body;
    fill(body, loading(name));
    this.begin(make, rest);
  }

  async begin(make, rest) {
    try {
      const parts = await make(context, rest);
      if (this.gone) return parts.destroy && parts.destroy();
      this.parts = parts;
      fill(this.body, parts.node);
      if (parts.shown) parts.shown();
      if (context.latest && parts.live) parts.live(context.latest);
      else if (waiting) this.none();
    } catch (error) {
      if (error.status === 401) return locked();
      if (!this.gone) fill(this.body, failed(error, () => show()));
    }
  }

  none() {
    if (this.parts && this.parts.none) this.parts.none();
  }

  live(news) {
    if (!this.parts || !this.parts.live) return;
    try {
      this.parts.live(news);
    } catch (error) {
      console.error(`${name} could not draw live news`, error);
      this.broken(error);
    }
  }

  // It is not drawn any more until somebody wants it again.
  broken(error) {
    if (this.gone) return;
    if (this.parts && this.parts.destroy) this.parts.destroy();
    this.parts = null;
    fill(this.body, failed(error, () => show()));
  }

  destroy() {
    this.gone = true;
    if (this.parts && this.parts.destroy) this.parts.destroy();
  }
}

function news(data) {
  heardAt = Date.now();
  if (data.error) return;
  if (!data.run) return none();
  const first = waiting;
  waiting = false;
  context.latest = data;
  const [text, kind] = STATES[data.run.state] || [data.run.state, ""];
  runState.textContent = text;
  runState.className = "badge " + kind;
  stop.hidden = !(data.run.live && data.run.state === "running");
  if (first) show();
  else if (page) page.live(data);
  if (!choice.value && data.run.id) choose();
  said();
}

// A head that nobody has given a job yet: its own pages work, the others say that they are empty.
function none() {
  waiting = true;
  context.latest = null;
  runState.textContent = "no run yet";
  runState.className = "badge";
  stop.hidden = true;
  if (page) page.none();
  said();
}

function said() {
  const over = context.latest && ["finished", "stopped", "failed"].includes(context.latest.run.state);
  const at = heardAt ? clock(heardAt) : "";
  linkState.className = "link-state " + (link === "live" && !over ? "live" : link === "lost" ? "lost" : "");
  linkState.textContent = link === "live" ? (over ? "the run is over" : "live, " + at)
    : link === "lost" ? (heardAt ? `connection lost; as of ${at}, trying again` : "no connection, trying again") : "connecting …";
  stale.hidden = link !== "lost";
  fill(stale, h("strong", {}, "▲ Stale. "), over ? "The run is over and its process has gone; akkord dashboard DIR shows it. " : "The server does not answer; this goes on by itself when it does. ",
    heardAt ? `What you see is as of ${at}.` : "");
}

async function choose() {
  const all = await get("runs").catch(() => ({ rows: [], main: "" }));
  fill(choice, all.rows.map((run) => h("option", { value: run.id }, run.folder + (run.live ? " (this process)" : ""))));
  if (!context.run) context.run = all.main;
  choice.value = context.run;
  choice.disabled = all.rows.length < 2;
}

function follow() {
  endStream();
  endStream = live(context.run, {
    data: news,
    broken: (error) => page && page.broken(error),
    link: (state) => { link = state; if (state === "live") choose(); said(); },
    locked,
  });
}

function locked() {
  ask("Token needed", "This dashboard listens beyond its machine, so it asks for the token that was printed when it started.", "Open", async () => {
    follow();
    show();
  });
}

function ask(title, text, button, act, danger) {
  if (document.querySelector("dialog[open]")) return;
  const problem = h("p", { role: "alert", class: "badge bad" });
  const field = h("input", { id: "token", type: "password", autocomplete: "off", required: true });
  const dialog = h("dialog", { "aria-labelledby": "ask-title" });
  const submit = async (event) => {
    event.preventDefault();
    useToken(field.value);
    try {
      await act();
      dialog.close();
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  dialog.append(h("form", { onsubmit: submit },
    h("h2", { id: "ask-title" }, title), h("p", {}, text),
    h("label", { for: "token" }, "Token"), field, problem,
    h("div", { class: "row" },
      h("button", { type: "submit", class: danger ? "danger" : "" }, button),
      h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "Cancel"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

stop.addEventListener("click", () => ask("Stop this run?",
  "The step in flight is finished and a checkpoint is written; --resume goes on from there. The token is in the file dashboard-token in the run's output folder, which only you can read.",
  "Stop run", () => post(`runs/${encodeURIComponent(context.latest.run.id)}/stop`), true));

choice.addEventListener("change", () => {
  context.run = choice.value;
  context.latest = null;
  follow();
  show();
});
window.addEventListener("hashchange", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);

await choose();
follow();
show();
