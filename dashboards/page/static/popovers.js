// Small panes that open beside their button and stay with it; where it goes out of sight, they close. The browser closes
// them on Escape and on a click elsewhere.

const GAP = 6;
let last = 0;

/** Make `pane` the popover of `button`; `opened` is called each time before it shows. */
export function attach(button, pane, opened = () => {}) {
  pane.id ||= `pane-${(last += 1)}`;
  pane.popover = "auto";
  button.setAttribute("popovertarget", pane.id);
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", pane.id);
  pane.addEventListener("beforetoggle", (event) => { if (event.newState === "open") opened(); });
  const seen = new IntersectionObserver((met) => { if (!met.at(-1).isIntersecting) pane.hidePopover(); });
  let opening = null;
  pane.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    opening?.abort();
    seen.disconnect();
    if (open) opening = follow(button, pane, seen);
  });
}

/** Keep `pane` beside its button while anything around it moves, until what is returned is aborted. */
function follow(button, pane, seen) {
  const until = new AbortController();
  const around = { capture: true, passive: true, signal: until.signal }; // what scrolls need not be the page
  place(button, pane);
  addEventListener("resize", () => place(button, pane), around);
  addEventListener("scroll", (event) => { if (!pane.contains(event.target)) place(button, pane); }, around);
  seen.observe(button);
  return until;
}

/** Below the button where there is room, else above; never over the edge of the window. */
function place(button, pane) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = pane;
  const below = at.bottom + GAP + height <= innerHeight || at.top < height + GAP;
  pane.style.left = `${Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - GAP))}px`;
  pane.style.top = `${below ? Math.min(at.bottom + GAP, Math.max(GAP, innerHeight - height - GAP)) : at.top - GAP - height}px`;
}
