//! Tables and properties of the scanner.

use proptest::prelude::*;

use super::*;

fn scan_text(source: &str) -> Result<Vec<Marker>, Problems> {
    let (markers, findings) = scan(Utf8Path::new("src/a.rs"), source);
    refuse(findings).map(|()| markers)
}

/// Every marker as `line:column name(arguments)`.
fn found(source: &str) -> Vec<String> {
    let markers = scan_text(source).unwrap_or_else(|problems| panic!("{problems}"));
    let show = |marker: &Marker| {
        format!(
            "{}:{} {}({})",
            marker.line, marker.column, marker.name, marker.arguments
        )
    };
    markers.iter().map(show).collect()
}

/// Every problem as `message => help`.
fn refused(source: &str) -> Vec<String> {
    let problems = scan_text(source).expect_err("the source should be refused");
    problems
        .0
        .iter()
        .map(|problem| {
            format!(
                "{} => {}",
                problem.message,
                problem.help.as_deref().unwrap_or("")
            )
        })
        .collect()
}

#[test]
fn markers_are_found_wherever_a_line_comment_may_stand() {
    let cases: &[(&str, &[&str])] = &[
        ("// +opgen:rbac:groups=a", &["1:4 rbac(groups=a)"]),
        ("//+opgen:rbac:groups=a", &["1:3 rbac(groups=a)"]),
        ("// +kubebuilder:rbac:groups=a", &["1:4 rbac(groups=a)"]),
        (
            "    //   +opgen:rbac: groups=a  \n",
            &["1:10 rbac(groups=a)"],
        ),
        ("fn a() {} // +opgen:rbac:a", &["1:14 rbac(a)"]),
        (
            "\r\n// +opgen:rbac:a\r\n// +opgen:rbac:b\r\n",
            &["2:4 rbac(a)", "3:4 rbac(b)"],
        ),
        ("\u{feff}// +opgen:rbac:a", &["1:4 rbac(a)"]),
        ("let é = 'é'; // +opgen:rbac:a", &["1:17 rbac(a)"]),
        ("// +opgen:rbac", &["1:4 rbac()"]),
        ("// +opgen:allow:anything", &["1:4 allow(anything)"]),
        ("/* a /* b */ c */ // +opgen:rbac:a", &["1:22 rbac(a)"]),
        ("/**/ // +opgen:rbac:a", &["1:9 rbac(a)"]),
        ("#!/bin//x\n// +opgen:rbac:a", &["2:4 rbac(a)"]),
        ("#![allow(x)] // +opgen:rbac:a", &["1:17 rbac(a)"]),
    ];
    for (source, expected) in cases {
        assert_eq!(found(source), *expected, "{source:?}");
    }
}

#[test]
fn a_literal_ends_where_rust_ends_it() {
    let marker = " // +opgen:rbac:a";
    let literals = [
        r#""a""#,
        r#""\"""#,
        r#""\\""#,
        r##"r"\""##,
        r###"r#"""#"###,
        r###"r##""#"##"###,
        r##"b"//""##,
        r##"br"\""##,
        r###"cr#"""#"###,
        r##"c"\"""##,
        r"'a'",
        r"'\''",
        r"'\\'",
        r"'\u{1f600}'",
        r"b'\''",
        "'\"'",
        "b'\"'",
        "'/'",
        "'a",
        "&'static str",
        "<'a, 'b>",
        "r#type",
        "'r#a",
        "1u8",
        "0x1_f",
        "1.5e3",
        "'\u{e9}'",
        "\"a\nb\"",
        "/ /",
        "a/ *b",
        "foo!(\"//\")",
    ];
    for literal in literals {
        assert_eq!(found(&format!("{literal}{marker}")).len(), 1, "{literal}");
    }
}

#[test]
fn text_in_literals_is_not_a_marker() {
    let sources = [
        "\"// +opgen:rbac:a\"",
        "\"\n// +kubebuilder:object:root=true\n\"",
        "\"\nsee // +opgen:rbac:a\n\"",
        "\"\n+opgen:rbac:a\n\"",
        "r#\"\n\" // +opgen:rbac:a\n\"#",
        "b\"// +opgen:rbac:a\"",
        "br#\"// +opgen:rbac:a\"#",
        "c\"// +opgen:rbac:a\"",
        "cr#\"// +opgen:rbac:a\"#",
        "\"\\\" // +opgen:rbac:a\"",
    ];
    for source in sources {
        assert_eq!(found(source), [""; 0], "{source:?}");
    }
}

#[test]
fn prose_is_not_a_marker() {
    let sources = [
        "// see +opgen:rbac:a",
        "// `+opgen:rbac:a`",
        "/// Write `// +opgen:rbac:…`.",
        "/// // +opgen:rbac:a",
        "// // +opgen:rbac:a",
        "//// +opgen:rbac:a",
        "/* // +opgen:rbac:a */",
        "// opgen reads rbac",
        "// +1 for rbac: good",
        "// opgen:rbac is a comment",
        "// +kubebuilder:object:root=true",
        "// +kubebuilder:ac:generate=true",
        "// +kubebuilder:scaffold:imports",
        "// +kubebuilder",
        "// open: rbac",
        "// +build linux",
    ];
    for source in sources {
        assert_eq!(found(source), [""; 0], "{source:?}");
    }
}

#[test]
fn a_marker_without_effect_is_refused_with_its_place() {
    let cases = [
        (
            "/// +opgen:rbac:a",
            "marker in a doc comment in `src/a.rs:1:5` => use `//`: `// +opgen:rbac:a`",
        ),
        (
            "//! +kubebuilder:rbac:a",
            "marker in a doc comment in `src/a.rs:1:5` => use `//`: `// +kubebuilder:rbac:a`",
        ),
        (
            "/* +opgen:rbac:a */",
            "marker in a block comment in `src/a.rs:1:4` => use `//`: `// +opgen:rbac:a`",
        ),
        (
            "/**\n * +opgen:rbac:a\n */",
            "marker in a doc comment in `src/a.rs:2:4` => use `//`: `// +opgen:rbac:a`",
        ),
        (
            "/*\n+opgen:rbac:a",
            "marker in a block comment in `src/a.rs:2:1` => use `//`: `// +opgen:rbac:a`",
        ),
        (
            "let a = \"\n  // +opgen:rbac:a\n\";",
            "marker in a string literal in `src/a.rs:2:6` => end the string before it; text that is meant to look so can stand in a file, for `include_str!`",
        ),
        (
            "r#\"\n//+opgne:rbac:a\"#",
            "marker in a string literal in `src/a.rs:2:3` => end the string before it; text that is meant to look so can stand in a file, for `include_str!`",
        ),
        (
            "/*\n// +opgen:rbac:a\n*/",
            "marker in a block comment in `src/a.rs:2:4` => use `//`: `// +opgen:rbac:a`",
        ),
        (
            "/**\n// +kubebuilder:rbac:a\n*/",
            "marker in a doc comment in `src/a.rs:2:4` => use `//`: `// +kubebuilder:rbac:a`",
        ),
        (
            "// +opgen:rbca:a",
            "unknown marker `+opgen:rbca` in `src/a.rs:1:4` => did you mean `+opgen:rbac`?",
        ),
        (
            "// +opgen:webhook:a",
            "unknown marker `+opgen:webhook` in `src/a.rs:1:4` => opgen reads `+opgen:rbac` and `+opgen:allow` comments",
        ),
        (
            "// +opgen: rbac:a",
            "unknown marker `+opgen: rbac` in `src/a.rs:1:4` => did you mean `+opgen:rbac`?",
        ),
        (
            "// +kubebuilder:RBAC:a",
            "unknown marker `+kubebuilder:RBAC` in `src/a.rs:1:4` => did you mean `+kubebuilder:rbac`?",
        ),
        (
            "// +kubebuilder: rbac:a",
            "unknown marker `+kubebuilder: rbac` in `src/a.rs:1:4` => did you mean `+kubebuilder:rbac`?",
        ),
        (
            "// +opgen:rbac groups=a",
            "expected `:` after the marker `+opgen:rbac` in `src/a.rs:1:4` => write `+opgen:rbac:key=value,…`",
        ),
        (
            "// + opgen:rbac:a",
            "misspelt marker `+ opgen:rbac` in `src/a.rs:1:4` => did you mean `+opgen:rbac:a`?",
        ),
        (
            "// opgen:rbac: a",
            "misspelt marker `opgen:rbac` in `src/a.rs:1:4` => did you mean `+opgen:rbac:a`?",
        ),
        (
            "// +opgne:rbac:a",
            "misspelt marker `+opgne:rbac` in `src/a.rs:1:4` => did you mean `+opgen:rbac:a`?",
        ),
        (
            "// +Opgen:rbac:a",
            "misspelt marker `+Opgen:rbac` in `src/a.rs:1:4` => did you mean `+opgen:rbac:a`?",
        ),
        (
            "// +opgen rbac:a",
            "misspelt marker `+opgen rbac` in `src/a.rs:1:4` => did you mean `+opgen:rbac:a`?",
        ),
        (
            "// kubebuilder:rbac:a",
            "misspelt marker `kubebuilder:rbac` in `src/a.rs:1:4` => did you mean `+kubebuilder:rbac:a`?",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(refused(source), [expected], "{source:?}");
    }
}

#[test]
fn all_problems_of_a_file_come_at_once_in_its_order() {
    let source = "// +opgen:x\n// +opgen:rbac:fine\n/// +opgen:rbac:a\n// +opgen:aaa\n";
    let messages: Vec<_> = refused(source)
        .iter()
        .map(|line| line.split(" in `src").last().unwrap().to_owned())
        .collect();
    let places: Vec<_> = messages
        .iter()
        .map(|message| message.split('`').next().unwrap())
        .collect();
    assert_eq!(places, ["/a.rs:1:4", "/a.rs:3:5", "/a.rs:4:4"]);
}

#[test]
fn a_position_in_the_arguments_counts_characters() {
    let marker = scan_text("\n  // +opgen:rbac: é=b").unwrap().remove(0);
    assert_eq!(
        (marker.position(0), marker.position("é=".len())),
        ((2, 19), (2, 21))
    );
}

/// Pieces of source that hide a marker in every way they can, each complete in itself.
fn harmless() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "\"// +opgen:rbac:no\"",
        "r\"// +opgen:rbac:no\"",
        "r#\"\"\n \" // +opgen:rbac:no\n\"#",
        "br##\"\"# // +opgen:rbac:no\"##",
        "'\"'",
        "'\\''",
        "'\\\\'",
        "b'\"'",
        "&'a str",
        "'a'",
        "r#match",
        "/* \" */",
        "/* /* ' */ // */",
        "/// \"prose\n",
        "//! it's\n",
        "// don't\n",
        "\"\\\\\"",
        "\"\\\"\"",
        "1.0_f32",
        "\n",
        "\r\n",
        "é",
        "fn f<'b>() {}",
        "#[doc = \"x\"]",
        "/ *",
        "c\"'\"",
        "'\u{e9}'",
        "/**/",
        "/***/",
    ])
    .prop_map(|piece| format!("{piece} "))
}

proptest! {
    #[test]
    fn any_text_is_scanned_without_panic(source in "\\PC*") {
        let _ = scan_text(&source);
    }

    #[test]
    fn any_soup_of_tokens_is_scanned_without_panic(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "\"", "'", "r", "#", "b", "c", "//", "/*", "*/", "/", "*", "!", "\\", "\n", "\r", "\u{feff}", " ", "+", "+opgen", "opgen:", "+kubebuilder:",
            "rbac", ":", "allow", "=", "é", "\u{301}", "{", "a", "1",
        ]), 0..60),
    ) {
        let source = pieces.concat();
        if let Ok(markers) = scan_text(&source) {
            for marker in markers {
                let line = source.trim_start_matches('\u{feff}').split('\n').nth(marker.line - 1).unwrap();
                let text: String = line.chars().skip(marker.column - 1).collect();
                let arguments: String = line.chars().skip(marker.arguments_column - 1).collect();
                prop_assert!(text.starts_with("+opgen:") || text.starts_with("+kubebuilder:"), "{text}");
                prop_assert!(arguments.starts_with(&marker.arguments));
            }
        }
    }

    #[test]
    fn no_line_that_looks_like_a_marker_is_passed_over(
        pieces in prop::collection::vec(prop_oneof![
            3 => harmless(),
            2 => prop::sample::select(vec![
                "\"", "'", "r\"", "r#\"", "\"#", "b'", "/*", "*/", "/**", "/*!", "//", "///", "\\", "#", "\u{feff}", "{", "\n",
            ]).prop_map(ToOwned::to_owned),
            2 => prop::sample::select(vec![
                "\n// +opgen:rbac:a\n", "\n  //+kubebuilder:rbac:a\r\n", "\n\t// +opgen:rabc:a\n", "\n// +opgen rbac:a\n",
            ]).prop_map(ToOwned::to_owned),
        ], 0..40),
    ) {
        let source = pieces.concat();
        let (markers, findings) = scan(Utf8Path::new("a.rs"), &source);
        let told: Vec<_> = markers.iter().map(|it| it.line).chain(findings.iter().map(|it| it.line)).collect();
        for (index, line) in source.split('\n').enumerate() {
            let text = line.trim_start().strip_prefix("//").unwrap_or_default().trim_start();
            if text.starts_with("+opgen") || text.starts_with("+kubebuilder") {
                prop_assert!(told.contains(&(index + 1)), "line {}: {line:?} of {source:?}", index + 1);
            }
        }
    }

    #[test]
    fn exactly_the_planted_markers_are_found(pieces in prop::collection::vec((harmless(), any::<bool>()), 0..30)) {
        let mut source = String::new();
        let mut expected = Vec::new();
        for (index, (piece, plant)) in pieces.iter().enumerate() {
            source.push_str(piece);
            if *plant {
                source.push_str("// +opgen:rbac:");
                source.push_str(&format!("{index}\n"));
                expected.push((index.to_string(), source.matches('\n').count()));
            }
        }
        let markers: Vec<_> = scan_text(&source).unwrap().into_iter().map(|marker| (marker.arguments, marker.line)).collect();
        prop_assert_eq!(markers, expected);
    }
}
