// The page: hears the server's figures and puts them where they belong.

import * as address from "./address.js";
import { makeCard } from "./card.js";
import { makeClock } from "./clock.js";
import { el } from "./dom.js";
import { explainer } from "./explain.js";
import { makeFilters } from "./filters.js";
import { day, minute, stepName, zone } from "./format.js";
import { hang, lay } from "./grid.js";
import { act, listen } from "./keys.js";
import { fill, onSystemTheme, switchTheme } from "./looks.js";
import { makeRange } from "./range.js";
import { said } from "./said.js";
import { described, makeLine } from "./stream.js";
import { MODEL_NAMES } from "./words.js";

const $ = (id) => document.getElementById(id);
const ASIDE = /(?:,\s*|\s*\()\$\{(\w+)\}\)?/g;
const EXPLAINED = "explained";
const OVER_TIME = new Set(["series", "stack", "timeline"]);

const clock = makeClock({ state: $("light"), word: $("state"), age: $("age"), wall: $("wall") });
const filters = makeFilters($("filters"), choose, () => go({ chosen: new Map() }));
const range = makeRange($("range"), (since, until) => go({ since, until }));
const explain = explainer($("explain"), () => chosenOf("model"), leaveOrder);
const line = makeLine({ view: hearView, panel: hearPanel, marks: hearMarks, beat: ({ now_ms: now }) => clock.beat(now), lost: lose, refused, crowded, shut });

let boards = new Map();
let states = {};
let days = "UTC";
let look = null;
let view = null;
let marks = [];
let cards = new Map();
let answers = new Map();
const stale = new Set();
let frame = 0;
let waits = false;
let asked = "";

const board = () => boards.get(look.board);

/** Look at something else; what is not named stays. A step in the history unless it is a correction. */
function go(changes, { corrects = false } = {}) {
  show({ ...look, ...changes });
  const where = address.link(look);
  if (corrects) history.replaceState(null, "", where);
  else if (where !== location.pathname + location.search) history.pushState(changes.order ? EXPLAINED : null, "", where);
}

/** Somebody closed the explanation: the step that opened it is taken back, if it was one. */
function leaveOrder() {
  if (history.state === EXPLAINED) history.back();
  else go({ order: "" }, { corrects: true });
}

function choose(name, values) {
  const chosen = new Map(look.chosen);
  if (values === null || (name !== "seller" && values.length === 0)) chosen.delete(name);
  else chosen.set(name, values);
  go({ chosen });
}

function show(next) {
  const before = look;
  look = next;
  explain(look.order);
  if (before && address.link(before, {}) === address.link(look, {})) return;
  if (before?.board !== look.board) open();
  ask(`board=${look.board}&${address.question(look, board())}`);
  links();
  screen();
  range.set(look.since || board().since, look.until, null);
}

/** Another question: no answer to the last one counts, and each card waits for its own. */
function ask(question) {
  if (question === asked) return;
  asked = question;
  forget();
  [view, marks] = [null, []];
  for (const card of cards.values()) card.wait();
  line.call(question);
}

/** What was answered is no longer drawn anew; the cards keep what they show. */
function forget() {
  answers = new Map();
  stale.clear();
}

/** Lay out a board: its cards, its filters, its name. */
function open() {
  for (const card of cards.values()) card.end();
  cards = new Map(board().panels.map((panel) => [panel.id, makeCard(panel)]));
  lay($("figures"), [...cards.values()]);
  filters.board(board().variables);
  filters.set(Object.fromEntries(board().variables.map((one) => [one.name, { value: one.default ? [one.default] : [], options: one.options ?? [] }])), look.chosen);
  document.title = `${board().title} · hostledger`;
  $("title").textContent = board().title;
  $("question").textContent = board().question;
  scrollTo(0, 0);
}

/** Everything that leads somewhere keeps what is chosen. */
function links() {
  [...boards.keys()].forEach((name, at) => {
    const tab = $("boards").children[at];
    tab.href = address.link(look, { board: name });
    if (name === look.board) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
    if (act()) tab.setAttribute("aria-keyshortcuts", String(at + 1));
    else tab.removeAttribute("aria-keyshortcuts");
  });
  const query = address.question(look, board());
  for (const [id, card] of cards) card.name(titled(card.panel.title), `/api/csv/${look.board}/${id}?${query}`);
}

/** A title {words, aside, whole}: what is asked, and by which choices; those after a comma or in brackets stand aside. */
function titled(title) {
  const aside = [...title.matchAll(ASIDE)].map(([, name]) => valueOf(name)).filter(Boolean);
  const words = title.replace(ASIDE, "").replace(/\$\{(\w+)\}/g, (_, name) => valueOf(name) ?? "");
  return { words, aside: aside.join(" · "), whole: [words, ...aside].join(", ") };
}

const chosenOf = (name) =>
  view?.variables[name]?.value[0] ?? look.chosen.get(name)?.[0] ?? board().variables.find((one) => one.name === name)?.default;

function valueOf(name) {
  const value = chosenOf(name);
  return MODEL_NAMES[value] ?? value;
}

function screen() {
  document.body.classList.toggle("screen", look.screen);
  hang($("figures"), look.screen);
  redraw();
}

function hearView(next) {
  view = {
    ...next, states, annotations: board().annotations,
    explain: (order) => go({ order }), linkTo: (to, name, value) => address.linkTo({ ...look, screen: false }, to, name, value),
  };
  clock.set(next.clock);
  if (waits) $("notice").textContent = "";
  waits = false;
  filters.set(next.variables, look.chosen);
  range.set(look.since || board().since, look.until, next);
  links();
  $("said").replaceChildren(...said(look, board(), next));
  $("span").textContent = `${day(next.from_ms)}, ${minute(next.from_ms)} – ${day(next.until_ms)}, ${minute(next.until_ms)} · by ${stepName(next.step_ms)} · times in ${zone()}, days in ${next.variables.zone?.value[0] ?? days}`;
  for (const card of cards.values()) if (OVER_TIME.has(card.panel.kind)) stale.add(card.panel.id);
  draw();
}

function hearPanel({ id, columns, rows, error }) {
  if (!cards.has(id)) return;
  answers.set(id, error ? { error } : { rows: rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))) });
  stale.add(id);
  draw();
}

function hearMarks(next) {
  marks = next;
  for (const card of cards.values()) if (OVER_TIME.has(card.panel.kind)) stale.add(card.panel.id);
  draw();
}

/** What has changed is drawn once, with the next picture of the screen. */
function draw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const due = [...stale];
    stale.clear();
    for (const id of due) {
      const [card, answer] = [cards.get(id), answers.get(id)];
      if (!card || !answer) continue;
      if (answer.error) card.fail(answer.error, titled(card.panel.title));
      else if (view) card.draw(answer.rows, { ...view, marks }, titled(card.panel.title));
    }
  });
}

/** Nothing is heard: what stands is not live until each panel is answered again. */
function lose() {
  clock.lost();
  forget();
  for (const card of cards.values()) card.lose();
}

/** The server does not know a value of the address: leave it out and say so. */
function refused({ field, value, remedy }) {
  const next = address.without(look, field);
  const same = address.link(next) === address.link(look);
  $("notice").textContent = `${field} = ${value} was left out: ${remedy}.`;
  if (!same) go(next, { corrects: true });
}

/** There is no room for another view now; the page calls again by itself. */
function crowded({ value, remedy }) {
  waits = true;
  $("notice").textContent = `${value}: ${remedy}.`;
}

/** Whoever we are, the server does not believe it any more. */
function shut() {
  clock.shut();
  $("notice").textContent = "The page asks for its password or a token: load it again.";
}

/** The same figures in other colours, or another size. */
function redraw() {
  for (const card of cards.values()) card.again();
}

function wall(on) {
  go({ screen: on });
  fill(on);
}

addEventListener("popstate", () => show(address.read(location, boards)));
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  if (!link || link.hasAttribute("download") || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  $("notice").textContent = "";
  go(address.read(new URL(link.href), boards));
});
document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement && look.screen) go({ screen: false }); });
onSystemTheme(redraw);
$("theme").addEventListener("click", () => { switchTheme(); redraw(); });
$("wide").addEventListener("click", () => wall(!look.screen));
$("leave").addEventListener("click", () => wall(false));
$("help").addEventListener("click", () => $("keys").showModal());
for (const close of document.querySelectorAll("[data-close]")) close.addEventListener("click", () => close.closest("dialog").close());

async function start() {
  const told = await described(clock.lost);
  boards = new Map(told.boards.map((one) => [one.name, one]));
  [states, days] = [told.states, told.zone];
  $("boards").replaceChildren(...[...boards.values()].map((one, at) => el("a", { "aria-keyshortcuts": String(at + 1) }, one.title)));
  $("numbers").replaceChildren(...[...boards.keys()].flatMap((_, at) => [" ", el("kbd", {}, String(at + 1))]));
  listen({
    ...Object.fromEntries([...boards.keys()].map((name, at) => [String(at + 1), () => go({ board: name })])),
    t: () => $("theme").click(), f: () => wall(!look.screen), "/": () => filters.focus(), "?": () => $("keys").showModal(),
    Escape: () => { if (look.screen) wall(false); },
  }, $("single"));
  $("single").addEventListener("change", links);
  show(address.read(location, boards));
}

start();
