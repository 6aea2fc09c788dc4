//! Log lines without any secret, as Lambda, the runtimes, SDKs and applications write them.

use fastrand::Rng;

use super::spellings::{hex, letters_and_digits, one};

fn id(rng: &mut Rng) -> String {
    format!("{}-{}-4{}-a{}-{}", hex(rng, 8), hex(rng, 4), hex(rng, 3), hex(rng, 3), hex(rng, 12))
}

const FUNCTIONS: &[&str] = &[
    "shop-api",
    "orders-prod",
    "TokenRefresher",
    "password-reset-mailer",
    "SamApp-HelloWorldFunction",
    "secrets-rotation",
    "auth-service",
];
const SENTENCES: &[&str] = &[
    "Access denied for user 'app'@'10.0.3.7' (using password: YES)",
    "FATAL: password authentication failed for user \"app\"",
    "ExpiredTokenException: The security token included in the request is expired",
    "UnrecognizedClientException: The security token included in the request is invalid.",
    "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
    "KeyError: 'DB_PASSWORD'",
    "KeyError: 'password'",
    "Missing required key: 'password'",
    "Missing environment variable: STRIPE_SECRET_KEY",
    "password must be at least 8 characters",
    "{\"errors\":{\"password\":[\"This field is required.\"]}}",
    "{\"message\":\"The incoming token has expired\"}",
    "TokenExpiredError: jwt expired",
    "JsonWebTokenError: invalid signature",
    "SyntaxError: Unexpected token < in JSON at position 0",
    "SyntaxError: Unexpected token 'o', \"[object Object]\" is not valid JSON",
    "Authorization header is missing",
    "WWW-Authenticate: Bearer realm=\"api\", error=\"invalid_token\"",
    "TypeError: Cannot read properties of undefined (reading 'token')",
    "CredentialsProviderError: Could not load credentials from any providers",
    "NoCredentialsError: Unable to locate credentials",
    "InvalidClientTokenId: The security token included in the request is invalid",
    "Error: getaddrinfo ENOTFOUND secretsmanager.eu-west-1.amazonaws.com",
    "token refresh scheduled in 3600 s",
    "Secret rotation finished, 2 secrets rotated",
    "Cookie consent not given",
    "No API key configured, exiting",
    "cache key user:1234:profile not found",
    "duplicate key value violates unique constraint \"users_pkey\"",
    "the private key file /etc/ssl/key.pem does not exist",
    "session closed by the client, session timeout 30 s",
    "PasswordPolicy: minimum length 12",
    "Authentication failed: invalid credentials",
    "csrf token missing or incorrect",
    "secret: not found",
    "Failed to fetch token: 401 Unauthorized",
    "passed: 12, failed: 0, skipped: 3",
    "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.",
    "AuthFailure: AWS was not able to validate the provided access credentials",
    "Invalid API key provided",
    "Basic authentication is not supported",
    "OAuth2Error: invalid_grant",
    "connect ECONNREFUSED 127.0.0.1:6379",
];

/// One line.
fn line(rng: &mut Rng) -> String {
    let (id, name) = (id(rng), one(rng, FUNCTIONS));
    let (ms, count, year) = (rng.u32(1..90_000), rng.u32(1..900), rng.u32(2023..2027));
    let time = format!(
        "{year}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        rng.u8(1..13),
        rng.u8(1..29),
        rng.u8(..24),
        rng.u8(..60),
        rng.u8(..60),
        rng.u16(..1000)
    );
    let stream = format!("{year}/{:02}/{:02}/[$LATEST]{}", rng.u8(1..13), rng.u8(1..29), hex(rng, 32));
    match rng.u8(..43) {
        0 => format!("START RequestId: {id} Version: $LATEST"),
        1 => format!("END RequestId: {id}"),
        2 => format!(
            "REPORT RequestId: {id}\tDuration: {ms}.{:02} ms\tBilled Duration: {ms} ms\tMemory Size: 512 MB\tMax Memory Used: {count} MB\t",
            rng.u8(..100)
        ),
        3 => format!(
            "INIT_START Runtime Version: python:3.{}.v{}\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:{}",
            rng.u8(8..14),
            rng.u8(1..90),
            hex(rng, 64)
        ),
        4 => format!("{time} {id} Task timed out after {count}.03 seconds"),
        5 => format!("RequestId: {id} Error: Runtime exited with error: signal: killed"),
        6 | 7 => format!("[ERROR] {}", one(rng, SENTENCES)),
        8 | 9 => format!("{time}\t{id}\tERROR\t{}", one(rng, SENTENCES)),
        10 => format!("  File \"/var/task/{name}/app.py\", line {count}, in handler"),
        11 => format!("    at Object.verifyToken (/var/task/node_modules/jsonwebtoken/verify.js:{count}:12)"),
        12 => format!("    at com.example.auth.PasswordEncoder.matches(PasswordEncoder.java:{count})"),
        13 => format!("stream {stream} of /aws/lambda/{name}"),
        14 => format!("image registry.example.com/{name}@sha256:{}", hex(rng, 64)),
        15 => format!("commit {} by ci", hex(rng, 40)),
        16 => format!(
            "{{\"level\":\"INFO\",\"message\":\"done\",\"function_request_id\":\"{id}\",\"timestamp\":{},\"count\":{count}}}",
            rng.u64(1_600_000_000_000..1_900_000_000_000)
        ),
        17 => format!("uploaded s3://reports-{name}/{year}/{count}/orders-{}.parquet in {ms} ms", hex(rng, 16)),
        18 => format!("X-Amzn-Trace-Id: Root=1-{}-{};Parent={};Sampled=1", hex(rng, 8), hex(rng, 24), hex(rng, 16)),
        19 => format!(
            "\"usage\": {{\"prompt_tokens\": {count}, \"completion_tokens\": {}, \"total_tokens\": {ms}}}",
            rng.u8(..)
        ),
        20 => format!("GET https://api.example.com/v1/users/{id}?page={count}&sort=name 200 {ms}ms"),
        21 => format!("connect to 10.0.{}.{}:5432 took {ms} ms", rng.u8(..), rng.u8(..)),
        22 => format!("CodeSha256: {}=", letters_and_digits(rng, 43)),
        23 => format!(
            "loaded {name} {}.{}.{} from /opt/nodejs/node_modules/@{name}/client/dist-cjs/index.js",
            rng.u8(..9),
            rng.u8(..40),
            rng.u8(..40)
        ),
        24 => format!("order {count}{ms} paid, items={count}, total={ms}.50 EUR"),
        25 => format!("message {id} has receive count {}", rng.u8(..9)),
        26 => format!(
            "DEBUG received event {{'httpMethod': 'GET', 'path': '/orders/{count}', 'requestContext': {{'requestId': '{id}'}}}}"
        ),
        27 => format!("LogGroup: /aws/lambda/{name}-{} LogStream: {stream}", letters_and_digits(rng, 12)),
        28 => format!("token count: {count}, tokens used: {ms}, max_tokens={count}"),
        29 => format!("retry {count} in {ms} ms (status code: 503, error code: ThrottlingException)"),
        30 => format!("[INFO]\t{time}\t{id}\tv1 service Token cached ({count}s) userId={count}"),
        31 => format!("score 0.{}{} ratio 1.{count}", rng.u64(100_000_000..999_999_999), rng.u64(1_000_000..9_999_999)),
        32 => format!("Function {name}-{} updated, version {count}", letters_and_digits(rng, 12)),
        33 => format!("at {} ns: gc {count} @{ms}s", rng.u64(1_600_000_000_000_000_000..1_900_000_000_000_000_000)),
        34 => format!("    password = config.get(\"{name}\")"),
        35 => format!("    return self._client.get_secret_value(SecretId=name)[\"SecretString\"]  # line {count}"),
        36 => format!("SECRET_NAME=prod/{name} loaded, TOKEN_TTL={count}, PASSWORD_MIN_LENGTH=12"),
        37 => format!("{{\"token_type\":\"Bearer\",\"expires_in\":{count},\"scope\":\"read\"}}"),
        39 => format!(
            "stack {name}-OrdersFunctionServiceRole{}-{}",
            hex(rng, 8).to_uppercase(),
            letters_and_digits(rng, 12)
        ),
        40 => format!("job {name}-{id}-retry of {name}_{count}_{}", hex(rng, 16)),
        41 => format!("INSERT INTO orders (id, name, total) VALUES ({count}, '{name}', {ms}) failed: duplicate key"),
        38 => format!("DynamoDB key {{'pk': {{'S': 'USER#{count}'}}, 'sk': {{'S': '{id}'}}}} not found"),
        _ => format!("{} {name} handled {count} records, {} bytes", time, rng.u64(1_000_000..9_000_000_000)),
    }
}

/// So many lines of all kinds.
pub(crate) fn lines(seed: u64, count: usize) -> Vec<String> {
    let mut rng = Rng::with_seed(seed);
    (0..count).map(|_| line(&mut rng)).collect()
}
