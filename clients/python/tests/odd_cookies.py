"""What a browser may send that no login made."""


def odd(cookie):
    """Of a good one: cut, changed, and things that are no cookies at all."""
    middle = len(cookie) // 2
    other = "A" if cookie[middle] != "A" else "B"
    changed = [
        "",
        '""',
        ".",
        "..",
        "...",
        ":",
        "::",
        cookie[:-1],
        cookie[1:],
        cookie[:middle] + other + cookie[middle + 1 :],
        cookie[::-1],
        cookie.upper(),
        f"{cookie}x",
        f"{cookie}.",
        cookie.rsplit(".", 1)[0],
        cookie.rsplit(":", 1)[0],
        f"{cookie.rsplit('.', 1)[0]}.",
        f"{cookie.rsplit(':', 1)[0]}:",
        "\u00e9",
        "%00",
        "x" * 10_000,
        "." * 10_000,
    ]
    return [one for one in changed if one != cookie]
