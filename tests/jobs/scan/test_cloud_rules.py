"""Each rule for cloud code: what it finds, what it leaves alone, and what hides from a search."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parity.jobs.scan.codes import CODES, HOSTED_MODULES, area_of
from tests.jobs.scan.conftest import Scan

Cloud = Callable[[str], list[str]]

CASES: dict[str, dict[str, list[str]]] = {
    "SCAN-CLOUD-PATH": {
        "finds": [
            "var a = require('cloud/app.js');",
            "const dir = 'cloud/'; require(dir + 'app');",
            "import x from 'cloud/x';",
            "export * from 'cloud/x';",
            "export {a} from 'cloud/x';",
            "require('fs').readFileSync('cloud/x.txt', 'utf8');",
            "const fs = require('fs'), name = 'cloud/x'; fs.createReadStream(name + '.txt');",
            "require('path').join('cloud', 'y');",
            "require('express').static('cloud/public');",
            "var app = require('express')(); app.set('views', 'cloud/views');",
        ],
        "leaves": [
            "// require('cloud/app.js')",
            "var a = require('./cloud/app.js');",
            "var text = \"require('cloud/app.js')\";",
            "function require(x) {} require('cloud/app.js');",
            "settings.set('views', 'cloud/views');",
            "require('path').join(__dirname, 'cloud');",
            "['cloud', 'y'].concat('cloud/z');",
        ],
    },
    "SCAN-NO-ANSWER": {
        "finds": [
            "Parse.Cloud.define('f', function (q, response) { console.log(response); return 1; });",
            "Parse.Cloud.define('f', (q, res) => { console.log(JSON.stringify(res), q); });",
            "Parse.Cloud.beforeSave('C', function (q, response) { q.object.set('a', 1); });",
        ],
        "leaves": [
            "Parse.Cloud.define('f', function (q) { return 1; });",
            "Parse.Cloud.define('f', function (q, res) { res.success(1); });",
            "Parse.Cloud.define('f', function (q, res) { later(q, {res}); });",
            "Parse.Cloud.afterSave('C', function (q, response) { f(q); });",
        ],
    },
    "SCAN-REQUIRE-DYNAMIC": {
        "finds": ["require(name);", "require('./' + process.env.WHICH);", "require(`./${x}`);"],
        "leaves": ["require('./a');", "require('./' + 'a');", "var n = 'b'; require(n);"],
    },
    "SCAN-HTTP-REQUEST": {
        "finds": [
            "Parse.Cloud.httpRequest({url: u});",
            "var P = Parse; P.Cloud.httpRequest({url: u});",
            "const {Cloud} = Parse; Cloud.httpRequest({});",
            "const {Cloud: C} = Parse; C['httpRequest']({});",
            "Parse['Cloud']['http' + 'Request']({});",
            "const {httpRequest} = Parse.Cloud; httpRequest({});",
            "const {Cloud: {httpRequest: get}} = Parse; get({});",
            "const P = require('parse/node'); P.Cloud.httpRequest({});",
            "import Parse from 'parse/node'; Parse.Cloud.httpRequest({});",
            "global.Parse.Cloud.httpRequest({});",
            "var ask; ask = Parse.Cloud; ask.httpRequest({});",
            "module.exports = function (Parse) { Parse.Cloud.httpRequest({}); };",
            "Parse?.Cloud?.httpRequest({});",
        ],
        "leaves": [
            "// Parse.Cloud.httpRequest({})",
            "log('Parse.Cloud.httpRequest({})');",
            "other.Cloud.httpRequest({});",
            "var Parse = {Cloud: {httpRequest: f}}; Parse.Cloud.httpRequest({});",
            "function f(P) { P.Cloud.httpRequest({}); }",
        ],
    },
    "SCAN-USE-MASTER-KEY": {
        "finds": [
            "Parse.Cloud.useMasterKey();",
            "const C = Parse.Cloud; C.useMasterKey();",
        ],
        "leaves": [
            "q.find({useMasterKey: true});",
            "/* Parse.Cloud.useMasterKey() */",
            "useMasterKey();",
        ],
    },
    "SCAN-RESPONSE-CALLBACK": {
        "finds": [
            "Parse.Cloud.define('f', function (request, response) { response.success(1); });",
            "Parse.Cloud.define('f', (q, r) => r.error('no'));",
            "Parse.Cloud.beforeSave('C', function (q, res) { res['success'](); });",
            "Parse.Cloud.beforeDelete('C', handler); function handler(q, r) { r.success(); }",
            "const h = (q, r) => { r.success(); }; Parse.Cloud.define('f', h);",
            "var h; h = function (q, r) { r.success(); }; Parse.Cloud.define('f', h.bind(this));",
            "Parse.Cloud.define('f', function (q, r) { x.then(r.success, r.error); });",
            "Parse.Cloud.define('f', (q, {success}) => success(1));",
            "Parse.Cloud.define('f', (q, r) => finish(r)); function finish(a) { a.success(); }",
            "Parse.Cloud.define('f', (q, r) => unknownHelper(q, r));",
            "const wrap = h => (q, r) => r.success(h(q)); Parse.Cloud.define('f', wrap(q => 1));",
            "const {Cloud: {define: d}} = Parse; d('f', function (a, b) { b.success(); });",
            "const hs = {save(q, r) { r.success(); }}; Parse.Cloud.beforeSave('C', hs.save);",
            "Parse.Cloud.define('f', (q, r) => { if (q.user) { return r.error(1); } });",
        ],
        "leaves": [
            "Parse.Cloud.define('f', async request => 1);",
            "Parse.Cloud.define('f', request => { log('response.success()'); });",
            "app.get('/x', function (request, response) { response.success(1); });",
            "Parse.Cloud.define('f', request => { const response = make(); response.success(); });",
            "Parse.Cloud.define('f', (q, r) => { (function (r) { r.success(); })({}); });",
            "define('f', function (request, response) { response.success(); });",
        ],
    },
    "SCAN-JOB-STATUS": {
        "finds": [
            "Parse.Cloud.job('j', function (request, status) { status.success('x'); });",
            "Parse.Cloud.job('j', run); function run(q, s) { s.message('half'); s.error(); }",
        ],
        "leaves": [
            "Parse.Cloud.job('j', request => request.message('half'));",
            "Parse.Cloud.define('f', (request, status) => status.message('x'));",
        ],
    },
    "SCAN-JOB-SCHEDULE": {
        "finds": ["Parse.Cloud.job('j', run);", "const {Cloud} = Parse; Cloud['job']('j', f);"],
        "leaves": [
            "queue.job('j', run);",
            "// Parse.Cloud.job('j', run);",
            "Parse.Cloud.define('j', f)",
        ],
    },
    "SCAN-BACKBONE-CALLBACK": {
        "finds": [
            "object.save({a: 1}, {success: function () {}, error: function () {}});",
            "new Parse.Query('C').find({success: rows => rows});",
            "const options = {error: onError}; query.first(options);",
            "Parse.User.logIn('a', 'b', {success() {}});",
            "const q = new Parse.Query('C'); q['get']('id', {success: f});",
        ],
        "leaves": [
            "$.get('/x', {success: function () {}});",
            "object.save({success: true, error: 'none'});",
            "request({success: f});",
            "const _ = require('lodash'); _.find({success: f});",
            "object.save({a: 1}, {useMasterKey: true});",
            "// object.save(null, {success: f})",
        ],
    },
    "SCAN-PARSE-PROMISE": {
        "finds": [
            "Parse.Promise.as(1);",
            "const {Promise} = Parse; new Promise();",
            "var p = new Parse.Promise();",
        ],
        "leaves": ["Promise.resolve(1);", "'Parse.Promise.as(1)';", "Other.Promise.as(1);"],
    },
    "SCAN-BACKBONE-CLASS": {
        "finds": ["Parse.Collection.extend({});", "const {View: V} = Parse; new V();"],
        "leaves": ["Backbone.View.extend({});", "// Parse.View"],
    },
    "SCAN-CURRENT-USER": {
        "finds": [
            "Parse.User.current();",
            "const User = Parse.User; User.current();",
            "const {current} = Parse.User; current();",
        ],
        "leaves": ["User.current();", "session.current();", '"Parse.User.current()";'],
    },
    "SCAN-PUSH-NO-MASTER": {
        "finds": [
            "Parse.Push.send({data});",
            "const {Push} = Parse; Push.send({data}, {success: f});",
        ],
        "leaves": [
            "Parse.Push.send({data}, {useMasterKey: true});",
            "const o = {useMasterKey: true}; Parse.Push.send({data}, o);",
            "mail.Push.send({});",
        ],
    },
    "SCAN-ANALYTICS": {
        "finds": ["Parse.Analytics.track('x');", "const A = Parse.Analytics; A.track('x');"],
        "leaves": ["Analytics.track('x');", "// Parse.Analytics.track"],
    },
    "SCAN-CONFIG": {
        "finds": ["Parse.Config.get();", "const {Config} = Parse; Config.get();"],
        "leaves": ["Config.get();", "'Parse.Config.get()'"],
    },
    "SCAN-HOSTING-MODULE": {
        "finds": [
            "require('parse-express-https-redirect');",
            "const m = 'parse-express-' + 'cookie-session'; require(m);",
        ],
        "leaves": ["require('cookie-session');", "// require('parse-express-https-redirect')"],
    },
    "SCAN-HOSTING-LISTEN": {
        "finds": [
            "var express = require('express'); var app = express(); app.listen();",
            "const a = require('express')(); start(a); function start(app) { app.listen(); }",
        ],
        "leaves": [
            "var app = require('express')(); app.listen(1337);",
            "server.listen();",
        ],
    },
    "SCAN-DEFINITION-UNKNOWN": {
        "finds": [
            "Parse.Cloud.define(nameOf(x), f);",
            "Parse.Cloud.define(`f${n}`, f);",
            "Parse.Cloud[which()]('C', f);",
            "for (const n of names()) { Parse.Cloud.define(n, f); }",
        ],
        "leaves": [
            "const n = 'f'; Parse.Cloud.define(n, f);",
            "['a', 'b'].forEach(n => Parse.Cloud.define(n, f));",
            "Parse.Cloud.run(nameOf(x), {});",
        ],
    },
    "SCAN-CLOUD-URL": {
        "finds": [
            "var u = 'https://api.parse.com/1/classes/C';",
            "var u = `https://files.parsetfss.com/${x}`;",
            "var u = 'http://myapp.parseapp.com/';",
            "var u = 'http://' + sub + '.parseapp.com';",
            "var u = `http://${sub}.parseapp.com/x`;",
        ],
        "leaves": [
            "// https://api.parse.com/1",
            "var u = 'https://api.parse.company.example/1';",
            "var u = 'https://my-api.parse.com/1';",
        ],
    },
    "SCAN-SYNTAX": {
        "finds": ["Parse.Cloud.define('f', function ( { );"],
        "leaves": ["Parse.Cloud.define('f', async ({params: {a = 1, ...rest}}) => a ?? rest?.b);"],
    },
}
for _module in HOSTED_MODULES:
    CASES[HOSTED_MODULES[_module].id] = {
        "finds": [
            f"var m = require('{_module}');",
            f"const name = '{_module}'; require(name);",
            f"import m from '{_module}';",
            f"import('{_module}').then(f);",
        ],
        "leaves": [
            f"// require('{_module}')",
            f"var text = \"require('{_module}')\";",
            f"loader.require('{_module}');",
            f"require('./{_module}');",
        ],
    }

FOUND = [(code, source) for code, case in CASES.items() for source in case["finds"]]
LEFT = [(code, source) for code, case in CASES.items() for source in case["leaves"]]


def test_every_rule_for_cloud_code_has_its_cases() -> None:
    assert {code for code, rule in CODES.items() if area_of(rule) == "cloud-code"} == set(CASES)


@pytest.mark.parametrize(("code", "source"), FOUND)
def test_a_rule_finds_it_in_every_form(cloud: Cloud, code: str, source: str) -> None:
    assert f"{code}:2" in cloud("'use strict';\n" + source)


@pytest.mark.parametrize(("code", "source"), LEFT)
def test_a_rule_leaves_what_only_looks_like_it(cloud: Cloud, code: str, source: str) -> None:
    assert [each for each in cloud(source) if each.startswith(f"{code}:")] == []


@pytest.mark.parametrize("module", sorted(set(HOSTED_MODULES) - {"buffer"}))
def test_a_package_of_the_same_name_is_no_hosted_module(scan_files: Scan, module: str) -> None:
    report = scan_files(
        {
            "app/package.json": f'{{"dependencies": {{"{module}": "1.0.0"}}}}',
            "app/cloud/main.js": f"var m = require('{module}');\nm('key');",
        }
    )
    assert report.of(HOSTED_MODULES[module].id) == []


def test_the_hosted_api_of_a_module_is_found_although_a_package_is_there(scan_files: Scan) -> None:
    report = scan_files(
        {
            "package.json": '{"dependencies": {"stripe": "1.0.0"}}',
            "cloud/main.js": "var Stripe = require('stripe');\nStripe.initialize('x');",
        },
        "cloud",
    )
    assert [each.place.line for each in report.of("SCAN-MODULE-STRIPE")] == [2]


def test_a_helper_in_another_file_that_answers_is_found(scan_files: Scan) -> None:
    report = scan_files(
        {
            "cloud/main.js": "const {finish} = require('cloud/lib/finish.js');\n"
            "Parse.Cloud.define('f', (q, r) => finish(r));",
            "cloud/lib/finish.js": "exports.finish = function (answer) {\n  answer.success();\n};",
        }
    )
    places = [str(each.place) for each in report.of("SCAN-RESPONSE-CALLBACK")]
    assert places == ["cloud/lib/finish.js:2:3"]


def test_a_helper_that_others_call_more_often_is_found(scan_files: Scan) -> None:
    others = "".join(f"app.get('/{each}', (q, r) => finish(r));\n" for each in range(60))
    report = scan_files(
        {
            "cloud/main.js": f"function finish(a) {{ a.success(); }}\n{others}"
            "Parse.Cloud.define('f', (q, r) => finish(r));"
        }
    )
    assert [each.place.line for each in report.of("SCAN-RESPONSE-CALLBACK")] == [1]


def test_handlers_of_another_file_are_found(scan_files: Scan) -> None:
    report = scan_files(
        {
            "cloud/main.js": "const h = require('./handlers');\n"
            "Parse.Cloud.define('f', h.f);\nParse.Cloud.define('g', require('./g'));",
            "cloud/handlers.js": "module.exports = {f: f};\nfunction f(q, r) { r.success(); }",
            "cloud/g/index.js": "module.exports = (q, r) =>\n  r.error();",
        }
    )
    places = [str(each.place) for each in report.of("SCAN-RESPONSE-CALLBACK")]
    assert places == ["cloud/g/index.js:2:3", "cloud/handlers.js:2:20"]


def test_parse_of_another_file_is_still_parse(scan_files: Scan) -> None:
    report = scan_files(
        {
            "cloud/main.js": "const {P} = require('./setup');\nP.Cloud.useMasterKey();",
            "cloud/setup.js": "const Parse = require('parse/node');\nmodule.exports = {P: Parse};",
        }
    )
    assert [str(each.place) for each in report.of("SCAN-USE-MASTER-KEY")] == ["cloud/main.js:2:1"]


def test_columns_count_characters() -> None:
    from parity.jobs.scan.script import parse_script  # noqa: PLC0415 - for this test alone

    script = parse_script("a.js", "/* 🎉ü */ f();".encode())
    assert script.place(next(script.of("call_expression"))).column == 10


def test_code_after_a_syntax_error_is_still_scanned(cloud: Cloud) -> None:
    found = cloud(
        "Parse.Cloud.define('a', function (request { });\n\nParse.Cloud.useMasterKey();\n"
    )
    assert "SCAN-USE-MASTER-KEY:3" in found
    assert any(each.startswith("SCAN-SYNTAX:") for each in found)
