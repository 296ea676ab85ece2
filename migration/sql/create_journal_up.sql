-- The header of a balanced set of postings. Append-only.
CREATE TABLE journal_entry (
    id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    posted_at timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    reverses_id uuid,
    CONSTRAINT journal_entry_pkey PRIMARY KEY (id)
) PARTITION BY RANGE (id);
COMMENT ON COLUMN journal_entry.effective_at IS 'When it counts for the business; equals posted_at unless backdated.';
COMMENT ON COLUMN journal_entry.reverses_id IS 'The entry that this one undoes; null otherwise.';

-- One side of an entry. Append-only, never dropped. Its primary key is the one
-- index it has: a statement and a balance as of an instant both walk it, because
-- posted_at never runs backwards in a wallet.
CREATE TABLE posting (
    wallet_id uuid NOT NULL,
    posted_at timestamptz NOT NULL,
    wallet_seq bigint NOT NULL,
    entry_id uuid NOT NULL,
    side text NOT NULL,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    balance_after_minor bigint NOT NULL,
    CONSTRAINT posting_pkey PRIMARY KEY (wallet_id, posted_at, wallet_seq, entry_id),
    CONSTRAINT posting_side_is_known CHECK (side IN ('debit', 'credit')),
    CONSTRAINT posting_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT posting_wallet_seq_is_positive CHECK (wallet_seq > 0)
) PARTITION BY RANGE (entry_id);
COMMENT ON COLUMN posting.wallet_seq IS 'Number of the posting in its wallet, gapless from 1.';
COMMENT ON COLUMN posting.balance_after_minor IS 'Ledger balance of the wallet after it.';
