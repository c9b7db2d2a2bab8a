// Before anything is drawn: the theme that was chosen last, if any; else the system's. No module, so that it runs first.
try {
  const theme = localStorage.getItem("hostledger-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) {
  if (!(error instanceof DOMException)) throw error; // a browser that keeps nothing still shows figures
}
