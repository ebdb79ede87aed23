//! The Lambda zips: those in this binary, or those in a folder, if they are for the architecture that
//! the functions are to run on.

use std::path::{Path, PathBuf};

use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};
use pipetrail_stacksets::Zip;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::config::Architecture;
use crate::failure::{Exit, Explain};

// `EMBEDDED`: name and bytes of every function, once per architecture; written by `build.rs`.
include!(concat!(env!("OUT_DIR"), "/zips.rs"));

/// The functions whose zips `apply` uploads, by the name of their file.
pub(crate) const FUNCTIONS: [&str; 4] = ["transform", "settle", "approval", "watch"];

/// Length of an ELF header up to and with `e_machine`.
const ELF_HEAD: usize = 20;

/// Zips that cannot be used.
#[derive(Debug, Error)]
pub(crate) enum ZipError {
    /// A file cannot be read.
    #[error("cannot read the Lambda zip {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no Linux executable where Lambda expects one.
    #[error("{} is not a zip of .ci/lambda-zips: it does not begin with a deflated Linux executable", .0.display())]
    Strange(PathBuf),
    /// It was built for the other architecture.
    #[error("{} is built for {}, but audit.architecture is \"{}\"", path.display(), found.as_str(), wanted.as_str())]
    Other {
        /// The file.
        path: PathBuf,
        /// What it was built for.
        found: Architecture,
        /// What the configuration says.
        wanted: Architecture,
    },
    /// This binary has none, or none of this architecture.
    #[error("this pipetrail has no Lambda functions for {} in it", .0.as_str())]
    NotEmbedded(Architecture),
}

impl Explain for ZipError {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            ZipError::Unreadable { .. } | ZipError::Strange(_) => {
                "build the zips with `.ci/lambda-zips`, or name their folder with --function-zips".to_owned()
            }
            ZipError::Other { found, .. } => format!(
                "set audit.architecture = \"{}\" in pipetrail.toml, or build the zips on a machine of the other architecture",
                found.as_str()
            ),
            ZipError::NotEmbedded(_) => "take a released binary, which has those of both architectures; or build the zips with `.ci/lambda-zips` and install again, or name their folder with --function-zips; `pipetrail --version` lists what is in it".to_owned(),
        })
    }
}

/// The zip of every function: from `folder` where one is named, else those in this binary.
///
/// # Errors
/// There is none, or it is not for `wanted`.
pub(crate) fn find(folder: Option<&Path>, wanted: Architecture) -> Result<Vec<Zip>, ZipError> {
    match folder {
        Some(folder) => FUNCTIONS.iter().map(|name| read(folder, name, wanted)).collect(),
        None => choose(EMBEDDED, wanted),
    }
}

fn read(folder: &Path, name: &str, wanted: Architecture) -> Result<Zip, ZipError> {
    let path = folder.join(format!("{name}.zip"));
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(ZipError::Unreadable { path, source }),
    };
    match architecture(&bytes) {
        None => Err(ZipError::Strange(path)),
        Some(found) if found != wanted => Err(ZipError::Other { path, found, wanted }),
        Some(_) => Ok(zip(name, bytes)),
    }
}

fn zip(name: &str, bytes: Vec<u8>) -> Zip {
    let name = name.to_owned();
    Zip { name, bytes }
}

fn choose(embedded: &[(&str, &[u8])], wanted: Architecture) -> Result<Vec<Zip>, ZipError> {
    let zips = embedded.iter().filter(|(_, bytes)| architecture(bytes) == Some(wanted));
    let zips: Vec<Zip> = zips.map(|(name, bytes)| zip(name, bytes.to_vec())).collect();
    // Part of them is no use: a folder may have held zips of both architectures.
    if !FUNCTIONS.iter().all(|name| zips.iter().any(|zip| zip.name == *name)) {
        return Err(ZipError::NotEmbedded(wanted));
    }
    Ok(zips)
}

/// What the executable that a zip begins with was built for; `None` where it begins with none.
///
/// Offsets are those of a zip's local file header (APPNOTE 4.3.7) and of an ELF header.
fn architecture(zip: &[u8]) -> Option<Architecture> {
    let number = |at: usize| Some(usize::from(u16::from_le_bytes([*zip.get(at)?, *zip.get(at + 1)?])));
    if !zip.starts_with(b"PK\x03\x04") || number(8)? != 8 {
        return None;
    }
    let deflated = zip.get(30 + number(26)? + number(28)?..)?;
    let mut head = [0; ELF_HEAD];
    // It ends for want of room: only the head is wanted.
    let flags = TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let (_, _, written) = decompress(&mut DecompressorOxide::new(), deflated, &mut head, 0, flags);
    if written < ELF_HEAD || !head.starts_with(b"\x7fELF") {
        return None;
    }
    match u16::from_le_bytes([head[18], head[19]]) {
        62 => Some(Architecture::X86),
        183 => Some(Architecture::Arm),
        _ => None,
    }
}

/// The version, and which functions are in this binary.
pub(crate) fn version() -> String {
    let functions = EMBEDDED.iter().map(|(name, bytes)| {
        let built_for = architecture(bytes).map_or("unknown", Architecture::as_str);
        let digest = Sha256::digest(bytes);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("\n{name} {built_for} sha256:{digest}")
    });
    let functions: String = functions.collect();
    let functions = match functions.is_empty() {
        true => "\nno Lambda functions embedded",
        false => &functions,
    };
    format!("pipetrail {}{functions}", env!("CARGO_PKG_VERSION"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A zip as `.ci/lambda-zips` makes it, of an executable for the machine.
    fn zip(machine: u16) -> Vec<u8> {
        let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
        elf.extend(machine.to_le_bytes());
        elf.extend([0; 100]);
        let mut zip = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
        zip.extend([0; 16]);
        zip.extend([9, 0, 0, 0]);
        zip.extend(b"bootstrap");
        // One block that is stored, the last.
        let length = u16::try_from(elf.len()).unwrap();
        zip.push(1);
        zip.extend(length.to_le_bytes());
        zip.extend((!length).to_le_bytes());
        zip.extend(elf);
        zip
    }

    #[test]
    fn the_architecture_is_read_off_the_executable_in_the_zip() {
        assert_eq!(architecture(&zip(62)), Some(Architecture::X86));
        assert_eq!(architecture(&zip(183)), Some(Architecture::Arm));
        assert_eq!(architecture(&zip(8)), None);
    }

    #[test]
    fn no_cut_of_a_zip_is_read_beyond_its_end() {
        let whole = zip(62);
        for length in 0..whole.len() {
            let _ = architecture(&whole[..length]);
        }
        assert_eq!(architecture(b"PK\x03\x04 and no more"), None);
    }

    #[test]
    fn the_functions_in_the_binary_are_chosen_by_architecture() {
        let (x86, arm) = (zip(62), zip(183));
        let of = |bytes| FUNCTIONS.map(|name| (name, bytes));
        let both: Vec<(&str, &[u8])> = [of(x86.as_slice()), of(arm.as_slice())].concat();
        let chosen = choose(&both, Architecture::Arm).unwrap();
        assert_eq!(chosen.len(), FUNCTIONS.len());
        assert!(chosen.iter().all(|zip| zip.bytes == arm));
        let error = choose(&both[..both.len() - 1], Architecture::Arm).unwrap_err();
        assert_eq!(
            error.to_string(),
            "this pipetrail has no Lambda functions for arm64 in it"
        );
        assert!(error.hint().unwrap().contains("--function-zips"));
    }

    #[test]
    fn a_folder_of_the_other_architecture_is_refused_before_anything_is_uploaded() {
        let folder = std::env::temp_dir().join(format!("pipetrail-zips-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in FUNCTIONS {
            std::fs::write(folder.join(format!("{name}.zip")), zip(62)).unwrap();
        }
        let right = find(Some(&folder), Architecture::X86);
        let wrong = find(Some(&folder), Architecture::Arm);
        std::fs::remove_dir_all(&folder).unwrap();
        let gone = find(Some(&folder), Architecture::X86);
        assert_eq!(right.unwrap().len(), FUNCTIONS.len());
        let wrong = wrong.unwrap_err();
        assert!(
            wrong
                .to_string()
                .ends_with("transform.zip is built for x86_64, but audit.architecture is \"arm64\"")
        );
        assert!(wrong.hint().unwrap().contains("audit.architecture = \"x86_64\""));
        assert!(gone.unwrap_err().to_string().starts_with("cannot read the Lambda zip"));
    }

    #[test]
    fn the_version_names_every_function_with_its_architecture_and_digest() {
        let version = version();
        let lines: Vec<&str> = version.lines().collect();
        assert_eq!(lines[0], concat!("pipetrail ", env!("CARGO_PKG_VERSION")));
        assert_eq!(lines.len(), 1 + EMBEDDED.len().max(1));
        for (line, (name, _)) in lines[1..].iter().zip(EMBEDDED) {
            let digest = line.rsplit_once("sha256:").unwrap().1;
            assert!(line.starts_with(name) && digest.len() == 64, "{line}");
        }
    }
}
