// Figures over time: lines or stacked bars, with the marks of the board laid over them.

import { el } from "../dom.js";
import { compact, magnitude, minute, part, roundly, shortDay } from "../format.js";
import { NOTHING } from "../words.js";
import { legendOf } from "./legend.js";
import { linesOf, points, stepOf, timesOf } from "./lines.js";
import { marking } from "./marks.js";
import { DASHES, colour, textured } from "./paint.js";
import { spoken, tip } from "./spoken.js";

const DAY_MS = 86400000;
const WIDE = 16;
const GUTTER = 48;
const AXIS = { money: compact, count: compact, number: compact, share: (value) => part(value).replace(".0 ", " "), seconds: roundly };
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

export function chartPanel(card, panel, header) {
  const node = el("div", { class: "chart", role: "img" });
  const empty = el("p", { class: "empty", hidden: true }, NOTHING[panel.kind]);
  const off = new Set();
  card.replaceChildren(node, empty);
  let chart = null;
  let shown = null;

  function draw() {
    const { rows, view } = shown;
    const lines = linesOf(panel, rows);
    const open = lines.filter((line) => !off.has(line.name));
    legendOf(header, panel, lines, off, view, draw);
    node.setAttribute("aria-label", spoken(panel, shown.title, lines, view));
    empty.hidden = lines.length > 0;
    if (node.clientHeight === 0) return;
    if (!globalThis.echarts) return addEventListener("DOMContentLoaded", draw, { once: true }); // figures do not wait for it
    chart ??= echarts.init(node, null, { renderer: "canvas" });
    chart.setOption(option(panel, open, view, off), { notMerge: true });
  }

  new ResizeObserver(() => {
    chart?.resize();
    if (shown) draw();
  }).observe(node);
  return {
    show(answer) {
      shown = answer;
      draw();
    },
    end: () => chart?.dispose(),
  };
}

function option(panel, lines, view, off) {
  const units = [...new Set(lines.map((line) => line.column.unit))].slice(0, 2);
  const axes = units.length ? units : ["count"];
  const marks = marking(view, off);
  const drawn = lines.map((line, at) => (panel.kind === "stack" ? bar(line, at, lines, view) : stroke(line, at, lines, { view, axes })));
  const font = getComputedStyle(document.body);
  return {
    animation: false,
    textStyle: { fontFamily: font.fontFamily },
    grid: place(panel, axes, marks),
    xAxis: timeAxis(ends(view, lines)),
    yAxis: axes.map((unit, at) => valueAxis(unit, at, panel, lines)),
    // A silent line without data carries the marks, so that they stay when lines are switched off.
    series: [...drawn, { type: "line", data: [[view.from_ms, null]], silent: true, ...marks.series }],
    tooltip: {
      trigger: "axis", confine: true, className: "tip", backgroundColor: colour("card"), borderColor: colour("line"), borderWidth: 1, padding: 12,
      textStyle: { color: colour("ink"), fontSize: 12 }, transitionDuration: 0,
      formatter: (found) => tip(panel, lines, view, found[0]?.axisValue),
    },
  };
}

/** Wide charts leave their figures the same room, so that they stand above each other and above the lanes. */
function place(panel, axes, marks) {
  const top = marks.labelled ? 20 : 12;
  if (panel.width > WIDE && axes.length === 1) return { left: GUTTER, right: 14, top, bottom: 26, containLabel: false };
  return { left: 8, right: axes.length > 1 ? 8 : 14, top, bottom: 4, containLabel: true };
}

/** Where the axis begins and ends: with the range, or with the first and last of its days where figures are of days. */
function ends(view, lines) {
  const times = timesOf(lines);
  const step = stepOf(lines, view);
  const days = step >= DAY_MS && step > view.step_ms;
  return {
    from: times[0] <= view.from_ms - view.step_ms ? times[0] : view.from_ms,
    until: days ? Math.max(view.until_ms, times.at(-1) + step) : view.until_ms,
  };
}

function timeAxis({ from, until }) {
  const length = until - from;
  return {
    type: "time", min: from, max: until, splitLine: { show: false }, axisTick: { show: false },
    axisLine: { lineStyle: { color: colour("line") } },
    axisLabel: { color: colour("quiet"), fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: stamp(length) },
    axisPointer: { snap: false, label: { show: false }, lineStyle: { color: colour("quiet"), type: "solid", width: 1 } },
  };
}

const stamp = (length) => (value) => {
  if (length <= 1.5 * DAY_MS) return minute(value);
  const midnight = minute(value) === "00:00";
  return midnight ? shortDay(value) : length > 5 * DAY_MS ? "" : minute(value);
};

function valueAxis(unit, at, panel, lines) {
  return {
    ...(unit === "seconds" ? round(lines) : {}),
    type: "value", min: panel.kind === "stack" ? undefined : (range) => Math.min(0, range.min), splitNumber: panel.height < 8 ? 2 : 4,
    minInterval: unit === "count" ? 1 : 0, position: at === 0 ? "left" : "right",
    axisLine: { show: false }, axisTick: { show: false },
    axisLabel: { color: colour("quiet"), fontSize: 11, formatter: AXIS[unit] ?? compact },
    splitLine: { show: at === 0, lineStyle: { color: colour("faint") } },
  };
}

function bar(line, at, lines, view) {
  return {
    type: "bar", stack: "all", name: line.name, barCategoryGap: "18%", barMaxWidth: 28, barMinWidth: 1,
    itemStyle: { color: textured(line.colour, at) }, emphasis: { disabled: true },
    data: timesOf(lines).map((time) => [time + stepOf(lines, view) / 2, magnitude(line.values.get(time) ?? 0)]),
  };
}

function stroke(line, at, lines, { view, axes: units }) {
  const data = points(line, stepOf(lines, view));
  const few = data.filter(([, value]) => value !== null).length < 3;
  return {
    type: "line", name: line.name, yAxisIndex: Math.max(units.indexOf(line.column.unit), 0), data,
    symbol: "circle", symbolSize: few ? 5 : 3, showSymbol: few, connectNulls: false, emphasis: { disabled: true },
    itemStyle: { color: colour(line.colour) },
    lineStyle: { color: colour(line.colour), width: 1.7, type: DASHES[at % DASHES.length] },
    areaStyle: at === 0 && !units[1] ? { color: colour(line.colour), opacity: 0.08 } : undefined,
  };
}

/** Marks of an axis of seconds stand at lengths that people say. */
function round(lines) {
  const most = Math.max(0, ...lines.filter((line) => line.column.unit === "seconds").flatMap((line) => [...line.values.values()].map((value) => value ?? 0)));
  const interval = SECONDS.find((one) => one >= most / 4);
  return most > 1 && interval ? { interval, max: Math.ceil(most / interval) * interval } : {};
}
