//! Lists the demo's migrations for `include_str!`, so that the binary carries them.

use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("demo/migrations");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().into_string().map_err(|n| format!("{}", n.display()))?);
        }
    }
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let script = root.join(&name).join("migration.sql");
        writeln!(list, "    ({name:?}, include_str!({:?})),", script.display().to_string())?;
    }
    list.push_str("]\n");
    let out = Path::new(&std::env::var("OUT_DIR")?).join("demo_migrations.rs");
    std::fs::write(out, list)?;
    Ok(())
}
