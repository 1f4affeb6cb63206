-- underpin: allow BUILD-CREATE-INDEX a few hundred rows
CREATE INDEX account_email_idx ON account (email);

ALTER TABLE account
    DROP COLUMN nick;
