// How figures, times and names are written. Amounts arrive as exact decimal text and are never turned into numbers
// to be shown; `magnitude` is for drawing and sorting alone.

export const KINDS = ["human", "digital", "unknown", "unattributed"];

export const KIND_NAMES = {
  human: "Human",
  digital: "Digital",
  unknown: "Unregistered",
  unattributed: "Unattributed",
  excess_refund: "Beyond the order",
};

export const ACCOUNT_NAMES = { unattributed: "Unattributed", excess_refund: "Refunded beyond the order" };

export const MODEL_NAMES = {
  declared: "Declared by the platform",
  on_air: "On air at the order",
  first: "First touch",
  last: "Last touch",
  linear: "Linear",
  position: "Position",
  time_decay: "Time decay",
  watch_time: "Watch time",
  shapley: "Shapley",
  markov: "Markov",
};

export const WINDOW_NAMES = { "15m": "15 min", "1h": "1 h", "24h": "24 h", all: "All" };

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const COUNT = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

export const time = (ms) => TIME.format(ms);
export const minute = (ms) => MINUTE.format(ms);
export const day = (ms) => DAY.format(ms);
export const shortDay = (ms) => SHORT_DAY.format(ms);
export const count = (n) => COUNT.format(n);
export const compact = (n) => COMPACT.format(n);
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export const magnitude = (text) => (text === null ? -Infinity : Number(text.replaceAll(",", "")));

export function percent(basisPoints, digits = 1) {
  return basisPoints === null ? "–" : `${(basisPoints / 100).toFixed(digits)} %`;
}

export function share(basisPoints) {
  return basisPoints % 100 === 0 ? `${basisPoints / 100} %` : percent(basisPoints);
}

// The age of the data in its two largest units, as [number, unit] pairs.
export function age(ms) {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return [[seconds, "s"]];
  if (minutes < 60) return [[minutes, "min"], [seconds % 60, "s"]];
  return [[Math.floor(minutes / 60), "h"], [minutes % 60, "min"]];
}

export function clockface(ms) {
  const minutes = Math.floor(ms / 60000);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}

export function stretch(ms) {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function stepName(ms) {
  const minutes = ms / 60000;
  if (minutes === 1) return "minute";
  if (minutes < 60) return `${minutes} minutes`;
  if (minutes === 60) return "hour";
  if (minutes < 1440) return `${minutes / 60} hours`;
  return minutes === 1440 ? "day" : `${minutes / 1440} days`;
}

// Chinese, Japanese and Korean share code points and not glyphs: say which one a name is written in.
export function language(text) {
  if (/[\u3040-\u30ff]/.test(text)) return "ja";
  if (/[\uac00-\ud7af]/.test(text)) return "ko";
  return /[\u3400-\u9fff]/.test(text) ? "zh-Hans" : null;
}

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export const shape = (kind) =>
  svg("svg", { class: `shape ${kind}`, "aria-hidden": "true" }, svg("use", { href: `#shape-${kind}` }));

export const named = (text, className = null) => el("span", { lang: language(text), class: className, title: text }, text);

export const hostName = (host) => ACCOUNT_NAMES[host.host_id] ?? host.name;

// A host: shape, name, and the kind in words for those who cannot see the shape.
export function chip(host, note = null) {
  const name = hostName(host);
  const kind = KIND_NAMES[host.kind];
  const spoken = kind === name || host.host_id in ACCOUNT_NAMES ? null : el("span", { class: "hidden" }, `, ${kind.toLowerCase()}`);
  return el("span", { class: "chip" }, shape(host.kind), named(name, "name"), spoken, note && el("span", { class: "share" }, note));
}

// An amount with its decimals set back: the eye compares the whole units.
export function money(exact) {
  const text = exact.replace("-", "\u2212");
  const at = text.indexOf(".");
  if (at < 0) return el("span", { class: "money" }, text);
  return el("span", { class: "money" }, text.slice(0, at), el("span", { class: "minor" }, text.slice(at)));
}

export function roomName(room) {
  return room.title || room.session_id;
}

export function platform(room) {
  return (room.platform ?? "").replaceAll("_", " ");
}
