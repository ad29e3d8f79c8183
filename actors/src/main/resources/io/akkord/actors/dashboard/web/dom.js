// Elements with text. Nothing here, or anywhere on this page, reads a string as HTML.

export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [k, v] of Object.entries(value)) element.style.setProperty(k, v);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

// Marks that turn the direction of text, and control characters, are shown as what they are.
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export const visible = (text) => text.replace(HIDDEN, (c) => `⟨U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(element, child);
    else if (child instanceof Node) element.append(child);
    else if (child !== null && child !== undefined && child !== false) element.append(document.createTextNode(visible(String(child))));
  }
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
  return element;
}

// What keyboard focus is found by again when the element that had it was drawn anew.
const known = (element) => element.tagName + " " + (element.id || element.getAttribute("aria-label") || element.getAttribute("href") || element.textContent);

// Fills again while somebody reads: focus stays where it was, and a table stays scrolled as it was.
export function redraw(element, ...children) {
  const active = document.activeElement;
  const focused = active !== element && element.contains(active) ? known(active) : null;
  const scrolled = new Map([...element.querySelectorAll(".scroll")].map((region) => [region.getAttribute("aria-label"), region.scrollLeft]));
  fill(element, ...children);
  for (const region of element.querySelectorAll(".scroll")) region.scrollLeft = scrolled.get(region.getAttribute("aria-label")) || 0;
  if (focused === null) return element;
  const same = [...element.querySelectorAll("a, button, input, select, summary, [tabindex]")].find((e) => known(e) === focused);
  if (same) same.focus({ preventScroll: true });
  return element;
}

export const loading = (what) => h("div", { class: "state loading", role: "status" }, "Loading ", what, " …");

export const empty = (title, hint) => h("div", { class: "state" }, h("strong", {}, title), hint);

export function failed(error, retry) {
  const missing = error.status === 404;
  return h("div", { class: missing ? "state" : "state error", role: "alert" },
    h("strong", {}, missing ? "Not there, or not yet" : "This could not be shown"), h("p", {}, error.message),
    retry && h("button", { type: "button", onclick: retry }, "Try again"));
}

// columns: [{title, num, cell(row) → node or text, cls}]. On a phone a row is a block of titled values, unless options.flat:
// then the table scrolls sideways in its own region. The roles stand for what a display other than "table" takes away.
export function table(columns, rows, options = {}) {
  const classes = (...names) => names.filter(Boolean).join(" ") || null;
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label || "table" },
    h("table", { class: classes(options.cls, options.flat ? "" : "blocks"), role: "table" },
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, columns.map((c) => h("th", { scope: "col", role: "columnheader", class: c.num ? "num" : null }, c.title)))),
      h("tbody", { role: "rowgroup" }, rows.map((row) =>
        h("tr", { role: "row", class: options.mark && options.mark(row) ? "marked" : null },
          columns.map((c) => h("td", { role: "cell", "data-title": c.title || null, class: classes(c.num && "num", c.cls) }, c.cell(row))))))));
}

export function segments(label, choices, current, choose) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  for (const [value, text] of choices) {
    group.append(h("button", {
      type: "button", "aria-pressed": String(value === current),
      onclick: (event) => {
        for (const b of group.children) b.setAttribute("aria-pressed", String(b === event.currentTarget));
        choose(value);
      },
    }, text));
  }
  return group;
}

export function badge(text, kind) {
  return h("span", { class: "badge " + (kind || "") }, text);
}

export function pager(page, size, total, go) {
  const pages = Math.max(1, Math.ceil(total / size));
  return h("div", { class: "pager" },
    h("button", { type: "button", disabled: page === 0, onclick: () => go(page - 1) }, "← Previous"),
    h("span", {}, `${total === 0 ? 0 : page * size + 1}–${Math.min(total, (page + 1) * size)} of ${total.toLocaleString("en")}`),
    h("button", { type: "button", disabled: page + 1 >= pages, onclick: () => go(page + 1) }, "Next →"));
}
