//! The part of JSON Schema that `docs/grade.schema.json` uses. A full validator takes longer to build than the checker.

use serde_json::Value;

/// Returns the errors in the value, each with its place.
///
/// # Panics
///
/// If the schema uses a keyword that this module does not know.
pub fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut errors = Vec::new();
    check(schema, schema, value, "", &mut errors);
    errors
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, errors: &mut Vec<String>) {
    let empty = serde_json::Map::new();
    let known = schema["properties"].as_object().unwrap_or(&empty);
    let mut wrong = |what: String| errors.push(format!("{at}: {what}"));
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => {}
            "type" => {
                let is_it = match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                };
                if !is_it {
                    wrong(format!("is no {rule}"));
                }
            }
            "const" if value != rule => wrong(format!("is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                wrong(format!("is none of {rule}"))
            }
            "minimum" if value.as_f64() < rule.as_f64() => wrong(format!("is below {rule}")),
            "const" | "enum" | "minimum" => {}
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        wrong(format!("lacks {name}"));
                    }
                }
            }
            "additionalProperties" => {
                assert_eq!(rule, false);
                for name in value
                    .as_object()
                    .into_iter()
                    .flat_map(|object| object.keys())
                {
                    if !known.contains_key(name) {
                        wrong(format!("has {name:?}"));
                    }
                }
            }
            // Handled below.
            "properties" | "items" | "$ref" | "anyOf" => {}
            other => panic!("the keyword {other}"),
        }
    }
    for (name, schema) in known {
        if let Some(value) = value.get(name) {
            check(root, schema, value, &format!("{at}/{name}"), errors);
        }
    }
    if let Some(schema) = schema.get("items") {
        for (index, value) in value.as_array().into_iter().flatten().enumerate() {
            check(root, schema, value, &format!("{at}/{index}"), errors);
        }
    }
    if let Some(pointer) = schema.get("$ref") {
        let schema = root
            .pointer(pointer.as_str().unwrap().trim_start_matches('#'))
            .unwrap();
        check(root, schema, value, at, errors);
    }
    if let Some(any) = schema.get("anyOf") {
        let fails = |schema: &Value| {
            let mut errors = Vec::new();
            check(root, schema, value, at, &mut errors);
            errors
        };
        let all: Vec<Vec<String>> = any.as_array().unwrap().iter().map(fails).collect();
        if all.iter().all(|errors| !errors.is_empty()) {
            errors.extend(all.concat());
        }
    }
}
