//! What secrets look like in a text: the one table.

use regex::Captures;

use super::rules::{
    any, assignment, base64_pair, bearer, flag, named, provider, random, whole_bearer,
};

/// Which bytes of the text are the secret; `None` where it only looked like one.
pub(super) type Judge = fn(&str, &Captures<'_>) -> Option<(usize, usize)>;

/// A cheap sign of it, the whole pattern with its secret in the group `s` (or `s1`, `s2`, ...),
/// and the judge.
pub(super) const RULES: [(&str, &str, Judge); 20] = [
    (
        r"-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:(?P<s>.*?))(?:-----END [A-Z0-9 ]*PRIVATE KEY|\z)",
        any,
    ),
    (
        r"://[^\s/]*@",
        r#"://[^\s/?#:@"'<>]*:(?P<s>[^\s/?#"'<>]+)@"#,
        any,
    ),
    (r"://[^\s/]*@", r"://(?P<s>[A-Za-z0-9_\-]{20,})@", random),
    (
        r"(?i)webhook|hooks\.slack|hc-ping|ifttt",
        r"(?i)(?:discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/|hooks\.slack\.com/[a-z]+/|webhook\.office\.com/webhookb2/|/api/webhook/|hc-ping\.com/|ifttt\.com/trigger/[^/\s]+/(?:json/)?with/key/)(?P<s>[A-Za-z0-9_\-/@.]{8,})",
        any,
    ),
    (
        r"(?i)authorization|cookie",
        r#"(?i)(?:authorization\\?["']?\s*[:=]\s*\\?["']?(?:(?:bearer|basic|token|negotiate|apikey)\s+(?P<s>[^\s"',\\]+)|digest\s+(?P<s2>[^\r\n']+))|cookie\\?["']?: *(?P<s1>[^\r\n"'\\]*=[^\r\n"'\\]+))"#,
        any,
    ),
    (
        r"(?i)bearer\s",
        r"(?i)(?-u:\b)bearer\s+(?P<s>[A-Za-z0-9._~+/=\-]{8,})",
        bearer,
    ),
    (
        r"(?i)\A\s*bearer\s",
        r"(?i)\A\s*bearer\s+(?P<s>[A-Za-z0-9._~+/=\-]{8,})\s*\z",
        whole_bearer,
    ),
    (
        r"(?i)basic\s",
        r"(?i)(?-u:\b)basic\s+(?P<s>[A-Za-z0-9+/]{6,}={0,2})",
        base64_pair,
    ),
    (
        r"eyJ",
        r"(?-u:\b)(?P<s>eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*){0,3}|[A-Za-z0-9_\-]{40,}={0,2}))",
        any,
    ),
    (
        r"atl_|AKIA|ASIA|gh[oprsu]_|github_pat_|gl[a-z]{2,6}-|xox[a-z]-|xapp-|sk-|[rs]k_(?:live|test)_|AIza|npm_|hvs\.|tskey-|PVEAPIToken|glsa_|AGE-SECRET|SG\.|dop_v1_|pypi-|whsec_|hf_|dckr_pat_|tk_",
        r"(?-u:\b)(?:(?P<s>atl_[A-Za-z0-9]{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}(?-u:\b)|gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|gl[a-z]{2,6}-[A-Za-z0-9_\-]{16,}|xox[a-z]-[A-Za-z0-9\-]{10,}|xapp-[A-Za-z0-9\-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|AIza[A-Za-z0-9_\-]{35}|npm_[A-Za-z0-9]{30,}|hvs\.[A-Za-z0-9_\-]{20,}|tskey-[a-z]+-[A-Za-z0-9\-]{10,}|glsa_[A-Za-z0-9_]{30,}|AGE-SECRET-KEY-1[A-Z0-9]{40,}|SG\.[A-Za-z0-9_\-]{16,}\.[A-Za-z0-9_\-]{16,}|dop_v1_[a-f0-9]{40,}|pypi-[A-Za-z0-9_\-]{40,}|whsec_[A-Za-z0-9+/=]{16,}|hf_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_\-]{20,}|tk_[a-z0-9]{29}(?-u:\b))|PVEAPIToken=[^\s=]+=(?P<s1>[A-Za-z0-9\-]{8,})|(?P<s2>sk-[A-Za-z0-9_\-]{20,}))",
        provider,
    ),
    (
        r"[0-9]{8}:[A-Za-z0-9_-]{30}",
        r"(?:(?-u:\b)|bot)(?P<s>[0-9]{8,10}:[A-Za-z0-9_\-]{35})(?-u:\b)",
        any,
    ),
    (
        r"\$(?:1|2[aby]|5|6|y|argon2)",
        r#"(?P<s>\$(?:1|2[aby]|5|6|y|argon2id?)\$[^\s:"']{12,})"#,
        any,
    ),
    (
        r"(?i)curl|wget|sshpass|mysql|--[a-z0-9-]*(?:pass|pwd|secret|token|key|cred)",
        r#"(?i)(?:(?:curl|wget)(?-u:\b)[^\n|;]*?\s(?:-u|--user)[\s=]*["']?[^\s:"']+:(?P<s>[^\s"']+)|sshpass\s+-p\s*["']?(?P<s1>[^\s"']+)|(?-u:\b)mysql[a-z]*(?-u:\b)[^\n|;]*?\s-p["']?(?P<s2>[^\s"']+)|(?:^|[\s"'\[,(])--(?P<k>[a-z0-9\-]*(?:pass|pwd|secret|token|key|cred)[a-z0-9\-]*)["']?[ \t,]+["']?(?P<s3>[^\s"'\-\[,][^\s"']*))"#,
        flag,
    ),
    (
        r"(?i)(?:pass|pwd?|kennwort|secret|token|key|cred|auth|cookie|sess|psk|jwt|otp|community|bearer)[a-z0-9_.\-]*[\\\x22']{0,2}[ \t]*[:=]",
        r#"(?i)(?P<k>[a-z0-9_.\-]*(?:pass|pwd?|kennwort|secret|token|key|cred|auth|cookie|sess|psk|jwt|otp|community|bearer)[a-z0-9_.\-]*)(?:\\?["'])?[ \t]*(?P<sep>:=|=>|=|:)[ \t]*(?:\\"(?P<s1>[^"\\\r\n]+)|"(?P<s2>(?:[^"\\\r\n]|\\.)+)|'(?P<s3>[^'\r\n]+)|(?P<s>[^\s"'\\][^\s"']*))"#,
        assignment,
    ),
    (
        r"(?i)[?&](?:x-(?:amz|goog)-)?sig",
        r"(?i)[?&](?:x-(?:amz|goog)-)?sig(?:nature)?=(?P<s>[A-Za-z0-9%+/=_\-]{16,})",
        any,
    ),
    // An address within an address: its signs are encoded.
    (
        r"(?i)%3A%2F%2F[^\s/]*%40",
        r#"(?i)%3A%2F%2F[^\s%/"']*%3A(?P<s>(?:[^\s%/"']|%[013-9A-F][0-9A-F]|%2[0-9A-E])+?)%40"#,
        any,
    ),
    (
        r"(?i)(?:%3F|%26)[a-z0-9_.\-]*%3D",
        r#"(?i)(?:%3F|%26)(?P<k>[a-z0-9_.\-]+)%3D(?P<s>(?:[^\s%&"']|%[013-9A-F][0-9A-F]|%2[0-57-9A-F])+)"#,
        named,
    ),
    // Programs that take a password behind a letter.
    (
        r"redis-cli|snmp|ipmitool|mosquitto_|ldap|smbclient",
        r#"(?-u:\b)(?:redis-cli(?-u:\b)[^\n|;]*?\s-a|snmp[a-z]+(?-u:\b)[^\n|;]*?\s-c|ipmitool(?-u:\b)[^\n|;]*?\s-P|mosquitto_[a-z]+(?-u:\b)[^\n|;]*?\s-P|ldap[a-z]+(?-u:\b)[^\n|;]*?\s-w|smbclient(?-u:\b)[^\n|;]*?\s-U\s*[^\s%"']+%)\s*["']?(?P<s>[^\s"']+)"#,
        flag,
    ),
    // Files in which a password stands behind blanks: upsmon.conf and .netrc.
    (
        r"(?i)monitor\s+\S+@|(?:login|account)\s+\S+\s+password\s",
        r"(?im)(?:^\s*monitor\s+\S+@\S+\s+[0-9]+\s+\S+\s+(?P<s>\S+)\s+(?:primary|secondary|master|slave)(?-u:\b)|(?-u:\b)(?:login|account)\s+\S+\s+password\s+(?P<s1>\S+))",
        flag,
    ),
    // A block of YAML below its name: the first line, and further lines of one word.
    (
        r"(?i):[ \t]*[>|][+\-]?[0-9]?[ \t]*\r?\n",
        r"(?im)(?P<k>[a-z0-9_.\-]+)[ \t]*:[ \t]*[>|][+\-]?[0-9]?[ \t]*\r?\n[ \t]+(?P<s>[^\r\n]+(?:\r?\n[ \t]+[^\s:]+[ \t]*$)*)",
        named,
    ),
];
