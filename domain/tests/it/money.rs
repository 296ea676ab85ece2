//! Money: amounts, arithmetic, display, and the table of currencies.

use domain::money::{
    AMOUNT_MINOR_MAX, Amount, AmountError, Currency, MinorUnits, Money, MoneyOverflow,
    UnknownCurrency,
};
use proptest::prelude::*;

use crate::helpers::currency;

#[test]
fn money_is_written_with_the_digits_of_its_currency() {
    let table = [
        (1_234, "EUR", "12.34 EUR"),
        (5, "EUR", "0.05 EUR"),
        (50, "EUR", "0.50 EUR"),
        (100, "EUR", "1.00 EUR"),
        (0, "EUR", "0.00 EUR"),
        (-1_234, "EUR", "-12.34 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (500, "JPY", "500 JPY"),
        (0, "JPY", "0 JPY"),
        (-7, "JPY", "-7 JPY"),
        (1_234, "KWD", "1.234 KWD"),
        (9, "KWD", "0.009 KWD"),
        (-9, "KWD", "-0.009 KWD"),
        (i64::MAX, "USD", "92233720368547758.07 USD"),
        (i64::MIN, "USD", "-92233720368547758.08 USD"),
        (i64::MIN, "JPY", "-9223372036854775808 JPY"),
    ];
    for (minor, code, expected) in table {
        let money = Money { minor: MinorUnits(minor), currency: currency(code) };
        assert_eq!(money.to_string(), expected, "{minor} {code}");
    }
}

#[test]
fn an_amount_is_from_one_to_the_largest_whole_number_of_json() {
    assert_eq!(AMOUNT_MINOR_MAX, (1 << 53) - 1);
    let table = [
        (i64::MIN, Err(AmountError::NotPositive)),
        (-1, Err(AmountError::NotPositive)),
        (0, Err(AmountError::NotPositive)),
        (1, Ok(MinorUnits(1))),
        (AMOUNT_MINOR_MAX, Ok(MinorUnits(AMOUNT_MINOR_MAX))),
        (AMOUNT_MINOR_MAX + 1, Err(AmountError::TooLarge)),
        (i64::MAX, Err(AmountError::TooLarge)),
    ];
    for (minor, expected) in table {
        assert_eq!(Amount::new(minor).map(Amount::minor), expected, "{minor}");
    }
}

#[test]
fn arithmetic_that_leaves_the_range_is_an_error() {
    let table = [
        (i64::MAX, 0, Ok(i64::MAX), Ok(i64::MAX)),
        (i64::MAX, 1, Err(MoneyOverflow), Ok(i64::MAX - 1)),
        (i64::MAX, -1, Ok(i64::MAX - 1), Err(MoneyOverflow)),
        (i64::MIN, 1, Ok(i64::MIN + 1), Err(MoneyOverflow)),
        (i64::MIN, -1, Err(MoneyOverflow), Ok(i64::MIN + 1)),
        (0, i64::MIN, Ok(i64::MIN), Err(MoneyOverflow)),
        (i64::MAX, i64::MIN, Ok(-1), Err(MoneyOverflow)),
    ];
    for (a, b, sum, difference) in table {
        let (a, b) = (MinorUnits(a), MinorUnits(b));
        assert_eq!(a.plus(b), sum.map(MinorUnits), "{a:?} + {b:?}");
        assert_eq!(a.minus(b), difference.map(MinorUnits), "{a:?} - {b:?}");
    }
}

/// Whole numbers of 64 bits, with the ends of the range as likely as its middle.
fn any_minor() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -1_000..1_000_i64,
        i64::MAX - 1_000..=i64::MAX,
        i64::MIN..=i64::MIN + 1_000,
    ]
}

proptest! {
    #[test]
    fn plus_and_minus_are_exact_or_an_error(a in any_minor(), b in any_minor()) {
        let (wide_a, wide_b) = (i128::from(a), i128::from(b));
        let (a, b) = (MinorUnits(a), MinorUnits(b));
        let exact = |wide: i128| i64::try_from(wide).map(MinorUnits).map_err(|_| MoneyOverflow);
        prop_assert_eq!(a.plus(b), exact(wide_a + wide_b));
        prop_assert_eq!(a.minus(b), exact(wide_a - wide_b));
    }

    #[test]
    fn minus_undoes_plus(a in any_minor(), b in any_minor()) {
        let (a, b) = (MinorUnits(a), MinorUnits(b));
        if let Ok(sum) = a.plus(b) {
            prop_assert_eq!(sum.minus(b), Ok(a));
        }
        if let Ok(difference) = a.minus(b) {
            prop_assert_eq!(difference.plus(b), Ok(a));
        }
    }

    #[test]
    fn written_money_has_every_digit_of_the_number(minor in any_minor(), row in 0_usize..150) {
        let all: Vec<Currency> = Currency::all().collect();
        let currency = all[row % all.len()];
        let text = Money { minor: MinorUnits(minor), currency }.to_string();
        let (number, code) = text.split_once(' ').expect("a number and a code");
        prop_assert_eq!(code, currency.as_str());
        let point = number.find('.').map_or(0, |at| number.len() - at - 1);
        prop_assert_eq!(point, usize::from(currency.exponent()));
        prop_assert_eq!(number.replace('.', "").parse(), Ok(minor));
    }
}

#[test]
fn the_currency_table_is_sorted_and_names_nothing_twice() {
    let codes: Vec<String> = Currency::all().map(|currency| currency.to_string()).collect();
    assert!(codes.len() > 140, "only {} currencies", codes.len());
    for pair in codes.windows(2) {
        assert!(pair[0] < pair[1], "{} does not stand before {}", pair[0], pair[1]);
    }
    for code in &codes {
        assert!(code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()), "{code}");
    }
}

#[test]
fn every_currency_is_found_by_its_code() {
    for currency in Currency::all() {
        assert_eq!(currency.as_str().parse(), Ok(currency));
        assert_eq!(currency.code(), currency.as_str().as_bytes());
        assert_eq!(currency.to_string(), currency.as_str());
    }
}

/// ISO 4217 gives every other currency two digits.
#[test]
fn exponents_are_those_of_iso_4217() {
    const NONE: [&str; 16] = [
        "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
        "XAF", "XOF", "XPF",
    ];
    const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
    for currency in Currency::all() {
        let expected = match currency.as_str() {
            code if NONE.contains(&code) => 0,
            code if THREE.contains(&code) => 3,
            _ => 2,
        };
        assert_eq!(currency.exponent(), expected, "{currency}");
    }
    for code in NONE.iter().chain(&THREE).chain(&["EUR", "USD", "GBP", "CHF", "XCG"]) {
        currency(code);
    }
}

#[test]
fn what_is_no_code_of_a_currency_is_refused() {
    let left_out = ["HRK", "DEM", "XAU", "XTS", "XXX", "CHE", "ANG"];
    let malformed = ["", "E", "EU", "EURO", "eur", "Eur", " EUR", "EU\u{0}", "€UR", "ÉÉ"];
    for text in left_out.into_iter().chain(malformed) {
        assert_eq!(text.parse::<Currency>(), Err(UnknownCurrency), "{text:?}");
    }
}
