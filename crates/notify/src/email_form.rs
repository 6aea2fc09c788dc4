//! Builds the mail of a message: headers, a text part and an HTML part with the same content.

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentSummary, IncidentUpdate, Message};
use alerting::rules::Severity;
use lettre::Message as Mail;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::page::PageImage;
use xxhash_rust::xxh3::xxh3_128;

use super::DeliveryRequest;
use super::email_page::{PICTURE, document};
use super::plain::plain;

/// A mail names so many of the mails it follows.
const MOST_REFERENCES: usize = 10;
/// A subject has at most so many characters.
const SUBJECT: usize = 180;

/// The mail as it is sent. All addresses see each other.
pub(super) fn mail(
    parcel: &DeliveryRequest,
    possible_repeat: bool,
    from: &Mailbox,
    to: &[Mailbox],
) -> Result<Vec<u8>, String> {
    let message = plain(&parcel.message);
    let mut builder = Mail::builder()
        .from(from.clone())
        .subject(subject(&message.title(), !parcel.follows.is_empty()))
        .date(std::time::SystemTime::from(parcel.sealed))
        // The same for every attempt at the same message, so that a reader who gets it twice can tell.
        .message_id(Some(message_id(&parcel.key, from)))
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("List-Id", &format!("monitor <monitor.{}>", from.email.domain())));
    let follows: Vec<String> = parcel.follows.iter().map(|earlier| message_id(&earlier.key, from)).collect();
    if let Some(last) = follows.last() {
        // The first ones begin the threads, and the last ones are those that a reader has just seen.
        let kept =
            follows.iter().take(1).chain(follows.iter().skip(1.max(follows.len().saturating_sub(MOST_REFERENCES - 1))));
        let references = kept.cloned().collect::<Vec<_>>().join(" ");
        builder = builder.in_reply_to(last.clone()).references(references);
    }
    for one in to {
        builder = builder.to(one.clone());
    }
    let text =
        SinglePart::builder().header(ContentType::TEXT_PLAIN).body(message.plain_text(parcel.zone, possible_repeat));
    let html = match &message.page {
        Some(page) => document(page, possible_repeat),
        None => page(&message, parcel, possible_repeat),
    };
    let html = SinglePart::builder().header(ContentType::TEXT_HTML).body(html.into_string());
    let both = MultiPart::alternative().singlepart(text);
    let both = match message.page.as_ref().and_then(|page| page.picture.as_ref()) {
        Some(picture) => both.multipart(MultiPart::related().singlepart(html).singlepart(inline(picture)?)),
        None => both.singlepart(html),
    };
    Ok(builder.multipart(both).map_err(|error| error.to_string())?.formatted())
}

/// A picture that the HTML shows.
fn inline(picture: &PageImage) -> Result<SinglePart, String> {
    let png = picture.file()?;
    let kind = ContentType::parse("image/png").map_err(|error| error.to_string())?;
    Ok(Attachment::new_inline_with_name(PICTURE.to_owned(), picture.name.clone()).body(png, kind))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn message_id(key: &str, from: &Mailbox) -> String {
    format!("<{:032x}@{}>", xxh3_128(key.as_bytes()), from.email.domain())
}

/// A subject in one line, short enough for every mail reader. What follows an earlier mail is marked as a reply, as
/// every reader knows it, and still says first how things are now.
fn subject(title: &str, follows: bool) -> String {
    let line = if follows { format!("Re: {title}") } else { title.to_owned() };
    if line.chars().count() <= SUBJECT { line } else { line.chars().take(SUBJECT - 1).chain(['…']).collect() }
}

fn color(event: IncidentEvent, severity: Severity) -> &'static str {
    match (event, severity) {
        (IncidentEvent::Resolved | IncidentEvent::Closed, _) => "#2e7d32",
        (_, Severity::Critical) => "#c62828",
        (_, Severity::Warning) => "#e65100",
        (_, Severity::Info) => "#1565c0",
    }
}

fn page(message: &Message, parcel: &DeliveryRequest, possible_repeat: bool) -> Markup {
    let main = message.news.first().map_or("#2e7d32", |news| color(news.event, news.severity));
    let when = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&parcel.zone).format("%F %T %Z").to_string();
    let rules = message.rules();
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (message.title()) } }
            body style="margin:0;padding:16px;background:#f5f5f5;font:15px/1.5 sans-serif;color:#212121" {
                div style=(PreEscaped(format!("max-width:640px;margin:0 auto;background:#fff;border-left:6px solid {main};padding:16px 20px"))) {
                    h1 style="font-size:18px;margin:0 0 12px" { (message.title()) }
                    @if let Some(counts) = message.counts() { p style="margin:0 0 10px" { (counts) } }
                    @for news in &message.news {
                        @if message.count() > 1 {
                            h2 style=(PreEscaped(format!("font-size:16px;margin:16px 0 8px;color:{}", color(news.event, news.severity)))) { (news.title()) }
                        }
                        (incident_html(news))
                    }
                    @if !message.rest.is_empty() {
                        h2 style="font-size:16px;margin:16px 0 8px" { "Also" }
                        (list(&message.rest, |line| format!("{}, since {}", line.title(), when(line.since))))
                    }
                    @if let Some(title) = message.missed_title() {
                        h2 style="font-size:16px;margin:16px 0 8px" { (title) }
                        (list(&message.missed, |line| {
                            let until = line.until.map(|until| format!(" until {}", when(until))).unwrap_or_default();
                            format!("[{}] {}, {}{until}", line.severity.word(), line.headline, when(line.since))
                        }))
                    }
                    p style="margin:0;color:#757575;font-size:12px" {
                        "monitor, rule" @if rules.len() > 1 { "s" } " " (rules.join(", ")) ", " (when(message.at))
                        @if possible_repeat { ", possibly a repeat" }
                    }
                }
            }
        }
    }
}

/// One incident, without its title.
fn incident_html(news: &IncidentUpdate) -> Markup {
    let (facts, evidence) = news.details();
    html! {
        @for sentence in news.sentences() { p style="margin:0 0 10px" { (sentence) } }
        @if let Some(step) = news.next_step() { p style="margin:0 0 10px" { strong { "Next step: " } (step) } }
        @if !facts.is_empty() {
            table style="border-collapse:collapse;margin:0 0 12px" {
                @for (label, value) in facts {
                    tr { td style="padding:2px 16px 2px 0;color:#616161;vertical-align:top" { (label) } td style="padding:2px 0" { (value) } }
                }
            }
        }
        @if !evidence.is_empty() {
            pre style="background:#f5f5f5;padding:10px;font-size:12px;white-space:pre-wrap;word-break:break-word" {
                @for line in evidence { (line) "\n" }
            }
        }
        @for symptom in &news.mutes { p style="margin:0 0 10px" { "Symptom: " (symptom) } }
    }
}

fn list(lines: &[IncidentSummary], shown: impl Fn(&IncidentSummary) -> String) -> Markup {
    html! { ul style="margin:0 0 12px;padding-left:20px" { @for line in lines { li { (shown(line)) } } } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EarlierMessage;
    use crate::samples::{HOSTILE, message, parcel};

    /// The mail with its lines put together again: the body is quoted-printable, and long headers go on in the next
    /// line.
    fn written(parcel: &DeliveryRequest) -> String {
        let from = "Monitor <monitor@example.com>".parse().unwrap();
        let to = ["a@example.com", "b@example.com"].map(|address| address.parse().unwrap());
        String::from_utf8(mail(parcel, true, &from, &to).unwrap()).unwrap().replace("=\r\n", "")
    }

    #[test]
    fn no_name_or_log_line_adds_a_header_or_leaves_its_place_in_the_page() {
        for hostile in HOSTILE {
            let written = written(&parcel(message(12, 3, |_| (*hostile).to_owned())));
            let (head, body) = written.split_once("\r\n\r\n").unwrap();
            assert!(head.split("\r\n").all(|line| !line.to_lowercase().starts_with("bcc")), "{head}");
            assert_eq!(head.split("\r\n").filter(|line| line.starts_with("Subject:")).count(), 1, "{head}");
            let html = body.split("text/html").nth(1).unwrap();
            assert!(!html.contains("<script") && !html.contains("<https") && !html.contains("<!channel"), "{html}");
            assert!(!written.chars().any(|c| c == '\u{1b}' || c == '\u{7}'), "{written:?}");
        }
    }

    #[test]
    fn the_prose_of_a_mail() {
        let text =
            |number: usize| ["the init phase takes too long", "3 errors", "over 10.00 USD"][number % 3].to_owned();
        let written = written(&parcel(message(3, 1, text)));
        // The boundary and the time differ from mail to mail.
        let is_prose =
            |line: &&str| !line.starts_with("--") && !line.starts_with("Date:") && !line.contains("boundary=");
        let lines: Vec<&str> = written.split("\r\n").filter(is_prose).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn every_incident_is_in_the_text_and_in_the_page() {
        let written = written(&parcel(message(120, 30, |number| format!("backend-{number}"))));
        let (_, parts) = written.split_once("\r\n\r\n").unwrap();
        let (text, html) = parts.split_once("text/html").unwrap();
        for number in 0..150 {
            for part in [text, html] {
                assert!(part.contains(&format!("#{number}: backend-{number}")), "{number}: {part}");
            }
        }
        assert!(text.contains("possibly a repeat") && html.contains("possibly a repeat"));
    }

    #[test]
    fn a_mail_that_follows_others_is_a_reply_to_them() {
        let mut parcel = parcel(message(1, 0, |_| "f".to_owned()));
        assert!(!written(&parcel).contains("In-Reply-To"));
        parcel.follows = (0..20)
            .map(|n| EarlierMessage { key: format!("k{n}"), receipt: None, now: parcel.message.clone() })
            .collect();
        let written = written(&parcel).replace("\r\n ", " ");
        let header = |name: &str| {
            written.split(&format!("\r\n{name}: ")).nth(1).unwrap().split("\r\n").next().unwrap().to_owned()
        };
        let from = "monitor@example.com".parse().unwrap();
        let ids: Vec<String> = parcel.follows.iter().map(|earlier| message_id(&earlier.key, &from)).collect();
        assert_eq!(header("References").split_whitespace().collect::<Vec<_>>(), [&ids[..1], &ids[11..]].concat());
        assert_eq!(header("In-Reply-To"), ids[19]);
        assert_eq!(header("Subject"), "Re: [critical] #0: f");
        assert!(
            written.contains("List-Id: monitor <monitor.example.com>\r\n")
                && written.contains("Auto-Submitted: auto-generated\r\n")
        );
    }

    #[test]
    fn the_message_id_is_that_of_the_message_in_every_attempt() {
        let id = |written: &str| written.split("Message-ID: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
        let one = parcel(message(1, 0, |_| "f".to_owned()));
        let again = DeliveryRequest { possible_repeat: true, ..one.clone() };
        let other = DeliveryRequest { key: "other".to_owned(), ..one.clone() };
        assert_eq!(id(&written(&one)), id(&written(&again)));
        assert_ne!(id(&written(&one)), id(&written(&other)));
    }

    #[test]
    fn a_subject_is_one_short_line() {
        for (title, follows, shown) in
            [("[critical] f", false, "[critical] f".to_owned()), ("[resolved] f", true, "Re: [resolved] f".to_owned())]
        {
            assert_eq!(subject(title, follows), shown);
        }
        assert_eq!(subject(&"가".repeat(500), true).chars().count(), SUBJECT);
    }
}
