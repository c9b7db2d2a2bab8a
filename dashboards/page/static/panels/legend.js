// What the lines of a chart are: a shape or a stroke, a name, what it comes to; a press switches a line off and on.

import { el, named, shape, svg } from "../dom.js";
import { count, magnitude, part } from "../format.js";
import { lastOf, sumOf } from "./lines.js";
import { byName, isDrawn, markColour, marksOf, signOf, switchOf } from "./marks.js";
import { DASHES } from "./paint.js";
import { written } from "./cells.js";

const ADDED = new Set(["money", "count", "seconds"]);

export function legendOf(place, panel, lines, off, view, again) {
  const focused = document.activeElement?.closest?.(".legend") === place ? document.activeElement.name : null;
  const sums = lines.map((line) => figure(panel, line));
  const whole = panel.kind === "stack" ? sums.reduce((sum, value) => sum + Math.max(magnitude(value), 0), 0) : 0;
  const entries = lines.map((line, at) => entry(panel, line, at, sums[at], whole, { off, view, again }));
  place.replaceChildren(...entries, ...[...byName(marksOf(view)).values()].map((marks) => markEntry(marks, off, again)));
  if (focused !== null) [...place.querySelectorAll("button")].find((button) => button.name === focused)?.focus();
}

const figure = (panel, line) => (panel.kind === "stack" && ADDED.has(line.column.unit) ? sumOf(line) : panel.kind === "stack" ? null : lastOf(line));

function entry(panel, line, at, value, whole, { off, view, again }) {
  const press = () => {
    if (!off.delete(line.name)) off.add(line.name);
    again();
  };
  const figures = value === null ? [] : [el("span", { class: "said" }, written(line.column, { [line.column.name]: value }, view))];
  if (whole > 0 && value !== null) figures.push(el("span", { class: "quiet" }, part(Math.max(magnitude(value), 0) / whole)));
  const look = el("span", { class: "look" }, panel.kind === "stack" && line.kind ? null : stroke(line, at, panel.kind), line.kind && shape(line.kind));
  return el("li", {}, el("button", { type: "button", name: line.name, "aria-pressed": String(!off.has(line.name)), onclick: press }, look, named(line.name, "name"), ...figures));
}

/** A piece of the line as it is drawn: colour and dashes; a box for bars without a shape of their own. */
function stroke(line, at, kind) {
  if (kind === "stack") return el("span", { class: `key ${line.colour} texture-${at % 4}`, "aria-hidden": "true" });
  const dash = DASHES[at % DASHES.length];
  const piece = svg("path", { d: "M0 6h22", "stroke-dasharray": dash === "solid" ? "none" : dash.join(" ") });
  return svg("svg", { class: `stroke ${line.colour}`, viewBox: "0 0 22 12", "aria-hidden": "true" }, piece);
}

function markEntry(marks, off, again) {
  const [mark] = marks;
  const press = () => {
    if (!off.delete(switchOf(mark))) off.add(switchOf(mark));
    again();
  };
  const sign = el("span", { class: `sign ${markColour(mark.level)}${mark.end_ms === null ? "" : " band"}`, "aria-hidden": "true" }, signOf(mark.level));
  return el("li", { class: "mark" }, el("button", { type: "button", name: switchOf(mark), "aria-pressed": String(isDrawn(marks, off)), onclick: press }, sign, el("span", { class: "name" }, mark.title), el("span", { class: "quiet" }, count(marks.length))));
}
