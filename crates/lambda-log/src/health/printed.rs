//! Holds events whose text begins behind the line with their time: objects over several lines, and records of the
//! platform on one.

use super::block_line::BlockLine;
use super::checkup::HealthReader;
use super::held::{HeldKind, HeldPhase};
use super::object::{ObjectSight, PrintedObject};
use super::prefix::{PrefixLayout, PrefixedLine};
use super::sight::{FirstSight, NextPart, second_sight};
use crate::line::{self, LogLine};

impl HealthReader {
    /// Holds a line with nothing behind its prefix: it ends the event before it, and what follows is of its stream.
    pub(super) fn hold_heading(&mut self, line: BlockLine<'_>, found: &PrefixedLine<'_>) {
        let time_before = self.held.last_at;
        let follows = self.held.last == Some(found.stream);
        self.held.last_at = found.at_ms.or(time_before);
        self.held.next = NextPart::Untimed;
        let Some(held) = self.held.streams.get_mut(found.stream) else { return };
        held.count_extra(1);
        held.lines.push(line.held(HeldKind::Heading, time_before, follows));
        (self.held.last, self.held.named) = (Some(found.stream), Some(found.stream));
    }

    /// Holds a heading with the object behind it. `false` if it may change how others are read.
    pub(super) fn hold_object(&mut self, line: BlockLine<'_>, object: &PrintedObject<'_>) -> bool {
        let Some(found) = self.split(line.head()) else { return false };
        let Some(known) = self.held.streams.get(found.stream) else { return false };
        let is_timed = self.held.layout.as_ref().is_some_and(PrefixLayout::has_dates);
        if !is_timed || known.stream.is_empty() || !found.text.is_empty() || self.copy.has_time_for_all() {
            return false;
        }
        // A colour may stand anywhere, and is not seen where the object is read in full.
        if line.has_colours && memchr::memchr(0x1b, object.text.as_bytes()).is_some() {
            return false;
        }
        let said = match ObjectSight::of(object, line.marks) {
            ObjectSight::Unclear => return false,
            ObjectSight::Quiet => None,
            ObjectSight::Says(said) => Some(said),
        };
        let time_before = std::mem::replace(&mut self.held.last_at, found.at_ms);
        let is_held = match said {
            Some(said) => self.hold_said(line, &found, time_before, said),
            None => {
                self.held.next = NextPart::Untimed;
                let follows = self.held.last == Some(found.stream);
                let Some(held) = self.held.streams.get_mut(found.stream) else { return false };
                held.hold_quiet(line.held(HeldKind::Quiet, time_before, follows), found.at_ms);
                true
            }
        };
        if is_held {
            (self.held.last, self.held.named) = (Some(found.stream), Some(found.stream));
        } else {
            self.held.last_at = time_before;
        }
        is_held
    }

    /// Holds an object on one line that has a mark.
    pub(super) fn hold_record(
        &mut self,
        line: BlockLine<'_>,
        found: &PrefixedLine<'_>,
        time_before: Option<i64>,
    ) -> bool {
        let has_times = self.held.layout.as_ref().is_some_and(PrefixLayout::has_times);
        let is_alone = has_times || self.held.streams.len() < 2;
        let said = line::parse(found.text);
        // What else it may be does not hang on what the object says of the invocation.
        let is_frame = matches!(said, LogLine::Start { .. } | LogLine::InitStart(_) | LogLine::RestoreStart(_));
        let is_record = is_frame && found.text.ends_with('}') && found.text.starts_with("{\"");
        // A further line would make it an object that cannot be read, and no frame.
        let next = line.block.get(line.to + 1..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
        if is_frame && (!has_times || self.split(next).is_none()) {
            return false;
        }
        let Some(known) = self.held.streams.get(found.stream) else { return false };
        if !is_alone || (!is_record && second_sight(line.text(), known.names()) == FirstSight::Unclear) {
            return false;
        }
        let is_held = self.hold_said(line, found, time_before, said);
        self.held.next = NextPart::OfObject;
        is_held
    }

    /// Holds an object by what it says.
    fn hold_said(
        &mut self,
        line: BlockLine<'_>,
        found: &PrefixedLine<'_>,
        time_before: Option<i64>,
        said: LogLine<'_>,
    ) -> bool {
        let follows = self.held.last == Some(found.stream);
        let Some(held) = self.held.streams.get_mut(found.stream) else { return false };
        match said {
            LogLine::Start { request_id: Some(id), version: Some(version) } => {
                return self.hold_start(line, found, time_before, (&id, &version));
            }
            LogLine::InitStart(_) | LogLine::RestoreStart(_) => {
                self.start_up(line, found.stream, time_before);
                return true;
            }
            LogLine::Start { .. } => return false,
            LogLine::Report { request_id: Some(id), report }
                if held.phase == HeldPhase::Started
                    && id == held.id
                    && !report.status.is_bad()
                    && report.error_type.is_none() =>
            {
                let held_line = line.held(HeldKind::Platform, time_before, follows);
                held.extra += u64::from(line.heading());
                held.hold_report(held_line, report, found.at_ms);
                held.platform -= u64::from(line.heading());
            }
            said => {
                held.telling = true;
                held.marked |= !matches!(said, LogLine::Application(_));
                held.last = held.last.max(found.at_ms);
                held.lines.push(line.held(HeldKind::Telling, time_before, follows));
            }
        }
        self.held.next = NextPart::Untimed;
        true
    }
}
