// The live page: hears the server's figures and puts them where they belong.

import { makeChart } from "./chart.js";
import { explainer } from "./explain.js";
import { KINDS, KIND_NAMES, MODEL_NAMES, WINDOW_NAMES, age, chip, count, day, el, magnitude, minute, money, named, percent, platform, roomName, shape, stepName, stretch, svg, time, zone } from "./format.js";
import * as tables from "./tables.js";

const LATE_MS = 60000;
const RETRY_MS = 2000;
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const $ = (id) => document.getElementById(id);

const asked = new URLSearchParams(location.search);
const choice = { model: asked.get("model") ?? "", currency: asked.get("currency") ?? "", window: asked.get("window") ?? "" };
let snapshot = null;
let ahead = 0;
let line = null;
let lost = false;

const chart = makeChart($("chart"));
const explain = explainer($("explain"), () => snapshot?.choice.model);

function call() {
  line?.close();
  const wanted = new URLSearchParams(Object.entries(choice).filter(([, value]) => value));
  history.replaceState(null, "", wanted.size ? `?${wanted}` : location.pathname);
  line = new EventSource(`/stream?${wanted}`);
  line.addEventListener("snapshot", (event) => { hear(JSON.parse(event.data)); });
  line.addEventListener("beat", (event) => { ahead = JSON.parse(event.data).now_ms - Date.now(); found(); });
  line.addEventListener("error", () => {
    lost = true;
    tell();
    if (line.readyState === EventSource.CLOSED) recover(wanted);
  });
}

// A stream that was refused does not come back by itself: ask why, drop what was refused, call again.
async function recover(wanted) {
  const answer = await fetch(`/api/snapshot?${wanted}`).catch(() => null);
  if (answer?.status === 400) choice[(await answer.json()).field] = "";
  setTimeout(call, answer?.status === 400 ? 0 : RETRY_MS);
}

function found() {
  if (!lost) return;
  lost = false;
  tell();
}

function hear(next) {
  snapshot = next;
  ahead = next.clock.now_ms - Date.now();
  lost = false;
  draw();
}

function draw() {
  const unit = snapshot.choice.currency ?? "";
  for (const node of document.querySelectorAll("[data-unit]")) node.textContent = unit;
  controls();
  figures();
  legend();
  chart.show(snapshot);
  rooms();
  tables.hosts($("hosts"), snapshot);
  tables.products($("products"), snapshot);
  tables.latest($("latest"), snapshot, new Map(snapshot.lanes.concat(snapshot.on_air).map((room) => [room.session_id, room])), explain);
  $("hosts-note").textContent = unit && `${unit} · ${MODEL_NAMES[snapshot.choice.model]}`;
  books();
  tell();
}

function controls() {
  const { models, currencies, windows, model, currency, window: shown } = snapshot.choice;
  options($("model"), models.includes(model) ? models : [model, ...models], model, (name) => MODEL_NAMES[name]);
  options($("currency"), currencies.includes(currency) || !currency ? currencies : [currency, ...currencies], currency, (code) => code);
  $("currency").disabled = !currency;
  if ($("windows").children.length === 1) {
    $("windows").append(...windows.map((name) => el("label", {}, el("input", { type: "radio", name: "window", value: name }), el("span", {}, WINDOW_NAMES[name]))));
  }
  for (const input of $("windows").querySelectorAll("input")) input.checked = input.value === shown;
}

function options(select, values, chosen, label) {
  if (select.dataset.values !== values.join()) {
    select.dataset.values = values.join();
    select.replaceChildren(...values.map((value) => el("option", { value }, label(value))));
  }
  select.value = chosen ?? "";
}

function figures() {
  const { totals, online } = snapshot;
  const put = (id, ...content) => $(id).replaceChildren(...content);
  const long = Math.max(totals.gmv.length, totals.net.length);
  put("gmv", money(totals.gmv));
  put("net", money(totals.net));
  for (const id of ["gmv", "net"]) $(id).dataset.long = long > 17 ? "very" : long > 13 ? "yes" : "no";
  put("gmv-note", `${count(totals.buyers)} ${totals.buyers === 1 ? "buyer" : "buyers"}`);
  put("net-note", magnitude(totals.refunds) ? `−${totals.refunds} refunded` : "nothing refunded");
  for (const kind of ["digital", "unattributed"]) {
    const bp = totals.kinds[kind].share_bp;
    put(kind, percent(bp));
    meter($(`${kind}-meter`), kind, bp ?? 0);
  }
  put("online", count(online));
  put("online-line", spark(snapshot.audience));
  put("orders", count(totals.orders));
  put("orders-note", totals.average ? `${totals.average} each` : "");
  put("items", count(totals.items));
  put("items-note", totals.orders ? `${(totals.items / totals.orders).toFixed(2)} per order` : "");
}

function meter(node, kind, bp) {
  const bar = node.firstElementChild ?? node.appendChild(el("span", { class: `bar ${kind}` }));
  bar.style.width = `${Math.min(bp / 100, 100)}%`;
}

function spark(values) {
  const top = Math.max(...values, 1);
  const at = (value, index) => `${((100 * index) / Math.max(values.length - 1, 1)).toFixed(2)},${(19 - (17 * value) / top).toFixed(2)}`;
  const points = values.map(at).join(" ");
  return svg("svg", { viewBox: "0 0 100 20", preserveAspectRatio: "none" },
    svg("polygon", { points: `0,20 ${points} 100,20` }), svg("polyline", { points }));
}

function legend() {
  const { kinds } = snapshot.totals;
  const shown = KINDS.filter((kind) => kind !== "unknown" || magnitude(kinds.unknown.gross) !== 0);
  $("revenue-title").textContent = `GMV per ${stepName(snapshot.span.step_ms)}`;
  $("legend").replaceChildren(
    ...shown.map((kind) => el("li", {}, shape(kind), el("span", {}, KIND_NAMES[kind]), money(kinds[kind].gross), el("span", { class: "quiet" }, percent(kinds[kind].share_bp)))),
    el("li", { class: "quiet" }, el("span", { class: "mark", "aria-hidden": "true" }), "Hand-over"));
}

function rooms() {
  const most = Math.max(...snapshot.on_air.map((room) => room.online), 1);
  $("air-count").textContent = snapshot.on_air.length ? `${snapshot.on_air.length} ${snapshot.on_air.length === 1 ? "room" : "rooms"}` : "";
  const empty = [el("li", { class: "quiet empty" }, snapshot.clock.mode === "empty" ? "Waiting for the first events." : "Nobody is on air.")];
  $("air").replaceChildren(...(snapshot.on_air.length ? snapshot.on_air.map((room) => roomItem(room, most)) : empty));
}

function roomItem(room, most) {
  const bar = el("span", { class: "bar plain" });
  bar.style.width = `${(100 * room.online) / most}%`;
  return el("li", {},
    el("div", { class: "room-head" },
      el("div", {}, named(roomName(room), "name title"), el("div", { class: "quiet" }, [platform(room), room.category].filter(Boolean).join(" · "))),
      el("div", { class: "online" }, el("strong", {}, count(room.online)), el("span", { class: "quiet" }, "online"))),
    el("div", { class: "track" }, bar),
    ...(room.hosts.length ? room.hosts.map(presenter) : [el("p", { class: "presenter" }, el("span", { class: "tag warn" }, "Nobody on air"))]));
}

function presenter(host) {
  const since = el("span", { class: "quiet since", "data-since": host.since_ms }, "");
  return el("div", { class: "presenter" },
    chip(host),
    el("span", { class: `kind ${host.kind}` }, KIND_NAMES[host.kind]),
    host.kind === "digital" ? labelTag(host.label) : null,
    host.likeness ? el("span", { class: "quiet twin" }, "twin of ", named(host.likeness)) : null,
    since);
}

function labelTag(label) {
  if (label === "label_hidden") return el("span", { class: "tag bad" }, "AI label off");
  return el("span", { class: "tag" }, label === "label_shown" ? "AI label on" : "AI label not reported");
}

function books() {
  const { books: figuresOf } = snapshot;
  const shown = ["events", "rejects", "repeats", "restatements", "frozen", "batches"].filter((name) => name !== "frozen" || figuresOf.frozen);
  const names = { events: "Events stored", rejects: "Rejects", repeats: "Repeats", restatements: "Restatements", frozen: "Frozen", batches: "Batches" };
  $("books").replaceChildren(...shown.map((name) => el("div", { id: `books-${name}` }, el("dt", {}, names[name]), el("dd", {}, count(figuresOf[name])))));
  const { from_ms: from, step_ms: step } = snapshot.span;
  $("foot-note").textContent = `Since ${day(from)}, ${minute(from)} · whole ${step === 60000 ? "minutes" : `steps of ${stepName(step)}`} · times in ${zone()}`;
}

// What passes with the clock alone: the age of the data, and how long a host is on air.
function tell() {
  if (lost || !snapshot) return state(snapshot ? "lost" : "connecting", snapshot ? "Reconnecting" : "Connecting");
  const { newest_ms: newest, mode } = snapshot.clock;
  const put = (label, value, note) => { $("age-label").textContent = label; $("age").replaceChildren(...value); $("age-note").textContent = note; };
  for (const node of document.querySelectorAll("[data-since]")) {
    node.textContent = `since ${minute(+node.dataset.since)} · ${stretch(Math.max((mode === "live" ? Date.now() + ahead : newest) - node.dataset.since, 0))}`;
  }
  if (mode === "empty") {
    put("Data age", ["–"], "no events yet");
    return state("empty", "Waiting for events");
  }
  if (mode === "recorded") {
    put("Stream clock", [time(newest)], `${day(newest)} · recorded`);
    return state("recorded", "Recorded");
  }
  const old = Math.max(Date.now() + ahead - newest, 0);
  put("Data age", age(old).flatMap(([value, unit]) => [`${value}`, el("span", { class: "small" }, `\u2009${unit} `)]), `newest ${time(newest)}`);
  return old < LATE_MS ? state("live", "Live") : state("late", "Delayed");
}

function state(name, words) {
  document.querySelector(".state").dataset.state = name;
  if ($("state").textContent !== words) $("state").textContent = words;
}

$("controls").addEventListener("change", (event) => {
  choice[event.target.name] = event.target.value;
  call();
});
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("theme").addEventListener("click", () => {
  const shown = document.documentElement.dataset.theme ?? (systemDark.matches ? "dark" : "light");
  document.documentElement.dataset.theme = shown === "dark" ? "light" : "dark";
  localStorage.setItem("hostledger-theme", document.documentElement.dataset.theme);
  if (snapshot) chart.show(snapshot);
});
systemDark.addEventListener("change", () => { if (snapshot) chart.show(snapshot); });
tables.sortable($("hosts"), () => { if (snapshot) tables.hosts($("hosts"), snapshot); });
setInterval(tell, 1000);
call();
