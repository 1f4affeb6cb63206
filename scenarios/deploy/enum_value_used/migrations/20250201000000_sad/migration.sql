ALTER TYPE mood ADD VALUE 'sad';
CREATE TABLE day (mood mood DEFAULT 'sad');
