// A chart in words: the sentence for those who cannot see it, and the note under the pointer.

import { el, named, shape } from "../dom.js";
import { magnitude, minute, moment, roundly, shortDay, stepName } from "../format.js";
import { written } from "./cells.js";
import { lastOf, stepOf, sumOf, timesOf } from "./lines.js";
import { marksOf, signOf } from "./marks.js";

const TOLD = 8;
const DAY_MS = 86400000;

const plain = (column, value, view) => {
  const said = written(column, { [column.name]: value }, view);
  return typeof said === "string" ? said : said.textContent;
};

export function spoken(panel, title, lines, view) {
  const span = `${title}, from ${moment(view.from_ms)} to ${moment(view.until_ms)}, by ${stepName(view.step_ms)}`;
  if (!lines.length) return `${span}: nothing.`;
  const adds = panel.kind === "stack" && ["money", "count", "seconds"].includes(lines[0].column.unit);
  const each = lines.slice(0, TOLD).map((line) => `${line.name} ${plain(line.column, adds ? sumOf(line) : lastOf(line), view)}`);
  const more = lines.length > TOLD ? `, and ${lines.length - TOLD} more` : "";
  return `${span}. ${adds ? "Sums" : "Last"}: ${each.join(", ")}${more}. The same figures are in the table.`;
}

/** What stands at a moment of the chart: its step, its figures, its marks. */
export function tip(panel, lines, view, at) {
  const times = timesOf(lines);
  const step = stepOf(lines, view);
  const begin = panel.kind === "stack" ? times.findLast((one) => one <= at) : nearest(times, at);
  const marks = marksOf(view).filter((mark) => touches(mark, begin ?? at, step)).slice(0, TOLD);
  const heads = begin === undefined ? [moment(at), ""] : step >= DAY_MS ? [shortDay(begin), ""] : [minute(begin), shortDay(begin)];
  const here = lines.filter((line) => line.values.get(begin) !== undefined && line.values.get(begin) !== null && (panel.kind !== "stack" || magnitude(line.values.get(begin)) !== 0));
  return el("div", { class: "tip-body" },
    el("div", { class: "tip-head" }, heads[0], el("span", { class: "quiet" }, [heads[1], roundly(step / 1000)].filter(Boolean).join(" · "))),
    ...here.slice(0, 12).map((line) => el("div", { class: "tip-line" },
      el("span", { class: "chip" }, line.kind ? shape(line.kind) : el("span", { class: `key ${line.colour}` }), named(line.name, "name")),
      el("span", { class: "num" }, written(line.column, { [line.column.name]: line.values.get(begin) }, view)))),
    here.length ? null : el("div", { class: "quiet" }, "nothing"),
    ...marks.map((mark) => el("div", { class: "tip-line quiet" }, el("span", { class: "chip" }, signOf(mark.level), named(mark.text || mark.title, "name")), el("span", {}, minute(mark.time_ms)))));
}

const nearest = (times, at) => times.reduce((best, one) => (best === undefined || Math.abs(one - at) < Math.abs(best - at) ? one : best), undefined);

const touches = (mark, begin, step) => mark.time_ms < begin + step && (mark.end_ms ?? mark.time_ms) >= begin;
