"""Requests of TUS 1.0 as a client makes them, and what is asked of their answers.

Rule: plain requests, by the protocol's own text.
"""

from base64 import b64encode

import requests

SPEAKS = {"Tus-Resumable": "1.0.0"}
PART = {**SPEAKS, "Content-Type": "application/offset+octet-stream"}


def ask(method: str, url: str, data: bytes | None = None, /, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = requests.request(method, url, data=data, headers=SPEAKS | named, timeout=30)
    assert response.headers["Tus-Resumable"] == "1.0.0"
    return response


def patch(url: str, data: bytes, offset: int | str, /, **headers: str) -> requests.Response:
    return ask("PATCH", url, data, Upload_Offset=str(offset), Content_Type=PART["Content-Type"], **headers)


def offset_of(url: str) -> int:
    told = ask("HEAD", url)
    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    return int(told.headers["Upload-Offset"])


def pairs(**values: str) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in values.items())
