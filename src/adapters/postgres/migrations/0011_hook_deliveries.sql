-- Webhook deliveries that were taken, so that none is taken twice. A delivery has one row per way to recognise it: its id, and the
-- digest of its body where the id is not covered by the signature.
CREATE TABLE hook_deliveries (
  provider    text NOT NULL,
  key         text NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (provider, key)
);
CREATE INDEX hook_deliveries_by_age ON hook_deliveries (received_at);
