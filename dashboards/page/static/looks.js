// How the page looks beyond its figures: light or dark, on a desk or on a wall.

const KEPT = "hostledger-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const forced = matchMedia("(forced-colors: active)");

/** Switch between light and dark, and remember it where the browser keeps anything. */
export function switchTheme() {
  const root = document.documentElement;
  root.dataset.theme = (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark" ? "light" : "dark";
  try {
    localStorage.setItem(KEPT, root.dataset.theme);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
}

/** `changed` is called when the system's theme changes. */
export const onSystemTheme = (changed) => [dark, forced].forEach((one) => one.addEventListener("change", changed));

/** Fill the whole screen, or no longer; a browser may refuse. */
export async function fill(on) {
  const wanted = on ? document.documentElement.requestFullscreen?.() : document.fullscreenElement && document.exitFullscreen();
  await Promise.resolve(wanted).catch(() => null);
}
