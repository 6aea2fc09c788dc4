//! `monitor init` over an emulated account that was filled from outside.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::Datelike;
use model::calendar::Month;
use tempfile::TempDir;

use crate::support::program::{Output, Program, monitor};
use crate::support::stack::{Emulator, aws_env};
use crate::support::webhook::{Reply, Webhook};
use crate::world::python;
use crate::world::{answer, billed, now};

/// What must be in no output and in no file but that of the secrets.
const SECRET: &str = "T0-marker-5e1d-never-shown";

const FILL: &str = r#"
import io, zipfile, json
def code(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z: z.writestr('app.py', text)
    return out.getvalue()
role = c('iam').create_role(RoleName='shop', AssumeRolePolicyDocument=json.dumps({'Version': '2012-10-17', 'Statement': []}))['Role']['Arn']
arns = [c('lambda').create_function(FunctionName=name, Runtime='python3.12', Role=role, Handler='app.run', Code={'ZipFile': code('x')}, MemorySize=512, Timeout=3)['FunctionArn'] for name in ['shop', 'back-end_2']]
c('logs').create_log_group(logGroupName='/aws/lambda/shop')
c('logs').create_log_group(logGroupName='/aws/lambda/odd#name.x')
c('secretsmanager').create_secret(Name='prod/db=+.@-', SecretString='x')
c('events').put_rule(Name='shop-zappa-keep-warm-handler.keep_warm_callback', ScheduleExpression='rate(4 minutes)')
c('events').put_targets(Rule='shop-zappa-keep-warm-handler.keep_warm_callback', Targets=[{'Id': '1', 'Arn': arns[0]}])
c('apigateway').create_rest_api(name='Shop "API" = [x] # \' \\')
c('ec2').allocate_address(Domain='vpc')
"#;

/// The program in a folder, with an account at `url` and its bill at `bill`.
fn program(folder: &Path, url: &str, bill: &str, args: &[&str]) -> Program {
    monitor(folder).args(args).envs(aws_env(url, &[("COST_EXPLORER", bill)]))
}

/// Where nobody answers.
const NOWHERE: &str = "http://127.0.0.1:9";

#[track_caller]
fn done(output: &Output) {
    assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
}

#[tokio::test]
async fn what_is_written_is_used_without_an_edit_and_watches_what_is_there() {
    let (main, moto) = tokio::join!(Emulator::ministack(), Emulator::moto());
    python(&main, FILL);
    let last = Month::of(now().date_naive()).previous();
    let (day, end) = (last.first_day().to_string(), last.first_day().with_day(2).expect("a day").to_string());
    moto.queue_cost_results(&[answer(&[billed(&day, &end, false, &[("AWS \"Lambda\"", "12.34")])], None)]).await;
    let folder = TempDir::new().expect("a folder");
    let run = |args: &[&str]| program(folder.path(), &main.url(), &moto.url(), args).run();

    let dry = run(&["init", "--yes", "--dry-run"]);
    done(&dry);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0, "a dry run writes nothing");
    assert!(
        dry.stdout.starts_with("# Written by `monitor init`") && dry.stderr.contains("Region      ap-northeast-2"),
        "{}",
        dry.stderr
    );

    let init = run(&["init", "--yes", "--bill"]);
    done(&init);
    assert!(init.stdout.contains("functions") && init.stdout.contains("back-end_2, shop"), "{}", init.stdout);
    let text = fs::read_to_string(folder.path().join("alerts.toml")).expect("the configuration");
    for part in [
        "read.lambda_logs = { functions = [\"*\"] }",
        "(`back-end_2`, `shop`)",
        "The rule `shop-zappa-keep-warm-handler.keep_warm_callback` calls `shop` every 4 minutes.",
        "# [warm.shop]\n",
        "[watch.spend]\n",
        "[watch.account]\n",
        "[watch.things]\n",
        "usd = \"19\"",
        "via.stdout = {}",
    ] {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
    done(&run(&["check"]));
    let live = run(&["check", "--live"]);
    done(&live);
    assert!(
        live.stdout.contains("lambda:ListFunctions") && live.stdout.contains("ce:GetCostAndUsage"),
        "{}",
        live.stdout
    );
    done(&run(&["run", "--once"]));

    // The same account gives the same file; another content is never written over.
    let again = run(&["init", "--yes", "--no-bill"]);
    assert_eq!(again.code, Some(1), "{}", again.stdout);
    assert!(again.stderr.contains("alerts.toml exists") && again.stderr.contains("--output"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(folder.path().join("alerts.toml")).expect("the configuration"), text);
    done(&run(&["init", "--yes", "--output", "other.toml"]));
    let same = run(&["init", "--yes", "--output", "other.toml"]);
    done(&same);
    assert!(same.stdout.contains("other.toml has this content already"), "{}", same.stdout);

    // A warmer that is taken over is pinged.
    done(&run(&["init", "--yes", "--output", "warm.toml", "--take-over", "shop"]));
    let warm = fs::read_to_string(folder.path().join("warm.toml")).expect("the configuration");
    assert!(warm.contains("\n[warm.shop]\nevery = \"4m\"\n"), "{warm}");
    done(&run(&["check", "--config", "warm.toml"]));
    assert_eq!(run(&["init", "--yes", "--take-over", "shap", "--output", "x.toml"]).code, Some(64));
}

#[tokio::test]
async fn a_secret_is_in_its_own_file_and_nowhere_else() {
    let main = Emulator::ministack().await;
    let hook = Webhook::start(vec![Reply::status(200).body("ok")]);
    let folder = TempDir::new().expect("a folder");
    let url = format!("{}/services/{SECRET}", hook.url());
    let run = |args: &[&str]| program(folder.path(), &main.url(), NOWHERE, args).env("HOOK", &url).run();
    let flags = ["init", "--yes", "--slack-webhook-env", "HOOK", "--write-env", "--test-receivers"];

    let dry = run(&[&flags[..], &["--dry-run"]].concat());
    done(&dry);
    assert!(dry.stderr.contains("HOOK=***"), "{}", dry.stderr);
    let init = run(&flags);
    done(&init);
    assert!(init.stdout.contains("slack accepted a test message"), "{}", init.stdout);
    assert_eq!(hook.requests().len(), 2);
    let text = fs::read_to_string(folder.path().join("alerts.toml")).expect("the configuration");
    assert!(text.contains("via.slack = { webhook = { env = \"HOOK\" } }") && text.contains("./monitor.env"), "{text}");
    let file = folder.path().join("monitor.env");
    assert_eq!(fs::metadata(&file).expect("the secrets").permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(&file).expect("the secrets").contains(&format!("\nHOOK={url}\n")));
    for shown in [text, init.stdout, init.stderr, dry.stdout, dry.stderr] {
        assert!(!shown.contains(SECRET), "{shown}");
    }
    done(&run(&["check"]));

    let flags = ["init", "--yes", "--slack-webhook-env", "HOOK", "--output", "y.toml"];
    let wrong = program(folder.path(), &main.url(), NOWHERE, &flags).env("HOOK", SECRET).run();
    assert_eq!(wrong.code, Some(64), "{}{}", wrong.stdout, wrong.stderr);
    assert!(!folder.path().join("y.toml").exists() && !wrong.stderr.contains(SECRET), "{}", wrong.stderr);
}

#[test]
fn without_a_terminal_or_credentials_it_says_what_to_do() {
    let folder = TempDir::new().expect("a folder");
    let nobody = program(folder.path(), NOWHERE, NOWHERE, &["init"]).run();
    assert_eq!(nobody.code, Some(64));
    assert!(nobody.stderr.contains("not a terminal") && nobody.stderr.contains("--yes"), "{}", nobody.stderr);

    let without = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
    let strange = program(folder.path(), NOWHERE, NOWHERE, &["init", "--yes"]).envs(without).run();
    assert_eq!(strange.code, Some(1), "{}", strange.stdout);
    for part in ["no usable credentials", "aws configure sso", "AWS_ACCESS_KEY_ID", "--profile"] {
        assert!(strange.stderr.contains(part), "{}", strange.stderr);
    }
    let nowhere = program(folder.path(), NOWHERE, NOWHERE, &["init", "--yes"]).env("AWS_REGION", "").run();
    assert_eq!(nowhere.code, Some(64));
    assert!(nowhere.stderr.contains("--region"), "{}", nowhere.stderr);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
}
