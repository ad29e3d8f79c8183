import { h, visible } from "./dom.js";

// Longer texts are shown side by side without marks.
const MOST_WORDS = 700;
// Below this share of common words marks would hide more than they show.
const LEAST_COMMON = 0.15;

// Two lists of nodes: the old text with what went, the new one with what came.
export function diff(before, after) {
  const a = before.match(/\s+|[^\s]+/g) || [];
  const b = after.match(/\s+|[^\s]+/g) || [];
  if (!a.length || !b.length || a.length > MOST_WORDS || b.length > MOST_WORDS) return [[before || "(empty)"], [after || "(empty)"]];
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] = a[i] === b[j] ? length[(i + 1) * width + j + 1] + 1 : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  const words = (list) => list.filter((w) => w.trim()).length;
  const old = [];
  const fresh = [];
  let common = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      common += a[i].trim() ? 1 : 0;
      push(old, a[i++], false);
      push(fresh, b[j++], false);
    } else if (i < a.length && (j === b.length || length[(i + 1) * width + j] >= length[i * width + j + 1])) {
      push(old, a[i++], true);
    } else {
      push(fresh, b[j++], true);
    }
  }
  if (common < LEAST_COMMON * Math.max(words(a), words(b))) return [[before], [after]];
  return [nodes(old, "del"), nodes(fresh, "ins")];
}

function push(list, text, marked) {
  const last = list[list.length - 1];
  if (last && last.marked === marked) last.text += text;
  else list.push({ text, marked });
}

const nodes = (list, tag) => list.map((part) => (part.marked ? h(tag, {}, part.text) : document.createTextNode(visible(part.text))));
