//! Ids of wallets that are computed from their numbers, so that ten million of them need no list.

use uuid::Uuid;

/// 1 January 2025, in milliseconds: the time in the id of wallet 0. `fund/functions.sql` repeats it.
const FIRST_MS: u64 = 1_735_689_600_000;

/// The id of the wallet with this number: a uuid v7 like production's, one a millisecond, so that neighbours in time
/// are neighbours in an index.
pub(crate) fn wallet_id(number: u64) -> Uuid {
    let time = u128::from(FIRST_MS + number) << 80;
    Uuid::from_u128(time | (0x7000 << 64) | (0x8 << 60) | u128::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallets_id_is_a_uuid_v7_of_its_own() {
        let id = wallet_id(0xab);
        assert_eq!(id.to_string(), "01941f29-7cab-7000-8000-0000000000ab");
        assert_eq!(id.get_version_num(), 7);
        assert!(wallet_id(9_999_999) > wallet_id(9_999_998));
    }
}
