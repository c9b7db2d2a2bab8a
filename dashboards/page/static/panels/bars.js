// Horizontal bars: a name, a length, the value written; measures of one unit share a scale, others stand beside.

import { el, shape } from "../dom.js";
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

  const scale = (rows) => Math.max(0, ...rows.flatMap((row) => measures.map((column) => Math.abs(magnitude(row[column.name])))).filter(Number.isFinite));

  function item(row, most, view) {
    const kind = kindOf(row) ?? (row[name.name] in KIND_NAMES ? row[name.name] : null);
    const column = row[name.name] in KIND_NAMES ? { ...name, unit: "kind" } : name;
    const marked = kind && column.unit === "text" ? el("span", { class: "chip" }, shape(kind), written(column, row, view)) : written(column, row, view);
    return el("li", {}, el("div", { class: "hbar-name" }, marked, ...words.map((column) => el("span", { class: "quiet" }, written(column, row, view)))),
      ...measures.map((column) => measure(column, row, most, kind, view)));
  }

  function measure(column, row, most, kind, view) {
    const value = magnitude(row[column.name]);
    const bar = el("span", { class: `bar ${kind ?? "plain"}${value < 0 ? " below" : ""}` });
    bar.style.width = most > 0 && Number.isFinite(value) ? `${((100 * Math.abs(value)) / most).toFixed(2)}%` : "0";
    return el("div", { class: "hbar" },
      el("span", { class: measures.length > 1 ? "hbar-title" : "hidden" }, column.title),
      el("span", { class: "hbar-track", "aria-hidden": "true" }, bar),
      el("span", { class: "num" }, written(column, row, view)));
  }

  return {
    show({ rows, view, title }) {
      const most = scale(rows);
      region.setAttribute("aria-label", title);
      list.replaceChildren(...rows.slice(0, DRAWN).map((row) => item(row, most, view)));
      empty.hidden = rows.length > 0;
    },
  };
}
