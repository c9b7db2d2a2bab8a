// One figure, written as its unit asks; what it means beside it in a word, a shape or a link.

import { el, named, shape } from "../dom.js";
import { NONE, count, date, day, decimal, lasting, magnitude, minute, money, part, shortDay, time } from "../format.js";
import { ACCOUNT_NAMES, ALARMS, KIND_NAMES, LEVELS, MODEL_NAMES, STATE_LOOKS } from "../words.js";

const DAY_MS = 86400000;
const SENTENCE = 24; // so many characters may go on in the next line
const NUMERIC = new Set(["count", "money", "share", "seconds", "number", "check"]);

export const isNumeric = (column) => NUMERIC.has(column.unit);
export const isMeasure = (column) => isNumeric(column) && column.unit !== "check";

/** A figure as a node or text. `view` is what is looked at; `row` holds the other columns by name. */
export function written(column, row, view) {
  const value = row[column.name];
  if (column.unit === "host" && value === null && row.session_id) return level("warn", "nobody on air");
  if (value === null || value === undefined || value === "") return NONE;
  return (WRITERS[column.unit] ?? WRITERS.text)(value, row, view, column);
}

const WRITERS = {
  text: (value, _, __, column) => words(String(value), column.name),
  time: (value, _, view) => when(value, view),
  date: (value) => date(value),
  count: (value) => count(value),
  money: (value) => money(value),
  share: (value) => part(value),
  seconds: (value) => lasting(value),
  number: (value) => decimal(value),
  kind: (value) => el("span", { class: "chip" }, shape(value), el("span", {}, KIND_NAMES[value] ?? String(value))),
  state: (value, _, view) => el("span", { class: "chip" }, el("span", { class: `swatch ${STATE_LOOKS[value] ?? "other"}`, "aria-hidden": "true" }), view.states[value] ?? `state ${value}`),
  check: (value) => (Number(value) === 0 ? level("good", "right") : level("bad", `off by ${decimalOf(value)}`)),
  host: hostLink,
  session: (value, row, view) => (row.session_id ? goTo(view, "live", "session", row.session_id, named(value, "name")) : named(value, "name")),
  order: (value, _, view) => el("button", { type: "button", class: "link", "aria-haspopup": "dialog", onclick: () => view.explain(value) }, value),
};

function words(value, name) {
  const alarm = ALARMS[name]?.[value];
  const looks = value.length > SENTENCE ? "name sentence" : "name";
  return alarm ? level(alarm, value) : named((name === "model" && MODEL_NAMES[value]) || value, looks);
}

function hostLink(value, row, view) {
  const id = row.host_id ?? value;
  const kind = kindOf(row);
  const name = named(ACCOUNT_NAMES[id] ?? String(value), "name");
  const spoken = kind && !(id in ACCOUNT_NAMES) ? el("span", { class: "hidden" }, `, ${(KIND_NAMES[kind] ?? kind).toLowerCase()}`) : null;
  const shown = row.host_id && !(id in ACCOUNT_NAMES) ? goTo(view, "hosts", "host", id, name) : name;
  return el("span", { class: "chip" }, kind && shape(kind), shown, spoken);
}

/** What cells say beside their row: where their links lead and how their times are written. */
export const setting = (view) => `${view.linkTo("", "", "")} ${span(view)}`;

/** The kind of host a row is about, if it says one. */
export const kindOf = (row) => row.kind ?? row.host_kind ?? (row.host_id in ACCOUNT_NAMES ? row.host_id : null);

const goTo = (view, board, name, value, ...content) => el("a", { class: "link", href: view.linkTo(board, name, value) }, ...content);

const decimalOf = (value) => (typeof value === "string" ? money(value).textContent : decimal(value));

function when(ms, view) {
  const exact = `${day(ms)}, ${time(ms)}`;
  const text = { near: () => time(ms), middle: () => `${shortDay(ms)} ${minute(ms)}`, far: () => `${day(ms)} ${minute(ms)}` }[span(view)]();
  return el("time", { title: exact, datetime: new Date(ms).toISOString() }, text);
}

function span({ from_ms: from, until_ms: until }) {
  if (until - from <= DAY_MS) return "near";
  return until - from > 30 * DAY_MS ? "far" : "middle";
}

/** The level that a value reaches: the last threshold that is not above it. */
export function levelOf(value, thresholds) {
  if (value === null || value === undefined) return null;
  return thresholds.filter((one) => magnitude(value) >= one.value).at(-1)?.level ?? null;
}

/** A level as people see it: colour, sign and word. */
export const level = (name, word = LEVELS[name]?.word ?? name) =>
  el("span", { class: `tag ${name}` }, el("span", { class: "sign", "aria-hidden": "true" }, LEVELS[name]?.sign ?? "•"), word);
