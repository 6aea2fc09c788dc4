//! What is masked, in the order in which it is looked for.
//!
//! The patterns need no Unicode tables, which are optional features of `regex`: character classes are written out, and
//! case and word boundaries are those of ASCII (`(?i-u:..)`, `(?-u:\b)`).

use regex::Regex;

use super::checks::{
    Match, is_account, is_behind_scheme, is_card, is_mail_address, is_phone_number, is_resident_number, is_token,
};
use super::placeholders::{
    ACCOUNT, CARD_NUMBER, KEY_ID, MAIL_ADDRESS, PHONE_NUMBER, PRIVATE_KEY, RESIDENT_NUMBER, SECRET, TOKEN, WEBHOOK,
};
use super::sentences::{is_nothing, looks_like_password};
use super::traits::Traits;
use super::{assignments, random_text, sql, urls};

/// One thing that is masked.
pub(super) struct Pattern {
    /// What it is called where it fails to load.
    pub(super) name: &'static str,
    /// Its first group is what stays before the secret, its second group what stays after it.
    pub(super) regex: &'static str,
    pub(super) mask: Mask,
    /// What a line must have so that the pattern can match at all, where its first letters do not tell that quickly.
    pub(super) needs: fn(&Traits) -> bool,
}

impl Pattern {
    const fn needing(self, needs: fn(&Traits) -> bool) -> Self {
        Self { needs, ..self }
    }
}

/// How a match is masked.
pub(super) enum Mask {
    /// This stands in its place.
    Always(&'static str),
    /// The same, if the match is not something else.
    If(fn(&Match<'_>) -> bool, &'static str),
    /// A regular expression cannot tell where the secrets end: the pattern only tells whether there may be any in the
    /// text.
    Text(fn(&str, &Regex) -> Option<String>),
}

use Mask::{Always, If, Text};

pub(super) const fn pattern(name: &'static str, regex: &'static str, mask: Mask) -> Pattern {
    Pattern { name, regex, mask, needs: |_| true }
}

pub(super) const PATTERNS: &[Pattern] = &[
    pattern(
        "private key",
        r"-----BEGIN[ +A-Z0-9%]*PRIVATE(?:[ +]|%20)KEY(?:(?:[ +]|%20)BLOCK)?-----(?s:.*?)(?:-----END[ +A-Z0-9%]*PRIVATE(?:[ +]|%20)KEY(?:(?:[ +]|%20)BLOCK)?-----|$)",
        Always(PRIVATE_KEY),
    ),
    pattern(
        "webhook",
        concat!(
            r"(?:hooks\.slack(?:-gov)?\.com|discord(?:app)?\.com(?:\\*/|%2F)api(?:\\*/|%2F)(?:v[0-9]+(?:\\*/|%2F))?webhooks|webhook\.office\.com",
            r"|outlook\.office(?:365)?\.com(?:\\*/|%2F)webhook|logic\.azure\.com(?::443)?(?:\\*/|%2F)workflows|chat\.googleapis\.com(?:\\*/|%2F)v1(?:\\*/|%2F)spaces",
            r"|powerplatform\.com(?::443)?(?:(?:\\*/|%2F)[a-z0-9_-]+)*(?:\\*/|%2F)workflows|hooks\.zapier\.com(?:\\*/|%2F)hooks|hook\.[a-z0-9]+\.make\.com",
            r"|events\.pagerduty\.com(?:\\*/|%2F)integration|maker\.ifttt\.com(?:\\*/|%2F)trigger|wh\.jandi\.com(?:\\*/|%2F)connect-api",
            r"|hook\.dooray\.com(?:\\*/|%2F)services)(?:\\*/|%2F)(?:[^ \n\x22'<>)\\`]|\\+/)+",
        ),
        Always(WEBHOOK),
    ),
    pattern("user of an address", r"(?::|%3[Aa])(?:/|\\/|%2[Ff])", Text(|text, _| urls::masked(text))),
    pattern(
        "user of a Go data source",
        r"((?-u:\b)[A-Za-z0-9_.-]+:)[^ \n\x22']+(@(?:tcp6?|udp|unix)\()",
        Always(SECRET),
    )
    .needing(|line| line.has_at),
    pattern("user of an Oracle address", r"(jdbc:oracle:[a-z0-9]+:[^ \n/\x22'@]+/|(?-u:\b)sqlplus (?:-[A-Za-z]+ )*[^ \n/\x22'@-][^ \n/\x22'@]*/)[^ \n\x22']+(@)", Always(SECRET)).needing(|line| line.has_at),
    pattern(
        "user of a host",
        r"((?:^|[ \n\x22'=(,])[A-Za-z_][A-Za-z0-9_.-]*:)[^ \n\x22'/@:]+(@[A-Za-z0-9][A-Za-z0-9.-]*:[0-9]{2,5}(?-u:\b))",
        If(is_user_of_host, SECRET),
    )
    .needing(|line| line.has_at),
    pattern(
        "quoted user of a command",
        r"((?:^|[ \n])(?:-u|-U|--user|--proxy-user)[ =](?:'[^':\n]*:|\x22[^\x22:\n]*:))[^'\x22\n]+",
        Always(SECRET),
    ),
    pattern(
        "user of a command",
        r"((?:^|[ \n'\x22])(?:-u|-U|--user|--proxy-user)[ =][^ \n:'\x22-][^ \n:'\x22]*:)[^ \n'\x22]+",
        If(is_password_of_command, SECRET),
    ),
    pattern(
        "password of a command",
        concat!(
            r"((?-u:\b)(?:(?:mysql[a-z]*|mariadb(?:-[a-z]+)?|mongo[a-z]*|sshpass|(?:docker|podman|helm registry|az|oc|nerdctl) login)(?-u:\b)[^\n|;]*? -p",
            r"|redis-cli(?-u:\b)[^\n|;]*? -a|openssl(?-u:\b)[^\n|;]*? -k|(?:sqlcmd|bcp|unzip|zip)(?-u:\b)[^\n|;]*? -P|7z(?-u:\b)[^\n|;]*? -p|ldap[a-z]+(?-u:\b)[^\n|;]*? -w|htpasswd -[a-zA-Z]*b[a-zA-Z]* [^ ]+ [^ ]+ ?)",
            r"(?: |=|))(?:\x22[^\x22\n]*\x22|'[^'\n]*'|[^ \n\x22'=-][^ \n\x22']*)",
        ),
        If(is_password_of_command, SECRET),
    ),
    pattern(
        "password of an option",
        r"((?:^|[ \n])-(?:p|P|pw) )(?:\x22[^\x22\n]+\x22|'[^'\n]+'|[^ \n\x22'-][^ \n\x22']*)",
        If(is_password_of_option, SECRET),
    ),
    pattern("password of SQL", r"((?:IDENTIFIED|identified|Identified) +(?:(?i-u:with) +[^ \n]+ +)?(?i-u:by|as) +(?:(?i-u:password) +)?|(?:PASSWORD FOR|password for) [^\n=]+= *)(?:'[^'\n]*'|\x22[^\x22\n]*\x22|\\+'[^'\n]*')", Always(SECRET)),
    pattern(
        "login of a request",
        r"((?-u:\b)(?:auth *= *|(?:HTTP)?(?:Basic|Digest)Auth)\( *(?:'[^'\n]*'|\x22[^\x22\n]*\x22), *)(?:'[^'\n]*'|\x22[^\x22\n]*\x22)",
        If(is_quoted_login, SECRET),
    ),
    pattern("login of a mail server", r"((?-u:\b)AUTH (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5) )[A-Za-z0-9+/=]{4,}(?: [A-Za-z0-9+/=]{4,})?", Always(SECRET)),
    pattern("cookie of requests", r"(<Cookie [^ \n=<>]+=)[^\n<>]*( for )", Always(SECRET)),
    pattern("password in a pipe", r"((?-u:\b)(?:echo|printf) (?:-n )?)[^\n|]*[^\n| ]( *\| *[^\n|]*--password-stdin)", Always(SECRET)),
    pattern("login of netrc", r"((?-u:\b)login [^ \n]+[ \n]password )[^ \n]+", Always(SECRET)),
    pattern(
        "values of SQL",
        r"(?-u:\b)(?i-u:insert|replace|merge|update|select|delete|failing row contains)(?-u:\b)",
        Text(sql::masked),
    ),
    pattern(
        "name of a secret",
        concat!(
            r"(?i-u:pass|pwd|pw|psw|plaintext|saml|verifier|secret|token|key|auth|cookie|cred|sig|sess|sid|jwt|bearer|otp|cvv|cvc|pin|code|hmac|mnemonic|phrase|csrf|xsrf|rrn|ssn|jumin",
            r"|card|resident|registration|verification|security|ticket|assertion|pat|sas)|비밀번호|패스워드|암호|비번|주민|인증|보안코드|토큰|시크릿|번호",
            r"|パスワード|暗証番号|密码|密碼|[Cc]ontraseña|CONTRASEÑA|[Пп]ароль",
        ),
        Text(assignments::masked),
    ),
    pattern(
        "scheme of authorization",
        r"((?-u:\b)(?i-u:bearer|basic|kakaoak|ssws|splunk|apikey)(?:[ +]+|%20))[A-Za-z0-9._~+/=-]{8,}",
        If(is_behind_scheme, SECRET),
    ),
    // Key ids of IAM users and sessions; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    pattern("key id of AWS", r"(?-u:\b)(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA|AGPA|AIPA|ANPA|ANVA|APKA)[A-Z0-9]{12,}(?-u:\b)", Always(KEY_ID)).needing(|line| line.capitals >= 16),
    pattern("token of AWS STS", r"(?-u:\b)(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=%_-]{60,}|(?-u:\b)ABSK[A-Za-z0-9+/=]{60,}|(?-u:\b)bedrock-api-key-[A-Za-z0-9+/=_-]{16,}", Always(TOKEN)),
    pattern("JSON web token", r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*", Always(TOKEN)),
    pattern(
        "token of a forge or a registry",
        concat!(
            r"(?-u:\b)(?:gh[pousr]_|github_pat_|gl(?:pat|dt|rt|rtr|ptt|cbt|soat|ft|agent|imt|oas|ffct)-|pypi-Ag|dckr_(?:pat|oat)_|ATATT3|ATCTT3|do[opr]_v1_|HRKU-",
            r"|hvs\.|hvb\.|hvr\.|dp\.(?:pt|st|ct|sa|scim|audit)\.|pscale_[a-z]+_|sb_secret_|fo1_|fm1[ar]_|fm2_|glc_|glsa_|sntry[su]_|dt0c01\.|PMAK-|figd_|lin_api_",
            r"|AGE-SECRET-KEY-1|ops_eyJ|p8e-|gAAAAA)[A-Za-z0-9_.=+/-]{10,}",
        ),
        If(is_token, TOKEN),
    ),
    pattern(
        "token of a service",
        concat!(
            r"(?-u:\b)(?:sk-[A-Za-z0-9_-]{6}|(?:sk|rk|pk|ak)_(?:live|test|prod)_|(?:live|test)_g?[sc]k_|whsec_|api_org_|gsk_|pplx-|tvly-|lsv2_|AIza|GOCSPX-|ya29\.",
            r"|1//0|4/0A|shp(?:at|ca|pa|ss|ka|ua|ut)_|sq0[a-z]{3}-|xkeysib-|xsmtpsib-|FLWSECK|(?:duffel|shippo)_(?:live|test)_|xox[abeoprs](?:\.xox[bp])?-|xapp-|SG\.)",
            r"[A-Za-z0-9_.-]{10,}",
        ),
        If(is_token, TOKEN),
    ),
    // Names start like these, too, but have no such long run of letters and digits.
    pattern(
        "token with a short start",
        concat!(
            r"(?-u:\b)(?:(?:npm_|hf_|xai-|r8_|secret_|ntn_|sbp_|nfp_|rnd_|vercel_|rubygems_|CLOJARS_|NRAK-|NRJS-|NRII-|LTAI|AKCp|cmVmd|EAA[MC]|EZ[AT]K)[A-Za-z0-9]{16,}",
            r"|(?:dapi|key-)[0-9a-f]{32}|pul-[0-9a-f]{40}|re_[A-Za-z0-9]{6,}_[A-Za-z0-9]{16,})",
        ),
        If(is_token, TOKEN),
    ),
    pattern(
        "token by its form",
        concat!(
            r"(?-u:\b)(?:(?:SK|AC)[0-9a-f]{32}(?-u:\b)|[0-9a-f]{32}-us[0-9]{1,2}(?-u:\b)|[MNO][A-Za-z0-9]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,}",
            r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}|[A-Za-z0-9]{36}NRAL(?-u:\b)|access_token\$[a-z]+\$[a-z0-9]{16}\$[0-9a-f]{32}",
            r"|sdk-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|A3-[A-Z0-9]{6}(?:-[A-Z0-9]{5,11}){4,5})|[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        ),
        Always(TOKEN),
    )
    .needing(|line| line.letters >= 12 || line.digits >= 8 || line.capitals >= 5),
    pattern("client secret of Azure", r"[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}", Always(TOKEN)),
    pattern(
        "hash of a password",
        r"\$(?:2[abxy]\$[0-9]{2}|argon2(?:id|i|d)|[156y]|apr1|pbkdf2[a-z0-9-]*|scrypt)\$[^ \n\x22',]{16,}|(?-u:\b)pbkdf2_sha[0-9]+\$[^ \n\x22',]{16,}",
        Always(SECRET),
    ),
    pattern(
        "resident number",
        r"[0-9]{6}(?:-|%2D)?[1-8][0-9]{6}",
        If(is_resident_number, RESIDENT_NUMBER),
    )
    .needing(|line| line.has_date_of_birth || line.digits >= 13),
    pattern(
        "card number",
        concat!(
            r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|35[0-9]{2}|6[0-9]{3}|9[0-9]{3})(?:[ .-][0-9]{4}){3}(?:[ -][0-9]{3})?",
            r"|3[0-9]{3}[ -][0-9]{6}[ -][0-9]{4,5}|[2-69][0-9]{12,18}",
        ),
        If(is_card, CARD_NUMBER),
    )
    .needing(|line| line.digits >= 4),
    pattern(
        "phone number",
        concat!(
            r"(?:\+|%2[Bb])82[-. ]?(?:\(0\)|0)?[1-9][0-9]?[-. ]?[0-9]{3,4}[-. ]?[0-9]{4}|01[016789](?:[-. ]|%2D)?[0-9]{3,4}(?:[-. ]|%2D)?[0-9]{4}",
            r"|\(?(?:02|0[3-6][1-5]|070|080|050[2-8])(?:-|\) ?|\)-?)[0-9]{3,4}-[0-9]{4}|(?:\+|%2[Bb])[1-9][0-9]{9,14}|82[- ]10[- ][0-9]{3,4}[- ][0-9]{4}|\+1[-. ]\(?[2-9][0-9]{2}\)?[-. ][0-9]{3}[-. ][0-9]{4}",
        ),
        If(is_phone_number, PHONE_NUMBER),
    )
    .needing(|line| line.digits >= 4),
    pattern(
        "mail address",
        r"((?:%(?:[013-9A-Fa-f][0-9A-Fa-f]|2[0-9ACDEFacdef]))?)(?:[A-Za-z0-9._+가-힣-]|%2[Bb])+(?:@|%40|\\+u0040)[A-Za-z0-9.-]+\.[A-Za-z]{2,}(?-u:\b)",
        If(is_mail_address, MAIL_ADDRESS),
    )
    .needing(|line| line.has_at || line.has_escape),
    // Account ids, bare or inside an ARN.
    pattern("account of AWS", r"(^|[^-0-9A-Za-z_])[0-9]{12}(?-u:\b)", If(is_account, ACCOUNT)).needing(|line| line.digits >= 12),
    // Secret access keys, tokens for addresses and other long random strings.
    pattern("long random text", r"(?:[A-Za-z0-9/+_-]|\\/|%2[BbFf]){32,}={0,2}", Text(random_text::masked))
        .needing(|line| line.base64 >= random_text::SHORTEST),
];

/// `app:pw@db:5432`, where no scheme shows that it is an address.
fn is_user_of_host(found: &Match<'_>) -> bool {
    !["mailto:", "sip:", "sips:", "xmpp:", "npm:", "git:", "ssh:", "scp:"]
        .iter()
        .any(|scheme| found.before.ends_with(scheme))
}

/// Whether it is no port, group or path.
fn is_password_of_command(found: &Match<'_>) -> bool {
    let text = found.text.trim_matches(['"', '\'']);
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let may_be_number = text.len() >= 6 && found.before.ends_with("-p");
    !text.starts_with(['/', '-', '$']) && (!is_number || may_be_number) && !is_nothing(text)
}

fn is_quoted_login(found: &Match<'_>) -> bool {
    !is_nothing(found.text.trim_matches(['"', '\'']))
}

fn is_password_of_option(found: &Match<'_>) -> bool {
    let text = found.text.trim_matches(['"', '\'']);
    looks_like_password(text) && !text.contains([':', '=', '.']) && !is_nothing(text)
}
