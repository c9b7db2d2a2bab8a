// Small panes that open beside their button: the browser closes them on Escape and on a click elsewhere.

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
  pane.addEventListener("toggle", (event) => {
    button.setAttribute("aria-expanded", String(event.newState === "open"));
    if (event.newState === "open") place(button, pane);
  });
}

/** Below the button where there is room, else above; never over the edge of the window. */
function place(button, pane) {
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = pane;
  const below = at.bottom + GAP + height <= innerHeight || at.top < height + GAP;
  pane.style.left = `${Math.max(GAP, Math.min(at.left, document.documentElement.clientWidth - width - GAP))}px`;
  pane.style.top = `${below ? Math.min(at.bottom + GAP, Math.max(GAP, innerHeight - height - GAP)) : at.top - GAP - height}px`;
}
