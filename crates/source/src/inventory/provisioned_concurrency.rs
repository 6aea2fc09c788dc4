//! Provisioned concurrency: in use if its version or alias was invoked.

use account::inventory::{MissingDatapoint, Resource};
use aws::MetricQuery;
use model::call_failure::CallFailure;
use rust_decimal::Decimal;

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &[
    "logs:DescribeLogGroups",
    "lambda:ListFunctions",
    "lambda:ListProvisionedConcurrencyConfigs",
    "lambda:GetFunctionConfiguration",
    "cloudwatch:GetMetricStatistics",
];

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let mut all = Vec::new();
    for function in look.functions().await? {
        let kept = match look.account.functions.provisioned(&function).await {
            // A log outlives its function.
            Err(failure) if failure.kind == model::call_failure::FailureKind::NotFound => continue,
            other => other?,
        };
        for provisioned in kept {
            let memory = look.account.functions.memory_mb(&function, &provisioned.qualifier).await?;
            // Reported where something was called:
            // <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>
            let called =
                [("FunctionName", function.as_str()), ("Resource", &format!("{function}:{}", provisioned.qualifier))];
            let called = MetricQuery::new("AWS/Lambda", "ProvisionedConcurrencyInvocations", &called);
            let usage =
                look.use_by_metric(&called, provisioned.changed, MissingDatapoint::Nothing, "was not invoked").await?;
            let memory_gb = Decimal::from(memory) / Decimal::from(1024);
            all.push(Resource {
                id: format!("{function}:{}", provisioned.qualifier),
                name: None,
                class: String::new(),
                note: format!("{} x {memory} MB", provisioned.environments),
                state: provisioned.state,
                tags: Default::default(),
                created: provisioned.changed,
                monthly_usd: look.monthly(
                    "provisioned_concurrency",
                    "",
                    memory_gb * Decimal::from(provisioned.environments),
                ),
                usage,
            });
        }
    }
    Ok(all)
}
