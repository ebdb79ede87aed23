//! Embeds the audits: every file of `audits/` and of `audits/shared/`, once their headers are found to
//! be right.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/audits/header.rs"]
mod header;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/audits/header.rs");
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?).join("audits");
    let mut code = String::new();
    for (table, folder) in [("FILES", folder.clone()), ("SHARED", folder.join("shared"))] {
        println!("cargo::rerun-if-changed={}", folder.display());
        let files = fs::read_dir(&folder)?.map(|entry| Ok(entry?.path()));
        let mut files: Vec<PathBuf> = files.collect::<Result<_, std::io::Error>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
        // By name, not by path: `.sql` sorts behind `-`.
        files.sort_by_key(|path| path.file_stem().map(ToOwned::to_owned));
        writeln!(code, "pub(super) static {table}: &[(&str, &str)] = &[")?;
        for path in files {
            let name = path.file_stem().and_then(|name| name.to_str());
            let name = name.ok_or("a file without a name")?;
            let text = fs::read_to_string(&path)?;
            if table == "FILES" {
                header::read(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            writeln!(code, "    ({name:?}, include_str!({:?})),", path.canonicalize()?)?;
        }
        code.push_str("];\n");
    }
    let out = env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    fs::write(Path::new(&out).join("audits.rs"), code)?;
    Ok(())
}
