"""An app that gunicorn loads before it forks."""

import os

from flask import Flask, request

from securekey import keyring

app = Flask("forked")
ring = keyring(refresh=True, settle=0)
ring.flask(app)


@app.get("/")
def verified():
    """Which process it is, and whether it accepts the token."""
    return {"pid": os.getpid(), "parent": os.getppid(), "is_good": bool(ring.verify(request.args["token"], purpose="a"))}
