export const none = "–";

export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace("e+", "e");
  return value.toFixed(digits);
}

export function count(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  return Math.round(value).toLocaleString("en");
}

export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  for (const [limit, unit] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (Math.abs(value) >= limit) return (value / (limit === 1e4 ? 1e3 : limit)).toFixed(1) + " " + unit;
  }
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : 0 });
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return none;
  if (seconds < 1) return Math.round(seconds * 1000) + " ms";
  if (seconds < 60) return seconds.toFixed(1) + " s";
  const m = Math.floor(seconds / 60);
  if (m < 60) return `${m} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(m / 60);
  return hours < 48 ? `${hours} h ${m % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function bytes(value) {
  if (!Number.isFinite(value)) return none;
  for (const [limit, unit] of [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (value >= limit) return (value / limit).toFixed(1) + " " + unit;
  }
  return value + " B";
}

export function clock(at) {
  return at ? new Date(at).toLocaleTimeString("en-GB") : none;
}

export function moment(at) {
  if (!at) return none;
  const date = new Date(at);
  return date.toLocaleDateString("en-CA") + " " + date.toLocaleTimeString("en-GB");
}

export const percent = (value, digits = 1) => Number.isFinite(value) ? (100 * value).toFixed(digits) + " %" : none;
