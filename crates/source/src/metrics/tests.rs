use std::sync::Mutex;

use async_trait::async_trait;
use aws::ResultPage;

use super::*;

/// Answers a call after others had the chance to begin, and remembers how many were under way at once.
#[derive(Default)]
struct Slow {
    under_way: Mutex<(usize, usize)>,
}

#[async_trait]
impl MetricsApi for Slow {
    async fn statistics(
        &self,
        query: &MetricQuery,
        from: DateTime<Utc>,
        _to: DateTime<Utc>,
        _period: u32,
    ) -> Result<Vec<MetricDatapoint>, CallFailure> {
        {
            let mut under_way = self.under_way.lock().unwrap();
            under_way.0 += 1;
            under_way.1 = under_way.1.max(under_way.0);
        }
        let sum: f64 = query.metric.parse().unwrap();
        // The first ones answer last.
        for _ in 0..100 - sum as usize {
            tokio::task::yield_now().await;
        }
        self.under_way.lock().unwrap().0 -= 1;
        Ok(vec![MetricDatapoint { at: from, sum, maximum: 0.0, average: 0.0 }])
    }

    async fn list_metrics(
        &self,
        _query: &MetricQuery,
        _token: Option<&str>,
    ) -> Result<ResultPage<MetricQuery>, CallFailure> {
        Ok(ResultPage { items: vec![], next: None })
    }
}

#[tokio::test]
async fn calls_are_made_side_by_side_and_answers_come_in_the_order_of_the_questions() {
    let slow = Arc::new(Slow::default());
    let queries = (0..40).map(|number| MetricQuery::new("AWS/Lambda", &number.to_string(), &[])).collect();
    let range = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH);
    let metrics: Arc<dyn MetricsApi> = slow.clone();
    let answers: Vec<_> = statistics(&metrics, queries, range, 60).collect().await;
    let sums: Vec<usize> = answers.into_iter().map(|points| points.unwrap()[0].sum as usize).collect();
    assert_eq!(sums, (0..40).collect::<Vec<_>>());
    assert_eq!(slow.under_way.lock().unwrap().1, MAX_CONCURRENT);
}
