//! Moments of log time, and the ways in which programs print them.
//!
//! Every form has a year, and a zone where the real program prints one: the corpora live in git, which keeps no file
//! times to infer a year from. Forms without a zone (launchd, supervisord, pm2) are local time of a machine in UTC.

/// Microseconds since 1970, UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u64);

/// A moment taken apart, UTC.
pub struct Civil {
    pub year: u64,
    pub month: u64,
    pub day: u64,
    pub hour: u64,
    pub minute: u64,
    pub second: u64,
    pub micro: u64,
}

impl Time {
    /// A moment of February 2026, when all corpora begin.
    pub const fn february(day: u64, hour: u64, minute: u64, second: u64) -> Self {
        const FIRST: u64 = 1_769_904_000;
        let seconds = FIRST + ((day - 1) * 24 + hour) * 3600 + minute * 60 + second;
        Self(seconds * 1_000_000)
    }

    pub const fn after(self, ms: u64) -> Self {
        self.after_micros(ms * 1000)
    }

    pub const fn after_micros(self, micros: u64) -> Self {
        Self(self.0 + micros)
    }

    pub const fn before(self, ms: u64) -> Self {
        Self(self.0 - ms * 1000)
    }

    pub const fn micros(self) -> u64 {
        self.0
    }

    pub const fn millis(self) -> u64 {
        self.0 / 1000
    }

    pub const fn ms_since(self, earlier: Self) -> u64 {
        (self.0 - earlier.0) / 1000
    }

    /// Days to date as in Howard Hinnant's `civil_from_days`, for days after 1970.
    pub const fn civil(self) -> Civil {
        let seconds = self.0 / 1_000_000;
        let days = seconds / 86_400 + 719_468;
        let era = days / 146_097;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        Civil {
            year: era * 400 + year_of_era + (month <= 2) as u64,
            month,
            day: of_year - (153 * shifted_month + 2) / 5 + 1,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            micro: self.0 % 1_000_000,
        }
    }

    pub fn date(self) -> String {
        let c = self.civil();
        format!("{:04}-{:02}-{:02}", c.year, c.month, c.day)
    }

    fn clock(self) -> String {
        let c = self.civil();
        format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)
    }

    fn ms_part(self) -> u64 {
        self.civil().micro / 1000
    }

    /// `2026-02-03T04:12:07.114Z`: Node's `toISOString`, older OpenClaw builds.
    pub fn zulu(self) -> String {
        format!("{}T{}.{:03}Z", self.date(), self.clock(), self.ms_part())
    }

    /// `2026-02-03T04:12:07.114+00:00`: newer OpenClaw builds.
    pub fn offset(self) -> String {
        format!("{}T{}.{:03}+00:00", self.date(), self.clock(), self.ms_part())
    }

    /// `2026-02-03T04-12-07-114Z`: a time in a file name.
    pub fn in_file_name(self) -> String {
        self.zulu().replace([':', '.'], "-")
    }

    /// `2026-02-03 04:12:07,114`: supervisord.
    pub fn supervisord(self) -> String {
        format!("{} {},{:03}", self.date(), self.clock(), self.ms_part())
    }

    /// `2026-02-03T04:12:07`: pm2's own log.
    pub fn pm2(self) -> String {
        format!("{}T{}", self.date(), self.clock())
    }

    /// `2026-02-03 04:12:07.114 +00:00`: pm2's prefix with `log_date_format: "YYYY-MM-DD HH:mm:ss.SSS Z"`.
    pub fn pm2_prefix(self) -> String {
        format!("{} {}.{:03} +00:00", self.date(), self.clock(), self.ms_part())
    }

    /// `2026-02-03 04:12:07.114225`: launchd.log.
    pub fn launchd(self) -> String {
        format!("{} {}.{:06}", self.date(), self.clock(), self.civil().micro)
    }

    /// `2026-02-03_04:12:07.11422`: svlogd -tt.
    pub fn svlogd(self) -> String {
        format!("{}_{}.{:05}", self.date(), self.clock(), self.civil().micro / 10)
    }

    /// `2026-02-03 04:12:07 +0000`: gunicorn.
    pub fn gunicorn(self) -> String {
        format!("{} {} +0000", self.date(), self.clock())
    }

    /// `2026-02-03T04:12:07+00:00`: journalctl -o short-iso.
    pub fn short_iso(self) -> String {
        format!("{}T{}+00:00", self.date(), self.clock())
    }

    /// `2026-02-03T04:12:07.114225+00:00`: journalctl -o short-iso-precise.
    pub fn short_iso_precise(self) -> String {
        format!("{}T{}.{:06}+00:00", self.date(), self.clock(), self.civil().micro)
    }

    /// `2026-02-03 04:12:07.114225417 +0000`: ls --time-style=full-iso; the clock has no nanoseconds, the caller has.
    pub fn full_iso(self, nanos: u64) -> String {
        format!("{} {}.{:06}{:03} +0000", self.date(), self.clock(), self.civil().micro, nanos % 1000)
    }
}
