// What an answer over time says, line by line: one per measured column, or one per value of the column that splits.

import { magnitude, total } from "../format.js";
import { KINDS, KIND_NAMES } from "../words.js";
import { isMeasure, kindOf } from "./cells.js";
import { lineColour } from "./paint.js";

/**
 * @typedef {object} Line
 * @property {string} name as people read it
 * @property {string | null} kind host kind, if it is one's
 * @property {string} colour name of its colour
 * @property {object} column what it measures
 * @property {Map<number, string | number | null>} values by time, as they came
 */

/** @returns {Line[]} */
export function linesOf(panel, rows) {
  const measures = panel.columns.filter((column) => isMeasure(column) && !column.hidden && column.name !== panel.split);
  const time = panel.columns.find((column) => column.unit === "time" || column.unit === "date") ?? panel.columns[0];
  const at = (row) => (time.unit === "date" ? midnight(row[time.name]) : row[time.name]);
  const lines = new Map();
  for (const row of rows) {
    for (const column of measures) {
      const value = panel.split ? row[panel.split] : null;
      const key = `${value}\u001f${column.name}`;
      if (!lines.has(key)) lines.set(key, { ...identity(panel, row, column, value, measures.length), column, values: new Map() });
      lines.get(key).values.set(at(row), row[column.name]);
    }
  }
  return coloured([...lines.values()].sort((a, b) => rank(a) - rank(b)));
}

// A day stands where it begins on this machine, as the axis does.
function midnight(text) {
  const [year, month, day] = String(text).split("-").map(Number);
  return new Date(year, month - 1, day).getTime();
}

function identity(panel, row, column, value, measures) {
  const kind = panel.split ? (value in KIND_NAMES ? value : kindOf(row)) : KINDS.find((one) => column.name === one || column.name.startsWith(`${one}_`)) ?? null;
  if (!panel.split) return { name: column.title || column.name, kind };
  const said = KIND_NAMES[value] ?? (value === "" || value === null ? "none" : String(value));
  return { name: measures > 1 ? `${said}, ${column.title}` : said, kind };
}

const rank = (line) => (line.kind ? KINDS.indexOf(line.kind) : KINDS.length);

function coloured(lines) {
  let others = 0;
  return lines.map((line) => ({ ...line, colour: lineColour(line.kind, line.kind in KIND_NAMES ? 0 : others++) }));
}

/** What a stacked line comes to: exact for money. */
export function sumOf(line) {
  const values = [...line.values.values()].filter((value) => value !== null);
  return line.column.unit === "money" ? total(values) : values.reduce((sum, value) => sum + value, 0);
}

/** The last figure of a line that is one. */
export const lastOf = (line) => [...line.values].sort(([a], [b]) => a - b).map(([, value]) => value).filter((value) => value !== null).at(-1) ?? null;

/** Points to draw: [ms, number]; a missing step breaks a line. */
export function points(line, step) {
  const times = [...line.values.keys()].sort((a, b) => a - b);
  return times.flatMap((at, index) => {
    const value = line.values.get(at);
    const point = [at, value === null ? null : magnitude(value)];
    const gap = index > 0 && step > 0 && at - times[index - 1] > 1.5 * step;
    return gap ? [[times[index - 1] + step, null], point] : [point];
  });
}

/** Every moment of the lines, in order. */
export const timesOf = (lines) => [...new Set(lines.flatMap((line) => [...line.values.keys()]))].sort((a, b) => a - b);

/** The length of a step: the shortest between two moments of the lines, for some have days or months of their own; a
 * single one that begins before the range reaches into it. */
export function stepOf(lines, view) {
  const times = timesOf(lines);
  const steps = times.slice(1).map((at, index) => at - times[index]);
  return steps.length ? Math.min(...steps) : Math.max(view.step_ms, view.from_ms - (times[0] ?? view.from_ms));
}
