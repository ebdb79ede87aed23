//! Embeds the Lambda zips, so that the binary needs nothing beside itself.
//!
//! They are looked for in the folder that `PIPETRAIL_ZIPS` names, else in `lambda` below the target
//! folder, where `.ci/lambda-zips` puts them: as they are there, or in a folder per architecture
//! (`x86_64`, `arm64`). Without them the binary has none, and `apply` asks for `--function-zips`.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const FUNCTIONS: [&str; 4] = ["transform", "settle", "approval", "watch"];
const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=PIPETRAIL_ZIPS");
    println!("cargo::rerun-if-env-changed=CARGO_TARGET_DIR");
    println!("cargo::rerun-if-changed=build.rs");
    let named = env::var_os("PIPETRAIL_ZIPS").map(PathBuf::from);
    let folder = match &named {
        Some(folder) => folder.clone(),
        None => default_folder()?,
    };
    let one = complete(&folder);
    let sets: Vec<PathBuf> = if one {
        vec![folder.clone()]
    } else {
        ARCHITECTURES
            .map(|name| folder.join(name))
            .into_iter()
            .filter(|folder| complete(folder))
            .collect()
    };
    if let (Some(named), true) = (named, sets.is_empty()) {
        return Err(format!("PIPETRAIL_ZIPS: {} holds no {FUNCTIONS:?} zips", named.display()).into());
    }
    if one {
        for path in zips(&folder) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    } else {
        // Cargo builds anew at every call while a file that it watches is missing: it watches the
        // folder that the zips will appear in. Sources that cannot be written to need none.
        if fs::create_dir_all(&folder).is_ok() {
            println!("cargo::rerun-if-changed={}", folder.display());
        }
    }

    let mut code = String::from("static EMBEDDED: &[(&str, &[u8])] = &[\n");
    for (name, path) in sets.iter().flat_map(|folder| FUNCTIONS.into_iter().zip(zips(folder))) {
        writeln!(code, "    ({name:?}, include_bytes!({:?})),", path.canonicalize()?)?;
    }
    code.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or("no OUT_DIR")?;
    fs::write(Path::new(&out).join("zips.rs"), code)?;
    Ok(())
}

fn default_folder() -> Result<PathBuf, Box<dyn Error>> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("no CARGO_MANIFEST_DIR")?);
    let root = package.parent().ok_or("the package has no parent")?;
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    Ok(root.join(target).join("lambda"))
}

fn zips(folder: &Path) -> [PathBuf; FUNCTIONS.len()] {
    FUNCTIONS.map(|name| folder.join(format!("{name}.zip")))
}

fn complete(folder: &Path) -> bool {
    zips(folder).iter().all(|path| path.is_file())
}
