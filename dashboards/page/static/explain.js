// Why a host has an order: what was bought, what the viewer had seen, and what every model says.

import { chip, el, named } from "./dom.js";
import { count, day, money, platform, roomName, share, shortDay, stretch, time } from "./format.js";
import { MODEL_NAMES } from "./words.js";

/**
 * @param {() => string} chosenModel the model whose row is marked
 * @param {() => void} closed called when somebody closes the explanation
 * @returns {(orderId: string) => Promise<void>} shows an order; none if it is empty
 */
export function explainer(dialog, chosenModel, closed) {
  const title = dialog.querySelector("h2");
  const body = dialog.querySelector(".body");
  let asked = "";
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    if (!asked) return;
    asked = "";
    closed();
  });
  return async (orderId) => {
    if (orderId === asked) return;
    asked = orderId;
    if (!orderId) return dialog.close();
    title.textContent = orderId;
    body.replaceChildren(el("p", { class: "quiet", role: "status" }, "Looking it up"));
    if (!dialog.open) dialog.showModal();
    const found = await answer(orderId, chosenModel());
    if (orderId === asked) body.replaceChildren(...found); // another one may have been asked for since
  };
}

async function answer(orderId, model) {
  try {
    const response = await fetch(`/api/explain/${encodeURIComponent(orderId)}`);
    if (response.status === 401) return [el("p", { class: "quiet" }, "The page asks for its password or a token: load it again.")];
    const order = await response.json();
    if (response.status === 404) return [el("p", { class: "quiet" }, `No order ${order.value} is stored: ${order.remedy}.`)];
    if (!response.ok) return [el("p", { class: "quiet" }, `No answer: ${order.value}. Remedy: ${order.remedy}.`)];
    const told = { steps: path, models: (one) => models(one, model), lines: bought, returned };
    return [facts(order), ...Object.keys(told).filter((name) => order[name]).map((name) => told[name](order))];
  } catch (error) {
    return [el("p", { class: "quiet" }, `The server did not answer (${error.message}). Close this and try again.`)];
  }
}

const part = (heading, ...content) => el("section", {}, el("h3", {}, heading), ...content);

function facts(order) {
  const entry = (term, ...value) => el("div", {}, el("dt", {}, term), el("dd", {}, ...value));
  return el("dl", { class: "facts" },
    order.amount ? entry("Amount", money(order.amount), el("span", { class: "unit" }, ` ${order.currency}`)) : entry("Currency", order.currency),
    entry("Paid", `${day(order.ordered_ms)}, ${time(order.ordered_ms)}`),
    entry("Room", order.session ? named(roomName(order.session)) : "outside a room", order.session?.platform ? el("span", { class: "unit" }, ` ${platform(order.session)}`) : null),
    order.viewer_id ? entry("Viewer", el("span", { class: "id" }, order.viewer_id)) : null,
    "declared" in order ? entry("Named by the platform", order.declared ? chip(order.declared) : "nobody") : null);
}

function path(order) {
  if (!order.steps.length) return part("What the viewer had seen", el("p", { class: "quiet" }, "Nothing in the look-back: no step, so path models leave the order unattributed."));
  const longest = Math.max(...order.steps.map((step) => step.watched_ms));
  const items = order.steps.map((step) => {
    const bar = el("span", { class: `bar ${step.lineup[0].kind}` });
    bar.style.width = `${Math.max((100 * step.watched_ms) / longest, 1)}%`;
    return el("li", {},
      el("span", { class: "step", "aria-hidden": "true" }, String(step.step)),
      el("div", { class: "seen" },
        el("div", { class: "lineup" }, ...step.lineup.map((host) => chip(host))),
        el("div", { class: "quiet" }, named(roomName(step.room)), ` · ${shortDay(step.start_ms)} ${time(step.start_ms)} – ${time(step.end_ms)}`),
        el("div", { class: "track" }, bar)),
      el("span", { class: "num" }, stretch(step.watched_ms), el("span", { class: "hidden" }, " watched")));
  });
  return part("What the viewer had seen before", el("ol", { class: "path" }, ...items));
}

function models(order, chosen) {
  const rows = order.models.map((row) => {
    const credits = [...row.credits].sort((a, b) => b.share_bp - a.share_bp);
    const reasons = [...new Set(credits.map((credit) => credit.basis))];
    const each = (write) => credits.map((credit) => el("div", {}, write(credit)));
    return el("tr", { class: row.model === chosen ? "chosen" : null, "aria-current": row.model === chosen ? "true" : null },
      el("th", { scope: "row" }, MODEL_NAMES[row.model], el("div", { class: "quiet reason" }, reasons.join("; "), row.fit ? ` (fit ${row.fit})` : "")),
      el("td", {}, ...each((credit) => chip(credit)), row.restated ? el("span", { class: "tag" }, "restated") : null),
      el("td", { class: "num" }, ...each((credit) => share(credit.share_bp))),
      el("td", { class: "num" }, ...each((credit) => money(credit.gross))),
      el("td", { class: "num" }, ...each((credit) => money(credit.net))));
  });
  const head = ["Model", "Credit", "Share", "Gross", "Net"].map((name, at) => el("th", { scope: "col", class: at > 1 ? "num" : null }, name));
  return part("What every model says", el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows)));
}

function bought(order) {
  const rows = order.lines.map((line) => el("tr", {},
    el("th", { scope: "row" }, named(line.product_id), line.category ? el("span", { class: "quiet" }, ` ${line.category}`) : null),
    el("td", { class: "num" }, `${count(line.quantity)} ×`),
    el("td", { class: "num" }, money(line.amount))));
  return part("What was bought", el("table", {}, el("tbody", {}, ...rows)));
}

function returned(order) {
  if (!order.returned.length) return part("What came back", el("p", { class: "quiet" }, "Nothing so far."));
  const rows = order.returned.map((refund) => el("tr", {},
    el("th", { scope: "row" }, refund.refund_id, refund.reason ? el("span", { class: "quiet", lang: null }, " ", named(refund.reason)) : null),
    el("td", { class: "quiet" }, `${shortDay(refund.refunded_ms)} ${time(refund.refunded_ms)}`),
    el("td", { class: "num" }, "−", money(refund.amount))));
  return part("What came back", el("table", {}, el("tbody", {}, ...rows)));
}
