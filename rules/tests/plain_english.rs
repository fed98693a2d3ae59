//! The text of this repository is plain English, since many readers have English as a second language and meet it while
//! something fails. Each pattern is a habit that made earlier texts hard to read.
//!
//! A group is a top folder. It may have one hit in 1,000 words.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use rules::{read, root};

/// A habit, as an expression in which a space stands for any white space, and the reason to avoid it.
struct Pattern {
    expression: &'static str,
    reason: &'static str,
}

const PATTERNS: [Pattern; 17] = [
    Pattern {
        expression: r"[,;:(] for (it|they|there|that|this|these|those|we|he|nobody|somebody|neither|then|who|whoever|what|whatever)\b",
        reason: "write `because`: `for` is read as a preposition first",
    },
    Pattern {
        expression: r"[,;] for (a|an|the|its|their|each|only|no|all|most|many|some|such|every|\w+'s|[A-Z]\w+|`[^`]+`)( [\w'`-]+)? (is|are|was|were|has|have|does|do|did|can|cannot|could|would|will|must|may|might)\b",
        reason: "write `because`: `for` is read as a preposition first",
    },
    Pattern {
        expression: r"\b([Nn]obody|[Ss]omebody|[Aa]nybody|[Ee]verybody)('s)?\b",
        reason: "name the subject: the caller, another process, the student",
    },
    Pattern {
        expression: r"(?i-u:\b(whoever|whomever|whom|one's own)\b)",
        reason: "name the subject: the caller, another process, the student",
    },
    Pattern {
        expression: r"(^|[.;:] |\b(for|of|by|to|with) )[Ww]ho (is|has|does|comes|wants|catches|opens|uses|runs|waits|will|can|may|must|knows|holds|asks|did|cannot)\b[^?]*$",
        reason: "name the subject: `who …` as a subject is not modern English",
    },
    Pattern {
        expression: r", (too|also)\b",
        reason: "delete the filler, or put `also` before the verb",
    },
    Pattern {
        expression: r"\b(all the same|at all|by then|for ever|as ever|[Hh]alf-?way|part-?way|of its own accord)\b",
        reason: "delete the filler",
    },
    Pattern {
        expression: r"\b([Ss]o many|[Ss]o much of|[Ss]o often)\b",
        reason: "give the number, or its name",
    },
    Pattern {
        expression: r"\bof (its|their|his|our|your|one's) own\b|\b\w+'s own\b",
        reason: "write `a separate …`, `your own …`, or nothing",
    },
    Pattern {
        expression: r"\b([Hh]ence|[Tt]hus|[Bb]esides|[Ll]ikewise|[Mm]eanwhile|in vain|[Aa]new|[Hh]itherto)\b",
        reason: "use the everyday word: so, also, in the meantime, again",
    },
    Pattern {
        expression: r"\b[Mm]end(s|ed|ing)?\b",
        reason: "write `fix`",
    },
    Pattern {
        expression: r"\b([Ss]hall|[Ww]hence|[Tt]hereof|[Tt]hereby|[Ww]hereupon)\b",
        reason: "use the everyday word",
    },
    Pattern {
        expression: r"\b(hears?|heard|tells?|told|becomes?|became|comes?|came) of\b",
        reason: "say what happens: `reports`, `the result of`",
    },
    Pattern {
        expression: r"\b((is|are|was|were) there (already|yet)|(that|which|what) (is|was) there)\b",
        reason: "write `exists`",
    },
    Pattern {
        expression: r"\b(let go|lets go|hand(s|ed)? over|handed on|takes its leave|polite(ly)?|stranger|blotted)\b",
        reason: "a metaphor is not a name: use the term of the field",
    },
    Pattern {
        expression: r"\b(is|are|was|were) to (be|do|give|go|see|say|hold|stop|stay|keep)\b",
        reason: "write `must`, `should` or `will`",
    },
    Pattern {
        expression: r"\bit is (a|the) [\w ]+ (who|that) (is|are|has|have)\b",
        reason: "ordinary word order: subject, verb, object",
    },
];

/// How a doc comment must not begin: the reader looks for what the item does.
const DOC_BEGINS: Pattern = Pattern {
    expression: r"^(What|How|Whether|Who|Whose|Whoever|Whom)\b",
    reason: "begin with a verb in the third person, or with a noun phrase",
};

/// Phrases in which a pattern is harmless.
const EXCEPTIONS: [&str; 4] = [
    "not at all",
    "SQLite's own",
    "Tell the",
    "for the first time",
];

/// The top folders, and `.` for the files beside them. A new folder must be added here.
const GROUPS: [&str; 17] = [
    ".",
    ".ci",
    ".devcontainer",
    ".github",
    "0-databaseconnection",
    "1-execute",
    "2-concurrent",
    "3-mysql-pool",
    "bench",
    "checker",
    "docs",
    "robustness",
    "rules",
    "seed",
    "shared",
    "solutions",
    "survey",
];

/// Folders and files that hold no text of ours.
const SKIPPED: [&str; 5] = [
    "target",
    ".git",
    "bench/results",
    "Cargo.lock",
    "rules/tests/plain_english.rs",
];

/// A piece of text that people read, and the line of the file that it begins at.
struct Text {
    line: usize,
    is_doc: bool,
    words: String,
}

#[derive(Default)]
struct Group {
    words: usize,
    hits: Vec<String>,
}

impl Group {
    fn is_plain(&self) -> bool {
        self.hits.len() * 1000 <= self.words
    }

    fn figures(&self) -> String {
        format!("{} hits in {} words", self.hits.len(), self.words)
    }
}

#[test]
fn every_group_is_plain() {
    let mut failures = String::new();
    for (name, group) in measure() {
        if !GROUPS.contains(&name.as_str()) {
            failures += &format!("{name} is not in the list of groups\n");
        }
        if !group.is_plain() {
            failures += &format!("{name}: {}\n{}", group.figures(), group.hits.join(""));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn the_patterns_find_what_they_are_for_and_nothing_in_plain_text() {
    let patterns = compile();
    let hits = |words: &str| {
        let text = Text {
            line: 1,
            is_doc: true,
            words: words.to_owned(),
        };
        find(&patterns, &text).len()
    };
    for words in [
        "Closes it, for it is open.",
        "Stops, for the\nserver has ended.",
        "A lock that somebody else holds.",
        "Whether it is open.",
        "It is closed, too.",
        "A folder of its own.",
        "mend it",
        &sentence("nobody_waits_for_it.rs", 1).unwrap().words,
    ] {
        assert_eq!(hits(words), 1, "{words}");
    }
    for words in [
        "Returns the users, for example Ada.",
        "Waits for the server, for 5 seconds at most.",
        "Closes the connection, because the server has ended.",
    ] {
        assert_eq!(hits(words), 0, "{words}");
    }
}

fn compile() -> Vec<(Regex, &'static str)> {
    let compile = |pattern: &Pattern| {
        let expression = pattern.expression.replace(' ', r"\s+");
        (Regex::new(&expression).unwrap(), pattern.reason)
    };
    // The pattern for the beginning of a doc comment is the last.
    PATTERNS.iter().chain([&DOC_BEGINS]).map(compile).collect()
}

/// Returns the places of the patterns, with the reason.
fn find(patterns: &[(Regex, &'static str)], text: &Text) -> Vec<(Range<usize>, &'static str)> {
    let used = if text.is_doc {
        patterns.len()
    } else {
        patterns.len() - 1
    };
    let is_harmless = |place: &Range<usize>| {
        EXCEPTIONS.iter().any(|phrase| {
            let mut places = text.words.match_indices(phrase);
            places.any(|(at, _)| at <= place.start && place.end <= at + phrase.len())
        })
    };
    patterns[..used]
        .iter()
        .flat_map(|(regex, reason)| {
            let places = regex.find_iter(&text.words);
            places.map(|place| (place.range(), *reason))
        })
        .filter(|(place, _)| !is_harmless(place))
        .collect()
}

fn measure() -> BTreeMap<String, Group> {
    let patterns = compile();
    let mut groups = BTreeMap::<String, Group>::new();
    for_each_file(&root(), &mut |file, name| {
        let top = name.split_once('/').map_or(".", |(top, _)| top);
        for text in texts(file, name) {
            let group = groups.entry(top.to_owned()).or_default();
            group.words += text.words.split_whitespace().count();
            for (place, reason) in find(&patterns, &text) {
                let line = text.line + text.words[..place.start].matches('\n').count();
                let words = text.words[place].split_whitespace();
                let words = words.collect::<Vec<_>>().join(" ");
                group
                    .hits
                    .push(format!("  {name}:{line}: `{words}`: {reason}\n"));
            }
        }
    });
    groups
}

fn for_each_file(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let last = path.file_name().unwrap().to_str().unwrap();
        if SKIPPED.contains(&name) || SKIPPED.contains(&last) {
            continue;
        }
        if path.is_dir() {
            for_each_file(&path, visit);
        } else {
            visit(&path, name);
        }
    }
}

/// Returns the text that people read in a file.
fn texts(file: &Path, name: &str) -> Vec<Text> {
    let (_, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut texts = match extension {
        "md" => paragraphs(&read(file), None, false),
        "rs" => {
            let source = read(file);
            let mut texts = comments(&source);
            texts.extend(strings(&source));
            texts.extend(sentences(&source));
            texts
        }
        "diff" => {
            let header: Vec<_> = lines_before(&read(file), "--- ");
            paragraphs(&header.join("\n"), None, false)
        }
        "toml" | "sh" | "py" | "yml" | "test" | "bench/run" | "ci/run" => {
            paragraphs(&read(file), Some("# "), false)
        }
        _ => Vec::new(),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    texts.extend(sentence(last, 1));
    texts
}

/// Returns the words of a name that is a sentence, as a test's and a solution's is: four words or more.
fn sentence(name: &str, line: usize) -> Option<Text> {
    let words = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words = words.replace(['_', '-'], " ");
    (words.split(' ').count() >= 4).then_some(Text {
        line,
        is_doc: false,
        words,
    })
}

/// Returns the names of functions that are sentences.
fn sentences(source: &str) -> Vec<Text> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bfn (\w+)").unwrap());
    let names = NAME.captures_iter(source).filter_map(|found| found.get(1));
    names
        .filter_map(|name| {
            sentence(
                name.as_str(),
                source[..name.start()].matches('\n').count() + 1,
            )
        })
        .collect()
}

fn lines_before(text: &str, end: &str) -> Vec<String> {
    text.lines()
        .take_while(|line| !line.starts_with(end))
        .map(str::to_owned)
        .collect()
}

/// Joins neighbouring lines that begin with a mark, without blocks of code, code in backticks and targets of links.
fn paragraphs(text: &str, mark: Option<&str>, is_doc: bool) -> Vec<Text> {
    static CODE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"`[^`\n]*`|\]\([^)]*\)|<[^>]*>").unwrap());
    let words_of = |line: &str| match mark {
        None => Some(line.trim().to_owned()),
        Some(mark) => {
            let words = line.trim_start().strip_prefix(mark)?;
            (!words.starts_with('/')).then(|| words.trim().to_owned())
        }
    };
    let mut texts: Vec<Text> = Vec::new();
    let mut is_open = false;
    let mut in_block = false;
    let mut in_comment = false;
    for (number, line) in text.lines().enumerate() {
        let words = words_of(line);
        let begins = !in_comment;
        in_comment = words.is_some();
        let is_fence = words.as_ref().is_some_and(|words| words.starts_with("```"));
        in_block = words.is_some() && in_block != is_fence;
        let Some(words) = words.filter(|words| !words.is_empty() && !in_block && !is_fence) else {
            is_open = false;
            continue;
        };
        let words = CODE.replace_all(&words, "`code`");
        match texts.last_mut().filter(|_| is_open) {
            Some(text) => text.words += &format!("\n{words}"),
            None => texts.push(Text {
                line: number + 1,
                is_doc: is_doc && begins,
                words: words.into_owned(),
            }),
        }
        is_open = true;
    }
    texts
}

fn comments(source: &str) -> Vec<Text> {
    let mut texts = Vec::new();
    for (mark, is_doc) in [("///", true), ("//!", true), ("// ", false)] {
        texts.extend(paragraphs(source, Some(mark), is_doc));
    }
    texts
}

/// Returns the strings of three words or more: messages, most of them. SQL is not a message.
fn strings(source: &str) -> Vec<Text> {
    static STRING: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?s)//[^\n]*|'(?:\\.|[^\\'\n])'|r#*"[^"]*"|"((?:\\.|[^"\\])*)""#).unwrap()
    });
    static SQL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(SELECT|CREATE|INSERT|UPDATE|DELETE|PRAGMA|DROP|ALTER|RENAME|GRANT)\b")
            .unwrap()
    });
    static CONTINUED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\\\n\s*").unwrap());
    STRING
        .captures_iter(source)
        .filter_map(|found| found.get(1))
        .filter(|text| text.as_str().split_whitespace().count() >= 3)
        .filter(|text| !SQL.is_match(text.as_str()))
        .map(|text| Text {
            line: source[..text.start()].matches('\n').count() + 1,
            is_doc: false,
            words: CONTINUED
                .replace_all(text.as_str(), "\n")
                .replace(r"\n", " "),
        })
        .collect()
}
