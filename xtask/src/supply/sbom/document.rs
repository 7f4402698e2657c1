//! A bill of materials, and how CycloneDX 1.5 (ECMA-424) writes it.

use std::fmt;

/// Something that is built in.
pub(super) struct Component {
    /// Its package URL, by which others name it.
    pub(super) reference: String,
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: String,
    /// Of the archive that was built.
    pub(super) sha256: Option<String>,
    /// The references of what it needs itself.
    pub(super) needs: Vec<String>,
}

/// What something that is delivered is made of.
pub(super) struct Document {
    /// What it is called.
    pub(super) name: String,
    /// Its own code.
    pub(super) root: Component,
    /// Everything else.
    pub(super) components: Vec<Component>,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = &self.root;
        writeln!(f, "{{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,")?;
        writeln!(
            f,
            "  \"metadata\": {{ \"component\": {{ \"type\": \"application\", \"bom-ref\": {}, \"name\": {}, \"version\": {}, \"licenses\": [{{ \
             \"expression\": {} }}] }} }},",
            Quoted(&root.reference),
            Quoted(&self.name),
            Quoted(&root.version),
            Quoted(&root.licence)
        )?;
        f.write_str("  \"components\": [")?;
        for (at, component) in self.components.iter().enumerate() {
            write!(f, "{}    {component}", if at == 0 { "\n" } else { ",\n" })?;
        }
        f.write_str("\n  ],\n  \"dependencies\": [")?;
        for (at, component) in core::iter::once(root).chain(&self.components).enumerate() {
            let needs: Vec<String> = component.needs.iter().map(|need| Quoted(need).to_string()).collect();
            write!(f, "{}    {{ \"ref\": {}, ", if at == 0 { "\n" } else { ",\n" }, Quoted(&component.reference))?;
            write!(f, "\"dependsOn\": [{}] }}", needs.join(", "))?;
        }
        f.write_str("\n  ]\n}\n")
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, name, version, licence, .. } = self;
        let reference = Quoted(reference);
        write!(f, "{{ \"type\": \"library\", \"bom-ref\": {reference}, \"name\": {}, ", Quoted(name))?;
        write!(f, "\"version\": {}, \"purl\": {reference}, ", Quoted(version))?;
        write!(f, "\"licenses\": [{{ \"expression\": {} }}]", Quoted(licence))?;
        if let Some(sum) = &self.sha256 {
            write!(f, ", \"hashes\": [{{ \"alg\": \"SHA-256\", \"content\": {} }}]", Quoted(sum))?;
        }
        f.write_str(" }")
    }
}

/// A string of JSON.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                other if other < ' ' => write!(f, "\\u{:04x}", u32::from(other))?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;

    #[test]
    fn what_json_would_misread_is_escaped() {
        assert_eq!(Quoted("a\"b\\c\n").to_string(), r#""a\"b\\c\u000a""#);
    }
}
