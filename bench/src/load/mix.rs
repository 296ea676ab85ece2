//! Which transfers and which reads.

use std::net::SocketAddr;

use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::http::Template;
use crate::wallets::wallet_id;

/// Ordinary amounts have three digits: 1.00 to 9.99 EUR.
const AMOUNT_MIN: u64 = 100;
const AMOUNTS: u64 = 900;
/// More than any wallet ever has.
const POOR_AMOUNT: &str = "9000000000000";

const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
const SOURCE: &str = "ssssssss-ssss-ssss-ssss-ssssssssssss";
const DESTINATION: &str = "dddddddd-dddd-dddd-dddd-dddddddddddd";
const AMOUNT: &str = "777";

/// Which wallets transfers are between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mix {
    /// Number of wallets.
    pub(crate) wallets: u64,
    /// Transfers, out of a hundred, that wallet 0 is an end of.
    pub(crate) hot_percent: u64,
    /// Transfers, out of a hundred, that ask for more than there is.
    pub(crate) poor_percent: u64,
}

/// SplitMix64 (Steele, Lea, Flood 2014): fast, and even enough to choose wallets.
pub(super) struct Random(u64);

impl Random {
    /// Other numbers for each seed, and for each run.
    pub(super) fn new(seed: u64) -> Self {
        Self(Uuid::new_v4().as_u64_pair().0 ^ seed)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % end.max(1)
    }
}

impl Mix {
    /// The numbers of source and destination.
    fn ends(&self, random: &mut Random) -> (u64, u64) {
        let lot = random.below(100);
        let source = if lot < self.hot_percent / 2 { 0 } else { random.below(self.wallets) };
        let hot_destination = (self.hot_percent / 2..self.hot_percent).contains(&lot);
        let destination = if hot_destination { 0 } else { random.below(self.wallets) };
        if source == destination {
            return (source, (source + 1) % self.wallets);
        }
        (source, destination)
    }
}

/// Requests for transfers.
pub(super) struct Transfers {
    mix: Mix,
    ordinary: Template,
    poor: Template,
}

impl Transfers {
    /// With `waits`, the answer comes with the outcome.
    pub(super) fn new((addr, token): (SocketAddr, &str), mix: Mix, waits: bool) -> Self {
        let template = |amount: &str| {
            let body = format!(
                "{{\"source_wallet_id\":\"{SOURCE}\",\"destination_wallet_id\":\"{DESTINATION}\",\
                 \"amount_minor\":{amount},\"currency\":\"EUR\",\"reference\":\"bench\"}}"
            );
            let prefer = if waits { "prefer: wait=5\r\n" } else { "" };
            let text = format!(
                "POST /v1/transfers HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\nidempotency-key: {KEY}\r\n{prefer}\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            Template::new(&text, &[KEY, SOURCE, DESTINATION, AMOUNT])
        };
        Self { mix, ordinary: template(AMOUNT), poor: template(POOR_AMOUNT) }
    }

    /// The next transfer, under a key of its own.
    pub(super) fn render(&self, random: &mut Random, request: &mut Vec<u8>) {
        let (source, destination) = self.mix.ends(random);
        let poor = random.below(100) < self.mix.poor_percent;
        let mut texts = [[0; Hyphenated::LENGTH]; 2];
        for (text, number) in texts.iter_mut().zip([source, destination]) {
            wallet_id(number).hyphenated().encode_lower(text);
        }
        let [source, destination] = &texts;
        let mut key = [0; 32];
        let words = (u128::from(random.below(u64::MAX)) << 64) | u128::from(random.below(u64::MAX));
        Uuid::from_u128(words).simple().encode_lower(&mut key);
        if poor {
            return self.poor.render(&[&key, source, destination], request);
        }
        let amount = AMOUNT_MIN + random.below(AMOUNTS);
        let digit = |place: u64| b'0' + (amount / place % 10) as u8;
        let amount = [digit(100), digit(10), digit(1)];
        self.ordinary.render(&[&key, source, destination, &amount], request);
    }
}

/// Requests that read.
pub(super) struct Reads {
    mix: Mix,
    balance: Template,
    transfer: Template,
    /// Turns: a balance, a transfer.
    count: u64,
}

impl Reads {
    pub(super) fn new((addr, token): (SocketAddr, &str), mix: Mix) -> Self {
        let template = |path: &str| {
            let head =
                format!("GET {path} HTTP/1.1\r\nhost: {addr}\r\nauthorization: Bearer {token}");
            Template::new(&format!("{head}\r\n\r\n"), &[SOURCE])
        };
        Self {
            mix,
            balance: template(&format!("/v1/wallets/{SOURCE}/balance")),
            transfer: template(&format!("/v1/transfers/{SOURCE}")),
            count: 0,
        }
    }

    /// A balance and, while one is known, a transfer of late in turn.
    pub(super) fn render(
        &mut self,
        random: &mut Random,
        recent: Option<[u8; 36]>,
        request: &mut Vec<u8>,
    ) {
        self.count += 1;
        if let Some(id) = recent.filter(|_| self.count.is_multiple_of(2)) {
            return self.transfer.render(&[&id], request);
        }
        let mut text = [0; Hyphenated::LENGTH];
        wallet_id(random.below(self.mix.wallets)).hyphenated().encode_lower(&mut text);
        self.balance.render(&[&text], request);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIX: Mix = Mix { wallets: 1_000, hot_percent: 50, poor_percent: 5 };

    fn requests(count: usize) -> Vec<String> {
        let transfers =
            Transfers::new((SocketAddr::from(([127, 0, 0, 1], 80)), "token"), MIX, false);
        let mut random = Random(7);
        let mut request = Vec::new();
        let next = |_| {
            transfers.render(&mut random, &mut request);
            String::from_utf8(request.clone()).unwrap()
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn half_of_the_transfers_touch_the_hot_wallet_and_none_is_to_itself() {
        let mut random = Random(1);
        let ends: Vec<_> = (0..20_000).map(|_| MIX.ends(&mut random)).collect();
        let hot = ends.iter().filter(|(source, destination)| source * destination == 0).count();
        assert!((9_700..10_400).contains(&hot), "{hot}");
        assert!(ends.iter().all(|(source, destination)| source != destination));
        let sent = ends.iter().filter(|(source, _)| *source == 0).count();
        assert!((4_700..5_400).contains(&sent), "{sent}");
    }

    #[test]
    fn a_request_is_as_long_as_it_says_and_has_a_key_of_its_own() {
        let requests = requests(1_000);
        let mut keys = std::collections::BTreeSet::new();
        for request in &requests {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "{request}");
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            assert!(body["amount_minor"].as_u64().unwrap() >= 100);
            let key = head.split("idempotency-key: ").nth(1).unwrap();
            keys.insert(key[..32].to_owned());
        }
        assert_eq!(keys.len(), requests.len());
        let poor = requests.iter().filter(|request| request.contains(POOR_AMOUNT)).count();
        assert!((25..80).contains(&poor), "{poor}");
    }
}
