// How figures and times are written. Amounts arrive as exact decimal text and are never turned into numbers to be
// shown; `magnitude` is for drawing and sorting alone.

import { el } from "./dom.js";

const EN = "en-GB";
const h23 = { hourCycle: "h23" };
const TIME = new Intl.DateTimeFormat(EN, { hour: "2-digit", minute: "2-digit", second: "2-digit", ...h23 });
const MINUTE = new Intl.DateTimeFormat(EN, { hour: "2-digit", minute: "2-digit", ...h23 });
const DAY = new Intl.DateTimeFormat(EN, { day: "numeric", month: "short", year: "numeric" });
const SHORT_DAY = new Intl.DateTimeFormat(EN, { day: "numeric", month: "short" });
const DATE = new Intl.DateTimeFormat(EN, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const COUNT = new Intl.NumberFormat("en-US");
const COMPACT = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const MINUS = "\u2212";
export const NONE = "–";

export const time = (ms) => TIME.format(ms);
export const minute = (ms) => MINUTE.format(ms);
export const day = (ms) => DAY.format(ms);
export const shortDay = (ms) => SHORT_DAY.format(ms);
export const date = (text) => (/^\d{4}-\d\d-\d\d$/.test(text) ? DATE.format(Date.parse(text)) : text);
export const moment = (ms) => `${shortDay(ms)} ${minute(ms)}`;
export const count = (n) => COUNT.format(n).replace("-", MINUS);
export const compact = (n) => COMPACT.format(n).replace("-", MINUS);
export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A figure as a number, for lengths and order; nothing is least. */
export const magnitude = (value) => (value === null || value === undefined ? -Infinity : Number(value));

/** Set thousands apart in exact decimal text: "-1234.50" is written −1,234.50. */
export function grouped(exact) {
  const [, sign, whole, rest] = /^(-?)(\d+)(.*)$/.exec(exact) ?? [null, "", exact, ""];
  return `${sign && MINUS}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest}`;
}

/** Add exact decimal texts without a float. */
export function total(texts) {
  const places = Math.max(0, ...texts.map((text) => text.split(".")[1]?.length ?? 0));
  const units = (text) => {
    const [whole, rest = ""] = text.split(".");
    return BigInt(whole + rest.padEnd(places, "0"));
  };
  const sum = texts.reduce((before, text) => before + units(text), 0n);
  const digits = String(sum < 0n ? -sum : sum).padStart(places + 1, "0");
  const cut = digits.length - places;
  return `${sum < 0n ? "-" : ""}${digits.slice(0, cut)}${places ? `.${digits.slice(cut)}` : ""}`;
}

/** An amount with its decimals set back: the eye compares the whole units. */
export function money(exact) {
  const text = grouped(exact);
  const at = text.indexOf(".");
  if (at < 0) return el("span", { class: "money" }, text);
  return el("span", { class: "money" }, text.slice(0, at), el("span", { class: "minor" }, text.slice(at)));
}

/** A measured number: whole as it is, else with two decimals, four where it is very small. */
export function decimal(value) {
  if (Number.isInteger(value)) return count(value);
  const exact = Math.abs(value) < 0.01 ? value.toFixed(4) : value.toFixed(2);
  return grouped(exact);
}

/** A part of one: 0.25 is written 25.0 %. */
export const part = (share) => `${grouped((share * 100).toFixed(1))} %`;

export function share(basisPoints) {
  if (basisPoints === null) return NONE;
  return `${basisPoints % 100 === 0 ? basisPoints / 100 : (basisPoints / 100).toFixed(1)} %`;
}

/** Seconds in their two largest units, as [number, unit] pairs. */
export function parts(seconds) {
  const whole = Math.round(Math.abs(seconds));
  const [m, h, d] = [Math.floor(whole / 60), Math.floor(whole / 3600), Math.floor(whole / 86400)];
  if (m < 1) return [[Math.abs(seconds) < 10 && !Number.isInteger(seconds) ? Math.abs(seconds).toFixed(1) : whole, "s"]];
  if (h < 1) return [[m, "min"], [whole % 60, "s"]];
  if (d < 1) return [[h, "h"], [m % 60, "min"]];
  return [[d, "d"], [h % 24, "h"]];
}

/** A round length of time, without its empty part: the mark of an axis. */
export const roundly = (seconds) => lasting(seconds).replace(/ 0\u2009(s|min|h)$/, "");

export const lasting = (seconds) =>
  (seconds < 0 ? MINUS : "") + parts(seconds).map(([value, unit]) => `${value}\u2009${unit}`).join(" ");

export function stretch(ms) {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A step of time in words: 60000 is "minute". */
export function stepName(ms) {
  for (const [length, word] of [[86400000, "day"], [3600000, "hour"], [60000, "minute"], [1000, "second"]]) {
    if (ms % length === 0) return ms === length ? word : `${ms / length} ${word}s`;
  }
  return `${ms} ms`;
}

export const roomName = (room) => room.title || room.session_id;
export const platform = (room) => (room.platform ?? "").replaceAll("_", " ");
