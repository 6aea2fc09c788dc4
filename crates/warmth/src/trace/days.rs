//! `azure-function-days`: a line for each function and day. The column `minutes` lists minutes of the day with calls:
//! `17` is one call in minute 17, `17:3` are three.

use crate::regime::DAY;
use crate::trace::{TraceMistake, broken, column, shown};
use crate::traffic::{Arrivals, FunctionTrace};

/// Minutes of a day.
const MINUTES: u32 = 1_440;
/// The most calls of one function and day: each of them is replayed.
const MOST: u64 = 5_000_000;
/// How long a handler is taken to run, in milliseconds: the traces do not say. A web handler of
/// the size that people keep warm takes about so long. Twice as long makes about one function in thirty miss a target
/// of 1 % that it keeps with this, because more calls overlap.
pub const HANDLER_MS: u32 = 250;

/// Reads every line as a function.
///
/// # Errors
/// The first line that cannot be used: a trace is not read in part.
pub fn read(text: &str) -> Result<Vec<FunctionTrace>, TraceMistake> {
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    let [id, total, nonzero, minutes] = ["id", "total", "nonzero_minutes", "minutes"];
    let (id, minutes) = (column(&header, id)?, column(&header, minutes)?);
    let (total, nonzero) = (column(&header, total)?, column(&header, nonzero)?);
    let mut functions = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |index: usize| record.get(index).unwrap_or_default().trim();
        let counts = counts(cell(minutes)).map_err(|why| TraceMistake::at(line, why))?;
        let sum: u64 = counts.iter().map(|(_, count)| u64::from(*count)).sum();
        let found = [(cell(total), sum, "calls"), (cell(nonzero), counts.len() as u64, "minutes with calls")];
        for (said, found, what) in found {
            if said.parse() != Ok(found) {
                return Err(TraceMistake::at(
                    line,
                    format!("it says {} {what} and lists {found}: the trace has a hole or was cut", shown(said)),
                ));
            }
        }
        if sum > MOST {
            return Err(TraceMistake::at(
                line,
                format!("it has {sum} calls, more than the {MOST} that can be replayed"),
            ));
        }
        functions.push(FunctionTrace {
            id: cell(id).to_owned(),
            arrivals: Arrivals::Minutes { counts, busy_ms: HANDLER_MS },
            length_ms: DAY,
            begins_warm: false,
            measured_cold: None,
        });
    }
    if functions.is_empty() {
        return Err(TraceMistake::of_file("the trace has no functions"));
    }
    Ok(functions)
}

fn counts(cell: &str) -> Result<Vec<(u32, u32)>, String> {
    let mut counts: Vec<(u32, u32)> = Vec::new();
    for word in cell.split_ascii_whitespace() {
        let (minute, count) = word.split_once(':').unwrap_or((word, "1"));
        let minute = minute.parse::<u32>().ok().filter(|minute| *minute < MINUTES);
        let count = count.parse::<u32>().ok().filter(|count| *count >= 1);
        let (Some(minute), Some(count)) = (minute, count) else {
            return Err(format!("{} is no minute of a day with its calls, such as 17 or 17:3", shown(word)));
        };
        if counts.last().is_some_and(|(last, _)| *last >= minute) {
            return Err(format!("minute {minute} is not after the one before it"));
        }
        counts.push((minute, count));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(lines: &str, expected: Result<&[(u32, u32)], &str>) {
        let read = read(&format!("id,total,nonzero_minutes,minutes\n{lines}"));
        match (read, expected) {
            (Ok(functions), Ok(expected)) => {
                let Arrivals::Minutes { counts, .. } = &functions[0].arrivals else { panic!("{functions:?}") };
                assert_eq!(counts, expected);
            }
            (Err(mistake), Err(expected)) => assert_eq!(mistake.to_string(), expected),
            (read, expected) => panic!("{read:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn every_line_is_a_function_and_its_minutes_have_calls() {
        check("a,4,2,0 17:3\n", Ok(&[(0, 1), (17, 3)]));
        check("a,0,0,\n", Ok(&[]));
    }

    #[test]
    fn a_trace_with_a_hole_is_refused_with_its_line() {
        check("", Err("the trace has no functions"));
        check("a,1,1,5\nb,9,2,0 1\n", Err("line 3: it says `9` calls and lists 2: the trace has a hole or was cut"));
        check(
            "a,2,3,0 1\n",
            Err("line 2: it says `3` minutes with calls and lists 2: the trace has a hole or was cut"),
        );
        check("a,,1,5\n", Err("line 2: it says `` calls and lists 1: the trace has a hole or was cut"));
        check("a,2,2,5 1440\n", Err("line 2: `1440` is no minute of a day with its calls, such as 17 or 17:3"));
        check("a,2,2,5 6:0\n", Err("line 2: `6:0` is no minute of a day with its calls, such as 17 or 17:3"));
        check(
            "a,5000001,1,5:5000001\n",
            Err("line 2: it has 5000001 calls, more than the 5000000 that can be replayed"),
        );
        check("a,2,2,5 5\n", Err("line 2: minute 5 is not after the one before it"));
        check(
            "a,2\n",
            Err("line 2: the line does not have as many columns as the first one; the file may have been cut"),
        );
    }
}
