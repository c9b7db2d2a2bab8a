// Horizontal bars: a name, a length, the value written; measures of one unit share a scale, others stand beside.

import { el, keep, numbered, put, shape } from "../dom.js";
import { magnitude } from "../format.js";
import { KIND_NAMES, NOTHING } from "../words.js";
import { isMeasure, kindOf, written } from "./cells.js";

const DRAWN = 60;

export function barsPanel(card, panel) {
  const open = panel.columns.filter((column) => !column.hidden);
  const name = open[0];
  const first = open.find(isMeasure);
  const measures = open.filter((column) => isMeasure(column) && column.unit === first.unit);
  const words = open.slice(1).filter((column) => !measures.includes(column));
  const list = el("ul", { class: "hbars" });
  const empty = el("p", { class: "empty" }, NOTHING.bars);
  const region = el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": panel.title }, list, empty);
  card.replaceChildren(region);

  const keyOf = (row) => [row.host_id ?? row[name.name], row.session_id].join("\u001f");
  const scale = (rows) => Math.max(0, ...rows.flatMap((row) => measures.map((column) => Math.abs(magnitude(row[column.name])))).filter(Number.isFinite));

  const made = () => el("li", {}, el("div", { class: "hbar-name" }), ...measures.map(() => el("div", { class: "hbar" })));

  function write(node, row, most, view) {
    const kind = kindOf(row) ?? (row[name.name] in KIND_NAMES ? row[name.name] : null);
    const column = row[name.name] in KIND_NAMES ? { ...name, unit: "kind" } : name;
    const marked = kind && column.unit === "text" ? el("span", { class: "chip" }, shape(kind), written(column, row, view)) : written(column, row, view);
    const [head, ...places] = node.children;
    put(head, marked, ...words.map((column) => el("span", { class: "quiet" }, written(column, row, view))));
    places.forEach((place, at) => put(place, ...measure(measures[at], row, most, kind, view)));
  }

  function measure(column, row, most, kind, view) {
    const value = magnitude(row[column.name]);
    const bar = el("span", { class: `bar ${kind ?? "plain"}${value < 0 ? " below" : ""}` });
    bar.style.width = most > 0 && Number.isFinite(value) ? `${((100 * Math.abs(value)) / most).toFixed(2)}%` : "0";
    return [
      el("span", { class: measures.length > 1 ? "hbar-title" : "hidden" }, column.title),
      el("span", { class: "hbar-track", "aria-hidden": "true" }, bar),
      el("span", { class: "num" }, written(column, row, view)),
    ];
  }

  return {
    show({ rows, view, title }) {
      const most = scale(rows);
      region.setAttribute("aria-label", title);
      const drawn = rows.slice(0, DRAWN);
      keep(list, numbered(drawn.map(keyOf)), made).forEach((node, at) => write(node, drawn[at], most, view));
      empty.hidden = rows.length > 0;
    },
  };
}
