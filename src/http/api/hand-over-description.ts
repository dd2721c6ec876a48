/** What a stranger needs to write a client, with an example of which every byte is known: a test computes it. */
export const HAND_OVER_DESCRIPTION = `For a program that has no config var, such as one outside Heroku, and was given the two keys once. It keeps them, and asks here when they are no longer the latest. A person enrols it on the dashboard, page *Clients*, and switches the hand-over on there.

**The request.** Sign with the first of the two keys that you hold, the newer one. The body names a public key that is made for this request alone. It carries the secret of the client as \`Authorization\`, the digest of the body as \`Content-Digest\` (RFC 9530), and one signature of the label \`securekey\` (RFC 9421): \`hmac-sha256\` over at least \`"@method" "@authority" "@path" "authorization" "content-type" "content-digest"\`, with \`created\` (Unix seconds, within 60 seconds of our clock), \`nonce\` (22 to 64 characters of base64url, never used before), \`keyid\` (the kid of the key that signs: the first eight hex digits, lower case, of the SHA-256 of its text), \`alg\`, and \`expires\` if you like. The fields stand in one line each, written as RFC 9651 writes them. \`@authority\` and \`@path\` are those of the public address of the service: the host in lower case, with its port only where \`https\` has another. There is no query. The key of the HMAC is 32 bytes of HKDF-SHA256 of the key's own 32 bytes (its text decoded from hex), without a salt, with the info \`securekey/v1/hand-over\`.

**The answer.** Signed with the previous key: \`handed-over\`. \`jwe\` is a compact JWE (\`ECDH-ES\`, \`A256GCM\`) to \`epk\`. In it is a compact JWS (\`HS256\`), by 32 bytes derived from the key that you hold in the same way, with the info \`securekey/v1/hand-over-answer\`: check it, or you do not know who answers. It claims \`iss\` (the origin of the public address), \`aud\` (the id of the client), \`nonce\` (that of your request: check it too), \`iat\`, and \`keyring\`: what \`GET /v1/keyring\` returns. Store the keys before you use them. Signed with the key that signs now: \`already-latest\`, and no key travels; with \`If-None-Match\` a 304. Ask again after \`Refresh-After\` seconds. If the answer is lost, ask again with a new nonce.

**An example**, with the key \`${'0123456789ABCDEF'.repeat(4)}\`, from which \`0d653fcfc7161d245990b04ac6eda7cb024ad2d774943e3ef7ad50f331825288\` is derived for the signature, at https://securekey.example. The body:

    {"epk":{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}}

The signature base, without a line break at its end:

    "@method": POST
    "@authority": securekey.example
    "@path": /v1/hand-over
    "authorization": Bearer sk_client_0123456789abcdef_00wfesa7hnndpa75gyfnj79sen6tckcay4346207nduncfp7gha546a7ce
    "content-type": application/json
    "content-digest": sha-256=:hif9YziLsohfRP6D/ks2ysCejzZ16FKqdM2LGprrnzk=:
    "@signature-params": ("@method" "@authority" "@path" "authorization" "content-type" "content-digest");created=1772539200;nonce="AAECAwQFBgcICQoLDA0ODw";keyid="0ea37c24";alg="hmac-sha256"

The two fields of the signature:

    Signature-Input: securekey=("@method" "@authority" "@path" "authorization" "content-type" "content-digest");created=1772539200;nonce="AAECAwQFBgcICQoLDA0ODw";keyid="0ea37c24";alg="hmac-sha256"
    Signature: securekey=:lrtxV/tReGVZydcWnjqp13NRfNw90M474lGoKdcK+M8=:

**Refusals.** \`not-authenticated\` for whatever is wrong with the secret, the key or the signature, and while keys are being revoked: stop, and tell a person. With a right signature: \`clock\` (put \`server_time\` in the place of your clock, and ask once more), \`replayed\` (ask with a new nonce), \`unusable-epk\`, \`hand-over-off\`, and \`previous-key-after-latest\`: this client has signed with the latest key, so it has no reason to come with the one before, and its owner is told. A client may ask 120 times a minute, and 60 times by one key; what other clients ask does not count.`
