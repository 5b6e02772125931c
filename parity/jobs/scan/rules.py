"""The rules of a scan: what does not work after the move, since when, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parity.jobs.scan.model import Rule

_COMPATIBILITY = "Parse Server guide, Compatibility with Hosted Parse"
_MIGRATION = "Parse migration guide, Cloud Code"
_SDK = "Parse migration guide, client SDKs that can change their server URL"
_ALWAYS = "2.0.0"

HOSTED_MODULES: Final[Mapping[str, tuple[str, str]]] = {
    "applinks": ("App Links", "the npm package `applinks-metatag`"),
    "buffer": ("Buffer", "Node's own `buffer`; `require('buffer')` may stay"),
    "mailgun": ("Mailgun", "the npm package `mailgun-js`"),
    "mandrill": ("Mandrill", "the npm package `mandrill-api`"),
    "moment": ("Moment", "the npm package `moment`, as a dependency in package.json"),
    "parse-image": (
        "Parse Image",
        "another library, such as the npm packages `imagemagick` or `sharp`, or a service",
    ),
    "sendgrid": ("SendGrid", "SendGrid's official npm package (`@sendgrid/mail`)"),
    "stripe": ("Stripe", "Stripe's official npm package `stripe`"),
    "twilio": ("Twilio", "Twilio's official npm package `twilio`"),
    "underscore": ("Underscore", "the npm package `underscore`, as a dependency in package.json"),
}
"""Native modules of the hosted service: name for ``require`` to name for people, replacement."""


def module_code(module: str) -> str:
    """Return the code of the rule about a hosted module."""
    return f"SCAN-MODULE-{module.upper()}"


def _module(module: str) -> Rule:
    name, replacement = HOSTED_MODULES[module]
    benign = module == "buffer"
    return Rule(
        code=module_code(module),
        area="cloud-code",
        severity="benign" if benign else "breaking",
        title=f"No cloud code needs the hosted service's module {name}.",
        why=f"The hosted service brought `{module}` with it. "
        + (
            "Node has a module of that name, in a later version."
            if benign
            else "A Parse Server has no such module: loading the cloud code fails, or a package "
            "of the same name has another API (there is no `initialize`)."
        ),
        since=_ALWAYS,
        change=f"Use {replacement}.",
        source=f"{_MIGRATION}, third-party modules (cloud-modules)",
    )


_CLOUD = (
    Rule(
        "SCAN-SYNTAX",
        "cloud-code",
        "breaking",
        "Every file of cloud code can be read as JavaScript.",
        "A server that loads it fails; what comes after the error may have been misread here.",
        _ALWAYS,
        "Mend it. If Node reads the file (`node --check`), say so in a comment: "
        "`// parity-scan: ignore-file SCAN-SYNTAX because <why>`.",
        "tree-sitter-javascript",
    ),
    Rule(
        "SCAN-CLOUD-PATH",
        "cloud-code",
        "breaking",
        "No file is loaded by a cloud/ path.",
        "The hosted service resolved `cloud/…` from the root of the project; Node looks for a "
        "package called cloud.",
        _ALWAYS,
        "Write the path relative to the file: `require('./…')`; for `views`, "
        "`path.join(__dirname, 'views')`.",
        f"{_MIGRATION} (cloud-modules)",
    ),
    Rule(
        "SCAN-REQUIRE-DYNAMIC",
        "cloud-code",
        "benign",
        "Every require names its module.",
        "What is loaded is known only when it runs, so this scan has not looked for it.",
        _ALWAYS,
        "Name the module, or give the folder it is in to the scan and check by hand.",
        "limit of a static scan",
    ),
    Rule(
        "SCAN-HTTP-REQUEST",
        "cloud-code",
        "breaking",
        "No cloud code uses Parse.Cloud.httpRequest.",
        "It was removed; before, versions 2.0 to 2.2 differed in buffer, data and text.",
        "6.0.0",
        "Use `fetch` of Node 18 or later, or a package such as axios; note that they "
        "follow redirects, which httpRequest did not.",
        "Parse Server changelog 6.0.0 (cloud-httprequest)",
    ),
    Rule(
        "SCAN-USE-MASTER-KEY",
        "cloud-code",
        "breaking",
        "No cloud code relies on Parse.Cloud.useMasterKey().",
        "It does nothing, without an error: queries find less and saves are refused.",
        _ALWAYS,
        "Pass `{ useMasterKey: true }` to each call that needs it.",
        f"{_COMPATIBILITY}; Parse Server changelog 2.3.0 (cloud-use-master-key)",
    ),
    Rule(
        "SCAN-RESPONSE-CALLBACK",
        "cloud-code",
        "breaking",
        "No handler answers through response.success or response.error.",
        "Handlers get one argument: `response` is undefined and the call fails with error 141.",
        "3.0.0",
        "Return the result or a promise of it, and throw a Parse.Error. Unlike on the "
        "hosted service, code after it goes on running before 3.0.0 too.",
        "Parse Server changelog 3.0.0 (cloud-callbacks-removed, cloud-success-stops)",
    ),
    Rule(
        "SCAN-JOB-STATUS",
        "cloud-code",
        "breaking",
        "No job tells its end through status.success or status.error.",
        "Jobs get one argument: `status` is undefined and the job fails.",
        "3.0.0",
        "Return a promise and throw on failure; progress goes to `request.message(…)`.",
        "Parse Server changelog 3.0.0 (cloud-callbacks-removed)",
    ),
    Rule(
        "SCAN-JOB-SCHEDULE",
        "cloud-code",
        "breaking",
        "Every job is scheduled by somebody.",
        "A Parse Server runs a job when it is asked to, but has no scheduler; before 2.2.19 "
        "Parse.Cloud.job made loading the cloud code fail.",
        _ALWAYS,
        "Call POST /jobs/<name> with the master key from cron or a queue, and say so in "
        "a comment: `// parity-scan: ignore SCAN-JOB-SCHEDULE because <who calls it>`.",
        f"{_COMPATIBILITY}, Jobs (cloud-jobs)",
    ),
    Rule(
        "SCAN-BACKBONE-CALLBACK",
        "cloud-code",
        "breaking",
        "No call passes success and error as options.",
        "The JavaScript SDK 2.0 that comes with Parse Server 3.0.0 only returns promises: neither "
        "function is ever called.",
        "3.0.0",
        "Use the promise: `await object.save()`, or `.then(…, …)`.",
        "Parse Server changelog 3.0.0; Parse JavaScript SDK 2.0 (cloud-sdk-version)",
    ),
    Rule(
        "SCAN-PARSE-PROMISE",
        "cloud-code",
        "breaking",
        "No cloud code uses Parse.Promise.",
        "It was removed from the JavaScript SDK 2.0 that comes with Parse Server 3.0.0.",
        "3.0.0",
        "Use Promise: `Parse.Promise.as(x)` is `Promise.resolve(x)`, `.error` is "
        "`.reject`, `.when` is `Promise.all` (with one array as its result).",
        "Parse Server changelog 3.0.0; Parse JavaScript SDK 2.0 (cloud-sdk-version)",
    ),
    Rule(
        "SCAN-BACKBONE-CLASS",
        "cloud-code",
        "breaking",
        "No cloud code uses the Backbone classes of the SDK.",
        "Parse.Collection, Parse.View, Parse.Router, Parse.History and Parse.Events are not in "
        "the SDK that comes with current Parse Servers.",
        "3.0.0",
        "Use Parse.Query and arrays.",
        "Parse JavaScript SDK (cloud-sdk-version); check the version you install",
    ),
    Rule(
        "SCAN-CURRENT-USER",
        "cloud-code",
        "breaking",
        "No cloud code asks Parse.User.current().",
        "A Parse Server serves many users in one process: there is no current user, and the "
        "call returns null or throws.",
        _ALWAYS,
        "Use `request.user`, and pass `{ sessionToken: request.user.getSessionToken() }` "
        "to calls made for that user.",
        f"{_COMPATIBILITY}, No current user (cloud-current-user)",
    ),
    Rule(
        "SCAN-PUSH-NO-MASTER",
        "cloud-code",
        "breaking",
        "Every Parse.Push.send uses the master key.",
        "Push is for the master key only.",
        _ALWAYS,
        "Write `Parse.Push.send(data, { useMasterKey: true })`, and configure push.",
        f"{_COMPATIBILITY}, Client Push (push-client)",
    ),
    Rule(
        "SCAN-ANALYTICS",
        "cloud-code",
        "benign",
        "No cloud code tracks events with Parse.Analytics.",
        "Events are accepted and thrown away unless the server has an analytics adapter.",
        _ALWAYS,
        "Send events to an analytics service, or configure `analyticsAdapter`.",
        f"{_COMPATIBILITY}, Analytics",
    ),
    Rule(
        "SCAN-CONFIG",
        "cloud-code",
        "benign",
        "No cloud code reads Parse.Config.",
        "There is no route for it before 2.1.4; afterwards it reads what was migrated.",
        "before 2.1.4",
        "Use 2.1.4 or later, and check that the parameters were migrated.",
        "parse-server GlobalConfigRouter (config-missing)",
    ),
    Rule(
        "SCAN-HOSTING-MODULE",
        "cloud-code",
        "breaking",
        "No website needs middleware of the hosted service.",
        "parse-express-https-redirect and parse-express-cookie-session came with the hosted "
        "service.",
        _ALWAYS,
        "Redirect to https in the proxy or with `express-sslify`; keep sessions with "
        "`cookie-session`.",
        f"{_MIGRATION} (cloud-modules)",
    ),
    Rule(
        "SCAN-HOSTING-LISTEN",
        "cloud-code",
        "breaking",
        "No website calls app.listen() without a port.",
        "On the hosted service this attached the website; with Node it opens a random port, and "
        "nobody finds it.",
        _ALWAYS,
        "Mount the app beside the API: `server.use('/', app)`.",
        f"{_MIGRATION}, hosting",
    ),
    Rule(
        "SCAN-DEFINITION-UNKNOWN",
        "cloud-code",
        "benign",
        "The name of everything that is registered is known.",
        "The name is made while the code runs, so the list of functions is not complete.",
        _ALWAYS,
        "Add it by hand to what the suites call.",
        "limit of a static scan",
    ),
    Rule(
        "SCAN-CLOUD-URL",
        "cloud-code",
        "breaking",
        "No cloud code names a host of the hosted service.",
        "api.parse.com and the other hosts are gone (410 or no answer).",
        _ALWAYS,
        "Call the server itself through the SDK, or use its own URL from the environment.",
        "recorded 410 replies after the shutdown (http-shutdown-410)",
    ),
)

_CLIENTS = (
    Rule(
        "SCAN-CLIENT-URL",
        "clients",
        "breaking",
        "No client names a host of the hosted service.",
        "api.parse.com and the other hosts are gone (410 or no answer).",
        "any",
        "Use the URL of the new server, from the app's configuration.",
        "recorded 410 replies after the shutdown (http-shutdown-410)",
    ),
    Rule(
        "SCAN-CLIENT-INIT",
        "clients",
        "breaking",
        "Every initialisation of an SDK names a server.",
        "Without one the SDK talks to api.parse.com.",
        "any",
        "Initialise with a configuration that has the server URL.",
        _SDK,
    ),
    Rule(
        "SCAN-CLIENT-KEY",
        "clients",
        "benign",
        "No key is written into the source of a client.",
        "The app keeps talking with the keys of the old app until it is built again.",
        "any",
        "Take ids and keys from the build's configuration; a Parse Server needs only the "
        "application id.",
        f"{_COMPATIBILITY}, Authentication (auth-client-keys-optional)",
    ),
    Rule(
        "SCAN-CLIENT-MASTER-KEY",
        "clients",
        "security",
        "No client has the master key.",
        "Whoever has the app can read it, and with it every row; and it is refused from other "
        "hosts than localhost since 6.0.0.",
        "any",
        "Remove it, give the new server another master key, and do what needed it in cloud code.",
        "Parse Server changelog 6.0.0 (auth-master-ip)",
    ),
    Rule(
        "SCAN-SDK-OLD",
        "clients",
        "breaking",
        "Every SDK that is built in can change its server URL.",
        "It talks to api.parse.com and cannot be told otherwise.",
        "iOS 1.12, Android 1.13.0, JavaScript 1.6.14, .NET 1.7.0",
        "Update the SDK, and release the app before the hosted service is off.",
        _SDK,
    ),
    Rule(
        "SCAN-SDK-UNKNOWN",
        "clients",
        "benign",
        "The version of every SDK that is built in is known.",
        "The dependency names no version, or a range that starts below the first good one.",
        "iOS 1.12, Android 1.13.0, JavaScript 1.6.14, .NET 1.7.0",
        "Pin a version that can change its server URL, and give the lock file to the scan.",
        _SDK,
    ),
)

_TRAFFIC = (
    Rule(
        "SCAN-TRAFFIC-OLD",
        "traffic",
        "breaking",
        "Every client that was recorded can change its server URL.",
        "Its users stay on api.parse.com until they install a new version of the app.",
        "iOS 1.12, Android 1.13.0, JavaScript 1.6.14, .NET 1.7.0",
        "Release the app with a newer SDK and wait, or force the update.",
        _SDK,
    ),
    Rule(
        "SCAN-TRAFFIC-UNKNOWN",
        "traffic",
        "benign",
        "Every client version that was recorded is known.",
        "Nobody wrote down whether this SDK can change its server URL.",
        "any",
        "Find out which program sends it, and look where it takes its URL from.",
        _SDK,
    ),
)

RULES: Final[Mapping[str, Rule]] = {
    rule.code: rule
    for rule in (*(_module(each) for each in HOSTED_MODULES), *_CLOUD, *_CLIENTS, *_TRAFFIC)
}
"""Every rule by its code."""
