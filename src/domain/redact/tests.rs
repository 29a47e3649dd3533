//! Secrets that must go and look-alikes that must stay.

use serde_json::json;

use super::*;

/// Joined here so that no scanner of this repository takes a test for a leak.
fn joined(parts: &[&str]) -> String {
    parts.concat()
}

/// Texts with the part that must not be left in them.
const SECRETS: &[(&str, &str)] = &[
    ("https://admin:hunter2@nas.local:5001/x", "hunter2"),
    ("postgres://app:p%40ss@db/x", "p%40ss"),
    ("redis://:s3same@cache:6379", "s3same"),
    ("rtsp://cam:pa@ss@10.0.0.7/stream", "pa@ss"),
    (
        "https://0123456789abcdef0123456789abcdef@sentry.io/42",
        "0123456789abcdef",
    ),
    ("Authorization: Bearer abcdefgh", "abcdefgh"),
    (
        "curl -H 'Authorization: Basic YWRtaW46aHVudGVyMg==' http://x",
        "YWRtaW46",
    ),
    ("sent Bearer 9f8e7d6c5b4a39281706", "9f8e7d6c"),
    ("sent Bearer xkcdqwrtz on", "xkcdqwrtz"),
    ("Bearer abcdefghijk", "abcdefghijk"),
    (" bearer abcdefghijk\n", "abcdefghijk"),
    ("got basic YWRtaW46aHVudGVyMg== there", "YWRtaW46"),
    ("Authorization: token deadbeefcafe", "deadbeefcafe"),
    ("Cookie: sid=abc123; theme=dark", "abc123"),
    (
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
        "eyJzdWIi",
    ),
    (
        "token is eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0. unsigned",
        "eyJzdWIi",
    ),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nAbCd\n-----END RSA PRIVATE KEY-----",
        "MIIEow",
    ),
    (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk cut off",
        "b3BlbnNz",
    ),
    (
        "bot 123456789:AAE1bcd2EFG3hij4KLM5nop6QRS7tuv8WXY",
        "AAE1bcd2",
    ),
    (
        "https://api.telegram.org/bot123456789:AAE1bcd2EFG3hij4KLM5nop6QRS7tuv8WXY/getMe",
        "AAE1bcd2",
    ),
    (
        "https://discord.com/api/webhooks/123456789012345678/abcDEF_ghi-JKL",
        "abcDEF_ghi",
    ),
    (
        "http://ha.local:8123/api/webhook/garage-door-opener-7f3a",
        "garage-door",
    ),
    (
        "https://hc-ping.com/eb095278-f28d-448d-87fb-7b75c171a6aa",
        "eb095278",
    ),
    (
        "PVEAPIToken=root@pam!atlas=12345678-abcd-1234-abcd-1234567890ab",
        "12345678-abcd",
    ),
    ("password=hunter2", "hunter2"),
    (
        "connect failed: host=db password=hun,ter2 user=x",
        "hun,ter2",
    ),
    ("Server=db;Password=abc$1;Database=x", "abc$1"),
    ("DB_PASSWORD=correcthorse exited 1", "correcthorse"),
    ("docker run -e MYSQL_ROOT_PASSWORD=toor mysql", "toor"),
    ("token: 8a7b6c5d4e", "8a7b6c5d4e"),
    ("api_key: abcdef", "abcdef"),
    ("{\"password\": \"two words\"}", "two words"),
    ("{\\\"password\\\":\\\"escaped\\\"}", "escaped"),
    ("config {'clientSecret': 'xyz-123'}", "xyz-123"),
    ("GET /x?api_key=abc123&page=2", "abc123"),
    ("GET /x?page=2&access_token=abc123", "abc123"),
    ("X-Api-Key: 77aa88bb", "77aa88bb"),
    ("mytool --password hunter2 --verbose", "hunter2"),
    ("mytool --api-token=abc.def", "abc.def"),
    ("[\"--password\", \"hunter2\"]", "hunter2"),
    ("curl -s -u admin:hunter2 http://nas", "hunter2"),
    ("sshpass -p hunter2 ssh root@nas", "hunter2"),
    ("mysqldump -u root -phunter2 db", "hunter2"),
    (
        "PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=",
        "yAnz5TF",
    ),
    ("root:$6$saltsalt$abcdefghijklmnop:19000:0", "abcdefghijkl"),
    ("key: password=hunter2", "hunter2"),
    ("wpa_passphrase=my long", "my"),
    ("PGPASSWORD=x1y2 psql", "x1y2"),
    ("auth_token := 'q1w2e3'", "q1w2e3"),
];

/// These, and tokens with a maker's mark, which are joined here.
fn secrets() -> Vec<(String, &'static str)> {
    let mut all: Vec<_> = SECRETS
        .iter()
        .map(|(text, part)| ((*text).to_owned(), *part))
        .collect();
    for (parts, part) in [
        (
            ["at", "l_0123456789abcdef0123456789abcdef0123456789abcdef"],
            "0123456789abcdef",
        ),
        (["AKI", "AIOSFODNN7EXAMPLE"], "IOSFODNN7"),
        (["ASI", "AIOSFODNN7EXAMPLE"], "IOSFODNN7"),
        (
            ["gh", "p_abcdefghijklmnopqrstuvwxyz0123456789"],
            "abcdefghij",
        ),
        (
            ["gh", "o_abcdefghijklmnopqrstuvwxyz0123456789"],
            "abcdefghij",
        ),
        (["github", "_pat_11ABCDEFG0abcdefghijkl_mnop"], "11ABCDEFG0"),
        (["gl", "pat-abcdefghij0123456789"], "abcdefghij"),
        (["xo", "xb-123456789012-abcdefABCDEF"], "123456789012"),
        (["s", "k-proj-abcdefghij0123456789ABCDEFGHIJ"], "abcdefghij"),
        (["s", "k-abcdefghijklmnopqrst0123456789"], "abcdefghij"),
        (
            ["AI", "zaSyA1234567890abcdefghijklmnopqrstuvw"],
            "SyA1234567890",
        ),
        (["s", "k_live_abcdefghij0123456789"], "abcdefghij"),
        (["ts", "key-auth-kABCDEF1CNTRL-abcdefghijkl"], "kABCDEF1"),
        (
            [
                "https://hooks.sl",
                "ack.com/services/T0AB/B0CD/abcdef123456",
            ],
            "abcdef123456",
        ),
    ] {
        all.push((format!("seen {} here", joined(&parts)), part));
    }
    all
}

/// Texts that must stay as they are.
const LOOK_ALIKES: [&str; 65] = [
    "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
    "request 550e8400-e29b-41d4-a716-446655440000 failed",
    "container 4c01db0b339c7d7ab0d5a4b5b2e8a2a5f9b1c3d4e5f60718293a4b5c6d7e8f90",
    "image sha256:3f57d9401f8d42f986df300f0c69192fc41da28ccc8d797829467780db3dd741",
    "nginx@sha256:3f57d9401f8d42f986df300f0c69192fc41da28ccc8d797829467780db3dd741",
    "aa:bb:cc:dd:ee:ff is new",
    "token bucket is empty",
    "Bearer of bad news",
    "Bearer authentication required",
    "Bearer authentication",
    "Bearer credentials.",
    "Bearer abcdefghijk left",
    "Basic authentication is off",
    "basic PostgreSQL setup done",
    "http://nas.local:5000/index.html",
    "https://example.org/users/@alice",
    "ssh://git@example.org/repo.git",
    "mail bob@example.org: quota exceeded",
    "sk-learn 1.4 was installed",
    "sk-toolbox-network-disk-usage",
    "task-runner-abcdefghijklmnopqrst",
    "token_count=512",
    "tokens_used: 1532",
    "max_tokens=3000",
    "secret_santa_count: 12",
    "password_age_days=90",
    "password_file=/run/secrets/db",
    "Access denied for user 'root'@'localhost' (using password: YES)",
    "Failed password for root from 10.0.0.5 port 22 ssh2",
    "Wrong password for user admin",
    "password: required",
    "password=",
    "password=***",
    "password=$DB_PASSWORD",
    "password: {{password}}",
    "password=<your password>",
    "token: refresh failed after 3 tries",
    "Invalid token: signature does not match",
    "token=null",
    "the --password flag is gone",
    "mytool --token-file /run/token",
    "primary_key: id",
    "key: value",
    "sort_key=name",
    "public_key: ok",
    "ssh host key changed",
    "keyboard=us",
    "author: Jane Doe",
    "authority=nas.local",
    "monkey: banana",
    "pam_unix(sshd:session): session opened for user root(uid=0)",
    "pass=12 fail=0",
    "PWD=/home/alice",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMq",
    "docker run -u 1000:1000 alpine",
    "mysql -u root -h db",
    "unix:///var/run/docker.sock",
    "tcp://10.0.0.2:2375",
    "glibc-2.36-9+deb12u10",
    "2001:db8::8a2e:370:7334",
    "12:30:45 job 12345678:done",
    "https://discord.com/channels/123456789012345678/1",
    "keyJump: eyJ is how a token begins",
];

#[test]
fn every_secret_goes_and_its_surroundings_stay() {
    assert!(secrets().len() >= 40);
    for (text, secret) in secrets() {
        let Some((redacted, count)) = redact_text(&text) else {
            panic!("kept: {text}")
        };
        assert!(!redacted.contains(secret), "{text} -> {redacted}");
        assert!(count >= 1 && redacted.contains(MARK), "{redacted}");
    }
}

#[test]
fn every_look_alike_stays() {
    for text in LOOK_ALIKES {
        assert_eq!(redact_text(text), None, "{text}");
    }
}

#[test]
fn what_our_own_runbooks_say_is_no_secret() {
    for runbook in crate::catalog::builtin_runbooks().unwrap() {
        assert_eq!(redact_text(&runbook.markdown), None, "{}", runbook.id);
    }
}

#[test]
fn twice_is_the_same_as_once() {
    let found_by_chance = ("--keypassword ,0".to_owned(), "0");
    for (text, _) in secrets().into_iter().chain([found_by_chance]) {
        let (once, _) = redact_text(&text).unwrap();
        assert_eq!(redact_text(&once), None, "{once}");
    }
}

#[test]
fn the_shape_stays() {
    for (text, expected) in [
        ("https://user:pw@host/x", "https://user:[redacted]@host/x"),
        (
            "Authorization: Bearer abcdefgh",
            "Authorization: Bearer [redacted]",
        ),
        (
            "a password=x1, b=2; token=yyyy",
            "a password=[redacted], b=2; token=[redacted]",
        ),
        ("größe password=„ü“ ok", "größe password=[redacted] ok"),
    ] {
        assert_eq!(redact_text(text).unwrap().0, expected);
    }
}

#[test]
fn values_under_names_of_secrets_go() {
    let names = [
        "password",
        "passwd",
        "secret",
        "token",
        "api_key",
        "apikey",
        "apiKey",
        "access_key",
        "privateKey",
        "credential",
        "client_secret",
        "auth",
        "cookie",
        "session",
        "db_password",
        "MYSQL_ROOT_PASSWORD",
        "AWS_SECRET_ACCESS_KEY",
        "X-Auth-Token",
        "password2",
        "sessionId",
        "previous_shared_token",
        "password_hash",
        "private_key_pem",
        "snmp_community",
        "psk",
    ];
    for name in names {
        let mut value = json!({ name: "s3cr3t-do-not-leak", "dataset": "tank" });
        assert_eq!(redact_value(&mut value), 1, "{name}");
        assert_eq!(value, json!({ name: MARK, "dataset": "tank" }));
        assert_eq!(redact_value(&mut value), 0, "{name} twice");
    }
}

#[test]
fn values_under_names_that_only_sound_like_it_stay() {
    let names = [
        "token_count",
        "tokens_used",
        "secret_santa_count",
        "password_age_days",
        "key",
        "author",
        "keyboard",
        "primary_key",
        "public_key",
        "dedup_key",
        "token_type",
        "token_expires_at",
        "password_file",
        "auth_type",
        "authenticated",
        "session_count",
        "passed",
        "bypass",
        "compass",
        "community",
        "monkey",
        "next_page_token",
        "secret_name",
        "access_key_id",
    ];
    for name in names {
        let mut value = json!({ name: "harmless" });
        assert_eq!(redact_value(&mut value), 0, "{name}");
    }
    for mut value in [
        json!({"pass": 12}),
        json!({"tokens": 1532}),
        json!({"auth": true}),
    ] {
        assert_eq!(redact_value(&mut value), 0, "{value}");
    }
}

#[test]
fn nested_values_lists_pairs_and_keys_are_reached() {
    let mut value = json!({
        "env": ["A=1", "DB_PASSWORD=toor"],
        "headers": [{"name": "Authorization", "value": "xyz"}],
        "auth": {"method": "ldap", "bind_password": "abc"},
        "credentials": {"user": "bob", "value": "abc", "list": ["d"]},
        "pin": {"password": 1234},
        "https://u:pw@nas.local/x": "down",
    });
    assert_eq!(redact_value(&mut value), 7, "{value}");
    let text = value.to_string();
    for secret in ["toor", "xyz", "abc", "\"d\"", "1234", "u:pw"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("ldap") && text.contains("bob"), "{text}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_walked_without_panic_and_once_is_enough(
        text in "(password|token|Bearer|://|@|:|=| |\"|'|\\\\|-----BEGIN PRIVATE KEY-----|--|key|[a-zA-Z0-9ü,;&]{1,5}){0,20}"
    ) {
        if let Some((once, _)) = redact_text(&text) {
            proptest::prop_assert_eq!(redact_text(&once), None);
        }
    }
}
