// Marks of a board on its charts: a moment is a dashed line with a sign, a stretch a shaded band.

import { KIND_NAMES, LEVELS, MARKS, MARK_SIGNS } from "../words.js";
import { colour } from "./paint.js";

const SIGNED = 16;
const DRAWN = 40;

export const signOf = (level) => MARKS[level] ?? MARK_SIGNS[level] ?? "┊";
export const markColour = (level) => (level in LEVELS || level in KIND_NAMES ? level : "quiet");
export const switchOf = (mark) => `mark ${mark.name}`;

/** Marks inside the range, each with the title and level of its annotation. */
export function marksOf(view) {
  const known = new Map(view.annotations.map((annotation) => [annotation.name, annotation]));
  return view.marks
    .filter((mark) => known.has(mark.name) && mark.time_ms < view.until_ms && (mark.end_ms ?? mark.time_ms) >= view.from_ms)
    .map((mark) => ({ ...known.get(mark.name), ...mark }));
}

/** Marks by the name of their annotation. */
export function byName(marks) {
  const groups = new Map();
  for (const mark of marks) groups.set(mark.name, [...(groups.get(mark.name) ?? []), mark]);
  return groups;
}

/** Whether marks of a kind are drawn: moments that would cover the figures are only counted, until they are asked for. */
export const isDrawn = (marks, switches) => switches.has(switchOf(marks[0])) !== (marks.length <= DRAWN || marks[0].end_ms !== null);

/** What the chart lays over its figures. */
export function marking(view, switches) {
  const drawn = [...byName(marksOf(view)).values()].filter((marks) => isDrawn(marks, switches));
  const moments = drawn.flatMap((marks) => marks.filter((mark) => mark.end_ms === null).map((mark) => ({ ...mark, few: marks.length <= SIGNED })));
  const stretches = drawn.flat().filter((mark) => mark.end_ms !== null);
  return {
    labelled: moments.some((mark) => mark.few),
    series: {
      markLine: { silent: true, symbol: "none", animation: false, data: moments.map(momentLine) },
      markArea: { silent: true, animation: false, data: stretches.map((mark) => stretchArea(mark, view)) },
    },
  };
}

function momentLine(mark) {
  const paint = colour(markColour(mark.level));
  return {
    xAxis: mark.time_ms,
    lineStyle: { color: paint, type: [3, 4], width: 1, opacity: mark.few ? 0.8 : 0.35 },
    label: { show: mark.few, position: "end", distance: 1, fontSize: 11, formatter: signOf(mark.level), color: paint },
  };
}

const stretchArea = (mark, view) => [
  { xAxis: Math.max(mark.time_ms, view.from_ms), itemStyle: { color: colour(markColour(mark.level)), opacity: 0.14 } },
  { xAxis: Math.min(mark.end_ms, view.until_ms) },
];
