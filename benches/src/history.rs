//! The history that benchmarks apply.

use std::fmt::Write as _;
use std::path::Path;

/// A history of the shape that the public corpora have: a third create tables with indexes and
/// foreign keys, the rest add columns, indexes, enums and constraints to what is there.
#[must_use]
pub fn migration(number: usize) -> String {
    let table = number / 3;
    match number % 3 {
        0 => {
            let mut sql = format!(
                "CREATE TYPE \"Kind{table}\" AS ENUM ('a', 'b', 'c');\n\
                 CREATE TABLE \"T{table}\" (\"id\" TEXT NOT NULL, \"kind\" \"Kind{table}\" NOT NULL DEFAULT 'a', \
                 \"name\" TEXT NOT NULL, \"total\" DECIMAL(10,2), \"createdAt\" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, \
                 \"parentId\" TEXT, CONSTRAINT \"T{table}_pkey\" PRIMARY KEY (\"id\"));\n\
                 CREATE INDEX \"T{table}_name_idx\" ON \"T{table}\"(\"name\");\n"
            );
            if table > 0 {
                let parent = table - 1;
                let _infallible = write!(
                    sql,
                    "ALTER TABLE \"T{table}\" ADD CONSTRAINT \"T{table}_parentId_fkey\" FOREIGN KEY (\"parentId\") \
                     REFERENCES \"T{parent}\"(\"id\") ON DELETE SET NULL ON UPDATE CASCADE;"
                );
            }
            sql
        }
        1 => format!(
            "ALTER TABLE \"T{table}\" ADD COLUMN \"email\" TEXT, ADD COLUMN \"score\" INTEGER NOT NULL DEFAULT 0;\n\
             CREATE UNIQUE INDEX \"T{table}_email_key\" ON \"T{table}\"(\"email\");"
        ),
        _ => format!(
            "ALTER TABLE \"T{table}\" ADD CONSTRAINT \"T{table}_score_check\" CHECK (\"score\" >= 0);"
        ),
    }
}

/// Writes the first `count` migrations as Prisma has them.
///
/// # Errors
/// What could not be written.
pub fn write_folder(folder: &Path, count: usize) -> std::io::Result<()> {
    for number in 0..count {
        let one = folder.join(name(number));
        std::fs::create_dir_all(&one)?;
        std::fs::write(one.join("migration.sql"), migration(number))?;
    }
    Ok(())
}

/// The folder's name of a migration.
#[must_use]
pub fn name(number: usize) -> String {
    format!("2025{number:010}_step")
}
