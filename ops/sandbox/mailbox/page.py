"""The mailbox's page: a list, one mail, and the same as JSON for tests and programs."""

from __future__ import annotations

from html import escape

from aiohttp import web

from .store import Mail, MailStore

_STORE = web.AppKey("store", MailStore)
# A mail is somebody else's HTML: no scripts, no forms, nothing fetched but pictures.
_FRAME_POLICY = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; sandbox allow-popups"
_STYLE = """
:root{color-scheme:light dark;--line:#8883;--dim:#667}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:64rem;padding:1rem}
a{color:#4f46e5}@media(prefers-color-scheme:dark){a{color:#8b85ff}:root{--dim:#99a}}
table{width:100%;border-collapse:collapse}td,th{text-align:left;padding:.5rem;border-bottom:1px solid var(--line);vertical-align:top}
time,.dim{color:var(--dim);font-variant-numeric:tabular-nums}header{display:flex;justify-content:space-between;align-items:center;gap:1rem}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--line);border-radius:8px;padding:1rem}
iframe{width:100%;height:36rem;border:1px solid var(--line);border-radius:8px;background:#fff}
button{font:inherit;padding:.35rem .8rem;border-radius:8px;border:1px solid var(--line);background:none;color:inherit;cursor:pointer}
"""


def make_app(store: MailStore) -> web.Application:
    app = web.Application()
    app[_STORE] = store
    app.add_routes(
        [
            web.get("/", _index),
            web.get("/mails.json", _mails),
            web.get("/mails/{id}", _mail),
            web.get("/mails/{id}/html", _html),
            web.post("/clear", _clear),
        ]
    )
    return app


async def _index(request: web.Request) -> web.Response:
    mails = request.app[_STORE].list_mails()
    rows = "".join(
        f"<tr><td><time>{mail.arrived_at:%d %b %H:%M:%S} UTC</time></td><td>{escape(mail.recipients)}</td>"
        f'<td><a href="/mails/{mail.id}">{escape(mail.subject)}</a></td></tr>'
        for mail in mails
    )
    if not rows:
        rows = '<tr><td colspan="3" class="dim">No mail yet. Whatever EngageHub sends on this machine arrives here.</td></tr>'
    clear = '<form method="post" action="/clear"><button>Empty the mailbox</button></form>' if mails else ""
    return _page(
        "Mailbox",
        f"<header><h1>Mailbox</h1>{clear}</header><table><thead><tr><th>Arrived</th><th>To</th><th>Subject</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>",
    )


async def _mail(request: web.Request) -> web.Response:
    mail = _find(request)
    shown = f'<iframe title="The mail as HTML" src="/mails/{mail.id}/html"></iframe>' if mail.html else ""
    text = f"<h2>Text</h2><pre>{escape(mail.text)}</pre>" if mail.text else ""
    return _page(
        mail.subject,
        f'<p><a href="/">← Mailbox</a></p><h1>{escape(mail.subject)}</h1><p class="dim">From {escape(mail.sender)} '
        f"to {escape(mail.recipients)} · <time>{mail.arrived_at:%d %b %Y %H:%M:%S} UTC</time></p>{shown}{text}",
    )


async def _html(request: web.Request) -> web.Response:
    return web.Response(
        text=_find(request).html, content_type="text/html", headers={"Content-Security-Policy": _FRAME_POLICY}
    )


async def _mails(request: web.Request) -> web.Response:
    return web.json_response([mail.as_dict() for mail in request.app[_STORE].list_mails()])


async def _clear(request: web.Request) -> web.Response:
    if request.headers.get("Origin", "") not in {"", f"http://{request.host}"}:
        raise web.HTTPForbidden(text="This button works from the mailbox's own page only.")
    request.app[_STORE].clear()
    raise web.HTTPSeeOther("/")


def _find(request: web.Request) -> Mail:
    mail = request.app[_STORE].get(request.match_info["id"])
    if mail is None:
        raise web.HTTPNotFound(text="This mail is not here, or no longer.")
    return mail


def _page(title: str, body: str) -> web.Response:
    return web.Response(
        text=f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><body>{body}</body></html>",
        content_type="text/html",
    )
