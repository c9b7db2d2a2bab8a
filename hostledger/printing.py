"""Pages on paper: HTML to PDF through a headless Chromium, where one is installed."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WAIT_S = 60


def browser() -> str | None:
    """Find a Chromium."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def print_pdf(page: Path, pdf: Path) -> str | None:
    """Print a page to a PDF file; where that cannot be done, say why."""
    found = browser()
    if found is None:
        return "no Chromium is installed (apt-get install chromium); any browser prints the page"
    with TemporaryDirectory() as profile:
        words = [found, "--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={profile}"]
        words += ["--no-sandbox"] if os.geteuid() == 0 else []
        asked = [*words, f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()]
        try:
            done = subprocess.run(asked, capture_output=True, text=True, timeout=_WAIT_S, check=False)  # noqa: S603  # fixed
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{found}: {error}"
    return None if done.returncode == 0 and pdf.is_file() else f"{found} ended with {done.returncode}"
