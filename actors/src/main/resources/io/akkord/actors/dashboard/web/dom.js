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

export const loading = (what) => h("div", { class: "state loading", role: "status" }, "Loading ", what, " …");

export const empty = (title, hint) => h("div", { class: "state" }, h("strong", {}, title), hint);

export function failed(error, retry) {
  return h("div", { class: "state error", role: "alert" },
    h("strong", {}, "This could not be shown"), h("p", {}, error.message),
    retry && h("button", { type: "button", onclick: retry }, "Try again"));
}

// columns: [{title, num, cell(row) → node or text, cls}]
export function table(columns, rows, options = {}) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label || "table" },
    h("table", { class: options.cls },
      h("thead", {}, h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.num ? "num" : null }, c.title)))),
      h("tbody", {}, rows.map((row) =>
        h("tr", { class: options.mark && options.mark(row) ? "marked" : null },
          columns.map((c) => h("td", { class: [c.num ? "num" : "", c.cls || ""].join(" ").trim() || null }, c.cell(row))))))));
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
