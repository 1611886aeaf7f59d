"""yaml-language-server, spoken to as an editor does: open a text, read what is underlined, completed and hovered."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def find() -> str | None:
    """Return where the language server is, None where it is not installed."""
    return shutil.which("yaml-language-server")


class LanguageServer:
    """One language server in a process of its own. ``schemas`` maps a schema's file to the names that it is for."""

    def __init__(self, command: str, schemas: Mapping[Path, str]) -> None:
        self._process = subprocess.Popen([command, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        self._underlined: dict[str, list[dict[str, Any]]] = {}
        settings = {
            "validate": True,
            "hover": True,
            "completion": True,
            "schemaStore": {"enable": False},
            "schemas": {path.as_uri(): pattern for path, pattern in schemas.items()},
        }
        self._settings = {"yaml": settings, "http": {}, "[yaml]": {}}
        folder = ROOT.as_uri()
        self._ask(
            "initialize",
            {
                "processId": None,
                "rootUri": folder,
                "capabilities": {
                    "workspace": {"configuration": True},
                    "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}},
                },
                "workspaceFolders": [{"uri": folder, "name": "kentongan"}],
            },
        )
        self._tell("initialized", {})
        self._tell("workspace/didChangeConfiguration", {"settings": self._settings})

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(10)

    def underlined(self, name: str, text: str) -> list[tuple[int, str]]:
        """Return the line (from 1) and the sentence of everything that is underlined in a text."""
        uri = self._open(name, text)
        while uri not in self._underlined:
            self._take()
        return [(one["range"]["start"]["line"] + 1, one["message"]) for one in self._underlined[uri]]

    def completed(self, name: str, text: str) -> dict[str, str]:
        """Return what is offered where ``|`` stands in a text: label to its documentation."""
        uri, position = self._at(name, text)
        found = self._ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
        items = found["items"] if isinstance(found, dict) else found or []
        return {one["label"]: _text_of(one.get("documentation")) for one in items}

    def hovered(self, name: str, text: str) -> str:
        """Return what is shown over the ``|`` in a text."""
        uri, position = self._at(name, text)
        found = self._ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
        return _text_of(found and found["contents"])

    def _at(self, name: str, text: str) -> tuple[str, dict[str, int]]:
        before, _, after = text.partition("|")
        line = before.count("\n")
        return self._open(name, before + after), {"line": line, "character": len(before.rpartition("\n")[2])}

    def _open(self, name: str, text: str) -> str:
        self._number += 1
        uri = (ROOT / f"{self._number}" / name).as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    # --- the wire

    def _tell(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _ask(self, method: str, parameters: Any) -> Any:
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": parameters})
        while True:
            answer = self._take()
            if answer.get("id") == number and "method" not in answer:
                return answer.get("result")

    def _send(self, body: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **body}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _take(self) -> dict[str, Any]:
        """Read one message; answer what the server asks itself."""
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        assert length, "the language server ended"
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._underlined[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "method" in message and "id" in message:
            self._send({"id": message["id"], "result": self._answer(message)})
        return message

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        return [self._settings.get(item.get("section")) for item in message["params"]["items"]]


def _text_of(documentation: Any) -> str:
    if isinstance(documentation, dict):
        return str(documentation.get("value", ""))
    return str(documentation or "")
