//! Secrets in requests, commands, sentences and connection strings.

use fastrand::Rng;

use super::spellings::{Case, DIGITS, LARGE, SMALL, WORDS, hex, key, key64, letters_and_digits, of, one, surrounded};
use super::writers::{json, python};

/// Headers of requests, as clients, servers and frameworks print them.
pub(super) fn headers(rng: &mut Rng) -> Case {
    let token = key(rng);
    let session = letters_and_digits(rng, 26);
    let basic = key64(rng, 20) + "==";
    let (name, value, secret) = match rng.u8(..9) {
        0 => ("Authorization", format!("Bearer {token}"), token),
        1 => ("Authorization", format!("Basic {basic}"), basic),
        2 => ("Authorization", token.clone(), token),
        3 => ("Authorization", format!("Token {token}"), token),
        4 => ("Cookie", format!("theme=dark; sessionid={session}; lang=ko"), session),
        5 => (
            "Set-Cookie",
            format!("connect.sid=s%3A{session}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly"),
            session,
        ),
        6 => ("X-Api-Key", token.clone(), token),
        7 => ("X-Amz-Security-Token", token.clone(), token),
        _ => ("Proxy-Authorization", format!("Basic {basic}"), basic),
    };
    let small = name.to_lowercase();
    let (form, line) = match rng.u8(..16) {
        0 => ("header dump", format!("> GET /a HTTP/1.1\n> Host: a.example\n> {name}: {value}\n> Accept: */*")),
        1 => ("header in one line", format!("request headers: Host: a.example, {name}: {value}")),
        2 => ("header of curl", format!("curl -X POST -H 'Accept: */*' -H '{name}: {value}' https://a.example/b")),
        3 => ("header of curl, double quotes", format!("curl -H \"{name}: {value}\" https://a.example/b")),
        4 => (
            "header of json",
            format!("{{\"headers\":{{\"host\":\"a.example\",\"{small}\":{}}},\"body\":null}}", json(&value)),
        ),
        5 => (
            "header list of json",
            format!("{{\"multiValueHeaders\":{{\"Host\":[\"a.example\"],\"{name}\":[{}]}}}}", json(&value)),
        ),
        6 => ("header of python", format!("{{'Host': 'a.example', '{name}': {}}}", python(&value))),
        7 => ("header of asgi", format!("'headers': [(b'host', b'a.example'), (b'{small}', b{})]", python(&value))),
        8 => ("header of node", format!("{{ host: 'a.example', '{small}': {}, accept: '*/*' }}", python(&value))),
        9 => ("raw headers of node", format!("rawHeaders: [ 'Host', 'a.example', '{name}', {} ]", python(&value))),
        10 => ("header of go", format!("map[Accept:[*/*] {name}:[{value}]]")),
        11 => ("header of spring", format!("[Host:\"a.example\", {name}:\"{value}\"]")),
        12 => ("header of java", format!("{{Host=[a.example], {name}=[{value}]}}")),
        13 => ("header of cloudfront", format!("{{\"{small}\":[{{\"key\":\"{name}\",\"value\":{}}}]}}", json(&value))),
        14 => ("header of rust", format!("{{\"host\": \"a.example\", \"{small}\": {value:?}}}")),
        _ => (
            "header in json in json",
            format!("{{\"event\":{}}}", json(&format!("{{\"headers\":{{\"{name}\":{}}}}}", json(&value)))),
        ),
    };
    Case { form, line, secret }
}

/// Command lines, SQL and protocols.
pub(super) fn command(rng: &mut Rng) -> Case {
    let secret = match rng.u8(..3) {
        0 => format!("{}{}", one(rng, WORDS), rng.u16(100..9999)),
        1 => letters_and_digits(rng, 14),
        _ => of(rng, &format!("{SMALL}{LARGE}{DIGITS}_@%+"), 12) + "7a",
    };
    let (form, line) = match rng.u8(..18) {
        0 => ("mysql", format!("mysql -h db7.example.net -u root -p{secret} app")),
        1 => ("mysqldump", format!("+ mysqldump --user=app --password={secret} app > a.sql")),
        2 => ("psql", format!("PGPASSWORD={secret} psql -h db7.example.net -U app -c 'select 1'")),
        3 => ("docker", format!("docker login -u app -p {secret} ghcr.io")),
        4 => ("curl user", format!("curl -s -u app:{secret} https://a.example/b")),
        5 => ("curl user quoted", format!("curl --user 'app:{secret}' https://a.example/b")),
        6 => ("sshpass", format!("sshpass -p '{secret}' scp a.txt app@10.0.0.1:/tmp")),
        7 => ("redis-cli", format!("redis-cli -h r7.example.net -p 6379 -a {secret} ping")),
        8 => ("sql", format!("CREATE USER 'app'@'%' IDENTIFIED BY '{secret}';")),
        9 => ("sql role", format!("ALTER USER app WITH PASSWORD '{secret}' VALID UNTIL 'infinity'")),
        10 => ("openssl", format!("openssl pkcs12 -in a.p12 -passin pass:{secret} -nodes")),
        11 => ("keytool", format!("keytool -list -keystore a.jks -storepass {secret}")),
        12 => ("aws configure", format!("aws configure set aws_secret_access_key {secret}")),
        13 => (
            "kubectl",
            format!("kubectl create secret generic db --from-literal=password={secret} --from-literal=user=app"),
        ),
        14 => ("helm", format!("helm upgrade app ./chart --set auth.rootPassword={secret} --set n=1")),
        15 => ("docker environment", format!("docker run -e MYSQL_ROOT_PASSWORD={secret} -p 80:80 app")),
        16 => ("netrc", format!("machine a.example login app password {secret}")),
        _ => ("mongosh", format!("mongosh --host db7.example.net --username app --password {secret} --quiet")),
    };
    Case { form, line, secret }
}

/// What people write into a log statement.
pub(super) fn sentence(rng: &mut Rng) -> Case {
    let word = one(
        rng,
        &[
            "password",
            "Password",
            "passwd",
            "passphrase",
            "token",
            "Token",
            "secret",
            "api key",
            "API key",
            "access token",
            "client secret",
            "auth token",
        ],
    );
    let secret = match rng.u8(..3) {
        0 if word.starts_with(['p', 'P']) => format!("{}{}!", one(rng, WORDS), rng.u16(10..9999)),
        1 => hex(rng, 32),
        _ => letters_and_digits(rng, 22) + "4x",
    };
    let (form, line) = match rng.u8(..9) {
        0 => ("sentence with colon", format!("Using {word}: {secret}")),
        1 => ("sentence with =", format!("login with {word}={secret} for user app")),
        2 => ("sentence with = and blanks", format!("{word} = {secret}")),
        3 => ("sentence with quotes", format!("the {word}: '{secret}' was not accepted")),
        4 => ("sentence with double quotes", format!("got {word}=\"{secret}\"")),
        5 => ("sentence with is", format!("The {word} is {secret}")),
        6 => ("printed pair", format!("{word} {secret}")),
        7 => ("sentence in brackets", format!("login failed ({word}: {secret})")),
        _ => ("sentence with arrow", format!("{word} -> {secret}")),
    };
    Case { form, line: surrounded(rng, &line), secret }
}

/// Connection strings of databases and brokers.
pub(super) fn connection_string(rng: &mut Rng) -> Case {
    let password = letters_and_digits(rng, 12);
    let key = key64(rng, 43) + "=";
    let (form, line, secret) = match rng.u8(..9) {
        0 => (
            "sql server",
            format!(
                "Server=tcp:db7.example.net,1433;Initial Catalog=app;User ID=app;Password={password};Encrypt=True;"
            ),
            password,
        ),
        1 => ("sql server short", format!("Data Source=db7;UID=app;PWD={password}"), password),
        2 => (
            "azure storage",
            format!("DefaultEndpointsProtocol=https;AccountName=app;AccountKey={key};EndpointSuffix=core.windows.net"),
            key,
        ),
        3 => (
            "service bus",
            format!("Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey={key}"),
            key,
        ),
        4 => ("cosmos", format!("AccountEndpoint=https://a.documents.azure.com:443/;AccountKey={key};"), key),
        5 => (
            "postgres words",
            format!("host=db7 port=5432 dbname=app user=app password={password} sslmode=require"),
            password,
        ),
        6 => (
            "redis of .NET",
            format!("r7.redis.cache.windows.net:6380,password={key},ssl=True,abortConnect=False"),
            key,
        ),
        7 => ("go data source", format!("app:{password}@tcp(db7.example.net:3306)/app?parseTime=true"), password),
        _ => (
            "jdbc",
            format!("jdbc:sqlserver://db7.example.net:1433;databaseName=app;user=app;password={password};"),
            password,
        ),
    };
    Case { form, line: surrounded(rng, &line), secret }
}
