"""In a real browser the page looks right and nothing that a judge or a data set wrote comes alive."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import threading
import zlib
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from judgeaudit.records import Answer, Pair, Trial, Verdict
from judgeaudit.reports import html

from .audits import audit, judge

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no Chromium: apt-get install chromium")]

SEEDS = [
    '<script>{0}</script>', '<img src=x onerror={0}>', '<svg onload={0}>', '<svg><script>{0}</script></svg>',
    '</div><script>{0}</script>', '</title><script>{0}</script>', '</style><script>{0}</script>',
    '--><script>{0}</script>', ']]><script>{0}</script>', '"><script>{0}</script>', "'><script>{0}</script>",
    '" onmouseover={0} x="', "<iframe src='javascript:{0}'></iframe>",
    "<a href='javascript:{0}' autofocus onfocus={0}>x</a>", '<body onload={0}>',
    "<meta http-equiv=refresh content='0;url={1}'>", '<link rel=stylesheet href={1}>',
    "<style>@import '{1}';</style>", '<style>*{{background:url({1})}}</style>', '<img src={1}>',
    '<object data={1}></object>', '<embed src={1}>', '<video src={1} autoplay></video>', '<base href={1}>',
    '<form action={1}><input autofocus></form>', '{{{{ 7*7 }}}}', '{{% for x in () %}}{{% endfor %}}',
    "{{{{ ''.__class__.__mro__ }}}}", '&lt;script&gt;{0}&lt;/script&gt;', '&#60;script&#62;{0}',
    '<math><mtext></mtext><script>{0}</script></math>', '<template><script>{0}</script></template>',
    "<noscript><p title='</noscript><img src=x onerror={0}>'>", '<details open ontoggle={0}>',
    '<input onfocus={0} autofocus>', '<marquee onstart={0}>', '<plaintext>', '<textarea>', '<!--', '<![CDATA[',
    '<?xml ?>', '<mark onclick={0}>',
]  # fmt: skip
DISGUISES = [
    lambda t: t, str.upper, lambda t: t.replace("<", "<\t"), lambda t: t.replace("script", "scr\u200bipt"),
    lambda t: "\u202e" + t, lambda t: t.replace(" ", "/"), lambda t: t.replace(" ", "\n"), lambda t: t * 2,
    lambda t: "\r\n" + t + "\r", lambda t: t.replace(">", " >"), lambda t: "`" + t, lambda t: t + "\ufeff",
]  # fmt: skip


def payloads(address: str) -> list[str]:
    """Return at least 500 texts that would run a script or send a request, were they obeyed."""
    alive = f"document.title='alive';fetch('{address}/run')"
    return [disguise(seed.format(alive, f"{address}/load")) for seed in SEEDS for disguise in DISGUISES]


class Texts(HTMLParser):
    """Collects what the browser's own tree holds in the places of foreign text, and every script in it."""

    def __init__(self, tree: str) -> None:
        super().__init__()
        self.replies: list[str] = []
        self.scripts = 0
        self.title = ""
        self._in: list[str] = []
        self.feed(tree)

    def handle_starttag(self, tag, attrs):
        """Note what opens."""
        self.scripts += tag == "script"
        if tag == "div" and dict(attrs).get("class") == "text reply":
            self.replies.append("")
            self._in.append("reply")
        elif tag in ("div", "title"):
            self._in.append(tag)

    def handle_endtag(self, tag):
        """Note what closes."""
        if tag in ("div", "title") and self._in:
            self._in.pop()

    def handle_data(self, data):
        """Keep the text of a reply and the first title."""
        if self._in and self._in[-1] == "reply":
            self.replies[-1] += data
        elif self._in and self._in[-1] == "title" and not self.title:
            self.title = data


def browse(page: Path, *switches: str) -> str:
    """Run the browser on a page with a profile of its own, and return what it prints."""
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--no-first-run", "--hide-scrollbars", f"--user-data-dir={page.parent / 'profile'}", *switches, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout.decode()


@pytest.fixture
def listener():
    """Listen on the loopback address and return where, with the list of what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_five_hundred_hostile_texts_stay_text(tmp_path, listener):
    """No script runs, no request leaves, and every reply reads as it was written."""
    address, asked = listener
    texts = payloads(address)
    assert len(texts) >= 500
    pair = Pair(id=texts[0], item_id="i", question=texts[1], contrast="conflict", factor=texts[2],
                a=Answer(text="\n".join(texts)[:3900]), b=Answer(text="\n".join(texts[::-1])[:3900]))  # fmt: skip
    verdicts = [
        Verdict(
            trial=Trial(pair_id=pair.id, judge=texts[3], replicate=n, order=("ab", "ba")[n % 2]),
            outcome="valid",
            choice="b",
            preference=0.0,
            raw=text,
        )
        for n, text in enumerate(texts)
    ]
    made = audit(judge(texts[3], note=texts[4]), judge(texts[5]), run_id=texts[6], dropped={texts[7]: 1},
                 provenance={texts[8]: texts[9]})  # fmt: skip
    page = tmp_path / "report.html"
    page.write_text(html.render(made, pairs=[pair], verdicts=verdicts, command=texts[10]), encoding="utf-8", newline="")
    tree = Texts(browse(page, "--dump-dom"))
    assert tree.scripts == 0
    assert tree.title.startswith("judgeaudit")
    assert sorted(tree.replies) == sorted(texts)
    assert asked == []


def pixels(file: Path) -> tuple[int, int, list[bytes]]:
    """Read a PNG: width, height and its unpacked rows."""
    data, at, packed = file.read_bytes(), 8, b""
    width, height = struct.unpack(">II", data[16:24])
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : at + 8 + length]
        at += length + 12
    raw = zlib.decompress(packed)
    step = len(raw) // height
    return width, height, [raw[k * step + 1 : (k + 1) * step] for k in range(height)]


def kept_in(tmp_path: Path) -> Path:
    """Return where pictures are kept: in ``JUDGEAUDIT_SCREENSHOTS``, or nowhere for long."""
    kept = Path(os.environ.get("JUDGEAUDIT_SCREENSHOTS") or tmp_path).absolute()
    kept.mkdir(parents=True, exist_ok=True)
    return kept


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_drawn_in_both_themes(tmp_path, run, theme):
    """The screenshot is kept where ``JUDGEAUDIT_SCREENSHOTS`` says; drawn content reaches over the whole of it."""
    made, pairs, verdicts = run
    text = html.render(made, pairs=pairs, verdicts=verdicts)
    text = text.replace('id="theme-auto" checked', 'id="theme-auto"').replace(
        f'id="theme-{theme}"', f'id="theme-{theme}" checked'
    )
    page, shot = tmp_path / "report.html", kept_in(tmp_path) / f"report-{theme}.png"
    page.write_text(text, encoding="utf-8")
    browse(page, "--window-size=1200,2400", f"--screenshot={shot}")
    width, height, rows = pixels(shot)
    assert (width, height) == (1200, 2400)
    busy = [any(row) for row in rows]
    assert all(any(busy[start : start + 300]) for start in range(0, height, 300))


MEASURE = """
const out = [], page = document.documentElement;
if (page.scrollWidth > innerWidth) out.push(`page ${page.scrollWidth} > ${innerWidth}`);
for (const plot of document.querySelectorAll("svg.plot")) {
  const frame = plot.getBoundingClientRect();
  for (const text of plot.querySelectorAll("text")) {
    const box = text.getBoundingClientRect();
    const across = Math.max(frame.left - box.left, box.right - frame.right);
    const over = Math.max(across, frame.top - box.top, box.bottom - frame.bottom);
    if (over > 2) out.push(`cut by ${over}: ${text.textContent}`);
  }
}
for (const table of document.querySelectorAll(".scroll > table.figures"))
  if (innerWidth > 1100 && table.scrollWidth > table.parentElement.clientWidth) out.push("the figures scroll");
document.title = "measured " + out.length + " " + out.join("; ");
"""


@pytest.mark.parametrize("width", [500, 1200])
def test_nothing_sticks_out_of_the_page_or_a_plot(tmp_path, width):
    """Ten judges with long names, angles all round: no label is cut, and the page never scrolls sideways."""
    judges = [
        judge(f"openai-gpt-4.1-mini-2025-04-14-pairwise-temperature-{n}", 0.9 - 0.19 * n, 0.2 * n - 0.9, parts=True)
        for n in range(10)
    ]
    made = html.render(audit(*judges))
    made = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", made)
    page = tmp_path / "report.html"
    page.write_text(made.replace("</body>", f"<script>{MEASURE}</script></body>"), encoding="utf-8")
    assert Texts(browse(page, f"--window-size={width},2000", "--dump-dom")).title == "measured 0 "


def test_the_page_prints(tmp_path, run):
    """What comes out on paper is kept beside the screenshots."""
    made, pairs, verdicts = run
    page, paper = tmp_path / "report.html", kept_in(tmp_path) / "report.pdf"
    page.write_text(html.render(made, pairs=pairs, verdicts=verdicts), encoding="utf-8")
    browse(page, "--no-pdf-header-footer", f"--print-to-pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF-")
    assert paper.stat().st_size > 50_000
