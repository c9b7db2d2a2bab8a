// The range of time: a few usual ones at hand, any other by its two ends.

import { el, icon } from "./dom.js";
import { moment } from "./format.js";
import { attach } from "./popovers.js";
import { QUICK_RANGES } from "./words.js";

/** @param {(since: string, until: string) => void} choose called with the range, as the address writes it */
export function makeRange(place, choose) {
  const quick = el("fieldset", { class: "segments" }, el("legend", { class: "hidden" }, "Range of time"),
    ...QUICK_RANGES.map(({ since, short, long }) =>
      el("label", { title: long },
        el("input", { type: "radio", name: "range", value: since, "aria-label": long, onchange: () => choose(since, "") }),
        el("span", {}, short))));
  const words = el("span", { class: "chosen-text" }, "From … to");
  const button = el("button", { type: "button", class: "field pick", id: "absolute" }, icon("calendar"), words);
  const from = el("input", { type: "datetime-local", name: "from", required: true, step: 60 });
  const to = el("input", { type: "datetime-local", name: "to", required: true, step: 60 });
  const fault = el("p", { class: "fault", role: "alert" });
  const form = el("form", { class: "pane span", onsubmit: apply }, el("label", {}, "From", from), el("label", {}, "To (not included)", to), fault,
    el("footer", {}, el("button", { type: "submit", class: "strong" }, "Show")));
  let shown = null;
  attach(button, form, () => {
    fault.textContent = "";
    if (shown) [from.value, to.value] = [local(shown.from_ms), local(shown.until_ms)];
  });
  form.addEventListener("toggle", (event) => { if (event.newState === "open") from.focus(); });
  place.replaceChildren(quick, button, form);

  function apply(event) {
    event.preventDefault();
    const [begin, end] = [Date.parse(from.value), Date.parse(to.value)];
    if (!(begin < end)) {
      fault.textContent = "The end must be after the begin.";
      return;
    }
    form.hidePopover();
    choose(String(begin), String(end));
  }

  return {
    /** Show which range is chosen, and what the server made of it: {from_ms, until_ms}. */
    set(since, until, view) {
      shown = view ?? shown;
      const usual = until === "" || until === "now";
      for (const box of quick.querySelectorAll("input")) box.checked = usual && box.value === since;
      const fixed = !usual || !QUICK_RANGES.some((range) => range.since === since);
      button.classList.toggle("active", fixed);
      words.textContent = fixed && shown ? `${moment(shown.from_ms)} – ${moment(shown.until_ms)}` : "From … to";
    },
  };
}

/** The time as the input wants it: of this machine's zone, to the minute. */
function local(ms) {
  const at = new Date(ms);
  return new Date(ms - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
