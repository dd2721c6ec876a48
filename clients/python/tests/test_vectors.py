"""Every entry of the vectors that all libraries share."""

import json
import math
import unittest
from datetime import timezone
from pathlib import Path

from securekey import SecureKeyError, keyring

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "securekey-vectors.json"
DATA = json.loads(VECTORS.read_text(encoding="utf-8"))
STATES = {state["name"]: state for state in DATA["states"]}


def stood_for(value):
    """The arguments that JSON cannot hold."""
    if not isinstance(value, dict):
        return value
    if set(value) == {"half"}:
        return value["half"] + "\ud83d"
    if set(value) == {"number"}:
        return {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}[value["number"]]
    if set(value) == {"repeat", "times"}:
        return value["repeat"] * value["times"]
    return value


def made(state, now=None):
    """The ring of a state, with the warnings."""
    warnings = []
    moment = state["now"] if now is None else now
    env = {"SECURE_KEY": state["secure_key"], "SECURE_KEYRING": state["secure_keyring"]}
    ring = keyring(
        env={name: value for name, value in env.items() if value is not None},
        settle=state["settle"],
        max_life=state["max_life"],
        now=lambda: moment / 1000,
        started_at=state["started_at"] / 1000,
        on_warning=lambda code, _: warnings.append(code),
    )
    return ring, (warnings or [None])[0]


def iso(date):
    return date and date.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def shown(ring):
    return [{"kid": k.kid, "use": k.use, "version": k.version, "until": iso(k.until)} for k in ring.keys]


class Vectors(unittest.TestCase):
    maxDiff = None

    def fails_with(self, code, call):
        with self.assertRaises(SecureKeyError) as caught:
            call()
        self.assertEqual(caught.exception.code, code)
        return caught.exception

    def check_keys(self, entry):
        ring = keyring(value=f"{entry['text']},{'0' * 64}")
        self.assertEqual(ring.kid, entry["kid"])

    def check_values(self, entry):
        env = {} if entry["secure_key"] is None else {"SECURE_KEY": stood_for(entry["secure_key"])}
        call = lambda: keyring(env=env, on_warning=lambda *_: None)
        if "error" in entry:
            self.assertEqual(self.fails_with(entry["error"], call).place, entry["place"])
        else:
            self.assertEqual([one.kid for one in call().keys], entry["keys"])

    def check_keyrings(self, entry):
        warnings = []
        env = {name: stood_for(entry[name.lower()]) for name in ("SECURE_KEY", "SECURE_KEYRING")}
        env = {name: value for name, value in env.items() if value is not None}
        ring = keyring(env=env, on_warning=lambda code, _: warnings.append(code))
        self.assertEqual(warnings, [] if entry["warning"] is None else [entry["warning"]])
        if entry["warning"] is None:
            self.assertEqual(shown(ring), entry["keys"])
            self.assertEqual(ring.guaranteed_life, entry["good_for"] or 43_200)

    def check_states(self, state):
        ring, warning = made(state)
        self.assertEqual(warning, state["warning"])
        self.assertEqual(ring.guaranteed_life, state["guaranteed_life"])
        self.assertEqual(shown(ring), state["keys"])
        self.assertEqual(ring.kid, state["signing"])
        order = {kid: place for place, kid in enumerate(one["kid"] for one in state["keys"])}
        accepted = sorted({kid_of(text) for text in ring.secrets()}, key=lambda kid: order[kid])
        self.assertEqual(accepted, list(dict.fromkeys(state["accepted"])))
        self.assertEqual(len(ring.secrets()), len(state["accepted"]))
        for listed in state["lists"]:
            self.assertEqual([kid_of(text) for text in ring.secrets(listed["life"])], listed["kids"])

    def check_derived(self, entry):
        text = next(one["text"] for one in DATA["keys"] if one["name"] == entry["key"])
        ring = keyring(value=f"{text},{'0' * 64}")
        call = lambda: ring.derive(stood_for(entry["purpose"]), stood_for(entry["length"]))
        if "error" in entry:
            self.fails_with(entry["error"], call)
        else:
            self.assertEqual(call().hex(), entry["bytes"])

    def check_signed(self, entry):
        ring, _ = made(STATES[entry["state"]], entry["now"])
        purpose, life = stood_for(entry["purpose"]), stood_for(entry["expires_in"])
        call = lambda: ring.sign(stood_for(entry["text"]), purpose=purpose, expires_in=life)
        if "error" in entry:
            self.fails_with(entry["error"], call)
        else:
            self.assertEqual(call(), entry["token"])

    def check_tokens(self, entry):
        ring, _ = made(STATES[entry["state"]], entry["now"])
        result = ring.verify(stood_for(entry["token"]), purpose=stood_for(entry["purpose"]))
        if "reason" in entry:
            self.assertFalse(result)
            self.assertEqual((result.reason, result.text), (entry["reason"], None))
        else:
            self.assertTrue(result, result.reason)
            self.assertEqual(
                (result.text, result.kid, result.expires_at, result.renew),
                (entry["text"], entry["kid"], entry["expires_at"], entry["renew"]),
            )


def kid_of(text):
    return next((one["kid"] for one in DATA["keys"] if one["text"] == text), text[:4])


def add_entries():
    for part in ("keys", "values", "keyrings", "states", "derived", "signed", "tokens"):
        for place, entry in enumerate(DATA[part]):
            test = lambda self, part=part, entry=entry: getattr(self, f"check_{part}")(entry)
            test.__doc__ = f"agrees with the vectors: {part}: {entry['name']}"
            setattr(Vectors, f"test_{part}_{place:04d}", test)


add_entries()
