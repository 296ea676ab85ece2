use std::fmt;

use domain::money::Money;
use wire::Wallet;

use crate::args::Options;
use crate::database::without_password;
use crate::demo::{CURRENCY, Demo};
use crate::load;
use crate::operators::Token;
use crate::system::Places;

/// What alice sends bob in the example, in minor units: 5.00 EUR.
const EXAMPLE_MINOR: i64 = 500;

/// What the till brings in in the example: 1.00 EUR.
const DEPOSIT_MINOR: i64 = 100;

/// What a person sees when everything runs.
pub(crate) struct Banner<'a> {
    pub(crate) places: &'a Places,
    pub(crate) demo: &'a Demo,
    pub(crate) tokens: &'a [Token],
    pub(crate) options: Options,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, demo, tokens, options } = self;
        writeln!(f, "\nHoldfast is up.\n")?;
        writeln!(f, "  API         {}/v1 (Authorization: Bearer <token>)", places.api_url())?;
        writeln!(f, "  issuer      {} (cargo run -- token --help)", places.issuer_url)?;
        writeln!(
            f,
            "  admin       {}/admin/v1 (Authorization: Bearer <token>)",
            places.admin_url()
        )?;
        for Token { role, token } in *tokens {
            writeln!(f, "  {role:<10}  {token}")?;
        }
        writeln!(f, "  console     cargo run -p admin-tui -- --allow-changes")?;
        if !places.passed_over.is_empty() {
            let usual: Vec<_> = places.passed_over.iter().map(ToString::to_string).collect();
            writeln!(f, "  ports       the next free ones after {}", usual.join(" and "))?;
        }
        writeln!(f, "  workers     in this process (pid {})", std::process::id())?;
        if let Some(folder) = &places.data_dir {
            writeln!(f, "  PostgreSQL  {}", places.database_url)?;
            writeln!(f, "  data        {} (--fresh drops them)", folder.display())?;
        } else {
            writeln!(f, "  PostgreSQL  {}", without_password(&places.database_url))?;
            writeln!(f, "  data        where DATABASE_URL points")?;
        }
        writeln!(f, "  SQS         {} (wallet-audit, wallet-metrics)", places.sqs_url)?;
        if let Some(url) = &places.provider_url {
            writeln!(f, "  provider    {url} (sandbox for payouts and screening)")?;
        }
        self.wallet(f, "alice", &demo.alice)?;
        self.wallet(f, "bob", &demo.bob)?;
        if let Some(per_second) = options.load {
            writeln!(f, "  load        {}", load::describe(per_second, options.failures))?;
        }
        self.examples(f)?;
        let report = if options.failures { " after an invariant report" } else { "" };
        writeln!(f, "\nCtrl-C stops everything{report}; the data stay.\n")
    }
}

impl Banner<'_> {
    fn wallet(&self, f: &mut fmt::Formatter<'_>, owner: &str, wallet: &Wallet) -> fmt::Result {
        let money = Money { minor: wallet.balance.available_minor, currency: wallet.currency };
        let url = self.places.api_url();
        writeln!(f, "  {owner:<10}  {url}/v1/wallets/{} ({money})", wallet.id)
    }

    /// Lines for the shell, each with the token of whoever does it. The key must be another one each time a line is
    /// pasted, and not every machine has `uuidgen`.
    fn examples(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.places.api_url();
        let (alice, bob) = (self.demo.alice.id, self.demo.bob.id);
        let tokens = &self.places.tokens;
        writeln!(f, "\nalice pays bob 5.00 EUR, and the answer waits for the outcome:\n")?;
        writeln!(
            f,
            "  curl -sS -w '\\n' {url}/v1/transfers -H 'Content-Type: application/json' \
             -H 'Prefer: wait=5' -H \"Idempotency-Key: $(uuidgen 2>/dev/null || date +%s%N)\" \
             -d '{{\"source_wallet_id\":\"{alice}\",\"destination_wallet_id\":\"{bob}\",\
             \"amount_minor\":{EXAMPLE_MINOR},\"currency\":\"{CURRENCY}\"}}' {}",
            bearer(&tokens.alice)
        )?;
        writeln!(f, "\nbob's balance, and alice's statement:\n")?;
        let (as_alice, as_bob) = (bearer(&tokens.alice), bearer(&tokens.bob));
        writeln!(f, "  curl -sS -w '\\n' {url}/v1/wallets/{bob}/balance {as_bob}")?;
        writeln!(f, "  curl -sS -w '\\n' '{url}/v1/wallets/{alice}/postings?limit=5' {as_alice}")?;
        writeln!(f, "\nthe till has received 1.00 EUR for bob, and an operator looks:\n")?;
        writeln!(
            f,
            "  curl -sS -w '\\n' {url}/v1/deposits -H 'Content-Type: application/json' \
             -H \"Idempotency-Key: $(uuidgen 2>/dev/null || date +%s%N)\" -H 'Prefer: wait=5' \
             -d '{{\"wallet_id\":\"{bob}\",\"amount_minor\":{DEPOSIT_MINOR},\"currency\":\"{CURRENCY}\"}}' {}",
            bearer(&tokens.till)
        )?;
        let viewer = self.tokens.first().map_or("", |viewer| viewer.token.as_str());
        let admin = self.places.admin_url();
        writeln!(f, "  curl -sS -w '\\n' {admin}/admin/v1/me {}", bearer(viewer))
    }
}

/// The argument of curl that says who asks.
fn bearer(token: &str) -> String {
    format!("-H 'Authorization: Bearer {token}'")
}
