CREATE INDEX b_x_idx ON b (x);
