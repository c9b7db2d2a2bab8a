// Revenue, people online and shifts on one time axis, so that a hand-over can be read against what it did.

import { KINDS, KIND_NAMES, chip, compact, count, el, magnitude, minute, money, platform, roomName, shortDay, time } from "./format.js";

const LANE = 26;
const ONLINE = 58;
const GUTTER = 138;
const GAP = 16;
const MARKED = 16;
const MARKS = { human: "●", digital: "◆", unknown: "□" };

const probe = el("span", { class: "hidden" });

export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(--${name})`;
  return getComputedStyle(probe).color;
}

const palette = () =>
  Object.fromEntries(["human", "digital", "unknown", "unattributed", "ink", "quiet", "faint", "line", "card", "texture", "people"].map((name) => [name, colour(name)]));

export function makeChart(node) {
  const chart = echarts.init(node, null, { renderer: "canvas" });
  new ResizeObserver(() => {
    chart.resize();
    if (node.snapshot) draw(chart, node, node.snapshot);
  }).observe(node);
  return {
    show(snapshot) {
      node.snapshot = snapshot;
      draw(chart, node, snapshot);
    },
  };
}

function draw(chart, node, snapshot) {
  const paint = palette();
  const font = getComputedStyle(document.body).fontFamily;
  const rows = laneRows(snapshot);
  const plan = layout(node.clientHeight, rows.length);
  const { from_ms: min, until_ms: max } = snapshot.span;
  const axis = (at, labels) => ({
    type: "time", gridIndex: at, min, max,
    axisLine: { lineStyle: { color: paint.line } }, axisTick: { show: false }, splitLine: { show: false },
    axisLabel: { show: labels, color: paint.quiet, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: stamp(max - min) },
    axisPointer: { snap: false, label: { show: false }, lineStyle: { color: paint.quiet, type: "solid", width: 1 } },
  });
  const scale = (at, extra) => ({
    type: "value", gridIndex: at, min: 0, minInterval: 1, axisLine: { show: false }, axisTick: { show: false },
    axisLabel: { color: paint.quiet, fontSize: 11, formatter: (value) => compact(value) },
    splitLine: { lineStyle: { color: paint.faint } }, ...extra,
  });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: font },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: plan.grids,
    xAxis: plan.grids.map((_, at) => axis(at, at === plan.grids.length - 1)),
    yAxis: [
      scale(0, { splitNumber: 4 }),
      scale(1, { splitNumber: 2 }),
      ...(rows.length ? [laneAxis(rows, paint)] : []),
    ],
    graphic: [
      heading(plan.grids[0].top, snapshot.choice.currency ?? "", paint, font),
      heading(plan.grids[1].top, "People online", paint, font),
    ],
    series: [...bars(snapshot, paint), people(snapshot, paint), ...(rows.length ? [lanes(rows, snapshot, paint, font)] : [])],
    tooltip: {
      trigger: "axis", confine: true, className: "tip", backgroundColor: paint.card, borderColor: paint.line, borderWidth: 1, padding: 12,
      textStyle: { color: paint.ink, fontSize: 12 }, extraCssText: "", transitionDuration: 0,
      formatter: (points) => tip(snapshot, points[0]?.axisValue),
    },
  }, { notMerge: true });
  node.setAttribute("aria-label", spoken(snapshot));
}

function layout(height, lanes) {
  const block = lanes ? lanes * LANE + GAP : 0;
  const revenue = Math.max(height - 10 - ONLINE - GAP - block - 24, 80);
  const box = (top, size) => ({ left: GUTTER, right: 14, top, height: size });
  const grids = [box(10, revenue), box(10 + revenue + GAP, ONLINE)];
  if (lanes) grids.push(box(10 + revenue + GAP + ONLINE + GAP, lanes * LANE));
  return { grids };
}

const stamp = (length) => (value) => (length > 36 * 3600000 ? `${shortDay(value)}\n${minute(value)}` : minute(value));

const heading = (top, text, paint, font) => ({
  type: "text", left: 0, top: top - 4, silent: true,
  style: { text, fill: paint.quiet, font: `500 11px ${font}` },
});

function bars(snapshot, paint) {
  const { from_ms: from, step_ms: step } = snapshot.span;
  return KINDS.map((kind, at) => ({
    type: "bar", stack: "gmv", name: KIND_NAMES[kind], barCategoryGap: "18%", xAxisIndex: 0, yAxisIndex: 0,
    itemStyle: { color: textured(kind, paint) }, emphasis: { disabled: true },
    data: snapshot.steps[kind].map((text, index) => [from + (index + 0.5) * step, magnitude(text)]),
    ...(at === 0 ? { markLine: handovers(snapshot, paint) } : {}),
  }));
}

// Bars differ in texture as well as in colour: human plain, digital hatched, the rest dotted.
function textured(kind, paint) {
  if (kind === "human") return paint.human;
  const tile = el("canvas", { width: 12, height: 12 });
  const pen = tile.getContext("2d");
  pen.fillStyle = paint[kind];
  pen.fillRect(0, 0, 12, 12);
  pen.fillStyle = pen.strokeStyle = paint.texture;
  pen.lineWidth = 2;
  if (kind === "digital") {
    for (const shift of [-12, 0, 12]) {
      pen.moveTo(shift - 2, 14);
      pen.lineTo(shift + 14, -2);
    }
    pen.stroke();
  } else {
    pen.fillRect(2, 2, 3, 3);
    pen.fillRect(8, 8, 3, 3);
  }
  return { image: tile, repeat: "repeat", scaleX: 0.5, scaleY: 0.5 };
}

function handovers(snapshot, paint) {
  const { from_ms: from, until_ms: until } = snapshot.span;
  const starts = snapshot.lanes.flatMap((lane) => lane.shifts).filter((shift) => shift.start_ms > from && shift.start_ms < until);
  const few = starts.length <= MARKED;
  return {
    silent: true, symbol: "none", animation: false,
    lineStyle: { color: paint.quiet, type: [3, 4], width: 1, opacity: few ? 0.7 : 0.35 },
    label: { show: few, position: "end", distance: -2, fontSize: 11 },
    data: starts.slice(0, 60).map((shift) => ({ xAxis: shift.start_ms, label: { formatter: MARKS[shift.kind], color: paint[shift.kind] } })),
  };
}

function people(snapshot, paint) {
  const { from_ms: from, step_ms: step } = snapshot.span;
  return {
    type: "line", xAxisIndex: 1, yAxisIndex: 1, name: "People online", symbol: "none", silent: true, step: false,
    lineStyle: { color: paint.people, width: 1.5 }, areaStyle: { color: paint.people, opacity: 0.12 },
    data: snapshot.audience.map((value, index) => [Math.min(from + (index + 1) * step, snapshot.clock.newest_ms ?? Infinity), value]),
  };
}

// Co-hosts would cover each other: a session has as many rows as it had hosts at once.
function laneRows(snapshot) {
  const clock = snapshot.clock.newest_ms;
  return snapshot.lanes.flatMap((lane) => {
    const rows = [];
    for (const shift of lane.shifts) {
      const stretch = { ...shift, end_ms: shift.end_ms ?? clock };
      const free = rows.find((row) => row.at(-1).end_ms <= stretch.start_ms);
      if (free) free.push(stretch);
      else rows.push([stretch]);
    }
    return rows.map((shifts, at) => ({ room: at === 0 ? lane : null, shifts }));
  });
}

const laneAxis = (rows, paint) => ({
  type: "category", gridIndex: 2, inverse: true, data: rows.map((row, at) => `${at}`),
  axisLine: { show: false }, axisTick: { show: false }, splitLine: { show: false },
  axisLabel: {
    color: paint.quiet, fontSize: 11, width: GUTTER - 12, overflow: "truncate", margin: GUTTER, align: "left", interval: 0,
    formatter: (_, at) => (rows[at].room ? roomName(rows[at].room) : ""),
  },
});

function lanes(rows, snapshot, paint, font) {
  const shifts = rows.flatMap((row, lane) => row.shifts.map((shift) => ({ lane, ...shift })));
  return {
    type: "custom", xAxisIndex: 2, yAxisIndex: 2, silent: true, clip: true, encode: { x: [1, 2], y: 0 },
    data: shifts.map((shift) => [shift.lane, shift.start_ms, shift.end_ms]),
    renderItem: (params, api) => stripe(params, api, shifts[params.dataIndex], paint, font),
  };
}

function stripe(params, api, shift, paint, font) {
  const [x, y] = api.coord([shift.start_ms, shift.lane]);
  const [end] = api.coord([shift.end_ms, shift.lane]);
  const height = LANE - 8;
  const box = echarts.graphic.clipRectByRect({ x, y: y - height / 2, width: Math.max(end - x, 1), height }, params.coordSys);
  if (!box) return null;
  const label = `${MARKS[shift.kind]} ${shift.name}`;
  const dark = shift.kind === "human";
  return {
    type: "group",
    children: [
      { type: "rect", shape: { ...box, x: box.x + 0.5, width: Math.max(box.width - 1, 1), r: 3 }, style: { fill: paint[shift.kind] } },
      ...(box.width < 26 ? [] : [{
        type: "text", x: box.x + 7, y: box.y + height / 2 + 0.5,
        style: { text: label, fill: dark ? "#fff" : "#14181f", font: `600 11px ${font}`, verticalAlign: "middle", width: box.width - 12, overflow: "truncate", ellipsis: "" },
      }]),
    ],
  };
}

function tip(snapshot, at) {
  const { from_ms: from, until_ms: until, step_ms: step } = snapshot.span;
  const index = Math.floor((Math.min(Math.max(at, from), until - 1) - from) / step);
  const begin = from + index * step;
  const worth = KINDS.filter((kind) => magnitude(snapshot.steps[kind][index]) !== 0);
  const line = (label, value) => el("div", { class: "tip-line" }, label, el("span", { class: "num" }, value));
  const live = snapshot.lanes.flatMap((lane) =>
    lane.shifts.filter((shift) => shift.start_ms < begin + step && (shift.end_ms ?? Infinity) > begin).map((shift) => ({ lane, shift })));
  return el("div", { class: "tip-body" },
    el("div", { class: "tip-head" }, step === 60000 ? minute(begin) : `${minute(begin)}–${minute(begin + step)}`, el("span", { class: "quiet" }, shortDay(begin))),
    ...worth.map((kind) => line(chip({ host_id: kind, kind, name: KIND_NAMES[kind] }), money(snapshot.steps[kind][index]))),
    worth.length ? null : el("div", { class: "quiet" }, "no orders"),
    line("People online", count(snapshot.audience[index])),
    ...live.slice(0, 8).map(({ lane, shift }) => el("div", { class: "tip-line quiet" }, chip(shift), el("span", {}, platform(lane)))));
}

function spoken(snapshot) {
  const parts = KINDS.map((kind) => [kind, snapshot.totals.kinds[kind]]).filter(([, sum]) => magnitude(sum.gross) !== 0);
  const { from_ms: from, until_ms: until } = snapshot.span;
  const sums = parts.map(([kind, sum]) => `${KIND_NAMES[kind]} ${sum.gross}`).join(", ") || "no orders";
  return `GMV by host kind from ${time(from)} to ${time(until)}, in ${snapshot.choice.currency ?? "no currency"}: ${sums}.`;
}
