//! Refuses a solution with code that runs before the checks, or that replaces a function that they call.
//!
//! A check proves with a token that it ran to its end. It reads the token before it calls the solution. A constructor
//! (`.init_array`) or a global allocator would run earlier, and a function named `write` would get the token as an argument.
//! Attributes, macros and assembly can all define these, so the compiled library is examined instead of the source.
//! Ordinary Rust, including `unsafe` code, has none of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use object::elf::{SHF_ALLOC, SHT_FINI_ARRAY, SHT_INIT_ARRAY, SHT_PREINIT_ARRAY, STT_GNU_IFUNC};
use object::read::archive::ArchiveFile;
use object::read::elf::{ElfFile64, SectionHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol};

use crate::outcome::{Problem, Whose};

/// The sections of ordinary code and data; each may have a suffix that begins with a dot.
const ORDINARY: [&str; 9] = [
    ".text",
    ".rodata",
    ".data",
    ".bss",
    ".tdata",
    ".tbss",
    ".gcc_except_table",
    ".eh_frame",
    ".note",
];

const ELF: &[u8] = b"\x7fELF";

type Elf<'data> = ElfFile64<'data, Endianness>;

/// Examines a compiled solution (`.rlib`). `reference` is the program of the same checks with the reference solution. Not
/// on macOS, whose object files have another format.
///
/// # Errors
///
/// If the library has such code, which is the submission's fault, or a file cannot be read, which is our bug.
pub(crate) fn refuse(library: &Path, reference: &Path) -> Result<(), Problem> {
    refused(find(library, reference))
}

/// Examines the linked program of the checks. Assembly in a generic function is compiled with the code that calls it, so it
/// is not in the solution's library.
///
/// # Errors
///
/// Like [`refuse`].
pub(crate) fn refuse_program(program: &Path, reference: &Path) -> Result<(), Problem> {
    refused(find_in_program(program, reference))
}

fn refused(found: Result<Option<String>, Box<dyn std::error::Error>>) -> Result<(), Problem> {
    match found.map_err(|error| Problem::our_bug("examine the solution", &error))? {
        None => Ok(()),
        Some(what) => Err(Problem {
            whose: Whose::YourCode,
            message: format!(
                "the solution has code that would run before the checks, or that replaces a function that they call: {what}"
            ),
            details: String::new(),
            help: "remove `link_section`, `no_mangle`, `export_name`, `global_allocator` and assembly: no exercise needs them"
                .to_owned(),
        }),
    }
}

fn find_in_program(
    program: &Path,
    reference: &Path,
) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let (program, reference) = (fs::read(program)?, fs::read(reference)?);
    if !program.starts_with(ELF) {
        return Ok(None);
    }
    let (program, reference) = (Elf::parse(&*program)?, Elf::parse(&*reference)?);
    if early_entries(&program) > early_entries(&reference) {
        return Ok(Some("a constructor or destructor".to_owned()));
    }
    let imported: BTreeSet<&str> = reference
        .dynamic_symbols()
        .filter(|symbol| symbol.is_undefined())
        .filter_map(|symbol| symbol.name().ok())
        .collect();
    for symbol in program.symbols().filter(|symbol| !symbol.is_undefined()) {
        let name = symbol.name()?;
        if symbol.elf_symbol().st_type() == STT_GNU_IFUNC {
            return Ok(Some(format!("the indirect function `{name}`")));
        }
        if !symbol.is_local() && imported.contains(name) {
            return Ok(Some(format!("the symbol `{name}`")));
        }
    }
    Ok(None)
}

/// Returns the number of bytes in the lists of functions that run before and after `main`.
fn early_entries(elf: &Elf<'_>) -> u64 {
    let sections = elf.sections();
    let lists = sections.filter(|section| {
        let kind = section.elf_section_header().sh_type(elf.endian());
        [SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY].contains(&kind)
    });
    lists.map(|section| section.size()).sum()
}

fn find(library: &Path, reference: &Path) -> Result<Option<String>, Box<dyn std::error::Error>> {
    let library = fs::read(library)?;
    let archive = ArchiveFile::parse(&*library)?;
    let mut names = Vec::new();
    for member in archive.members() {
        let member = member?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        let member = member.data(&*library)?;
        if !member.starts_with(ELF) {
            // The crate's metadata. Anything else could hide such code: with link-time optimization, it is bitcode.
            if name.ends_with(".rmeta") || !cfg!(target_os = "linux") {
                continue;
            }
            return Ok(Some(format!("a part that is not machine code, `{name}`")));
        }
        let elf = Elf::parse(member)?;
        if let Some(section) = unusual_section(&elf)? {
            return Ok(Some(format!("the section `{section}`")));
        }
        for symbol in elf.symbols().filter(|symbol| !symbol.is_undefined()) {
            let name = symbol.name()?;
            if symbol.elf_symbol().st_type() == STT_GNU_IFUNC {
                return Ok(Some(format!("the indirect function `{name}`")));
            }
            if !symbol.is_local() && can_replace(name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        return Ok(None);
    }
    let reference = fs::read(reference)?;
    let elf = Elf::parse(&*reference)?;
    for symbol in elf.symbols().chain(elf.dynamic_symbols()) {
        // An imported symbol may have a version: `write@GLIBC_2.2.5`.
        let name = symbol.name()?.split('@').next().unwrap_or_default();
        if names.contains(&name) {
            return Ok(Some(format!("the symbol `{name}`")));
        }
    }
    Ok(None)
}

/// Returns a loaded section that the linker or the system may not treat as ordinary code or data. They ignore names without
/// a dot.
fn unusual_section(elf: &Elf<'_>) -> object::Result<Option<String>> {
    for section in elf.sections() {
        let (name, header) = (section.name()?, section.elf_section_header());
        let kind = header.sh_type(elf.endian());
        let is_array = [SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY].contains(&kind);
        let is_loaded = header.sh_flags(elf.endian()).contains(SHF_ALLOC);
        let is_ordinary = !name.starts_with('.')
            || ORDINARY.iter().any(|ordinary| {
                let suffix = name.strip_prefix(ordinary);
                suffix.is_some_and(|suffix| suffix.is_empty() || suffix.starts_with('.'))
            });
        if is_array || is_loaded && !is_ordinary {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// Returns whether a symbol could replace one of another library. Rust's symbols have their crate in their names, except
/// for a few of the runtime's, such as the allocator.
fn can_replace(name: &str) -> bool {
    let is_of_rust = name.starts_with("_R") || name.starts_with("_ZN");
    let is_of_the_runtime = name.contains("___rustc");
    // Every crate that can unwind has this one.
    name != "DW.ref.rust_eh_personality" && (!is_of_rust || is_of_the_runtime)
}
