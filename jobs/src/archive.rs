//! The options of `holdfast-jobs archive`.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use store::archive::Request;

/// Weeks that ended later stay live, unless `--keep-days` says otherwise.
const KEEP_DAYS: u32 = 35;
/// Idempotency keys are kept for 30 days. What a client may still ask for with one is never archived.
const KEEP_DAYS_MIN: u32 = 31;
/// A century.
const KEEP_DAYS_MAX: u32 = 36_500;

/// Reads the options of the command line. The error is a sentence.
pub fn parse(options: &[&str]) -> Result<Request, String> {
    let (mut before, mut keep_days, mut dry_run) = (None, KEEP_DAYS, false);
    let mut rest = options;
    while let [name, behind @ ..] = rest {
        rest = match (*name, behind) {
            ("--dry-run", behind) => {
                dry_run = true;
                behind
            }
            ("--before", [text, behind @ ..]) => {
                let day: Result<NaiveDate, _> = text.parse();
                before = Some(day.map_err(|_| "--before must be a day such as 2026-10-05")?);
                behind
            }
            ("--keep-days", [text, behind @ ..]) => {
                let days = text.parse::<u32>().ok();
                let days = days.filter(|days| (KEEP_DAYS_MIN..=KEEP_DAYS_MAX).contains(days));
                keep_days = days.ok_or_else(|| {
                    format!(
                        "--keep-days must be a whole number from {KEEP_DAYS_MIN} to {KEEP_DAYS_MAX}"
                    )
                })?;
                behind
            }
            (name, _) => return Err(format!("{name} is no option, or lacks its value")),
        };
    }
    let before = before.ok_or("--before is missing")?.and_time(NaiveTime::MIN).and_utc();
    Ok(Request { dry_run, ..Request::new(before, TimeDelta::days(keep_days.into())) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_understood_or_named() {
        let request = parse(&["--before", "2026-10-05"]).unwrap();
        assert_eq!(request.before.to_rfc3339(), "2026-10-05T00:00:00+00:00");
        assert_eq!((request.kept.num_days(), request.dry_run), (35, false));
        let request = parse(&["--dry-run", "--keep-days", "90", "--before", "2026-10-05"]).unwrap();
        assert_eq!((request.kept.num_days(), request.dry_run), (90, true));
        for (options, sentence) in [
            (&["--dry-run"][..], "--before is missing"),
            (&["--before", "monday"][..], "--before must be a day such as 2026-10-05"),
            (&["--before"][..], "--before is no option, or lacks its value"),
            (&["--keep-days", "30"][..], "--keep-days must be a whole number from 31 to 36500"),
            (&["--all"][..], "--all is no option, or lacks its value"),
        ] {
            assert_eq!(parse(options).unwrap_err(), sentence);
        }
    }
}
