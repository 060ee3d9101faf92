"""Uvicorn with an ASGI app that remembers what it was asked, for the byte matrix.

    python recorder.py httptools|h11

prints its port. Every request through the gateway (which says Via) is remembered and answered with a line that names
it. `GET /arrived` without Via waits until nothing is on its way and returns what was remembered since the last time.
"""

import asyncio
import json
import socket
import sys

import uvicorn

requests = []
partial = []
active = 0
changed = asyncio.Condition()


def head(scope):
    fields = [[name.decode("latin1"), value.decode("latin1")] for name, value in scope["headers"]]
    query = scope["query_string"].decode("latin1")
    target = scope["raw_path"].decode("latin1") + (f"?{query}" if query else "")
    start = f"{scope.get('method', 'GET')} {target} HTTP/{scope['http_version']}"
    return {"start": start, "fields": fields, "body": ""}


async def whole_body(receive):
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if not event.get("more_body", False):
            return body.decode("latin1")


async def answer(send, text):
    length = str(len(text)).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
    await send({"type": "http.response.body", "body": text.encode("latin1")})


async def tell(send):
    async with changed:
        await changed.wait_for(lambda: active == 0)
    seen = json.dumps({"requests": requests, "partial": partial})
    requests.clear()
    partial.clear()
    await answer(send, seen)


async def http(scope, receive, send):
    request = head(scope)
    body = await whole_body(receive)
    method, target, _ = request["start"].split(" ")
    if body is None:
        return partial.append(request["start"])
    if not target.startswith("/probe/"):
        requests.append({**request, "body": body})
    await answer(send, f"seen {method} {target}")


async def websocket(scope, receive, send):
    request = head(scope)
    requests.append(request)
    await receive()
    if request["start"].startswith("GET /refuse"):
        return await send({"type": "websocket.close"})
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


async def app(scope, receive, send):
    global active
    if scope["type"] == "http" and scope["raw_path"] == b"/arrived":
        if not any(name == b"via" for name, _ in scope["headers"]):
            return await tell(send)
    handlers = {"http": http, "websocket": websocket}
    if scope["type"] not in handlers:
        return
    active += 1
    try:
        await handlers[scope["type"]](scope, receive, send)
    finally:
        async with changed:
            active -= 1
            changed.notify_all()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        app, http=sys.argv[1], ws="websockets", ws_per_message_deflate=False, lifespan="off", log_level="critical"
    )
    uvicorn.Server(config).run(sockets=[listener])


main()
