//! `aws-runs`: a line for each call of one function, with the environment that answered it.

use std::collections::BTreeMap;

use crate::belief::SeenInvocation;
use crate::regime::MINUTE;
use crate::trace::{TraceMistake, broken, column, shown};
use crate::traffic::{Arrivals, Call, FunctionTrace};

/// How far the clocks of the caller and of the function may be apart, in milliseconds.
const CLOCKS: f64 = 5.0 * MINUTE as f64;
/// The longest trace, in milliseconds.
const LONGEST: f64 = 400.0 * 24.0 * 60.0 * MINUTE as f64;

/// The measured calls of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredRun {
    /// The calls as they arrived, to replay.
    pub trace: FunctionTrace,
    /// The invocations as the function saw them, in order.
    pub seen: Vec<SeenInvocation>,
}

struct Row {
    arrived: f64,
    start: f64,
    end: f64,
    environment: String,
    cold: bool,
}

/// Reads the calls of one function; `id` is what it is called.
///
/// # Errors
/// The first line that cannot be used: a trace is not read in part.
pub fn read(text: &str, id: &str) -> Result<MeasuredRun, TraceMistake> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    let places = [
        column(&header, "client_start_time")?,
        column(&header, "start_time")?,
        column(&header, "end_time")?,
        column(&header, "exist_id")?,
        column(&header, "is_cold")?,
    ];
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push(row(&record, places).map_err(|why| TraceMistake::at(line, why))?);
    }
    rows.sort_by(|one, other| one.start.total_cmp(&other.start).then(one.end.total_cmp(&other.end)));
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Err(TraceMistake::of_file("the trace has no calls"));
    };
    let begin = rows.iter().fold(first.start, |least, row| least.min(row.arrived));
    if last.start - begin > LONGEST {
        return Err(TraceMistake::of_file("the trace is longer than 400 days: a time in it must be wrong"));
    }
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut calls = Vec::with_capacity(rows.len());
    let mut seen = Vec::with_capacity(rows.len());
    for row in &rows {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let environment = *numbers.entry(&row.environment).or_insert(next);
        let since = |moment: f64| (moment - begin).round() as i64;
        calls.push(Call { at_ms: since(row.arrived), busy_ms: (row.end - row.start).round() as u32 });
        seen.push(SeenInvocation { start_ms: since(row.start), end_ms: since(row.end), environment, cold: row.cold });
    }
    calls.sort_unstable();
    let length_ms = seen.iter().map(|one| one.end_ms).max().unwrap_or(0) + MINUTE;
    let cold = seen.iter().filter(|one| one.cold).count();
    Ok(MeasuredRun {
        trace: FunctionTrace {
            id: id.to_owned(),
            arrivals: Arrivals::Calls(calls),
            length_ms,
            begins_warm: seen.first().is_some_and(|one| !one.cold),
            measured_cold: u32::try_from(cold).ok(),
        },
        seen,
    })
}

fn row(record: &csv::StringRecord, [arrived, start, end, environment, cold]: [usize; 5]) -> Result<Row, String> {
    let cell = |index: usize| record.get(index).unwrap_or_default().trim();
    let moment = |index: usize, what: &str, unit: f64| {
        let number = cell(index).parse::<f64>().ok().map(|number| number * unit);
        let number = number.filter(|number| number.is_finite() && (0.0..1e14).contains(number));
        number.ok_or_else(|| format!("{what} {} is no time since 1970", shown(cell(index))))
    };
    let row = Row {
        arrived: moment(arrived, "client_start_time", 1_000.0)?,
        start: moment(start, "start_time", 1.0)?,
        end: moment(end, "end_time", 1.0)?,
        environment: cell(environment).to_owned(),
        cold: match cell(cold) {
            "True" | "true" | "1" => true,
            "False" | "false" | "0" => false,
            other => return Err(format!("is_cold {} is neither True nor False", shown(other))),
        },
    };
    if row.environment.is_empty() {
        return Err("exist_id is empty: which environment answered is not known".to_owned());
    }
    if row.end < row.start || row.end - row.start > 16.0 * MINUTE as f64 {
        return Err("the call ends before it begins, or later than the 15 min that AWS allows".to_owned());
    }
    if (row.arrived - row.start).abs() > CLOCKS {
        let apart = (row.start - row.arrived) / 1_000.0;
        return Err(format!("the clocks of caller and function are {apart:.0} s apart: set the times right first"));
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "is_cold,exist_id,start_time,end_time,client_start_time\n";

    #[test]
    fn each_line_is_a_call_and_times_begin_with_the_first() {
        let text = format!("{HEADER}False,b,1000400,1002400,1000.3\nTrue,a,1000000,1001000,999.5\n");
        let run = read(&text, "run").unwrap();
        assert_eq!(
            run.trace.arrivals,
            Arrivals::Calls(vec![Call { at_ms: 0, busy_ms: 1_000 }, Call { at_ms: 800, busy_ms: 2_000 }])
        );
        assert_eq!(run.seen[0], SeenInvocation { start_ms: 500, end_ms: 1_500, environment: 0, cold: true });
        assert_eq!(run.seen[1], SeenInvocation { start_ms: 900, end_ms: 2_900, environment: 1, cold: false });
        assert_eq!((run.trace.measured_cold, run.trace.length_ms), (Some(1), 62_900));
    }

    #[test]
    fn a_line_that_cannot_be_used_is_named() {
        for (line, why) in [
            ("", "the trace has no calls"),
            ("True,a,x,2000,1\n", "line 2: start_time `x` is no time since 1970"),
            ("True,a,NaN,2000,1\n", "line 2: start_time `NaN` is no time since 1970"),
            ("Yes,a,1000,2000,1\n", "line 2: is_cold `Yes` is neither True nor False"),
            ("True,,1000,2000,1\n", "line 2: exist_id is empty: which environment answered is not known"),
            (
                "True,a,3000,2000,1\n",
                "line 2: the call ends before it begins, or later than the 15 min that AWS allows",
            ),
            (
                "True,a,1000000,1001000,1\n",
                "line 2: the clocks of caller and function are 999 s apart: set the times right first",
            ),
            (
                "True,a,1000\n",
                "line 2: the line does not have as many columns as the first one; the file may have been cut",
            ),
        ] {
            assert_eq!(read(&format!("{HEADER}{line}"), "run").unwrap_err().to_string(), why);
        }
    }
}
