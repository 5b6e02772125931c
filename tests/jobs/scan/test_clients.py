"""The rules for client source: hosts, initialisation, keys and SDK versions."""

from __future__ import annotations

import pytest

from tests.jobs.scan.conftest import Scan

APP_ID = "kJ3hG8fD2sA9qW7eR5tY1uI0oP6lK4jH2gF8dS3a"
KEY = "zX5cV8bN2mQ9wE4rT7yU1iO3pA6sD0fG8hJ5kL2z"


def codes(scan_files: Scan, name: str, text: str) -> list[str]:
    return [
        f"{finding.code}:{finding.place.line}"
        for finding in scan_files({f"app/{name}": text}).findings
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Net.swift", 'let u = "https://api.parse.com/1/classes/Post"'),
        ("Net.m", 'NSString *u = @"http://files.parsetfss.com/x";'),
        ("Net.java", 'String u = "https://API.Parse.com/1";'),
        ("Net.kt", 'val u = """https://api.parse.com/1"""'),
        ("Net.cs", 'var u = "https://my-app.parseapp.com/";'),
        ("net.php", "<?php $u = 'https://api.parse.com/1';"),
        ("net.js", "fetch(`https://api.parse.com/1/${path}`);"),
        ("net.ts", "const u: string = 'https://api.parse.com/1';"),
        ("page.html", '<script src="https://www.parsecdn.com/js/parse-1.6.14.min.js"></script>'),
        ("Info.plist", "<key>ParseURL</key><string>https://api.parse.com/1</string>"),
        ("net.rb", "url = 'https://api.parse.com/1'"),
    ],
)
def test_a_hosted_host_is_found(scan_files: Scan, name: str, text: str) -> None:
    assert "SCAN-CLIENT-URL:1" in codes(scan_files, name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Net.swift", "// https://api.parse.com/1"),
        ("Net.java", "/* https://api.parse.com/1\n */ int x;"),
        ("Net.swift", 'let u = "https://api.parse.community/1"'),
        ("Net.swift", 'let u = "https://notapi.parse.com.example.org/1"'),
        ("net.php", "<?php # https://api.parse.com/1"),
        ("net.rb", "# https://api.parse.com/1"),
        ("page.html", "<!-- https://api.parse.com/1 -->"),
    ],
)
def test_a_host_in_a_comment_or_of_others_is_not(scan_files: Scan, name: str, text: str) -> None:
    assert codes(scan_files, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "keys"),
    [
        ("A.m", f'[Parse setApplicationId:@"{APP_ID}"\n clientKey:@"{KEY}"];', True),
        ("A.swift", f'Parse.setApplicationId("{APP_ID}", clientKey: "{KEY}")', True),
        ("A.swift", "Parse.setApplicationId(Config.id, clientKey: Config.key)", False),
        ("A.java", f'Parse.initialize(this, "{APP_ID}", "{KEY}");', True),
        ("A.kt", "Parse.initialize(applicationContext, BuildConfig.ID, BuildConfig.KEY)", False),
        ("A.java", "Parse.initialize(this);", False),
        ("A.cs", f'ParseClient.Initialize("{APP_ID}", "{KEY}");', True),
        ("a.php", f"<?php ParseClient::initialize('{APP_ID}', '{KEY}', '{KEY}x');", False),
        ("a.js", f"Parse.initialize('{APP_ID}', '{KEY}');", True),
        ("a.html", f"<script>Parse.initialize('{APP_ID}');</script>", True),
    ],
)
def test_an_initialisation_without_a_server_is_found(
    scan_files: Scan, name: str, text: str, *, keys: bool
) -> None:
    found = codes(scan_files, name, text)
    assert "SCAN-CLIENT-INIT:1" in found
    assert ("SCAN-CLIENT-KEY:1" in found) == keys


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "A.swift",
            (
                "let c = ParseClientConfiguration { $0.applicationId = id; $0.server = url }\n"
                "Parse.initialize(with: c)"
            ),
        ),
        ("A.java", "Parse.initialize(new Parse.Configuration.Builder(this).server(u).build());"),
        ("A.cs", "ParseClient.Initialize(new ParseClient.Configuration { Server = url });"),
        ("a.js", "Parse.initialize(id);\nParse.serverURL = url;"),
        ("a.php", "<?php ParseClient::initialize($a, $b, $c); ParseClient::setServerURL($u, 'x');"),
        ("A.m", '// [Parse setApplicationId:@"x" clientKey:@"y"];'),
        ("a.js", "Other.initialize('x', 'y');"),
    ],
)
def test_an_initialisation_with_a_server_is_not(scan_files: Scan, name: str, text: str) -> None:
    assert [code for code in codes(scan_files, name, text) if "INIT" in code] == []


def test_a_server_in_another_file_counts(scan_files: Scan) -> None:
    report = scan_files({"app/a.js": "Parse.initialize(id);", "app/b.js": "Parse.serverURL = u;"})
    assert report.of("SCAN-CLIENT-INIT") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", f"Parse.masterKey = '{KEY}';"),
        ("A.swift", f'request.setValue("{KEY}", forHTTPHeaderField: "X-Parse-Master-Key")'),
        ("www/config.json", f'{{"parse": {{"masterKey": "{KEY}"}}}}'),
        ("A.java", f'String MASTER_KEY = "{KEY}";'),
    ],
)
def test_a_master_key_is_a_matter_of_security(scan_files: Scan, name: str, text: str) -> None:
    report = scan_files({f"app/{name}": text})
    assert report.of("SCAN-CLIENT-MASTER-KEY")
    assert KEY in "".join(report.secrets)
    assert KEY not in "".join(finding.detail for finding in report.findings)


@pytest.mark.parametrize(
    "text",
    [
        'applicationId = "YOUR_APP_ID_HERE"',
        'clientKey = System.getenv("CLIENT_KEY")',
        f'// clientKey = "{KEY}"',
        'masterKey = "<masterKey>"',
    ],
)
def test_a_placeholder_is_no_key(scan_files: Scan, text: str) -> None:
    assert codes(scan_files, "A.java", text) == []


def test_keys_of_manifests_and_unity_scenes_are_found(scan_files: Scan) -> None:
    report = scan_files(
        {
            "app/AndroidManifest.xml": '<meta-data android:name="com.parse.APPLICATION_ID" '
            f'android:value="{APP_ID}"/>',
            "app/Main.unity": f"MonoBehaviour:\n  applicationID: {APP_ID}\n  dotnetKey: {KEY}\n",
        }
    )
    places = [str(each.place) for each in report.of("SCAN-CLIENT-KEY")]
    assert places == ["app/AndroidManifest.xml:1:26", "app/Main.unity:2:1", "app/Main.unity:3:1"]
    assert report.secrets == {APP_ID, KEY}


OLD, UNKNOWN = "SCAN-SDK-OLD", "SCAN-SDK-UNKNOWN"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("Podfile", "pod 'Parse', '1.11.0'", OLD),
        ("Podfile", "pod 'Parse', '~> 1.11.0'", OLD),
        ("Podfile", "pod 'Parse', '~> 1.11'", UNKNOWN),
        ("Podfile", "pod 'Parse'", UNKNOWN),
        ("Podfile", "pod 'Parse', '1.12.0'", None),
        ("Podfile", "# pod 'Parse', '1.2.0'", None),
        ("Podfile", "pod 'ParseSomething', '1.2.0'", None),
        ("Podfile.lock", "PODS:\n  - Parse (1.7.4):\n", OLD),
        ("Podfile.lock", "PODS:\n  - Parse (1.14.2)\n  - ParseX (1.0)\n", None),
        ("Cartfile", 'github "ParsePlatform/Parse-SDK-iOS-OSX" == 1.10.0', OLD),
        ("Cartfile.resolved", 'github "ParsePlatform/Parse-SDK-iOS-OSX" "1.13.0"', None),
        ("build.gradle", "compile 'com.parse:parse-android:1.12.0'", OLD),
        ("build.gradle", "compile 'com.parse:parse-android:1.13.0'", None),
        ("build.gradle", "compile 'com.parse:parse-android:1.+'", UNKNOWN),
        ("build.gradle", "def v = '1.10.1'\ncompile \"com.parse:parse-android:$v\"", OLD),
        ("build.gradle", "compile files('libs/Parse-1.9.2.jar')", OLD),
        ("build.gradle", "// compile 'com.parse:parse-android:1.12.0'", None),
        ("build.gradle.kts", 'implementation("com.parse:parse-android:1.9.4")', OLD),
        (
            "libs.versions.toml",
            (
                '[versions]\np = "1.10.0"\n[libraries]\nx = { module = "com.parse:parse-android",'
                ' version.ref = "p" }'
            ),
            OLD,
        ),
        ("package.json", '{"dependencies": {"parse": "1.6.13"}}', OLD),
        ("package.json", '{"dependencies": {"parse": "~1.5.0"}}', OLD),
        ("package.json", '{"dependencies": {"parse": "^1.6.0"}}', UNKNOWN),
        ("package.json", '{"dependencies": {"parse": "latest"}}', UNKNOWN),
        ("package.json", '{"dependencies": {"parse": "^1.6.14"}}', None),
        ("package.json", '{"dependencies": {"parse-server": "1.0.0"}}', None),
        ("package.json", '{"dependencies": {"parse": ', None),
        ("bower.json", '{"dependencies": {"parse-js-sdk": "1.4.2"}}', OLD),
        ("packages.config", '<package id="Parse" version="1.6.2" />', OLD),
        ("App.csproj", '<PackageReference Include="Parse" Version="1.7.0" />', None),
        ("App.csproj", '<PackageReference Include="Parse" Version="1.5.5" />', OLD),
        ("composer.json", '{"require": {"parse/php-sdk": "*"}}', UNKNOWN),
        ("index.html", '<script src="js/parse-1.4.2.min.js"></script>', OLD),
        ("index.html", '<script src="js/parse-latest.js"></script>', UNKNOWN),
        ("index.html", '<script src="js/parse-1.6.14.js"></script>', None),
        ("index.html", '<!-- <script src="js/parse-1.4.2.js"></script> -->', None),
        ("lib/parse-1.3.5.min.js", "var Parse = 1; // https://api.parse.com", OLD),
        ("lib/sdk.js", "/* Parse JavaScript SDK v1.10.0 */ u='https://api.parse.com/1'", None),
    ],
)
def test_the_version_of_an_sdk(
    scan_files: Scan, name: str, text: str, expected: str | None
) -> None:
    found = scan_files({f"app/{name}": text}).findings
    assert [each.code.id for each in found] == ([expected] if expected else [])
