//! Quiet hours: times of the day, on days of the week, by the clock on the wall of who lives by them.
//!
//! Only the wall clock is asked. So an hour that summer time takes away or gives twice needs no rule of its own: it is quiet
//! whenever the clock shows a time that is.

use chrono::{DateTime, Datelike, Days, NaiveTime, TimeDelta, TimeZone, Timelike, Weekday};
use compeer_core::Millis;
use serde::{Deserialize, Serialize};

/// When a pause "until tomorrow" ends, by the clock on the wall.
const MORNING: u32 = 8;

/// The days of the week as they are written, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Quiet hours: from one time of the day to another, which is on the next day when it is not later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Quiet {
    /// Whether they begin on a day; Monday first.
    days: [bool; 7],
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight.
    to: u16,
}

/// Why something is no quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QuietError {
    /// A day of the week that is none, or no day at all.
    #[error("a day is one of mon, tue, wed, thu, fri, sat and sun")]
    Day,
    /// A time of the day that is none.
    #[error("a time is written as 22:00")]
    Time,
}

/// Quiet hours in a file and as they travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Written {
    days: Vec<String>,
    from: String,
    to: String,
}

impl Quiet {
    /// Quiet hours that begin on these days, from and to these times.
    pub fn new(days: &[String], from: &str, to: &str) -> Result<Self, QuietError> {
        let mut on = [false; 7];
        for day in days {
            *on.get_mut(day_of(day)?).ok_or(QuietError::Day)? = true;
        }
        if !on.contains(&true) {
            return Err(QuietError::Day);
        }
        Ok(Self { days: on, from: minute_of(from)?, to: minute_of(to)? })
    }

    /// The same, with the days as somebody types them: `mon,wed` or `mon-fri` or `daily`.
    pub fn parse(days: &str, from: &str, to: &str) -> Result<Self, QuietError> {
        let mut list = Vec::new();
        for part in days.split(',') {
            let (first, last) = match part.trim() {
                "daily" => (0, 6),
                range => match range.split_once('-') {
                    Some((first, last)) => (day_of(first)?, day_of(last)?),
                    None => (day_of(range)?, day_of(range)?),
                },
            };
            // `sat-mon` goes over the end of the week.
            let count = (last + 7 - first) % 7;
            list.extend((0..=count).map(|step| DAYS[(first + step) % 7].to_owned()));
        }
        Self::new(&list, from, to)
    }

    /// The days on which they begin, as they are written.
    #[must_use]
    pub fn days(&self) -> Vec<String> {
        DAYS.iter().zip(self.days).filter(|(_, on)| *on).map(|(day, _)| (*day).to_owned()).collect()
    }

    /// From when, as it is written.
    #[must_use]
    pub fn from(&self) -> String {
        clock(self.from)
    }

    /// Until when, as it is written.
    #[must_use]
    pub fn to(&self) -> String {
        clock(self.to)
    }

    /// Whether it is quiet when the clock on the wall shows this many minutes after midnight.
    fn holds(&self, day: Weekday, minute: u16) -> bool {
        let today = self.days[day.num_days_from_monday() as usize];
        let yesterday = self.days[day.pred().num_days_from_monday() as usize];
        if self.from < self.to {
            today && (self.from..self.to).contains(&minute)
        } else {
            today && minute >= self.from || yesterday && minute < self.to
        }
    }

    /// Whether it is quiet at a moment, for somebody who lives in `zone`.
    #[must_use]
    pub fn is_at<Z: TimeZone>(&self, now: Millis, zone: &Z) -> bool {
        local(now, zone).is_some_and(|now| {
            // Below 24 * 60.
            let minute = (now.hour() * 60 + now.minute()) as u16;
            self.holds(now.weekday(), minute)
        })
    }
}

/// When tomorrow morning begins for somebody who lives in `zone`.
pub(crate) fn tomorrow<Z: TimeZone>(now: Millis, zone: &Z) -> Option<Millis> {
    let next = local(now, zone)?.date_naive().checked_add_days(Days::new(1))?;
    let mut morning = next.and_time(NaiveTime::from_hms_opt(MORNING, 0, 0)?);
    for _ in 0..24 {
        if let Some(moment) = morning.and_local_timezone(zone.clone()).earliest() {
            return Millis::try_from(moment.timestamp_millis()).ok();
        }
        // The clock skips this hour there.
        morning = morning.checked_add_signed(TimeDelta::hours(1))?;
    }
    None
}

fn local<Z: TimeZone>(now: Millis, zone: &Z) -> Option<DateTime<Z>> {
    zone.timestamp_millis_opt(i64::try_from(now).ok()?).single()
}

fn day_of(text: &str) -> Result<usize, QuietError> {
    DAYS.iter().position(|day| *day == text.trim()).ok_or(QuietError::Day)
}

/// `07:30`, and nothing that merely looks like it.
fn minute_of(text: &str) -> Result<u16, QuietError> {
    let [a, b, b':', c, d] = text.as_bytes() else { return Err(QuietError::Time) };
    let digits = [a, b, c, d].map(|byte| byte.wrapping_sub(b'0'));
    if digits.iter().any(|digit| *digit > 9) {
        return Err(QuietError::Time);
    }
    let [a, b, c, d] = digits.map(u16::from);
    let (hour, minute) = (a * 10 + b, c * 10 + d);
    if hour < 24 && minute < 60 { Ok(hour * 60 + minute) } else { Err(QuietError::Time) }
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

impl TryFrom<Written> for Quiet {
    type Error = QuietError;

    fn try_from(written: Written) -> Result<Self, QuietError> {
        Self::new(&written.days, &written.from, &written.to)
    }
}

impl From<Quiet> for Written {
    fn from(quiet: Quiet) -> Self {
        Self { days: quiet.days(), from: quiet.from(), to: quiet.to() }
    }
}

#[cfg(test)]
mod tests {
    use chrono::offset::MappedLocalTime;
    use chrono::{FixedOffset, NaiveDate, NaiveDateTime, Utc};

    use super::*;

    /// Central Europe in 2026: an hour ahead of UTC, two from 29 March to 25 October, each time at 01:00 UTC.
    #[derive(Clone)]
    struct Berlin;

    impl Berlin {
        fn offset(utc: &NaiveDateTime) -> FixedOffset {
            let at = |month, day| NaiveDate::from_ymd_opt(2026, month, day).and_then(|day| day.and_hms_opt(1, 0, 0));
            let summer = at(3, 29).is_some_and(|from| *utc >= from) && at(10, 25).is_some_and(|to| *utc < to);
            FixedOffset::east_opt(if summer { 7200 } else { 3600 }).expect("a zone")
        }
    }

    impl TimeZone for Berlin {
        type Offset = FixedOffset;

        fn from_offset(_: &FixedOffset) -> Self {
            Self
        }

        fn offset_from_local_date(&self, day: &NaiveDate) -> MappedLocalTime<FixedOffset> {
            self.offset_from_local_datetime(&day.and_time(NaiveTime::MIN))
        }

        fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<FixedOffset> {
            let fits = |seconds| {
                let offset = FixedOffset::east_opt(seconds).expect("a zone");
                (Self::offset(&(*local - offset)) == offset).then_some(offset)
            };
            match (fits(7200), fits(3600)) {
                (Some(first), Some(second)) => MappedLocalTime::Ambiguous(first, second),
                (Some(one), None) | (None, Some(one)) => MappedLocalTime::Single(one),
                (None, None) => MappedLocalTime::None,
            }
        }

        fn offset_from_utc_date(&self, day: &NaiveDate) -> FixedOffset {
            Self::offset(&day.and_time(NaiveTime::MIN))
        }

        fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> FixedOffset {
            Self::offset(utc)
        }
    }

    /// A moment, written as UTC.
    fn at(text: &str) -> Millis {
        let moment = text.parse::<DateTime<Utc>>().expect("a moment");
        Millis::try_from(moment.timestamp_millis()).expect("after 1970")
    }

    fn quiet(days: &str, from: &str, to: &str) -> Quiet {
        Quiet::parse(days, from, to).expect("quiet hours")
    }

    #[test]
    fn within_a_day_and_over_midnight() {
        let lunch = quiet("mon-fri", "12:00", "13:00");
        let night = quiet("fri", "22:00", "07:00");
        let always = quiet("sat,sun", "00:00", "00:00");
        // 27 November 2026 is a Friday.
        let table = [
            ("2026-11-27T11:59:59Z", [false, false, false]),
            ("2026-11-27T12:00:00Z", [true, false, false]),
            ("2026-11-27T12:59:59Z", [true, false, false]),
            ("2026-11-27T13:00:00Z", [false, false, false]),
            ("2026-11-27T21:59:00Z", [false, false, false]),
            ("2026-11-27T22:00:00Z", [false, true, false]),
            ("2026-11-28T00:00:00Z", [false, true, true]),
            ("2026-11-28T06:59:00Z", [false, true, true]),
            ("2026-11-28T07:00:00Z", [false, false, true]),
            ("2026-11-28T12:30:00Z", [false, false, true]),
            ("2026-11-28T22:30:00Z", [false, false, true]),
            ("2026-11-29T23:59:59Z", [false, false, true]),
            ("2026-11-30T00:00:00Z", [false, false, false]),
            ("2026-11-27T06:00:00Z", [false, false, false]),
        ];
        for (moment, expected) in table {
            let now = at(moment);
            assert_eq!([&lunch, &night, &always].map(|quiet| quiet.is_at(now, &Utc)), expected, "{moment}");
        }
    }

    #[test]
    fn by_the_clock_on_the_wall() {
        let night = quiet("daily", "22:00", "07:00");
        let hour = quiet("daily", "02:00", "03:00");
        let table = [
            // The same moment is night in one place and not in another.
            ("2026-11-27T21:30:00Z", true, false),
            ("2026-07-01T20:00:00Z", true, false),
            ("2026-07-01T19:59:59Z", false, false),
            ("2026-07-02T05:00:00Z", false, false),
            ("2026-12-02T05:59:59Z", true, false),
            // In March the hour from two to three is not there.
            ("2026-03-29T00:59:59Z", true, false),
            ("2026-03-29T01:00:00Z", true, false),
            // In October it is there twice.
            ("2026-10-25T00:00:00Z", true, true),
            ("2026-10-25T01:59:59Z", true, true),
            ("2026-10-25T02:00:00Z", true, false),
        ];
        for (moment, is_night, is_hour) in table {
            let now = at(moment);
            assert_eq!((night.is_at(now, &Berlin), hour.is_at(now, &Berlin)), (is_night, is_hour), "{moment}");
        }
        assert!(!night.is_at(at("2026-11-27T21:30:00Z"), &Utc));
        // A clock beyond all calendars is no reason to keep quiet, nor to fall over.
        assert!(!night.is_at(Millis::MAX, &Utc) && tomorrow(Millis::MAX, &Utc).is_none());
    }

    #[test]
    fn tomorrow_is_a_morning() {
        let table = [
            ("2026-11-27T20:00:00Z", "2026-11-28T07:00:00Z"),
            ("2026-11-27T23:30:00Z", "2026-11-29T07:00:00Z"),
            // The nights in which the clock changes are an hour shorter, and longer.
            ("2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"),
            ("2026-10-24T20:00:00Z", "2026-10-25T07:00:00Z"),
        ];
        for (now, expected) in table {
            assert_eq!(tomorrow(at(now), &Berlin), Some(at(expected)), "{now}");
        }
    }

    #[test]
    fn days_and_times_as_they_are_typed() {
        assert_eq!(quiet("mon-fri", "22:00", "07:00").days(), ["mon", "tue", "wed", "thu", "fri"]);
        assert_eq!(quiet("sat-mon, wed", "22:00", "07:00").days(), ["mon", "wed", "sat", "sun"]);
        assert_eq!(quiet("daily", "00:00", "23:59").days().len(), 7);
        for days in ["", "monday", "mon-", "-fri", "mon fri", "mon,,tue"] {
            assert_eq!(Quiet::parse(days, "22:00", "07:00"), Err(QuietError::Day), "{days:?}");
        }
        for time in ["", "7:00", "24:00", "12:60", "ab:cd", "12-30", "12:300", "１２:00"] {
            assert_eq!(Quiet::parse("daily", time, "07:00"), Err(QuietError::Time), "{time:?}");
        }
    }
}
