"""Every language, template, build file and binary that an app of 2013 to 2016 is made of."""

from __future__ import annotations

import io
import plistlib
import zipfile
from pathlib import Path

import pytest

from parity.jobs.scan import ScanReport, scan
from parity.jobs.scan.job import checks_of
from parity.model import Outcome
from tests.jobs.scan.conftest import Scan

APP_ID = "kJ3hG8fD2sA9qW7eR5tY1uI0oP6lK4jH2gF8dS3a"
KEY = "zX5cV8bN2mQ9wE4rT7yU1iO3pA6sD0fG8hJ5kL2z"
OLD, UNKNOWN = "SCAN-SDK-OLD", "SCAN-SDK-UNKNOWN"
INIT, URL = "SCAN-CLIENT-INIT", "SCAN-CLIENT-URL"
JS_TAG = '<script src="//www.parsecdn.com/js/parse-1.4.2.min.js"></script>'


def codes(report: ScanReport) -> list[str]:
    return [finding.code.id for finding in report.findings]


@pytest.mark.parametrize(
    "before",
    [
        r"""var p = location.pathname.replace(/^\/*/, "");""",
        r"""var r = /"/, s = /[/*]/;""",
        "var r = /'/;",
        "var r = /[`]/;",
        "var t = `a ${'/*'} b`;",
        "x = a / b; /* b */ y = c / d;",
        "const el = <a href='//x'>it's {/* a comment */ y}</a>;",
    ],
)
@pytest.mark.parametrize("name", ["a.js", "a.jsx", "a.tsx", "a.html", "a.ejs", "a.vue"])
def test_nothing_hides_what_comes_after_it(scan_files: Scan, before: str, name: str) -> None:
    script = f"{before}\nParse.initialize(id);\n$.post('https://api.parse.com/1/functions/x');"
    markup = name.rpartition(".")[2] in {"html", "ejs", "vue"}
    text = f"<div>\n<script>{script}</script></div>" if markup else script
    assert {INIT, URL} <= set(codes(scan_files({f"app/{name}": text})))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.swift", 'let a = "//"; /* /* nested */ https://api.parse.com */'),
        ("a.kt", "/* a /* nested */ https://api.parse.com */ val x = 1"),
        ("a.java", '// "https://api.parse.com\nint x;'),
        ("a.cs", '/// <see cref="https://api.parse.com"/>\nint x;'),
        ("a.m", "/* https://api.parse.com */ int x;"),
        ("a.ts", "// https://api.parse.com\nlet x: number;"),
        ("a.ejs", "<%# https://api.parse.com %>"),
        ("a.hbs", "{{!-- https://api.parse.com --}}"),
        ("a.jade", "div\n  //- https://api.parse.com\n    files.parse.com"),
        ("a.cshtml", "@* https://api.parse.com *@"),
        ("a.jsp", "<%-- https://api.parse.com --%>"),
        ("a.php", "<?php /* https://api.parse.com */ // api.parse.com ?>"),
        ("a.js", "var help = 'call Parse.initialize(id) first';"),
        ("a.js", "/** Parse.initialize('a', 'b') */ f();"),
        ("Info.plist", "<plist><key>api.parse.com.au</key></plist>"),
    ],
)
def test_comments_and_texts_are_silent(scan_files: Scan, name: str, text: str) -> None:
    assert codes(scan_files({f"app/{name}": text})) == []


@pytest.mark.parametrize(
    ("name", "script"),
    [
        ("i.html", "<script>\n{}\n</script>"),
        ("i.ejs", "<% if (a < b) {{ %><script>var a = <%= a %>;\n{}\n</script><% }} %>"),
        ("i.erb", "<script>var a = '<%= @a %>';\n{}\n</script>"),
        ("i.php", "<?php if ($a): ?><script>var a = <?= $a ?>;\n{}\n</script><?php endif ?>"),
        ("i.jsp", "<script>var a = ${{a}};\n{}\n</script>"),
        ("i.aspx", "<script>var a = '<%: A %>';\n{}\n</script>"),
        ("i.cshtml", "<script>\n{}\n</script>"),
        ("i.hbs", "{{{{#if a}}}}<script>var a = {{{{a}}}};\n{}\n</script>{{{{/if}}}}"),
        ("i.vue", "<template><p/></template><script>\n{}\n</script>"),
        ("i.svelte", "<script>\n{}\n</script><p/>"),
        ("i.jade", "html\n  script.\n    {}\n  p text"),
        ("i.pug", "html\n  script(type='text/javascript').\n    {}\n"),
        ("i.haml", "%html\n  :javascript\n    {}\n"),
        ("page.html.js", "<script>\n{}\n</script>"),
    ],
)
def test_scripts_in_templates_are_read(scan_files: Scan, name: str, script: str) -> None:
    text = f"{JS_TAG}\n{script.format('Parse.initialize(id);')}"
    report = scan_files({f"app/{name}": text})
    assert {OLD, INIT, URL} == set(codes(report))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Podfile", "pod('Parse', '1.11')", OLD),
        ("Podfile", "pod 'Parse', :git => 'https://x/y.git', :tag => '1.7.4'", OLD),
        ("Podfile", "pod 'Parse-iOS-SDK', '~> 1.2.21'", OLD),
        ("Podfile", "pod 'ParseUI', '1.1'\npod 'ParseFacebookUtils', '1.7'", None),
        ("Podfile.lock", "PODS:\n  - Parse (1.7.4):\n    - Parse/Core (= 1.7.4)", OLD),
        (
            "Package.resolved",
            (
                '{"pins": [{"location": "https://x/Parse-SDK-iOS-OSX.git", "state": '
                '{"version": "1.17.3"}}]}'
            ),
            None,
        ),
        ("a.gradle", "compile group: 'com.parse', name: 'parse-android', version: '1.10.1'", OLD),
        ("build.gradle", "compile fileTree(dir: 'libs', include: 'Parse-*.jar')", UNKNOWN),
        ("build.gradle", "compile fileTree(dir: 'libs', include: '*.jar')", None),
        ("build.gradle", "compile(name: 'Parse-1.9.1', ext: 'aar')", OLD),
        (
            "libs.versions.toml",
            '[libraries]\np = { group = "com.parse", name = "parse-android", version = "1.10.0" }',
            OLD,
        ),
        ("libs.versions.toml", '[libraries]\np = "com.parse:parse-android:1.12.0"', OLD),
        (
            "pom.xml",
            (
                "<groupId>com.parse</groupId><artifactId>parse-android</artifactId>"
                "<version>1.9.0</version>"
            ),
            OLD,
        ),
        (".classpath", '<classpathentry kind="lib" path="libs/Parse-1.5.1.jar"/>', OLD),
        ("a.csproj", '<PackageReference Include="Parse">\n<Version>1.6.2</Version>', OLD),
        ("a.csproj", '<PackageReference Include="Parse" />', UNKNOWN),
        ("a.csproj", '<PackageReference Include="Parse" Version="1.7.0" />', None),
        ("a.csproj", '<Reference Include="Parse, Version=1.3.0.0, Culture=neutral">', OLD),
        ("a.csproj", "<HintPath>..\\packages\\Parse.1.2.17\\lib\\Parse.dll</HintPath>", OLD),
        ("a.csproj", '<XamarinComponentReference Include="parse"><Version>1.5.5</Version>', OLD),
        ("project.json", '{"dependencies": {"Parse": "1.6.2"}}', OLD),
        ("paket.lock", "NUGET\n  remote: x\n    Parse (1.6.2)\n", OLD),
        ("composer.json", '{"require": {"parse/php-sdk": "1.1.*"}}', OLD),
        ("composer.lock", '{"packages": [{"name": "parse/php-sdk", "version": "1.1.0"}]}', OLD),
        ("composer.lock", '{"packages": [{"name": "parse/php-sdk", "version": "v1.2.4"}]}', None),
        ("package-lock.json", '{"dependencies": {"parse": {"version": "1.5.0"}}}', OLD),
        ("package-lock.json", '{"packages": {"node_modules/parse": {"version": "1.6.14"}}}', None),
        ("npm-shrinkwrap.json", '{"dependencies": {"parse": {\n "version": "1.6.2"}}}', OLD),
        ("yarn.lock", 'parse@^1.6.0:\n  version "1.6.13"\n', OLD),
        ("pnpm-lock.yaml", "packages:\n  /parse/1.6.2:\n    resolution: {}\n", OLD),
        ("pnpm-lock.yaml", "packages:\n  parse@3.4.0:\n    resolution: {}\n", None),
        ("bower.json", '{"dependencies": {"parse": "https://x/js/parse-1.2.18.min.js"}}', OLD),
        ("bower.json", '{"dependencies": {"parse": "user/parse#v1.4.2"}}', OLD),
        ("config.xml", '<plugin name="com.parse.cordova.core.pushplugin" spec="1" />', UNKNOWN),
        ("plugin.xml", '<source-file src="libs/Parse-1.9.1.jar" target-dir="libs" />', OLD),
        ("i.jade", "script(src='//www.parsecdn.com/js/parse-1.4.2.min.js')", OLD),
        ("i.html", "<script src=//cdnjs.cloudflare.com/ajax/libs/parse/1.4.2/parse.min.js>", OLD),
        ("i.html", "<script src='https://unpkg.com/parse@1.6.14/dist/parse.js'>", None),
        ("main.js", "paths({parse: '//www.parsecdn.com/js/parse-1.2.18.min'})", OLD),
    ],
)  # fmt: skip
def test_an_sdk_in_every_notation(
    scan_files: Scan, name: str, text: str, expected: str | None
) -> None:
    found = [code for code in codes(scan_files({f"app/{name}": text})) if "SDK" in code]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/*!\n * Parse JavaScript SDK\n * Version: 1.4.2\n */\nvar a = 1;", OLD),
        ('(function(e){e.Parse=e.Parse||{},e.Parse.VERSION="js1.4.2"})(this);', OLD),
        ("var c={VERSION:'js'+'1.6.14'};", None),
        ("x('_ApplicationId','_ClientVersion','_InstallationId');", UNKNOWN),
    ],
)
def test_a_copy_of_the_sdk_is_known_by_what_it_is(
    scan_files: Scan, text: str, expected: str | None
) -> None:
    body = f"{text}\nvar s = {{serverURL: 'https://api.parse.com/1'}};"
    report = scan_files({"app/js/vendor-bundle.js": body, "app/a.js": "Parse.initialize(id);"})
    found = codes(report)
    assert URL not in found
    assert found.count(INIT) == 1  # `serverURL:` of the SDK's own source is nobody's server
    assert [each for each in found if "SDK" in each] == ([expected] if expected else [])
    assert {group.role for group in report.groups} == {"client", "vendored"}


def test_a_file_called_parse_is_not_the_sdk(scan_files: Scan) -> None:
    assert URL in codes(scan_files({"app/parse.js": "get('https://api.parse.com/1');"}))


def test_a_bundle_with_the_app_in_it_is_looked_at_for_what_the_app_does(scan_files: Scan) -> None:
    text = f'/* Parse JavaScript SDK v1.4.2 */ Parse.initialize("{APP_ID}","{KEY}");'
    assert {INIT, "SCAN-CLIENT-KEY", OLD} == set(codes(scan_files({"app/bundle.js": text})))


def framework(folder: Path, version: str, *, header: bool) -> None:
    folder.mkdir(parents=True)
    (folder / "Parse").write_bytes(b"\xfe\xed\xfa\xce\0\0")
    if header:
        (folder / "Headers").mkdir()
        text = f'#define PARSE_VERSION @"{version}"\n'
        (folder / "Headers" / "PFConstants.h").write_text(text)
    else:
        plist = {"CFBundleShortVersionString": version} if version else {}
        (folder / "Info.plist").write_bytes(plistlib.dumps(plist, fmt=plistlib.FMT_BINARY))


@pytest.mark.parametrize(
    ("version", "header", "expected"),
    [("1.7.4", True, OLD), ("1.11.0", False, OLD), ("1.12.0", True, None), ("", False, UNKNOWN)],
)
def test_a_framework_has_its_version(
    tmp_path: Path, version: str, expected: str | None, *, header: bool
) -> None:
    framework(tmp_path / "App" / "Parse.framework", version, header=header)
    (tmp_path / "App" / "A.m").write_text("#import <Parse/Parse.h>\n")
    assert codes(scan([tmp_path])) == ([expected] if expected else [])


def test_a_jar_has_its_version_in_its_name_or_in_a_class(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as jar:
        jar.writestr("com/parse/ParseObject.class", b"\xca\xfe\xba\xbe\x01\x00\x061.10.1\x01")
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "parse.jar").write_bytes(buffer.getvalue())
    (tmp_path / "libs" / "Parse-1.9.2.jar").write_bytes(b"PK")
    (tmp_path / "libs" / "ParseFacebookUtils-1.9.2.jar").write_bytes(b"PK")
    details = [finding.detail for finding in scan([tmp_path]).findings]
    assert details == ["Android SDK 1.9.2", "Android SDK 1.10.1"]


def test_an_assembly_has_its_version(tmp_path: Path) -> None:
    folder = tmp_path / "Assets" / "Parse"
    folder.mkdir(parents=True)
    version = "FileVersion\0\0001.2.7.0\0".encode("utf-16-le")
    (folder / "Parse.Unity.dll").write_bytes(b"MZ\0\0" + version)
    (folder / "Unity.Tasks.dll").write_bytes(b"MZ\0\0")
    assert [finding.detail for finding in scan([tmp_path]).findings] == [".NET/Unity SDK 1.2.7.0"]


def test_an_assembly_without_a_version_is_a_doubt(tmp_path: Path) -> None:
    (tmp_path / "Parse.Unity.dll").write_bytes(b"MZ\0\0")
    report = scan([tmp_path])
    assert codes(report) == [UNKNOWN]
    check = next(check for check in checks_of(report) if check.id == f"scan/{UNKNOWN}")
    assert check.outcome is Outcome.ERROR


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("node_modules/parse/package.json", '{"name": "parse", "version": "1.6.2"}'),
        (
            "bower_components/parse-js-sdk/.bower.json",
            '{"name": "parse-js-sdk", "version": "1.4.2"}',
        ),
        ("Pods/Manifest.lock", "PODS:\n  - Parse (1.7.4)\n"),
        ("Pods/Parse/Parse/PFConstants.h", '#define PARSE_VERSION @"1.7.4"'),
        ("vendor/composer/installed.json", '[{"name": "parse/php-sdk", "version": "v1.1.2"}]'),
        ("Carthage/Checkouts/Parse-SDK-iOS-OSX/Parse/PFConstants.h", '#define PARSE_VERSION "1.9"'),
    ],
)
def test_installed_packages_are_read_for_versions(scan_files: Scan, name: str, text: str) -> None:
    noise = {"app/node_modules/other/a.js": "get('https://api.parse.com/1');"}
    report = scan_files({f"app/{name}": text, **noise})
    assert codes(report) == [OLD]
    assert any("installed packages" in each.reason for each in report.skipped)


def test_a_lock_tells_what_a_range_does_not(scan_files: Scan) -> None:
    files = {
        "app/Podfile": "pod 'Parse'",
        "app/Podfile.lock": "PODS:\n  - Parse (1.14.2)\n",
        "web/package.json": '{"dependencies": {"parse": "^1.6.0"}}',
        "web/yarn.lock": 'parse@^1.6.0:\n  version "1.6.13"\n',
    }
    report = scan_files(files)
    assert [(finding.code.id, finding.place.file) for finding in report.findings] == [
        (OLD, "web/yarn.lock")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A.swift", "import Parse\n"),
        ("A.m", "#import <Parse/Parse.h>\n"),
        ("A.java", "import com.parse.ParseObject;\n"),
        ("A.cs", "using Parse;\n"),
        ("a.php", "<?php\nuse Parse\\ParseClient;\n"),
    ],
)
def test_an_sdk_whose_version_nobody_says_is_a_doubt(
    scan_files: Scan, name: str, text: str
) -> None:
    assert codes(scan_files({f"app/{name}": text})) == [UNKNOWN]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config/global.json", f'{{"applications": {{"A": {{"masterKey": "{KEY}"}}}}}}'),
        ("server.js", f"var express = require('express'); var o = {{masterKey: '{KEY}'}};"),
        ("index.js", f"new ParseServer({{masterKey: '{KEY}', serverURL: url}});"),
        ("sync.py", f"# Parse\nmaster_key = '{KEY}'"),
        ("sync.rb", f"# Parse\nParse.init :master_key => '{KEY}'"),
        ("a.php", f"<?php ParseClient::initialize('{APP_ID}', '{KEY}', '{KEY}x');"),
    ],
)
def test_the_master_key_of_a_server_is_no_client(scan_files: Scan, name: str, text: str) -> None:
    found = codes(scan_files({f"app/{name}": text}))
    assert "SCAN-SERVER-MASTER-KEY" in found
    assert "SCAN-CLIENT-MASTER-KEY" not in found


def test_an_exception_of_transport_security_is_benign(scan_files: Scan) -> None:
    text = "<key>NSExceptionDomains</key><dict><key>api.parse.com</key><dict/></dict>"
    assert codes(scan_files({"app/Info.plist": text})) == ["SCAN-CLIENT-ATS"]


def test_samples_of_another_sdk_are_not_the_app(scan_files: Scan) -> None:
    bad = {"m/FacebookSDK/Samples/A/A.m": '[Parse setApplicationId:@"x" clientKey:@"y"];'}
    report = scan_files(bad)
    assert codes(report) == []
    assert any("samples" in each.reason for each in report.skipped)
    assert INIT in codes(scan_files({"app/Samples/A.m": next(iter(bad.values()))}))


def test_a_template_that_is_read_as_a_text_is_no_syntax_error(scan_files: Scan) -> None:
    report = scan_files(
        {
            "cloud/main.js": "var t = require('fs').readFileSync('cloud/views/mail.js', 'utf8');",
            "cloud/views/mail.js": "<p>Dear {{name}}</p>",
            "cloud/views/page.html.js": "<p>Dear {{name}}</p>",
        }
    )
    assert codes(report) == ["SCAN-CLOUD-PATH"]


def test_a_large_file_is_judged_by_what_it_speaks_of(scan_files: Scan) -> None:
    filler = "var a = 1;" * 50
    report = scan_files(
        {
            "app/none.js": filler,
            "app/sdk.js": f"/* Parse JavaScript SDK v1.4.2 */{filler}",
            "app/app.js": f"{filler}Parse.initialize(x);",
        },
        max_bytes=300,
    )
    assert codes(report) == [OLD]
    assert {each.path: each.doubt for each in report.skipped} == {
        "app/none.js": False,
        "app/sdk.js": True,  # a bundle may hold the app as well
        "app/app.js": True,
    }


def test_many_files_are_read_in_processes_as_one_by_one(
    scan_files: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"app/{n}.swift": 'let u = "https://api.parse.com/1" // é' for n in range(4)}
    alone = scan_files(files)
    monkeypatch.setattr("parity.jobs.scan.engine._WORTH_PROCESSES", 1)
    assert scan_files(files) == alone


def test_what_was_read_is_said_by_role_and_language(scan_files: Scan) -> None:
    report = scan_files(
        {
            "m/cloud/main.js": "f();",
            "m/A.swift": "let a = 1",
            "m/B.swift": "let a = 1",
            "m/sync.php": "<?php new Parse\\ParseQuery('A');",
        }
    )
    read = [(group.role, group.language, group.files) for group in report.groups]
    assert read == [("client", "Swift", 2), ("cloud", "JavaScript", 1), ("server", "PHP", 1)]


def test_columns_count_characters(scan_files: Scan) -> None:
    report = scan_files({"app/a.swift": '/* été */ let é = "https://api.parse.com"'})
    assert [(finding.place.line, finding.place.column) for finding in report.findings] == [(1, 28)]


def test_the_source_of_the_php_sdk_is_not_the_app_and_its_name_space_may_be(
    scan_files: Scan,
) -> None:
    report = scan_files(
        {
            "web/src/Parse/ParseClient.php": "<?php\nnamespace Parse;\nfinal class ParseClient {\n"
            "  const HOST_NAME = 'https://api.parse.com';\n  const VERSION_STRING = 'php1.1.0';\n}",
            "web/login.php": "<?php\nnamespace Parse;\nParseClient::initialize($a, $b, $c);",
        }
    )
    assert [str(finding.place) for finding in report.findings] == [
        "web/login.php:3:1",
        "web/src/Parse/ParseClient.php:1:1",
    ]
    assert codes(report) == [INIT, OLD]


def test_the_documentation_of_an_sdk_is_not_the_app(scan_files: Scan) -> None:
    report = scan_files(
        {
            "a/libs/Parse-1.4.3-javadoc/Parse.html": "<script>Parse.initialize(id);</script>",
            "a/Parse.Unity.xml": "<doc><assembly><name>Parse.Unity</name></assembly>"
            "api.parse.com</doc>",
            "a/com/parse/anypic/App.java": "package com.parse.anypic;\nclass App {}",
        }
    )
    assert codes(report) == []
    roles = {(group.role, group.language) for group in report.groups}
    assert roles == {("vendored", "XML"), ("client", "Java")}


def test_a_key_is_said_once_where_it_stands(scan_files: Scan) -> None:
    text = f'[Parse setApplicationId:@"{APP_ID}"\n    clientKey:@"{KEY}"];'
    found = [code for code in codes(scan_files({"app/A.m": text})) if code == "SCAN-CLIENT-KEY"]
    assert len(found) == 1
    report = scan_files({"other/B.swift": f'let applicationID = "{APP_ID}"'})
    assert codes(report) == ["SCAN-CLIENT-KEY"]


def test_a_package_of_nuget_is_said_once(tmp_path: Path) -> None:
    for platform in ("net45", "MonoAndroid"):
        folder = tmp_path / "packages" / "Parse.1.6.2" / "lib" / platform
        folder.mkdir(parents=True)
        (folder / "Parse.dll").write_bytes(b"MZ\0\0")
    assert [finding.detail for finding in scan([tmp_path]).findings] == [".NET/Unity SDK 1.6.2"]


def test_samples_in_components_of_xamarin_are_not_the_app(scan_files: Scan) -> None:
    sample = 'using Parse;\nParseClient.Initialize("YOUR APPLICATION ID", "YOUR .NET KEY");'
    assert codes(scan_files({"app/Components/parse-1.7.0/samples/A/App.cs": sample})) == []


def test_a_library_of_somebody_else_in_the_name_space_is_not_the_sdk(scan_files: Scan) -> None:
    text = "<?php\nnamespace Parse;\nclass Parse { const API_PATH = 'https://api.parse.com/1'; }"
    assert codes(scan_files({"app/src/Parse/Parse.php": text})) == [URL]


def test_a_composer_package_without_a_version_is_no_doubt_beside_the_list(scan_files: Scan) -> None:
    files = {
        "app/vendor/parse/php-sdk/composer.json": '{"name": "parse/php-sdk"}',
        "app/vendor/composer/installed.json": '[{"name": "parse/php-sdk", "version": "v1.2.4"}]',
    }
    assert codes(scan_files(files)) == []
