"""Says who asks: as the plain headers have it, and as the signed assertion has it for whoever checks."""

import json
import os

import jwt
from fastapi import FastAPI, HTTPException, Request, WebSocket

app = FastAPI()
keys = {key["kid"]: jwt.PyJWK(key) for key in json.loads(os.environ["FLUXLIT_ASSERTION_JWKS"])["keys"]}


def checked(assertion: str) -> dict:
    key = keys[jwt.get_unverified_header(assertion)["kid"]]
    return jwt.decode(assertion, key, algorithms=["ES256"], audience="fluxlit-worker")


@app.get("/who")
def who(request: Request):
    names = [name for name in request.headers if name.startswith(("x-", "authorization", "cookie"))]
    try:
        signed = checked(request.headers.get("x-fluxlit-jwt-assertion", ""))
    except (jwt.PyJWTError, KeyError) as error:
        raise HTTPException(401, str(error)) from error
    return {"headers": {name: request.headers.getlist(name) for name in names}, "signed": signed}


@app.post("/write")
def write():
    return {"written": True}


@app.websocket("/ws")
async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_json(checked(websocket.headers["x-fluxlit-jwt-assertion"]))
    await websocket.close()
