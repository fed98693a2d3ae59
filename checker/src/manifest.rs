//! What a submission's manifest asks for beyond the task's own.
//!
//! The task's manifest decides: its names, its targets, the tests and what they need. Of the submission's, what counts
//! is what its code may need: dependencies, and features of dependencies. Features of its own are not looked at: what
//! stands behind one is compiled by nobody here, and no exercise needs any.

use toml::{Table, Value};

use crate::outcome::{Problem, Whose};

/// The task's manifest with what the submission's adds to it; `None` when it adds nothing.
///
/// # Errors
///
/// When the submission's cannot be read, is another package's, has a build script or is a procedural macro, or asks for
/// code that does not come from the registry.
pub fn merged(official: &str, theirs: &str) -> Result<Option<Table>, Problem> {
    let mut merged: Table = official
        .parse()
        .map_err(|error| Problem::our_bug("read a manifest", &error))?;
    let theirs: Table = theirs.parse().map_err(|error: toml::de::Error| Problem {
        whose: Whose::YourCode,
        message: "its Cargo.toml cannot be read".to_owned(),
        details: error.to_string(),
        help: "mend it; the task's own is a model".to_owned(),
    })?;
    let of = |manifest: &Table, table: &str, key: &str| manifest.get(table)?.get(key).cloned();
    let package = of(&merged, "package", "name");
    if of(&theirs, "package", "name") != package {
        return Err(Problem {
            whose: Whose::YourCode,
            message: "its Cargo.toml is another package's".to_owned(),
            details: String::new(),
            help: format!(
                "keep the task's name for the package: {}",
                package.unwrap_or("".into())
            ),
        });
    }
    let has_build_script =
        of(&theirs, "package", "build").is_some_and(|build| build != Value::Boolean(false));
    let is_macro = ["proc-macro", "proc_macro"]
        .iter()
        .any(|key| of(&theirs, "lib", key) == Some(Value::Boolean(true)));
    if has_build_script || is_macro {
        return Err(Problem::build_script());
    }
    let mut adds = false;
    if let Some(Value::Table(asked)) = theirs.get("dependencies") {
        let known = merged
            .entry("dependencies")
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(known) = known {
            for (name, asked) in asked {
                adds |= add(known, name, asked)?;
            }
        }
    }
    Ok(adds.then_some(merged))
}

/// Adds one dependency, or the features that it lacks, and says whether that changed anything.
fn add(known: &mut Table, name: &str, asked: &Value) -> Result<bool, Problem> {
    // Whatever else there is says where to get it from.
    const KNOWN: [&str; 6] = [
        "version",
        "features",
        "default-features",
        "default_features",
        "package",
        "optional",
    ];
    let comes_from_elsewhere = |asked: &Table| asked.keys().any(|key| !KNOWN.contains(&key.as_str()));
    match (known.get_mut(name), asked) {
        // The version is the task's, whatever they say: the checks are compiled with it.
        (Some(_), Value::String(_)) => Ok(false),
        (Some(ours), Value::Table(asked)) => {
            let wanted = asked
                .get("features")
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            let had = features(ours);
            let mut missing: Vec<Value> = wanted
                .into_iter()
                .filter(|feature| !had.contains(feature))
                .collect();
            if missing.is_empty() {
                return Ok(false);
            }
            // In an order of their own, so that who asks for the same gets the same.
            missing.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
            if let Value::String(version) = ours {
                let version = Value::String(std::mem::take(version));
                *ours = Value::Table(Table::from_iter([("version".to_owned(), version)]));
            }
            let all: Vec<Value> = had.into_iter().chain(missing).collect();
            if let Value::Table(ours) = ours {
                ours.insert("features".to_owned(), Value::Array(all));
            }
            Ok(true)
        }
        (None, Value::Table(asked)) if comes_from_elsewhere(asked) => Err(Problem {
            whose: Whose::YourCode,
            message: format!("it depends on `{name}`, which does not come from the registry"),
            details: String::new(),
            help: "depend on crates by their names and versions, or move the code into the crate".to_owned(),
        }),
        (None, asked) => {
            let mut asked = asked.clone();
            if let Value::Table(asked) = &mut asked {
                asked.remove("optional"); // it would take a feature to have it
            }
            known.insert(name.to_owned(), asked);
            Ok(true)
        }
        (Some(_), _) => Ok(false),
    }
}

fn features(dependency: &Value) -> Vec<Value> {
    let features = dependency.get("features").and_then(Value::as_array);
    features.cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICIAL: &str = r#"
        [package]
        name = "execute"
        [dependencies]
        rusqlite = { version = "0.39", features = ["bundled"] }
        serde = "1.0"
        shared = { path = "../shared" }
    "#;

    fn of(dependencies: &str) -> Result<Option<Table>, Problem> {
        merged(
            OFFICIAL,
            &format!("[package]\nname = 'execute'\n[dependencies]\n{dependencies}"),
        )
    }

    #[test]
    fn a_manifest_that_asks_for_less_or_the_same_adds_nothing() {
        let same =
            "rusqlite = { version = '0.38', features = ['bundled'] }\nshared = { path = '../elsewhere' }";
        assert_eq!(of(same).unwrap(), None);
        assert_eq!(of("").unwrap(), None);
    }

    #[test]
    fn another_crate_and_another_feature_are_added_and_all_else_is_the_tasks() {
        let merged = of(
            "rusqlite = { version = '0.1', features = ['hooks'] }\nrand = '0.9'\nserde = { version = '1', features = ['derive'] }",
        );
        let merged = merged.unwrap().unwrap();
        assert_eq!(merged["package"]["name"].as_str(), Some("execute"));
        let dependencies = &merged["dependencies"];
        assert_eq!(dependencies["rand"].as_str(), Some("0.9"));
        assert_eq!(dependencies["rusqlite"]["version"].as_str(), Some("0.39"));
        assert_eq!(features(&dependencies["rusqlite"]).len(), 2);
        assert_eq!(dependencies["serde"]["version"].as_str(), Some("1.0"));
        assert_eq!(dependencies["shared"]["path"].as_str(), Some("../shared"));
    }

    #[test]
    fn code_from_outside_of_the_registry_and_a_broken_manifest_are_refused() {
        assert_eq!(
            of("mine = { path = '../../mine' }").unwrap_err().whose,
            Whose::YourCode
        );
        assert_eq!(
            of("mine = { git = 'ssh://host/mine' }").unwrap_err().whose,
            Whose::YourCode
        );
        assert!(merged(OFFICIAL, "[dependencies").is_err());
    }
}
