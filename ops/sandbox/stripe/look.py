"""One look for the pages of the local Stripe: plain, readable, light and dark; no script."""

from __future__ import annotations

from html import escape
from typing import Final

from aiohttp import web

_STYLE: Final = """
:root{color-scheme:light dark;--line:#d8dae5;--dim:#5b6178;--soft:#f6f7fb;--accent:#4f46e5;--on:#fff;--good:#11703c;--bad:#b3261e;--ground:#fff;--ink:#14161f}
@media(prefers-color-scheme:dark){:root{--line:#34384a;--dim:#a3a9bf;--soft:#1d202c;--accent:#a5a0ff;--on:#14161f;--good:#6fd39b;--bad:#ff9b93;--ground:#12141c;--ink:#eceef6}}
*{box-sizing:border-box}html{background:var(--ground);color:var(--ink)}body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}
body.narrow{max-width:30rem;padding-top:3rem}h1{font-size:1.5rem;margin:.5rem 0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
a{color:var(--accent)}.dim,time{color:var(--dim)}time,.num{font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px}table{width:100%;border-collapse:collapse}
td,th{text-align:left;padding:.45rem .75rem;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}
tr:last-child td{border-bottom:0}th{font-weight:600;color:var(--dim);background:var(--soft)}td.wide{white-space:normal;min-width:14rem}
button,.button{font:inherit;padding:.5rem 1rem;border-radius:8px;border:1px solid var(--accent);background:var(--accent);color:var(--on);
cursor:pointer;text-decoration:none;display:inline-block}button.quiet{background:none;color:inherit;border-color:var(--line)}
.row{display:flex;gap:.75rem;flex-wrap:wrap;align-items:center}nav{display:flex;gap:1rem;flex-wrap:wrap}
.box{border:1px solid var(--line);border-radius:10px;padding:.75rem 1rem;background:var(--soft)}.spaced{margin-top:.75rem}.good{color:var(--good)}.bad{color:var(--bad)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:10px;padding:1rem;background:var(--soft)}
"""


def html_page(title: str, body: str, *, status: int = 200, wide: bool = False) -> web.Response:
    """`body` is HTML; whoever writes it escapes what came from outside."""
    return web.Response(
        status=status,
        text=f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{escape(title)}</title><style>{_STYLE}</style><body class="{"" if wide else "narrow"}"><main>'
        f"<h1>{escape(title)}</h1>{body}</main></body></html>",
        content_type="text/html",
        headers={
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Cache-Control": "no-store",
        },
    )
