CREATE TABLE account (
    id int PRIMARY KEY,
    email text,
    nick varchar(20)
);
