CREATE UNIQUE INDEX person_mail_key ON person (mail);
