//! Objects of every kind of the table, from the types themselves.
//!
//! `objects refused` prints what crdgen says of the kinds that no CRD can be made of. `objects` prints what must be stored and what must be refused, by kind. `objects FILE` reads pairs of what was
//! written and what came back, and fails on those that the type does not take for equal.

use std::{env, fs};

use serde_json::{Value, json};
use shapes_api::table::{self, Shape, Visitor};

struct Print(Vec<Value>);

impl Visitor for Print {
    fn visit<K: Shape>(&mut self) {
        let resource = K::api_resource();
        self.0.push(json!({
            "kind": resource.kind, "plural": resource.plural, "valid": K::valid(), "invalid": K::invalid(),
        }));
    }
}

struct Describe(Vec<Value>);

impl Visitor for Describe {
    fn visit<K: Shape>(&mut self) {
        kube::crdgen::add::<K>(&mut self.0);
    }
}

struct Compare(Value);

impl Visitor for Compare {
    fn visit<K: Shape>(&mut self) {
        let kind = K::api_resource().kind;
        for pair in self.0[&kind].as_array().expect("every kind has pairs") {
            let mut whole = pair[1].clone();
            whole["apiVersion"] = K::api_resource().api_version.into();
            whole["kind"] = kind.clone().into();
            whole["metadata"] = json!({ "name": "a" });
            if let Err(error) = serde_json::from_value::<K>(whole) {
                println!("{kind} does not read {}: {error}", pair[1]);
            } else if !K::equal(pair[0].clone(), pair[1].clone()) {
                println!("{kind} was {} and came back as {}", pair[0], pair[1]);
            }
        }
    }
}

fn main() {
    let mut describe = Describe(Vec::new());
    match env::args().nth(1) {
        Some(word) if word == "refused" => {
            table::refused(&mut describe);
            println!("{}", Value::from(describe.0));
        }
        None => {
            let mut print = Print(Vec::new());
            table::accepted(&mut print);
            table::roots(&mut print);
            println!("{}", Value::from(print.0));
        }
        Some(file) => {
            let text = fs::read_to_string(file).expect("the file is there");
            let mut compare = Compare(serde_json::from_str(&text).expect("it is JSON"));
            table::accepted(&mut compare);
            table::roots(&mut compare);
        }
    }
}
