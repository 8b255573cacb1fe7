//! JSON Schema (as OpenAPI 3.1 has it under `components.schemas`) to TypeScript types.
//!
//! Covers what the program's description uses: objects, arrays and tuples, string enums and constants, null, maps,
//! references, `oneOf`, `anyOf` and `allOf`. Everything else becomes `unknown`, which the page cannot use by mistake.
//! Names are sorted, so that the same API always gives the same text.

use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt::Write};

const HEAD: &str =
    "// Written by `cargo xtask api` from the program's API description. Change the handlers, not this file.\n";

pub(super) fn module(schemas: &Map<String, Value>) -> String {
    let mut text = HEAD.to_owned();
    for (name, schema) in schemas.iter().collect::<BTreeMap<_, _>>() {
        text.push('\n');
        comment(&mut text, schema, 0);
        let name = identifier(name);
        let body = type_of(schema, 0);
        // Writing to a String cannot fail.
        let _ = if is_plain_object(schema) {
            writeln!(text, "export interface {name} {body}")
        } else {
            writeln!(text, "export type {name} = {body};")
        };
    }
    text
}

fn is_plain_object(schema: &Value) -> bool {
    schema["type"] == "object" && schema["properties"].is_object() && schema["nullable"] != true
}

/// The TypeScript type for a schema whose first line is indented by `depth` levels.
fn type_of(schema: &Value, depth: usize) -> String {
    members(schema, depth).join(" | ")
}

/// The same as part of a larger type: in brackets when it has several parts itself.
fn operand(schema: &Value, depth: usize) -> String {
    let members = members(schema, depth);
    let is_intersection = schema["allOf"].as_array().is_some_and(|parts| parts.len() > 1);
    let text = members.join(" | ");
    if members.len() > 1 || is_intersection { format!("({text})") } else { text }
}

/// The members of a union, each once, `null` last; most types have one.
fn members(schema: &Value, depth: usize) -> Vec<String> {
    let mut members = alternatives(schema, depth);
    if schema["nullable"] == true {
        members.push("null".to_owned());
    }
    members.sort_by_key(|member| member == "null");
    let mut unique: Vec<String> = Vec::new();
    for member in members {
        if !unique.contains(&member) {
            unique.push(member);
        }
    }
    unique
}

fn alternatives(schema: &Value, depth: usize) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return vec![identifier(name)];
    }
    if let Some(constant) = schema.get("const") {
        return vec![constant.to_string()];
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.iter().map(Value::to_string).collect();
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            return choices.iter().flat_map(|choice| members(choice, depth)).collect();
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts: Vec<String> = parts.iter().map(|part| operand(part, depth)).collect();
        return vec![parts.join(" & ")];
    }
    match &schema["type"] {
        Value::String(name) => vec![of_kind(name, schema, depth)],
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).map(|name| of_kind(name, schema, depth)).collect()
        }
        _ => vec!["unknown".to_owned()],
    }
}

fn of_kind(name: &str, schema: &Value, depth: usize) -> String {
    match name {
        "string" | "boolean" | "null" => name.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => array(schema, depth),
        "object" => object(schema, depth),
        _ => "unknown".to_owned(),
    }
}

fn array(schema: &Value, depth: usize) -> String {
    if let Some(items) = schema["prefixItems"].as_array() {
        let items: Vec<String> = items.iter().map(|item| type_of(item, depth)).collect();
        return format!("[{}]", items.join(", "));
    }
    format!("{}[]", operand(&schema["items"], depth))
}

fn object(schema: &Value, depth: usize) -> String {
    let Some(properties) = schema["properties"].as_object() else {
        let values = &schema["additionalProperties"];
        let values = if values.is_object() { type_of(values, depth) } else { "unknown".to_owned() };
        return format!("Record<string, {values}>");
    };
    if properties.is_empty() {
        return "Record<string, never>".to_owned();
    }
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|required| required == name));
    let mut text = "{\n".to_owned();
    for (name, property) in properties.iter().collect::<BTreeMap<_, _>>() {
        comment(&mut text, property, depth + 1);
        let optional = if is_required(name) { "" } else { "?" };
        let indent = "  ".repeat(depth + 1);
        let _ = writeln!(text, "{indent}{}{optional}: {};", key(name), type_of(property, depth + 1));
    }
    text.push_str(&"  ".repeat(depth));
    text.push('}');
    text
}

fn comment(text: &mut String, schema: &Value, depth: usize) {
    let Some(description) = schema["description"].as_str() else { return };
    let indent = "  ".repeat(depth);
    let description = description.replace("*/", "* /");
    let mut lines = description.trim().lines();
    let (Some(first), rest) = (lines.next(), lines) else { return };
    let rest: Vec<&str> = rest.collect();
    if rest.is_empty() {
        let _ = writeln!(text, "{indent}/** {first} */");
        return;
    }
    let _ = writeln!(text, "{indent}/**\n{indent} * {first}");
    for line in rest {
        let _ = writeln!(text, "{}", format!("{indent} * {line}").trim_end());
    }
    let _ = writeln!(text, "{indent} */");
}

/// A schema's name as a type's name: `a.b::C` becomes `a_b__C`.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

fn key(name: &str) -> String {
    let plain =
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(schema: Value, expected: &str) {
        assert_eq!(type_of(&schema, 0), expected);
    }

    #[test]
    fn plain_types() {
        check(json!({"type": "string"}), "string");
        check(json!({"type": "integer", "format": "int64"}), "number");
        check(json!({"type": "number"}), "number");
        check(json!({"type": "boolean"}), "boolean");
        check(json!({}), "unknown");
        check(json!({"type": "object"}), "Record<string, unknown>");
    }

    #[test]
    fn null_in_each_of_its_spellings() {
        check(json!({"type": ["string", "null"]}), "string | null");
        check(json!({"type": "string", "nullable": true}), "string | null");
        check(json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Relay"}]}), "Relay | null");
    }

    #[test]
    fn enums_and_unions() {
        check(json!({"type": "string", "enum": ["read", "write"]}), "\"read\" | \"write\"");
        check(json!({"const": "self"}), "\"self\"");
        check(json!({"oneOf": [{"$ref": "#/A"}, {"$ref": "#/B"}, {"$ref": "#/A"}]}), "A | B");
        check(json!({"allOf": [{"$ref": "#/A"}, {"oneOf": [{"$ref": "#/B"}, {"$ref": "#/C"}]}]}), "A & (B | C)");
    }

    #[test]
    fn arrays_and_maps() {
        check(json!({"type": "array", "items": {"type": "string"}}), "string[]");
        check(json!({"type": "array", "items": {"type": ["string", "null"]}}), "(string | null)[]");
        check(json!({"type": "array", "items": {"allOf": [{"$ref": "#/A"}, {"$ref": "#/B"}]}}), "(A & B)[]");
        check(json!({"type": "array", "items": {"allOf": [{"$ref": "#/A"}]}}), "A[]");
        check(json!({"type": "array", "items": {"enum": ["a", "b"]}}), "(\"a\" | \"b\")[]");
        check(json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]}), "[string, number]");
        check(json!({"type": "object", "additionalProperties": {"type": "integer"}}), "Record<string, number>");
    }

    #[test]
    fn a_module_of_interfaces_and_types() {
        let schemas = json!({
            "Peer": {
                "type": "object",
                "description": "A device we know.",
                "required": ["device", "path"],
                "properties": {
                    "path": {"type": "string", "enum": ["direct", "none"]},
                    "device": {"type": "string", "description": "Its id,\nin base32."},
                    "at-risk": {"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}}
                }
            },
            "Level": {"type": "string", "enum": ["read"]}
        });
        let expected = r#"
export type Level = "read";

/** A device we know. */
export interface Peer {
  "at-risk"?: {
    a: boolean;
  };
  /**
   * Its id,
   * in base32.
   */
  device: string;
  path: "direct" | "none";
}
"#;
        assert_eq!(module(schemas.as_object().unwrap()), format!("{HEAD}{expected}"));
    }

    #[test]
    fn a_description_cannot_end_its_comment() {
        let schemas = json!({"A": {"type": "string", "description": "x */ evil()"}});
        assert!(!module(schemas.as_object().unwrap()).contains("*/ evil"));
    }
}
