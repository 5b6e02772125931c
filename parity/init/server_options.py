"""The options of a Parse Server or a dashboard, wherever an app says them.

Names of options and variables: Parse Server 9.10.0, ``lib/Options/Definitions.js``; those of the
dashboard: README of parse-dashboard, "Configuring Parse Dashboard".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from parity.init.found import Setting, Settings
from parity.jobs.scan.files import File
from parity.jobs.scan.script import Script, arguments, parse_script, string_of, text_of
from parity.jobs.scan.symbols import Symbols
from parity.jobs.scan.values import property_of

OPTIONS: Final = {
    "serverURL": "url",
    "publicServerURL": "public_url",
    "appId": "app_id",
    "restAPIKey": "rest_key",
    "clientKey": "client_key",
    "javascriptKey": "javascript_key",
    "dotNetKey": "dotnet_key",
    "masterKey": "master_key",
    "fileKey": "file_key",
    "databaseURI": "mongo",
    "cloud": "cloud",
}
"""Options of Parse Server to settings of a target; ``cloud`` is a path."""
VARIABLES: Final = {
    "PARSE_SERVER_URL": "url",
    "PARSE_PUBLIC_SERVER_URL": "public_url",
    "PARSE_SERVER_APPLICATION_ID": "app_id",
    "PARSE_SERVER_REST_API_KEY": "rest_key",
    "PARSE_SERVER_CLIENT_KEY": "client_key",
    "PARSE_SERVER_JAVASCRIPT_KEY": "javascript_key",
    "PARSE_SERVER_DOT_NET_KEY": "dotnet_key",
    "PARSE_SERVER_MASTER_KEY": "master_key",
    "PARSE_SERVER_FILE_KEY": "file_key",
    "PARSE_SERVER_DATABASE_URI": "mongo",
    "PARSE_SERVER_CLOUD": "cloud",
}
"""Variables that Parse Server reads by itself."""
_ENVIRONMENT: Final = ("process", "env")


def in_script(file: File) -> Iterator[Settings]:
    """Yield the options of each ``new ParseServer(…)`` of a JavaScript file.

    Args:
        file: The file; nothing of it is run.
    """
    script = parse_script(file.name, file.data)
    symbols = Symbols([script])
    for created in script.of("new_expression"):
        made = created.child_by_field_name("constructor")
        if made is None or text_of(made).rpartition(".")[2] != "ParseServer":
            continue
        for value in symbols.resolve(script, next(iter(arguments(created)), None)):
            if value.kind == "object" and value.node is not None:
                yield _of_object(script, symbols, value.node)


def _of_object(script: Script, symbols: Symbols, node: Any) -> Settings:
    found: Settings = {}
    for option, name in OPTIONS.items():
        given = property_of(node, option)
        if given is None:
            continue
        values = symbols.resolve(script, given)
        variables = [
            each.path[2]
            for each in values
            if each.kind == "path" and each.path[:2] == _ENVIRONMENT and len(each.path) == 3
        ]
        texts = [each.text for each in values if each.kind == "text" and each.text]
        literal = string_of(given) or ""
        found[name] = Setting(
            next(iter(variables), ""),
            next(iter(texts), literal),
            f"{script.file}:{script.place(given).line}",
        )
    return {name: setting for name, setting in found.items() if setting}


def in_json(file: File) -> Iterator[tuple[str, Settings]]:
    """Yield the servers of a JSON file, each with what kind of file it is of.

    Yields:
        ``server`` (what ``parse-server config.json`` reads), ``dashboard``, or ``hosted``
        (``.parse.local`` and ``config/global.json`` of the hosted service's command line tool).
    """
    try:
        value = json.loads(file.text)
    except (ValueError, RecursionError):
        return
    if not isinstance(value, dict):
        return
    if isinstance(applications := value.get("applications"), dict):
        if hosted := _hosted_app(applications, file.name):
            yield "hosted", hosted
        return
    apps = value.get("apps")
    for app in apps if isinstance(apps, list) else [value]:
        if isinstance(app, dict) and "appId" in app and {"masterKey", "databaseURI"} & app.keys():
            is_server = "databaseURI" in app or "cloud" in app
            yield "server" if is_server else "dashboard", _plain(app, OPTIONS, file.name)


def _hosted_app(applications: Mapping[str, Any], place: str) -> Settings:
    """Return the default app of the tool's file; the first one if it names none.

    Source: the hosted service's command line tool, ``parse.local`` (``link`` of ``_default``).
    """
    default = applications.get("_default")
    linked = default.get("link") if isinstance(default, dict) else None
    apps = [each for name, each in applications.items() if name != "_default"]
    app = applications.get(str(linked), apps[0] if apps else None)
    names = {"applicationId": "app_id", "masterKey": "master_key"}
    return _plain(app, names, place) if isinstance(app, dict) else {}


def _plain(values: Mapping[str, Any], names: Mapping[str, str], place: str) -> Settings:
    return {
        name: Setting(value=value, place=place)
        for option, name in names.items()
        if isinstance(value := values.get(option), str) and value
    }


def in_variables(names: Mapping[str, str], place: str) -> Settings:
    """Return the settings that Parse Server would read from some variables.

    Args:
        names: The variables; their values are not looked at but for addresses and paths.
        place: Where they are.
    """
    return {
        setting: Setting(variable, names[variable], place)
        for variable, setting in VARIABLES.items()
        if names.get(variable)
    }
