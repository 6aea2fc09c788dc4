//! The document of one user: all rows as JSON, compressed. A todo of a few words takes about 38 bytes, so a megabyte is
//! enough for about 26,000 todos, including deleted ones.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use onestep_core::user_rows::{Archive, UniqueName};

/// The largest uncompressed document, as a guard against forged ones.
const MAX_UNPACKED: u64 = 128 * 1024 * 1024;

/// A user's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserDocument {
    /// Counts the writes: no two states of a document have the same bytes, so each has its own version.
    pub turn: u64,
    /// None: the user does not exist, and never will.
    pub archive: Option<Archive>,
}

impl UserDocument {
    /// Packs the document.
    pub(super) fn pack(&self) -> Result<Vec<u8>, String> {
        deflate(&serde_json::to_vec(self).map_err(|error| error.to_string())?)
    }

    /// Unpacks a document.
    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, String> {
        // Without the parser's own message, which quotes what users wrote.
        serde_json::from_slice(&inflate(bytes)?).map_err(|error| {
            format!("it is not a valid document: wrong at line {}, column {}", error.line(), error.column())
        })
    }

    /// Whether the user has this name.
    pub(super) fn owns(&self, key: &UniqueName) -> bool {
        self.archive.as_ref().is_some_and(|archive| UniqueName::all_of(&archive.user).contains(key))
    }
}

/// Compresses.
pub(super) fn deflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).and_then(|()| packed.finish()).map_err(|error| error.to_string())
}

/// Undoes [`deflate`].
pub(super) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let read = DeflateDecoder::new(bytes).take(MAX_UNPACKED + 1).read_to_end(&mut unpacked);
    read.map_err(|_| "it does not unpack".to_owned())?;
    if unpacked.len() as u64 > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {MAX_UNPACKED} bytes"));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;
    use onestep_core::model::{Provider, Todo, User};

    /// Pseudo-random numbers, always the same.
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % end
        }
    }

    const WORDS: [&str; 40] = [
        "회의",
        "준비",
        "보고서",
        "작성",
        "이메일",
        "답장",
        "장보기",
        "우유",
        "운동",
        "헬스장",
        "빨래",
        "청소",
        "방",
        "책",
        "읽기",
        "영어",
        "공부",
        "단어",
        "외우기",
        "병원",
        "예약",
        "전화",
        "은행",
        "세금",
        "납부",
        "선물",
        "사기",
        "생일",
        "친구",
        "저녁",
        "약속",
        "산책",
        "강아지",
        "코드",
        "리뷰",
        "배포",
        "발표",
        "자료",
        "정리",
        "일기",
    ];

    /// A user with this many todos, with different words and times.
    fn busy(count: u64) -> Archive {
        let mut chance = Chance(7);
        let mut now = Utc.timestamp_micros(1_732_000_000_000_000).unwrap();
        let user = User { id: 1, ..User::new("a@example.com", Provider::Google, now) };
        let mut archive = Archive::of(user);
        for number in 0..count {
            now += TimeDelta::microseconds(chance.below(7_200_000_000).cast_signed());
            let words: Vec<&str> =
                (0..2 + chance.below(3)).map(|_| WORDS[usize::try_from(chance.below(40)).unwrap()]).collect();
            let updated_at = now + TimeDelta::microseconds(chance.below(86_400_000_000).cast_signed());
            archive.todos.push(Todo {
                id: (2 + number).cast_signed(),
                content: format!("{} {}", words.join(" "), chance.below(100)),
                category_id: 1 + chance.below(5).cast_signed(),
                date: Some((now + TimeDelta::days(chance.below(5).cast_signed())).date_naive()),
                due_time: None,
                rank: format!("0|{:06}:", number * 8),
                is_completed: chance.below(2) == 0,
                created_at: now,
                updated_at,
                deleted_at: (chance.below(4) == 0).then_some(updated_at),
            });
        }
        archive
    }

    #[test]
    fn twenty_thousand_todos_fit_into_a_megabyte() {
        let page = UserDocument { turn: 1, archive: Some(busy(20_000)) };
        let bytes = page.pack().unwrap();
        assert!(bytes.len() < 995_000, "{} bytes", bytes.len());
        assert_eq!(UserDocument::unpack(&bytes).unwrap(), page);
    }

    #[test]
    fn what_nobody_wrote_is_refused_without_being_quoted() {
        let bomb = deflate(&vec![b' '; usize::try_from(MAX_UNPACKED).unwrap() + 1]).unwrap();
        let other = deflate(br#"{"turn":1,"archive":{"user":"secret"}}"#).unwrap();
        for (bytes, expected) in [
            (&b""[..], "it does not unpack"),
            (b"not deflate", "it does not unpack"),
            (&bomb, "it unpacks to more than 134217728 bytes"),
            (&other, "it is not a valid document: wrong at line 1, column 36"),
        ] {
            assert_eq!(UserDocument::unpack(bytes).unwrap_err(), expected);
        }
    }
}
