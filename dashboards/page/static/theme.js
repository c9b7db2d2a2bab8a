// Before anything is drawn: the theme that was chosen last, if any; else the system's.
const theme = localStorage.getItem("hostledger-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
